// SPDX-License-Identifier: Apache-2.0
/* Durations as Go has them. */
#include <cli/duration.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = {{"0", 0}, {"0s", 0}, {"5s", 5000000000}, {"1m30s", 90000000000},
		{"500ms", 500000000}, {"1.5h", 5400000000000}, {".5s", 500000000},
		{"1.s", 1000000000}, {"7us", 7000}, {"7\xc2\xb5s", 7000}, {"7\xce\xbcs", 7000},
		{"9ns", 9}, {"1.9ns", 1}, {"+2s", 2000000000}, {"0.000000001s", 1},
		{"1h1m1s1ms1us1ns", 3661001001001}};
	static const char *const bad[] = {"", "5", "s", "1x", "-1s", "1s2", ".s", "1..5s", "1 s",
		"1s ", "1e3s", "++1s", "max"};
	static const char *const large[] = {
		"9223372037s", "99999999999999999999s", "5124096h", "2562048h"};
	uint64_t ns;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(duration_parse(good[i].text, &ns), 0);
		assert_int_equal(ns, good[i].ns);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(duration_parse(bad[i], &ns), -EINVAL);
	for (size_t i = 0; i < ARRAY_LEN(large); i++)
		assert_int_equal(duration_parse(large[i], &ns), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_durations)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
