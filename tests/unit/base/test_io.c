// SPDX-License-Identifier: Apache-2.0
/* Whole files: bounds, pipes without a size, files of /proc, and replacement that leaves nothing behind. */
#include <base/fd.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/str.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

struct place {
	char *path;
	int fd;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	assert_non_null(p);
	p->path = strdup("/tmp/husk-test-XXXXXX");
	assert_non_null(mkdtemp(p->path));
	p->fd = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(p->fd >= 0);
	*state = p;
	return 0;
}

/* Only "file" may be left. */
static int teardown(void **state)
{
	struct place *p = *state;

	(void)unlinkat(p->fd, "file", 0);
	fd_close(p->fd);
	assert_int_equal(rmdir(p->path), 0);
	free(p->path);
	free(p);
	return 0;
}

static void put(const struct place *p, size_t n)
{
	auto_free char *data = malloc(n + 1);

	for (size_t i = 0; i < n; i++)
		data[i] = (char)('a' + i % 26);
	assert_int_equal(io_replace_at(p->fd, "file", data, n, 0600), 0);
}

static void test_read_sizes(void **state)
{
	static const size_t sizes[] = {0, 1, 4094, 4095, 4096, 4097, 10000};
	struct place *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		auto_free char *text = NULL;
		size_t len = 0, n = sizes[i];

		put(p, n);
		assert_int_equal(io_read_at(p->fd, "file", n, &text, &len), 0);
		assert_int_equal(len, n);
		assert_int_equal(strlen(text), n);
		assert_true(n == 0 || text[n - 1] == (char)('a' + (n - 1) % 26));
		if (n) {
			char *none = NULL;

			assert_int_equal(io_read_at(p->fd, "file", n - 1, &none, NULL), -EFBIG);
			assert_null(none);
		}
	}
}

static void test_read_errors(void **state)
{
	struct place *p = *state;
	char *none = NULL;

	assert_int_equal(io_read_at(p->fd, "none", 10, &none, NULL), -ENOENT);
	assert_int_equal(io_read_at(AT_FDCWD, p->path, 10, &none, NULL), -EISDIR);
	assert_int_equal(io_read_fd(9999, 10, &none, NULL), -EBADF);
	assert_null(none);
}

/* A pipe tells no size and gives what is there, in pieces. */
static void test_read_pipe(void **state)
{
	enum { TOTAL = 200000 };
	auto_free char *text = NULL;
	auto_close int in = -1;
	int ends[2];
	size_t len;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		auto_free char *data = calloc(1, TOTAL);
		int r;

		close(ends[0]);
		memset(data, 'z', TOTAL);
		r = io_write_fd(ends[1], data, TOTAL); /* more than a pipe holds */
		_exit(r ? 1 : 0);
	}
	close(ends[1]);
	in = ends[0];
	assert_int_equal(io_read_fd(in, 1 << 20, &text, &len), 0);
	assert_int_equal(len, TOTAL);
	assert_int_equal(strspn(text, "z"), TOTAL);
	assert_int_equal(waitpid(pid, &ends[0], 0), pid);
	assert_int_equal(ends[0], 0);
}

static void test_read_proc(void **state)
{
	auto_free char *text = NULL;
	size_t len;

	(void)state;
	assert_int_equal(io_read_at(AT_FDCWD, "/proc/self/status", 1 << 20, &text, &len), 0);
	assert_true(len > 100);
	assert_int_equal(strlen(text), len);
}

static void test_write_at(void **state)
{
	struct place *p = *state;
	auto_free char *text = NULL;

	assert_int_equal(io_write_at(p->fd, "file", "x"), -ENOENT); /* never makes one */
	put(p, 5);
	assert_int_equal(io_write_at(p->fd, "file", "XY"), 0);
	assert_int_equal(io_read_at(p->fd, "file", 100, &text, NULL), 0);
	assert_string_equal(text, "XYcde");
	assert_int_equal(io_write_at(AT_FDCWD, "/dev/full", "x"), -ENOSPC);
}

static void test_replace(void **state)
{
	struct place *p = *state;
	auto_free char *text = NULL, *absolute = str_printf("%s/file", p->path);
	auto_close int old = -1;
	struct stat st;
	char byte = 0;

	put(p, 3);
	old = openat(p->fd, "file", O_RDONLY | O_CLOEXEC);
	assert_int_equal(io_replace_at(AT_FDCWD, absolute, "new", 3, 0640), 0);
	assert_int_equal(read(old, &byte, 1), 1);
	assert_int_equal(byte, 'a'); /* who reads the old one goes on reading the old one */
	assert_int_equal(io_read_at(p->fd, "file", 100, &text, NULL), 0);
	assert_string_equal(text, "new");
	assert_int_equal(fstatat(p->fd, "file", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777 & ~0640, 0);
	assert_int_equal(io_replace_at(p->fd, "no/file", "x", 1, 0600), -ENOENT);

	/* a directory cannot be replaced by a file: the temporary one has to go */
	assert_int_equal(mkdirat(p->fd, "dir", 0700), 0);
	assert_int_equal(io_replace_at(p->fd, "dir", "x", 1, 0600), -EISDIR);
	assert_int_equal(unlinkat(p->fd, "dir", AT_REMOVEDIR), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_read_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_errors, setup, teardown),
		cmocka_unit_test(test_read_pipe),
		cmocka_unit_test(test_read_proc),
		cmocka_unit_test_setup_teardown(test_write_at, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replace, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
