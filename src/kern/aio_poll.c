// SPDX-License-Identifier: Apache-2.0
/* Bare system calls: neither libc has them, and libaio is not worth a dependency. */
#include <kern/aio_poll.h>
#include <base/fd.h>

#include <errno.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int aio_poll_init(struct aio_poll *p, unsigned int n)
{
	aio_context_t context = 0;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), r;

	if (fd < 0)
		return -errno;
	if (syscall(SYS_io_setup, n, &context) < 0) {
		r = -errno;
		fd_close(fd);
		return r;
	}
	*p = (struct aio_poll){context, fd};
	return 0;
}

int aio_poll_add(struct aio_poll *p, int fd, short events, uint64_t cookie)
{
	struct iocb cb = {
		.aio_data = cookie,
		.aio_lio_opcode = IOCB_CMD_POLL,
		.aio_fildes = (uint32_t)fd,
		.aio_buf = (uint64_t)events,
		.aio_flags = IOCB_FLAG_RESFD,
		.aio_resfd = (uint32_t)p->fd,
	};
	struct iocb *list[] = {&cb};

	return syscall(SYS_io_submit, p->context, 1L, list) == 1 ? 0 : -errno;
}

static int fetch(struct aio_poll *p, uint64_t *ret_cookie, short *ret_events)
{
	struct io_event event;
	struct timespec none = {};
	long n = syscall(SYS_io_getevents, p->context, 0L, 1L, &event, &none);

	if (n < 0)
		return -errno;
	if (!n)
		return 0;
	*ret_cookie = event.data;
	*ret_events = (short)event.res;
	return 1;
}

int aio_poll_next(struct aio_poll *p, uint64_t *ret_cookie, short *ret_events)
{
	uint64_t count;
	int r = fetch(p, ret_cookie, ret_events);

	if (r)
		return r;
	/* nothing left: not readable any more; and what came between the two is fetched */
	if (read(p->fd, &count, sizeof count) < 0 && errno != EAGAIN)
		return -errno;
	return fetch(p, ret_cookie, ret_events);
}

void aio_poll_done(struct aio_poll *p)
{
	if (p->context)
		(void)syscall(SYS_io_destroy, p->context); /* cancels what is waited for */
	fd_close(p->fd);
	*p = (struct aio_poll)AIO_POLL_INIT;
}
