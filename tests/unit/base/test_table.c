// SPDX-License-Identifier: Apache-2.0
/* Lookup both ways, and the guess at what was meant. */
#include <base/table.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static const struct name_value fruit[] = {
	{"apple", 1},
	{"pear", 2},
	{"quince", 3},
	{"alias-of-pear", 2},
	{"zero", 0},
	{},
};

static void test_find(void **state)
{
	(void)state;
	assert_ptr_equal(table_find(fruit, "pear"), &fruit[1]);
	assert_ptr_equal(table_find(fruit, "alias-of-pear"), &fruit[3]);
	assert_null(table_find(fruit, "Pear"));
	assert_null(table_find(fruit, "pea"));
	assert_null(table_find(fruit, ""));
}

static void test_find_value(void **state)
{
	(void)state;
	assert_ptr_equal(table_find_value(fruit, 2), &fruit[1]);
	assert_ptr_equal(table_find_value(fruit, 0), &fruit[4]);
	assert_null(table_find_value(fruit, 9));
	assert_string_equal(table_name(fruit, 3, "?"), "quince");
	assert_string_equal(table_name(fruit, 9, "?"), "?");
}

static void test_nearest(void **state)
{
	(void)state;
	assert_string_equal(table_nearest(fruit, "aple")->name, "apple");
	assert_string_equal(table_nearest(fruit, "quinze")->name, "quince");
	assert_string_equal(table_nearest(fruit, "pear")->name, "pear");
	assert_null(table_nearest(fruit, "banana"));
	assert_null(table_nearest(fruit, ""));
	assert_null(table_nearest(fruit, "px"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_find_value),
		cmocka_unit_test(test_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
