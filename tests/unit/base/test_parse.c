// SPDX-License-Identifier: Apache-2.0
/* Numbers at their limits, and what is not a number though other parsers take it for one. */
#include <base/attr.h>
#include <base/parse.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define UNTOUCHED 4711

static void test_u64(void **state)
{
	static const struct {
		const char *text;
		int base, result;
		uint64_t value;
	} rows[] = {
		{"0", 10, 0, 0},
		{"007", 10, 0, 7},
		{"18446744073709551615", 10, 0, UINT64_MAX},
		{"18446744073709551616", 10, -ERANGE, 0},
		{"99999999999999999999999", 10, -ERANGE, 0},
		{"", 10, -EINVAL, 0},
		{" 1", 10, -EINVAL, 0},
		{"1 ", 10, -EINVAL, 0},
		{"+1", 10, -EINVAL, 0},
		{"-1", 10, -EINVAL, 0},
		{"1a", 10, -EINVAL, 0},
		{"0x10", 16, -EINVAL, 0},
		{"ff", 16, 0, 255},
		{"FFffFFffFFffFFff", 16, 0, UINT64_MAX},
		{"10000000000000000", 16, -ERANGE, 0},
		{"g", 16, -EINVAL, 0},
		{"777", 8, 0, 0777},
		{"8", 8, -EINVAL, 0},
		{"1777777777777777777777", 8, 0, UINT64_MAX},
		{"2000000000000000000000", 8, -ERANGE, 0},
		{"1\n", 10, -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t value = UNTOUCHED;

		assert_int_equal(parse_u64(rows[i].text, rows[i].base, &value), rows[i].result);
		assert_true(value == (rows[i].result ? UNTOUCHED : rows[i].value));
	}
}

static void test_u32(void **state)
{
	uint32_t value = UNTOUCHED;

	(void)state;
	assert_int_equal(parse_u32("4294967296", 10, &value), -ERANGE);
	assert_int_equal(parse_u32("x", 10, &value), -EINVAL);
	assert_int_equal(value, UNTOUCHED);
	assert_int_equal(parse_u32("4294967295", 10, &value), 0);
	assert_true(value == UINT32_MAX);
}

static void test_i64(void **state)
{
	static const struct {
		const char *text;
		int result;
		int64_t value;
	} rows[] = {
		{"0", 0, 0},
		{"-0", 0, 0},
		{"-1", 0, -1},
		{"9223372036854775807", 0, INT64_MAX},
		{"9223372036854775808", -ERANGE, 0},
		{"-9223372036854775808", 0, INT64_MIN},
		{"-9223372036854775809", -ERANGE, 0},
		{"-", -EINVAL, 0},
		{"--1", -EINVAL, 0},
		{"+1", -EINVAL, 0},
		{"", -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t value = UNTOUCHED;

		assert_int_equal(parse_i64(rows[i].text, &value), rows[i].result);
		assert_true(value == (rows[i].result ? UNTOUCHED : rows[i].value));
	}
}

static void test_size(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t value;
	} rows[] = {
		{"0", 0, 0},
		{"10", 0, 10},
		{"10b", 0, 10},
		{"1k", 0, 1024},
		{"1K", 0, 1024},
		{"1kb", 0, 1024},
		{"1KiB", 0, 1024},
		{"3m", 0, 3 << 20},
		{"4g", 0, UINT64_C(4) << 30},
		{"1t", 0, UINT64_C(1) << 40},
		{"16383p", 0, UINT64_C(16383) << 50},
		{"16384p", -ERANGE, 0},
		{"18446744073709551615b", 0, UINT64_MAX},
		{"18446744073709551615k", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"k", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"1 k", -EINVAL, 0},
		{"1kx", -EINVAL, 0},
		{"1bb", -EINVAL, 0},
		{"1bib", -EINVAL, 0},
		{"1e", -EINVAL, 0},
		{"1.5g", -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t value = UNTOUCHED;

		assert_int_equal(parse_size(rows[i].text, &value), rows[i].result);
		assert_true(value == (rows[i].result ? UNTOUCHED : rows[i].value));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_u64),
		cmocka_unit_test(test_u32),
		cmocka_unit_test(test_i64),
		cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
