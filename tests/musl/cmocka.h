/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of cmocka that the unit tests use, for running the same tests on musl: the distribution's
 * cmocka is a shared library on glibc. The names are cmocka's and so are the last lines, which
 * tests/run counts. A test that fails is left by longjmp, and the next one goes on.
 */
#ifndef HUSK_TESTS_MUSL_CMOCKA_H
#define HUSK_TESTS_MUSL_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CMUnitTest {
	const char *name;
	void (*run)(void **state);
	int (*setup)(void **state);
	int (*teardown)(void **state);
};

enum { CM_PASSED, CM_FAILED, CM_SKIPPED, CM_ENDS };

static jmp_buf cm_leave;

static inline __attribute__((noreturn, format(printf, 3, 4))) void cm_fail(
	const char *file, int line, const char *format, ...)
{
	va_list args;

	printf("[  ERROR   ] %s:%d: ", file, line);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	longjmp(cm_leave, CM_FAILED);
}

static inline __attribute__((noreturn)) void cm_skip(void)
{
	longjmp(cm_leave, CM_SKIPPED);
}

static inline void cm_check_number(
	const char *file, int line, const char *what, uintmax_t a, uintmax_t b)
{
	if (a != b)
		cm_fail(file, line, "%s: 0x%jx and 0x%jx", what, a, b);
}

static inline void cm_check_string(
	const char *file, int line, const char *what, const char *a, const char *b)
{
	if (!a || !b || strcmp(a, b) != 0)
		cm_fail(file, line, "%s: \"%s\" and \"%s\"", what, a ? a : "NULL", b ? b : "NULL");
}

/* clang-format off */
#define CM_HERE __FILE__, __LINE__
#define assert_true(x) ((x) ? (void)0 : cm_fail(CM_HERE, "%s", #x))
#define assert_false(x) ((x) ? cm_fail(CM_HERE, "not %s", #x) : (void)0)
#define assert_null(p) assert_true((p) == NULL)
#define assert_non_null(p) assert_true((p) != NULL)
#define assert_int_equal(a, b) \
	cm_check_number(CM_HERE, #a " is " #b, (uintmax_t)(a), (uintmax_t)(b))
#define assert_ptr_equal(a, b) assert_true((const void *)(a) == (const void *)(b))
#define assert_string_equal(a, b) cm_check_string(CM_HERE, #a " is " #b, a, b)
#define assert_memory_equal(a, b, n) assert_true(memcmp(a, b, n) == 0)
#define assert_in_range(x, low, high) \
	assert_true((uintmax_t)(x) >= (uintmax_t)(low) && (uintmax_t)(x) <= (uintmax_t)(high))
#define fail_msg(...) cm_fail(CM_HERE, __VA_ARGS__)
#define skip() cm_skip()
#define print_message(...) ((void)printf(__VA_ARGS__))
#define cmocka_unit_test(f) {#f, f, NULL, NULL}
#define cmocka_unit_test_setup_teardown(f, setup, teardown) {#f, f, setup, teardown}
#define cmocka_unit_test_teardown(f, teardown) {#f, f, NULL, teardown}
#define cmocka_run_group_tests(tests, setup, teardown) \
	cm_run_all(tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)
/* clang-format on */

static inline int cm_run(const struct CMUnitTest *test, void *state)
{
	/* The tests leave by longjmp: what changes between setjmp and here must not be in a register. */
	void *volatile own = state;
	void *value = own;
	volatile int verdict = CM_PASSED;
	int left;

	if (test->setup && test->setup(&value))
		return CM_FAILED;
	own = value;
	left = setjmp(cm_leave);
	if (left) {
		verdict = left;
	} else {
		value = own;
		test->run(&value);
		own = value;
	}
	value = own;
	if (test->teardown && test->teardown(&value))
		return CM_FAILED;
	return verdict;
}

static inline int cm_run_all(
	const struct CMUnitTest *tests, size_t n, int (*setup)(void **), int (*teardown)(void **))
{
	int count[CM_ENDS] = {0};
	void *state = NULL;

	if (setup && setup(&state))
		return 1;
	for (size_t i = 0; i < n; i++) {
		static const char *const words[] = {"       OK", "  FAILED ", " SKIPPED "};
		int verdict = cm_run(&tests[i], state);

		count[verdict]++;
		printf("[%s ] %s\n", words[verdict], tests[i].name);
		fflush(stdout);
	}
	if (teardown && teardown(&state))
		count[CM_FAILED]++;
	printf("[  PASSED  ] %d test(s).\n", count[CM_PASSED]);
	if (count[CM_SKIPPED])
		printf("[  SKIPPED ] %d test(s).\n", count[CM_SKIPPED]);
	if (count[CM_FAILED])
		printf("[  FAILED  ] %d test(s).\n", count[CM_FAILED]);
	return count[CM_FAILED];
}

#endif
