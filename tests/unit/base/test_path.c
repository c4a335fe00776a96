// SPDX-License-Identifier: Apache-2.0
/* Lexical paths, above all those which try to get out. */
#include <base/attr.h>
#include <base/mem.h>
#include <base/path.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static void test_clean(void **state)
{
	static const char *const rows[][2] = {
		{"", "/"},
		{"/", "/"},
		{"//", "/"},
		{".", "/"},
		{"..", "/"},
		{"/..", "/"},
		{"/../..", "/"},
		{"a", "/a"},
		{"a/", "/a"},
		{"/a//b///c", "/a/b/c"},
		{"/a/./b/.", "/a/b"},
		{"/a/../b", "/b"},
		{"/a/b/../../../c", "/c"},
		{"../../etc/passwd", "/etc/passwd"},
		{"/a/..b/...", "/a/..b/..."},
		{"/.a/b.", "/.a/b."},
		{"/a/b/..", "/a"},
		{"/a/..", "/"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *clean = path_clean(rows[i][0]), *again = NULL;

		assert_string_equal(clean, rows[i][1]);
		again = path_clean(clean);
		assert_string_equal(again, clean);
	}
}

static void test_join(void **state)
{
	static const char *const rows[][3] = {
		{"/a", "b", "/a/b"},
		{"/a/", "b", "/a/b"},
		{"/a", "/b", "/a/b"},
		{"/a//", "//b", "/a/b"},
		{"/", "b", "/b"},
		{"/", "/", "/"},
		{"/a", "b/", "/a/b/"},
		{"a", "b", "a/b"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *joined = path_join(rows[i][0], rows[i][1]);

		assert_string_equal(joined, rows[i][2]);
	}
}

static void test_below(void **state)
{
	(void)state;
	assert_true(path_is_below("/a", "/a"));
	assert_true(path_is_below("/a/b", "/a"));
	assert_true(path_is_below("/a/b", "/a/"));
	assert_true(path_is_below("/a", "/"));
	assert_true(path_is_below("/", "/"));
	assert_false(path_is_below("/ab", "/a"));
	assert_false(path_is_below("/a", "/a/b"));
	assert_false(path_is_below("/", "/a"));
}

static void test_base(void **state)
{
	(void)state;
	assert_string_equal(path_base("/a/b"), "b");
	assert_string_equal(path_base("b"), "b");
	assert_string_equal(path_base("/"), "");
	assert_string_equal(path_base("a/"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_below),
		cmocka_unit_test(test_base),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
