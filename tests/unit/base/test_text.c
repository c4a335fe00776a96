// SPDX-License-Identifier: Apache-2.0
/* Distances, prefixes, and UTF-8 at the edges of RFC 3629. */
#include <base/attr.h>
#include <base/text.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static void test_after(void **state)
{
	(void)state;
	assert_string_equal(text_after("name=systemd", "name="), "systemd");
	assert_string_equal(text_after("ab", "ab"), "");
	assert_string_equal(text_after("ab", ""), "ab");
	assert_null(text_after("a", "ab"));
	assert_true(text_equal("a", "a"));
	assert_false(text_equal("a", "A"));
}

static void test_distance(void **state)
{
	char long_text[65];

	(void)state;
	assert_int_equal(text_distance("", ""), 0);
	assert_int_equal(text_distance("", "abc"), 3);
	assert_int_equal(text_distance("abc", ""), 3);
	assert_int_equal(text_distance("kitten", "sitting"), 3);
	assert_int_equal(text_distance("sitting", "kitten"), 3);
	assert_int_equal(text_distance("abc", "abc"), 0);
	memset(long_text, 'a', 64);
	long_text[64] = '\0';
	assert_true(text_distance(long_text, "a") == SIZE_MAX);
	long_text[63] = '\0';
	assert_int_equal(text_distance(long_text, long_text), 0);
	assert_int_equal(text_distance(long_text, "a"), 62);
}

static void test_utf8(void **state)
{
	/* valid bytes at the beginning; equal to the length when all are */
	static const struct {
		const char *text;
		size_t n, valid;
	} rows[] = {
		{"", 0, 0},
		{"plain", 5, 5},
		{"\0", 1, 1},
		{"\xc2\x80", 2, 2},
		{"\xdf\xbf", 2, 2},
		{"\xe0\xa0\x80", 3, 3},
		{"\xef\xbf\xbf", 3, 3},
		{"\xf0\x90\x80\x80", 4, 4},
		{"\xf4\x8f\xbf\xbf", 4, 4},
		{"\x80", 1, 0},
		{"\xc0\x80", 2, 0}, /* overlong */
		{"\xc1\xbf", 2, 0}, /* overlong */
		{"\xe0\x9f\xbf", 3, 0}, /* overlong */
		{"\xf0\x8f\xbf\xbf", 4, 0}, /* overlong */
		{"\xed\xa0\x80", 3, 0}, /* surrogate */
		{"\xed\xbf\xbf", 3, 0}, /* surrogate */
		{"\xed\x9f\xbf", 3, 3},
		{"\xee\x80\x80", 3, 3},
		{"\xf4\x90\x80\x80", 4, 0}, /* above U+10FFFF */
		{"\xf5\x80\x80\x80", 4, 0},
		{"\xff", 1, 0},
		{"ab\xe2\x82", 4, 2}, /* cut off */
		{"ab\xe2\x82x", 5, 2},
		{"ab\xc3\xa9x", 5, 5},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(text_utf8_prefix(rows[i].text, rows[i].n), rows[i].valid);
		assert_int_equal(text_is_utf8(rows[i].text, rows[i].n), rows[i].valid == rows[i].n);
	}
}

static void test_c1(void **state)
{
	(void)state;
	assert_true(text_is_c1("\xc2\x80") && text_is_c1("\xc2\x9f") && text_is_c1("\xc2\x9bm"));
	assert_false(text_is_c1("\xc2\xa0") || text_is_c1("\xc3\x80") || text_is_c1("a") ||
		     text_is_c1(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_after),
		cmocka_unit_test(test_distance),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_c1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
