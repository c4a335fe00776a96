// SPDX-License-Identifier: Apache-2.0
/* What C promises of malloc() and its kin, and that a block freed twice ends the program. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <base/attr.h>
#include <cmocka.h>

enum { BLOCKS = 2000 };

/* The compiler knows what malloc() does, and would leave calls out. */
static void *(*volatile get)(size_t n) = malloc;
static void *(*volatile get_zeroed)(size_t n, size_t size) = calloc;
static void *(*volatile get_more)(void *p, size_t n) = realloc;
static void (*volatile put)(void *p) = free;

static size_t size_of(size_t i)
{
	return i % 50 == 49 ? 40000 + i * 100 : i * 7 % 900;
}

static void check_bytes(const unsigned char *p, size_t n, unsigned char byte)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(p[i], byte);
}

/* No two blocks share a byte, over many rounds of freeing, growing and taking. */
static void test_blocks(void **state)
{
	static unsigned char *blocks[BLOCKS];
	static size_t sizes[BLOCKS];

	(void)state;
	for (size_t round = 0; round < 8; round++) {
		for (size_t i = round % 3; i < BLOCKS; i += 1 + round % 2) {
			size_t n = size_of(i + round);

			if (blocks[i])
				check_bytes(blocks[i], sizes[i], (unsigned char)i);
			if (i % 3 == 0) {
				put(blocks[i]);
				blocks[i] = get(n);
			} else {
				blocks[i] = get_more(blocks[i], n);
				check_bytes(blocks[i], MIN(n, sizes[i]), (unsigned char)i);
			}
			assert_non_null(blocks[i]);
			assert_int_equal((uintptr_t)blocks[i] % _Alignof(max_align_t), 0);
			sizes[i] = n;
			memset(blocks[i], (int)i, n);
		}
	}
	for (size_t i = 0; i < BLOCKS; i++) {
		check_bytes(blocks[i], sizes[i], (unsigned char)i);
		put(blocks[i]);
	}
}

static void test_zeroed(void **state)
{
	(void)state;
	for (size_t n = 1; n < 200000; n = n * 3 + 1) {
		unsigned char *used = get(n), *zeroed;

		memset(used, 0xff, n);
		put(used);
		zeroed = get_zeroed(1, n);
		check_bytes(zeroed, n, 0);
		put(zeroed);
	}
}

static void test_too_much(void **state)
{
	char *small = get(10);

	(void)state;
	for (size_t n = SIZE_MAX; n > SIZE_MAX - 40; n--) {
		errno = 0;
		assert_null(get(n));
		assert_int_equal(errno, ENOMEM);
		assert_null(get_more(small, n));
	}
	assert_null(get((size_t)1 << 60)); /* more than there are addresses */
	assert_null(get_zeroed(SIZE_MAX / 2, 3));
	assert_int_equal(errno, ENOMEM);
	memset(small, 1, 10); /* still there */
	put(small);
	put(NULL);
}

static void test_kept(void **state)
{
	void *p = get(100);

	(void)state;
	put(p);
	assert_ptr_equal(get(100), p); /* a loop takes no more and more memory */
	put(p);
	p = get(1 << 20);
	errno = EXDEV;
	put(p);
	assert_int_equal(errno, EXDEV);
}

static void twice(size_t n)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		char *p = get(n);

		put(p);
		put(p);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status)); /* abort(); where the mapping is gone, the kernel */
}

static void test_twice(void **state)
{
	(void)state;
	twice(1);
	twice(1000);
	twice(1 << 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_zeroed),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
