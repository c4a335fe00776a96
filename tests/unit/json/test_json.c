// SPDX-License-Identifier: Apache-2.0
/*
 * Strict reading: every class of syntax error with its text and place, exact numbers, what must be
 * accepted.
 */
#include <base/error.h>
#include <base/str.h>
#include <json/json.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct json *must_parse(const char *text)
{
	struct json *tree = NULL;
	struct husk_error *err = NULL;

	if (json_parse(text, strlen(text), &tree, &err) < 0)
		fail_msg("'%s': %s", text, husk_error_message(err));
	return tree;
}

static void must_fail(const char *text, size_t n, const char *message)
{
	struct json *tree = (struct json *)1;
	struct husk_error *err = NULL;
	/* without NUL behind it, so that a read beyond the end is caught by the sanitizer */
	char *copy = n ? malloc(n) : malloc(1);

	memcpy(copy, text, n);
	assert_true(json_parse(copy, n, &tree, &err) < 0);
	assert_non_null(err);
	assert_string_equal(husk_error_message(err), message);
	assert_int_equal(husk_error_code(err), HUSK_ERROR_INVALID_CONFIG);
	assert_ptr_equal(tree, (struct json *)1);
	husk_error_free(err);
	free(copy);
}

/* clang-format off */
static const struct {
	const char *text, *message;
} bad[] = {
	{"", "line 1 column 1: the text is empty"},
	{" \n\t", "line 2 column 2: the text is empty"},
	{"{]", "line 1 column 2: expected a name in double quotes"},
	{"{} x", "line 1 column 4: something follows the end of the document"},
	{"{}{}", "line 1 column 3: something follows the end of the document"},
	{"{\"a\": 1,}", "line 1 column 9: a comma before the closing brace"},
	{"[1,]", "line 1 column 4: a comma before the closing bracket"},
	{"[,1]", "line 1 column 2: expected a value"},
	{"{,}", "line 1 column 2: expected a name in double quotes"},
	{"{\"a\" 1}", "line 1 column 6: expected ':' behind the name"},
	{"{\"a\"}", "line 1 column 5: expected ':' behind the name"},
	{"{\"a\":}", "line 1 column 6: expected a value"},
	{"{\"a\":1 \"b\":2}", "line 1 column 8: expected ',' or '}'"},
	{"[1 2]", "line 1 column 4: expected ',' or ']'"},
	{"[1}", "line 1 column 3: expected ',' or ']'"},
	{"{\n\t\"a\": 1,\n\t// why\n}", "line 3 column 2: expected a name in double quotes"},
	{"[\n/* x */ 1]", "line 2 column 1: comments are not allowed"},
	{"# x\n1", "line 1 column 1: comments are not allowed"},
	{"{'a': 1}", "line 1 column 2: expected a name in double quotes"},
	{"['a']", "line 1 column 2: strings need double quotes"},
	{"[NaN]", "line 1 column 2: expected a value"},
	{"[Infinity]", "line 1 column 2: expected a value"},
	{"[-Infinity]", "line 1 column 2: a minus sign without a number"},
	{"[nul]", "line 1 column 2: expected a value"},
	{"[True]", "line 1 column 2: expected a value"},
	{"[+1]", "line 1 column 2: expected a value"},
	{"[.5]", "line 1 column 2: expected a value"},
	{"[01]", "line 1 column 2: numbers must not begin with 0"},
	{"[-01]", "line 1 column 2: numbers must not begin with 0"},
	{"[1.]", "line 1 column 2: a number needs digits behind the point"},
	{"[1e]", "line 1 column 2: a number needs digits in its exponent"},
	{"[1e+]", "line 1 column 2: a number needs digits in its exponent"},
	{"[-]", "line 1 column 2: a minus sign without a number"},
	{"[0x10]", "line 1 column 3: expected ',' or ']'"},
	{"[\"a", "line 1 column 2: a string without its closing quote"},
	{"[\"a\\", "line 1 column 5: a string without its closing quote"},
	{"[\"\\x\"]", "line 1 column 3: unknown escape"},
	{"[\"\\'\"]", "line 1 column 3: unknown escape"},
	{"[\"\\u12g4\"]", "line 1 column 3: \\u must be followed by four hexadecimal digits"},
	{"[\"\\u12", "line 1 column 3: \\u must be followed by four hexadecimal digits"},
	{"[\"a\\u0000\"]", "line 1 column 4: strings must not contain NUL"},
	{"[\"\\ud800\"]", "line 1 column 3: a high surrogate without a low one behind it"},
	{"[\"\\ud800\\u0041\"]", "line 1 column 3: a high surrogate without a low one behind it"},
	{"[\"\\udc00\"]", "line 1 column 3: a low surrogate without a high one before it"},
	{"[\"a\nb\"]", "line 1 column 4: a control character in a string (must be escaped)"},
	{"[\"a\tb\"]", "line 1 column 4: a control character in a string (must be escaped)"},
	{"[\n \"ok\", \"a\xff\"]", "line 2 column 10: not valid UTF-8"},
	{"[\"\xc0\xaf\"]", "line 1 column 3: not valid UTF-8"},
	{"[\"\xed\xa0\x80\"]", "line 1 column 3: not valid UTF-8"},
	{"[\"\xe2\x82\"]", "line 1 column 3: not valid UTF-8"},
	{"\xef\xbb\xbf{}", "line 1 column 1: expected a value"},
	{"{\"a\":", "line 1 column 6: the text ends before a value"},
	{"{\"a\":1", "line 1 column 7: the text ends inside an object"},
	{"{\"a\":1,", "line 1 column 8: the text ends inside an object"},
	{"{", "line 1 column 2: the text ends inside an object"},
	{"[1", "line 1 column 3: the text ends inside an array"},
	{"[", "line 1 column 2: the text ends before a value"},
	{"{\"a\":1,\n \"b\":2, \"a\":3}", "line 2 column 9: the name 'a' occurs twice in one object"},
	{"{\"a\":1,\"\\u0061\":2}", "line 1 column 8: the name 'a' occurs twice in one object"},
	{"{\"x\":{\"b\":1,\"c\":[{\"b\":1,\"b\":1}]}}", "line 1 column 25: the name 'b' occurs twice in one object"},
	{"{\"z\":1,\"z\":2,\"a\":1,\"a\":1}", "line 1 column 8: the name 'z' occurs twice in one object"},
	{"{\"a\":{\"n\":1,\"m\":2},\"a\":3}", "line 1 column 20: the name 'a' occurs twice in one object"},
};
/* clang-format on */

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		must_fail(bad[i].text, strlen(bad[i].text), bad[i].message);
	must_fail("[1]\0", 4, "line 1 column 4: something follows the end of the document");
	must_fail("[\"a\0b\"]", 7,
		"line 1 column 4: a control character in a string (must be escaped)");
}

