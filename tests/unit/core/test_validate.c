// SPDX-License-Identifier: Apache-2.0
/*
 * husk_config_validate() without a host: what is told of each tests/validate/NAME.json, and of the samples of the
 * runtime-spec (good-NAME, bad-NAME), is in tests/validate/NAME.txt. HUSK_GOLDEN_UPDATE=1 writes those files anew. What is told only
 * because a part of husk is not written yet is left out.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <base/io.h>
#include <base/mem.h>
#include <base/str.h>
#include <base/text.h>
#include <husk/config.h>
#include <json/json.h>
#include <json/pointer.h>

#include <cmocka.h> /* last: it has a macro fail() */

enum { FILE_MAX = 1 << 20 };

static void collect(void *data, const struct husk_finding *f)
{
	size_t n = strlen(f->message);

	if (strstr(f->message, " yet, ignoring") ||
		(n > 4 && text_equal(f->message + n - 4, " yet")))
		return;
	assert_int_equal(f->size, sizeof *f);
	strbuf_printf(data, "%zu:%zu %s %s: %s%s%s\n", f->line, f->column,
		husk_severity_name(f->severity), f->pointer ? f->pointer : "-", f->message,
		f->suggestion ? " -> " : "", f->suggestion ? f->suggestion : "");
}

static void read_file(const char *path, char **ret, size_t *ret_n)
{
	if (io_read_at(AT_FDCWD, path, FILE_MAX, ret, ret_n) < 0)
		fail_msg("cannot read '%s'", path);
}

/* Returns 1 when it is as expected. */
static int check_file(const char *file, const char *golden)
{
	auto_free char *text = NULL, *expected = NULL;
	auto_strbuf heard = {};
	struct husk_error *err = NULL;
	size_t n = 0;
	int errors, same;

	read_file(file, &text, &n);
	errors = husk_config_validate(text, n,
		&(struct husk_validate_options){.size = sizeof(struct husk_validate_options),
			.bundle = "/bundle",
			.found = collect,
			.data = &heard},
		&err);
	if (errors < 0)
		fail_msg("%s: %s", file, husk_error_message(err));
	if (getenv("HUSK_GOLDEN_UPDATE"))
		assert_int_equal(
			io_replace_at(AT_FDCWD, golden, strbuf_text(&heard), heard.len, 0644), 0);
	read_file(golden, &expected, NULL);
	same = text_equal(expected, strbuf_text(&heard));
	if (!same)
		fprintf(stderr, "%s: expected\n%s\nbut it is\n%s\n", file, expected,
			strbuf_text(&heard));
	return same;
}

/* Every .json file of a directory; returns how many there are. */
static size_t check_directory(const char *directory, const char *prefix, size_t *bad)
{
	DIR *d = opendir(directory);
	size_t n = 0;

	assert_non_null(d);
	for (const struct dirent *e = readdir(d); e; e = readdir(d)) {
		const char *dot = strrchr(e->d_name, '.');
		auto_free char *file = str_printf("%s/%s", directory, e->d_name);
		auto_free char *golden = NULL;

		if (!dot || !text_equal(dot, ".json"))
			continue;
		golden = str_printf(
			"tests/validate/%s%.*s.txt", prefix, (int)(dot - e->d_name), e->d_name);
		assert_non_null(file);
		assert_non_null(golden);
		*bad += !check_file(file, golden);
		n++;
	}
	closedir(d);
	return n;
}

static void test_golden(void **state)
{
	const char *root = getenv("HUSK_SOURCE_ROOT");
	size_t n, bad = 0;

	(void)state;
	if (root)
		assert_int_equal(chdir(root), 0);
	n = check_directory("tests/validate", "", &bad);
	assert_true(n >= 15);
	n = check_directory("tests/data/runtime-spec-schema/test/config/good", "good-", &bad);
	assert_true(n >= 9);
	n = check_directory("tests/data/runtime-spec-schema/test/config/bad", "bad-", &bad);
	assert_true(n >= 5);
	assert_int_equal(bad, 0);
}

/* The number of errors is the answer, and nobody has to listen. */
static void test_count(void **state)
{
	static const char text[] = "{\"ociVersion\":1,\"root\":[],\"hostnam\":\"\"}";
	struct husk_validate_options options = {.size = sizeof options};
	struct husk_error *err = NULL;

	(void)state;
	assert_int_equal(husk_config_validate(text, strlen(text), &options, &err), 2);
	assert_null(err);
	assert_int_equal(husk_config_validate("{", 1, &options, &err), 1);
	options.size = 1;
	assert_true(husk_config_validate(text, strlen(text), &options, &err) < 0);
	assert_int_equal(husk_error_code(err), HUSK_ERROR_INVALID_ARGUMENT);
	husk_error_free(err);
}

/* More faults than anybody reads: bounded work, and no crash. */
static void test_many(void **state)
{
	struct husk_validate_options options = {.size = sizeof options};
	auto_strbuf text = {};

	(void)state;
	strbuf_add(&text,
		"{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\","
		"\"args\":[\"a\"],\"env\":[\"A=1\"");
	for (int i = 0; i < 5000; i++)
		strbuf_add(&text, ",\"B\"");
	strbuf_add(&text, "],\"x\":[");
	for (int i = 0; i < 5000; i++)
		strbuf_printf(&text, "%s{\"a\":1}", i ? "," : "");
	strbuf_add(&text, "]}}");
	assert_int_equal(husk_config_validate(strbuf_text(&text), text.len, &options, NULL), 200);
}

static void test_places(void **state)
{
	static const char text[] =
		"{ \"a\" : [1, {\"b\\u0063\":null},\n \"x]\\\"\" ,[]],\n\"m/n\":{\"\":0}}";
	static const struct {
		const char *pointer;
		size_t line, column;
	} rows[] = {
		{"", 1, 1},
		{"/a", 1, 3},
		{"/a/0", 1, 10},
		{"/a/1", 1, 13},
		{"/a/1/bc", 1, 14},
		{"/a/1/none", 1, 13},
		{"/a/2", 2, 2},
		{"/a/3", 2, 10},
		{"/a/4", 1, 3},
		{"/a/01x", 1, 3},
		{"/m~1n", 3, 1},
		{"/m~1n/", 3, 8},
		{"/none/x", 1, 1},
		{"/a/0/deeper", 1, 10},
	};
	struct json *tree = NULL;

	(void)state;
	assert_int_equal(json_parse(text, strlen(text), &tree, NULL), 0);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct json_place place = json_pointer_place(text, strlen(text), rows[i].pointer);

		if (place.line != rows[i].line || place.column != rows[i].column)
			fail_msg("'%s' is at %zu:%zu", rows[i].pointer, place.line, place.column);
	}
	assert_true(json_pointer_exists(tree, "/a/1/bc"));
	assert_false(json_pointer_exists(tree, "/a/4"));
	assert_int_equal(json_pointer_cut(tree, "/a/1"), 0);
	assert_int_equal(json_length(json_get(tree, "a")), 3);
	assert_true(json_pointer_cut(tree, "/a/1/x") < 0);
	assert_true(json_pointer_cut(tree, "") < 0);
	assert_int_equal(json_pointer_put(tree, "/m~1n/new", "[1]"), 0);
	assert_true(json_pointer_exists(tree, "/m~1n/new/0"));
	assert_true(json_pointer_put(tree, "/none/new", "1") < 0);
	json_free(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
