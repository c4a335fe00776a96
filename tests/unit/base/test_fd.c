// SPDX-License-Identifier: Apache-2.0
/* Descriptors over a socket: none is lost, none is leaked, and every one is O_CLOEXEC. */
#include <base/fd.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void make_pair(int *a, int *b)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	*a = pair[0];
	*b = pair[1];
}

static void test_close(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	errno = EXDEV;
	assert_int_equal(fd_close(fd), -1);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	errno = EXDEV;
	assert_int_equal(fd_close(-1), -1);
	assert_int_equal(errno, EXDEV);
	assert_int_equal(fd_close(9999), -1);
	assert_int_equal(errno, EXDEV);
}

static void test_auto_and_take(void **state)
{
	int outer = -1, number;

	(void)state;
	{
		auto_close int kept = open("/dev/null", O_RDONLY | O_CLOEXEC);
		auto_close int closed = open("/dev/null", O_RDONLY | O_CLOEXEC);

		number = closed;
		outer = TAKE_FD(kept);
		assert_int_equal(kept, -1);
	}
	assert_int_equal(fcntl(number, F_GETFD), -1);
	assert_true(fcntl(outer, F_GETFD) >= 0);
	fd_close(outer);
}

static void test_pass(void **state)
{
	auto_close int a = -1, b = -1;
	int sent[FD_PASS_MAX], got[FD_PASS_MAX], before;
	char text[8];
	size_t n;

	(void)state;
	make_pair(&a, &b);
	for (size_t i = 0; i < FD_PASS_MAX; i++) {
		sent[i] = open(i % 2 ? "/dev/null" : "/dev/zero", O_RDONLY); /* not O_CLOEXEC */
		assert_true(sent[i] >= 0);
	}
	before = count_fds();
	for (size_t count = 0; count <= FD_PASS_MAX; count++) {
		assert_int_equal(fd_send(a, "hello", 5, sent, count), 0);
		n = FD_PASS_MAX;
		assert_int_equal(fd_receive(b, text, sizeof text, got, &n), 5);
		assert_memory_equal(text, "hello", 5);
		assert_int_equal(n, count);
		for (size_t i = 0; i < n; i++) {
			struct stat x, y;

			assert_int_equal(fcntl(got[i], F_GETFD), FD_CLOEXEC);
			assert_int_equal(fstat(sent[i], &x) | fstat(got[i], &y), 0);
			assert_int_equal(x.st_rdev, y.st_rdev);
			fd_close(got[i]);
		}
		assert_int_equal(count_fds(), before);
	}
	assert_int_equal(fd_send(a, "x", 1, sent, FD_PASS_MAX + 1), -EINVAL);
	for (size_t i = 0; i < FD_PASS_MAX; i++)
		fd_close(sent[i]);
}

/* More than the receiver wants, or a longer message than it has room for: an error, and everything closed. */
static void test_too_much(void **state)
{
	auto_close int a = -1, b = -1;
	int sent[3] = {0, 0, 0}, got[3], before;
	char text[4];
	size_t n = 2;

	(void)state;
	make_pair(&a, &b);
	before = count_fds();
	assert_int_equal(fd_send(a, "x", 1, sent, 3), 0);
	assert_int_equal(fd_receive(b, text, sizeof text, got, &n), -EMSGSIZE);
	assert_int_equal(n, 0);
	assert_int_equal(count_fds(), before);

	n = 0;
	assert_int_equal(fd_send(a, "x", 1, sent, 1), 0);
	assert_int_equal(fd_receive(b, text, sizeof text, NULL, &n), -EMSGSIZE);
	assert_int_equal(count_fds(), before);

	n = 3;
	assert_int_equal(fd_send(a, "toolong", 7, sent, 3), 0);
	assert_int_equal(fd_receive(b, text, sizeof text, got, &n), -EMSGSIZE);
	assert_int_equal(n, 0);
	assert_int_equal(count_fds(), before);
}

static void test_peer_gone(void **state)
{
	auto_close int a = -1, b = -1;
	char text[4];
	size_t n = 0;

	(void)state;
	make_pair(&a, &b);
	b = fd_close(b);
	assert_int_equal(fd_send(a, "x", 1, NULL, 0), -EPIPE); /* and no SIGPIPE */
	assert_int_equal(fd_receive(a, text, sizeof text, NULL, &n), 0);
	assert_int_equal(fd_receive(9999, text, sizeof text, NULL, &n), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_auto_and_take),
		cmocka_unit_test(test_pass),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_peer_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
