// SPDX-License-Identifier: Apache-2.0
/* Memory that is freed at once: aligned, zeroed, in place; files of every size around those of the blocks. */
#include <base/arena.h>
#include <base/fd.h>
#include <base/io.h>
#include <base/mem.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

static void test_alloc(void **state)
{
	struct arena a = {};
	unsigned char *all[3000];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		all[i] = arena_alloc(&a, i % 97);
		assert_non_null(all[i]);
		assert_int_equal((uintptr_t)all[i] % _Alignof(max_align_t), 0);
		for (size_t k = 0; k < i % 97; k++) {
			assert_int_equal(all[i][k], 0);
			all[i][k] = (unsigned char)i;
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		for (size_t k = 0; k < i % 97; k++)
			assert_int_equal(all[i][k], (unsigned char)i);
	assert_non_null(arena_alloc(&a, 1 << 20));
	assert_null(arena_array(&a, SIZE_MAX / 2, 3));
	assert_null(arena_alloc(&a, SIZE_MAX - 5));
	arena_done(&a);
	arena_done(&a);
}

static void test_read(void **state)
{
	static const size_t sizes[] = {
		0, 1, 4095, 4096, 15998, 15999, 16000, 16001, 40000, 1000000};
	struct arena a = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		for (size_t before = 0; before < 2; before++) {
			auto_close int fd = memfd_create("file", MFD_CLOEXEC);
			auto_free char *data = malloc(sizes[i] + 1);
			char path[32], *text = NULL;

			memset(data, 'x', sizes[i]);
			assert_int_equal(io_write_fd(fd, data, sizes[i]), 0);
			snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
			if (before)
				assert_non_null(arena_alloc(&a, 7777));
			assert_int_equal(arena_read_at(&a, AT_FDCWD, path, sizes[i], &text), 0);
			assert_int_equal(strlen(text), sizes[i]);
			assert_memory_equal(text, data, sizes[i]);
			if (sizes[i])
				assert_int_equal(
					arena_read_at(&a, AT_FDCWD, path, sizes[i] - 1, &text),
					-EFBIG);
		}
	assert_int_equal(arena_read_at(&a, AT_FDCWD, "/nonexistent", 1, NULL), -ENOENT);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alloc),
		cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