static void test_bombs(void **state)
{
	auto_strbuf deep = {};
	auto_strbuf large = {};

	(void)state;
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		strbuf_add_char(&deep, '[');
	for (int i = 0; i < JSON_DEPTH_MAX; i++)
		strbuf_add_char(&deep, ']');
	json_free(must_parse(strbuf_text(&deep)));
	strbuf_truncate(&deep, 0);
	for (int i = 0; i < 100000; i++)
		strbuf_add(&deep, "{\"\":");
	must_fail(deep.text, deep.len, "line 1 column 257: nested deeper than 64 levels");

	strbuf_add_char(&large, '"');
	while (large.len < JSON_SIZE_MAX - 1)
		strbuf_add(&large, "x");
	strbuf_add_char(&large, '"');
	assert_int_equal(large.len, JSON_SIZE_MAX);
	json_free(must_parse(large.text));
	strbuf_add_char(&large, ' ');
	must_fail(large.text, large.len, "the text is larger than 8 MiB");
}

/* 200,000 names, the last one given twice: found, and without a quadratic search. */
static void test_many_names(void **state)
{
	auto_strbuf text = {};
	struct json *tree;

	(void)state;
	strbuf_add_char(&text, '{');
	for (int i = 0; i < 200000; i++)
		strbuf_printf(&text, "\"n%d\":0,", i);
	strbuf_add(&text, "\"last\":{}}");
	tree = must_parse(text.text);
	assert_int_equal(json_length(tree), 200001);
	json_free(tree);
	strbuf_truncate(&text, text.len - 1);
	strbuf_add(&text, ",\n\"n199999\":1}");
	must_fail(text.text, text.len,
		"line 2 column 1: the name 'n199999' occurs twice in one object");
}

