// SPDX-License-Identifier: Apache-2.0
/* Polls whose outcome is kept until it is fetched, however often the descriptor is looked at before. */
#include <kern/aio_poll.h>
#include <base/fd.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <unistd.h>
#include <cmocka.h>

static bool is_readable(int fd, int timeout)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, timeout) == 1;
}

static void test_polls(void **state)
{
	struct aio_poll p = AIO_POLL_INIT;
	uint64_t cookie = 0;
	short events = 0;
	int ends[2];
	int r = aio_poll_init(&p, 2);

	(void)state;
	if (r == -ENOSYS || r == -EPERM)
		skip(); /* no asynchronous I/O here */
	assert_int_equal(r, 0);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(aio_poll_add(&p, ends[0], POLLIN, 17), 0);
	assert_false(is_readable(p.fd, 0));
	assert_int_equal(aio_poll_next(&p, &cookie, &events), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	for (int i = 0; i < 3; i++)
		assert_true(is_readable(p.fd, 1000));
	assert_int_equal(aio_poll_next(&p, &cookie, &events), 1);
	assert_int_equal(cookie, 17);
	assert_true(events & POLLIN);
	/* once: not again before it is asked again */
	assert_int_equal(aio_poll_next(&p, &cookie, &events), 0);
	assert_false(is_readable(p.fd, 0));
	assert_int_equal(aio_poll_add(&p, ends[0], POLLIN, 18), 0);
	assert_true(is_readable(p.fd, 1000));
	assert_int_equal(aio_poll_next(&p, &cookie, &events), 1);
	assert_int_equal(cookie, 18);
	/* what still waits is given up */
	assert_int_equal(aio_poll_add(&p, ends[0], POLLPRI, 19), 0);
	aio_poll_done(&p);
	aio_poll_done(&p);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_polls)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
