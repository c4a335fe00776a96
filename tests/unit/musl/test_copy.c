// SPDX-License-Identifier: Apache-2.0
/* Every short length from and to every alignment, and some long ones; nothing beside is touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

enum { ROOM = 5000, EDGE = 32 };

/* The compiler must not know what these are. */
static void *(*volatile copy)(void *to, const void *from, size_t n) = memcpy;
static void *(*volatile move)(void *to, const void *from, size_t n) = memmove;

static void check(size_t to, size_t from, size_t n)
{
	static unsigned char source[ROOM], target[ROOM];

	for (size_t i = 0; i < from + n + EDGE; i++)
		source[i] = (unsigned char)(i * 31 + i / 256 + n);
	memset(target, 0xee, to + n + EDGE);
	assert_ptr_equal(copy(target + to, source + from, n), target + to);
	for (size_t i = 0; i < to + n + EDGE; i++)
		assert_int_equal(target[i], i < to || i >= to + n ? 0xee : source[i - to + from]);
}

static void test_copy(void **state)
{
	(void)state;
	for (size_t n = 0; n < 150; n++)
		for (size_t to = 0; to < 16; to++)
			for (size_t from = 0; from < 16; from++)
				check(to, from, n);
	for (size_t n = 150; n < 4900; n += 17)
		check(n % 16, n % 13, n);
}

/* Inside one buffer, by every short distance both ways. */
static void test_move(void **state)
{
	static unsigned char bytes[ROOM];

	(void)state;
	for (size_t n = 0; n < 300; n += n < 70 ? 1 : 23) {
		for (size_t to = 0; to < 160; to++) {
			size_t from = 80;

			for (size_t i = 0; i < 600; i++)
				bytes[i] = (unsigned char)(i * 31 + i / 256);
			assert_ptr_equal(move(bytes + to, bytes + from, n), bytes + to);
			for (size_t i = 0; i < 600; i++) {
				size_t j = i < to || i >= to + n ? i : i - to + from;

				assert_int_equal(bytes[i], (unsigned char)(j * 31 + j / 256));
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy), cmocka_unit_test(test_move)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