static void test_u64(void **state)
{
	static const struct {
		const char *text;
		int r;
		uint64_t value;
	} rows[] = {{"0", 0, 0}, {"-0", 0, 0}, {"9223372036854775807", 0, INT64_MAX},
		{"9223372036854775808", 0, UINT64_C(1) << 63},
		{"18446744073709551614", 0, UINT64_MAX - 1},
		{"18446744073709551615", 0, UINT64_MAX}, {"18446744073709551616", -ERANGE, 0},
		{"99999999999999999999999999", -ERANGE, 0}, {"-1", -ERANGE, 0},
		{"-9223372036854775808", -ERANGE, 0}, {"-9223372036854775809", -ERANGE, 0},
		{"1.0", -EINVAL, 0}, {"1e3", -EINVAL, 0}, {"1E400", -EINVAL, 0},
		{"\"1\"", -EINVAL, 0}, {"true", -EINVAL, 0}, {"null", -EINVAL, 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct json *tree = must_parse(rows[i].text);
		uint64_t value = 42;

		assert_int_equal(json_u64(tree, &value), rows[i].r);
		assert_true(value == (rows[i].r < 0 ? 42 : rows[i].value));
		json_free(tree);
	}
}

static void test_i64(void **state)
{
	static const struct {
		const char *text;
		int r;
		int64_t value;
	} rows[] = {{"0", 0, 0}, {"-1", 0, -1}, {"9223372036854775807", 0, INT64_MAX},
		{"-9223372036854775807", 0, -INT64_MAX}, {"-9223372036854775808", 0, INT64_MIN},
		{"-9223372036854775809", -ERANGE, 0}, {"9223372036854775808", -ERANGE, 0},
		{"18446744073709551615", -ERANGE, 0}, {"18446744073709551616", -ERANGE, 0},
		{"-1.0", -EINVAL, 0}, {"\"-1\"", -EINVAL, 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct json *tree = must_parse(rows[i].text);
		int64_t value = 42;

		assert_int_equal(json_i64(tree, &value), rows[i].r);
		assert_true(value == (rows[i].r < 0 ? 42 : rows[i].value));
		json_free(tree);
	}
}

/* Numbers beyond 64 bits are legal as long as nobody wants them, and keep their text. */
static void test_big_numbers(void **state)
{
	static const char text[] = "{\"a\":18446744073709551616,\"b\":[-9223372036854775809,1],"
				   "\"c\":1e400,\"d\":2.50}";
	struct json *tree = must_parse(text);
	const struct json *b = json_get(tree, "b");

	(void)state;
	assert_int_equal(json_kind(json_get(tree, "a")), JSON_INTEGER);
	assert_string_equal(json_number_text(json_get(tree, "a")), "18446744073709551616");
	assert_string_equal(json_number_text(json_item(b, 0)), "-9223372036854775809");
	assert_int_equal(json_kind(json_item(b, 0)), JSON_INTEGER);
	assert_string_equal(json_number_text(json_item(b, 1)), "1");
	assert_int_equal(json_kind(json_get(tree, "c")), JSON_REAL);
	assert_string_equal(json_number_text(json_get(tree, "d")), "2.50");
	json_free(tree);
}

static void test_tree(void **state)
{
	struct json *tree = must_parse(
		" {\"z\": \"a\\u00e9\\ud83d\\ude00\\\"\\/\", \"b\": [true, false, null, {}],"
		" \"\": 1, \"q\": null} ");
	static const char *const names[] = {"z", "b", "", "q"};
	size_t n = 0;

	(void)state;
	assert_string_equal(json_string(json_get(tree, "z")), "a\xc3\xa9\xf0\x9f\x98\x80\"/");
	assert_int_equal(json_length(json_get(tree, "b")), 4);
	assert_true(json_boolean(json_item(json_get(tree, "b"), 0)));
	assert_int_equal(json_kind(json_item(json_get(tree, "b"), 1)), JSON_BOOL);
	assert_int_equal(json_kind(json_item(json_get(tree, "b"), 2)), JSON_NULL);
	assert_int_equal(json_kind(json_item(json_get(tree, "b"), 3)), JSON_OBJECT);
	assert_null(json_get(tree, "nothing"));
	assert_null(json_get(json_get(tree, "b"), "z"));
	assert_null(json_string(json_get(tree, "b")));
	assert_null(json_number_text(json_get(tree, "z")));
	for (struct json_member m = json_first(tree); m.name; m = json_next(m))
		assert_string_equal(m.name, names[n++]);
	assert_int_equal(n, 4);
	assert_null(json_first(json_get(tree, "b")).name);
	json_free(tree);
}

static void test_bare_values(void **state)
{
	struct json *tree = must_parse("null");

	(void)state;
	assert_int_equal(json_kind(tree), JSON_NULL);
	json_free(tree);
	tree = must_parse("\"x\"");
	assert_string_equal(json_string(tree), "x");
	json_free(tree);
	tree = must_parse("7");
	assert_int_equal(json_kind(tree), JSON_INTEGER);
	json_free(tree);
	tree = must_parse("false\n");
	assert_int_equal(json_kind(tree), JSON_BOOL);
	json_free(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_many_names),
		cmocka_unit_test(test_u64),
		cmocka_unit_test(test_i64),
		cmocka_unit_test(test_big_numbers),
		cmocka_unit_test(test_tree),
		cmocka_unit_test(test_bare_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
