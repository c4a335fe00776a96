// SPDX-License-Identifier: Apache-2.0
/*
 * The emitter: layout at each indent, escapes, exact numbers, and that what it writes can be read.
 */
#include <base/str.h>
#include <json/json.h>
#include <json/write.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void write_sample(struct json_writer *w)
{
	json_begin_object(w);
	json_write_name(w, "a");
	json_write_u64(w, UINT64_MAX);
	json_write_name(w, "b");
	json_begin_array(w);
	json_write_i64(w, INT64_MIN);
	json_write_null(w);
	json_begin_array(w);
	json_end_array(w);
	json_begin_object(w);
	json_end_object(w);
	json_end_array(w);
	json_write_name(w, "c");
	json_begin_object(w);
	json_write_name(w, "d");
	json_write_bool(w, true);
	json_write_name(w, "e");
	json_write_bool(w, false);
	json_end_object(w);
	json_end_object(w);
}

static void expect(int indent, const char *text)
{
	auto_strbuf out = {};
	struct json_writer w;

	json_writer_init(&w, &out, indent);
	write_sample(&w);
	assert_string_equal(strbuf_text(&out), text);
}

static void test_compact(void **state)
{
	(void)state;
	expect(0, "{\"a\":18446744073709551615,\"b\":[-9223372036854775808,null,[],{}],"
		  "\"c\":{\"d\":true,\"e\":false}}");
}

static void test_spaces(void **state)
{
	(void)state;
	expect(2, "{\n  \"a\": 18446744073709551615,\n  \"b\": [\n    -9223372036854775808,\n    "
		  "null,\n"
		  "    [],\n    {}\n  ],\n  \"c\": {\n    \"d\": true,\n    \"e\": false\n  }\n}");
}

static void test_tabs(void **state)
{
	(void)state;
	expect(JSON_TAB,
		"{\n\t\"a\": 18446744073709551615,\n\t\"b\": "
		"[\n\t\t-9223372036854775808,\n\t\tnull,\n"
		"\t\t[],\n\t\t{}\n\t],\n\t\"c\": {\n\t\t\"d\": true,\n\t\t\"e\": false\n\t}\n}");
}

static void test_escapes(void **state)
{
	auto_strbuf out = {};
	struct json_writer w;
	struct json *tree = NULL;
	char all[256 + 8];

	(void)state;
	json_writer_init(&w, &out, 0);
	json_write_string(&w, "\"\\/\b\f\n\r\t\x01\x1f\x7f \xc3\xa9");
	assert_string_equal(
		strbuf_text(&out), "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f \xc3\xa9\"");

	for (int i = 1; i < 128; i++)
		all[i - 1] = (char)i;
	all[127] = '\0';
	strbuf_truncate(&out, 0);
	json_writer_init(&w, &out, 0);
	json_write_string(&w, all);
	assert_int_equal(json_parse(out.text, out.len, &tree, NULL), 0);
	assert_string_equal(json_string(tree), all);
	json_free(tree);
}

static void test_tree(void **state)
{
	static const char text[] =
		"{\"n\":[1,-2,2.50,1e9,18446744073709551616,18446744073709551615],"
		"\"s\":\"x\\ny\",\"o\":{\"t\":true,\"f\":false,\"z\":null},\"e\":[{},[]]}";
	auto_strbuf out = {};
	struct json_writer w;
	struct json *tree = NULL;

	(void)state;
	assert_int_equal(json_parse(text, strlen(text), &tree, NULL), 0);
	json_writer_init(&w, &out, 0);
	json_write_tree(&w, tree);
	assert_string_equal(strbuf_text(&out), text);
	json_free(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compact),
		cmocka_unit_test(test_spaces),
		cmocka_unit_test(test_tabs),
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
