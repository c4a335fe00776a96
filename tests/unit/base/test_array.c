// SPDX-License-Identifier: Apache-2.0
/*
 * Lists at every size around the powers of two, and without memory.
 * wrap: realloc
 */
#include <base/array.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static bool no_memory;

void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);

void *__wrap_realloc(void *p, size_t n)
{
	return no_memory ? NULL : __real_realloc(p, n);
}

struct numbers {
	size_t n;
	long *v;
};

static void test_growth(void **state)
{
	struct numbers list = {};
	long expected = 0;

	(void)state;
	for (long i = 0; i < 100; i++) {
		long *slot = list_add(&list);

		assert_non_null(slot);
		assert_int_equal(*slot, 0);
		*slot = i;
	}
	assert_int_equal(list.n, 100);
	list_for_each (item, &list)
		assert_int_equal(*item, expected++);
	assert_int_equal(expected, 100);
	free(list.v);
}

/* What is added after something was taken off is zeroed as well. */
static void test_shrink(void **state)
{
	struct numbers list = {};

	(void)state;
	for (int i = 0; i < 40; i++) {
		for (int k = 0; k < 3; k++) {
			long *slot = list_add(&list);

			assert_non_null(slot);
			assert_int_equal(*slot, 0);
			*slot = -1;
		}
		list.n -= 2;
	}
	assert_int_equal(list.n, 40);
	free(list.v);
}

static void test_empty(void **state)
{
	const struct numbers list = {};

	(void)state;
	list_for_each (item, &list)
		fail_msg("an empty list has %ld", *item);
}

static void test_out_of_memory(void **state)
{
	struct numbers list = {};

	(void)state;
	for (int i = 0; i < 4; i++)
		*list_add(&list) = i;
	no_memory = true;
	assert_null(list_add(&list));
	no_memory = false;
	assert_int_equal(list.n, 4);
	assert_int_equal(list.v[3], 3);
	free(list.v);
	assert_null(array_grow(NULL, 0, SIZE_MAX / 2));
}

static void test_strv(void **state)
{
	struct strv list = {};

	(void)state;
	assert_int_equal(strv_add(&list, "one"), 0);
	assert_int_equal(strv_take(&list, strdup("two")), 0);
	assert_int_equal(strv_take(&list, NULL), -ENOMEM);
	assert_int_equal(list.n, 2);
	assert_string_equal(list.v[0], "one");
	assert_string_equal(list.v[1], "two");
	strv_done(&list);
	assert_null(list.v);
	assert_int_equal(list.n, 0);
	strv_done(&list);
	no_memory = true;
	assert_int_equal(
		strv_take(&list, strdup("lost")), -ENOMEM); /* and freed: the leak checker tells */
	no_memory = false;
	assert_int_equal(list.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_shrink),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_strv),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
