// SPDX-License-Identifier: Apache-2.0
/* Lists of CPUs and nodes: what is one, what is not, and which bits it sets. */
#include <base/bitlist.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

enum { LIMIT = 192 };

static const struct {
	const char *text;
	int answer;
	uint64_t mask[3];
} rows[] = {
	{"", 0, {}},
	{"  ", 0, {}},
	{"0", 0, {1}},
	{"0-3,7", 0, {0x8f}},
	{" 0-1 , 3 ", 0, {0xb}},
	{"7,0-3,2", 0, {0x8f}},
	{"5-5", 0, {0x20}},
	{"63-64", 0, {UINT64_C(1) << 63, 1}},
	{"000191", 0, {0, 0, UINT64_C(1) << 63}},
	{"0-191", 0, {UINT64_MAX, UINT64_MAX, UINT64_MAX}},
	{"192", -ERANGE, {}},
	{"0-192", -ERANGE, {}},
	{"4294967296", -ERANGE, {}},
	{"18446744073709551616", -ERANGE, {}},
	{"99999999999999999999999999999999", -ERANGE, {}},
	{"3-1", -EINVAL, {}},
	{",", -EINVAL, {}},
	{"0,", -EINVAL, {}},
	{",0", -EINVAL, {}},
	{"0,,1", -EINVAL, {}},
	{"0 1", -EINVAL, {}},
	{"0 -1", -EINVAL, {}},
	{"0- 1", -EINVAL, {}},
	{"-1", -EINVAL, {}},
	{"1-", -EINVAL, {}},
	{"1-2-3", -EINVAL, {}},
	{"+1", -EINVAL, {}},
	{"0x1", -EINVAL, {}},
	{"0-3:1/2", -EINVAL, {}},
	{"0\t", -EINVAL, {}},
	{"all", -EINVAL, {}},
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t mask[3] = {};
		int r = bitlist_parse(rows[i].text, LIMIT, mask);

		if (r != rows[i].answer || bitlist_parse(rows[i].text, LIMIT, NULL) != r)
			fail_msg("'%s': %d", rows[i].text, r);
		if (!r && memcmp(mask, rows[i].mask, sizeof mask))
			fail_msg("'%s': other bits", rows[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
