/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Polls whose outcome is kept. Some files (triggers of pressure stall information) tell of an event to the first who
 * polls them and forget it; where an epoll descriptor is itself polled by somebody's event loop, that poll is the
 * first, and the event is lost before epoll_wait(2). The kernel's asynchronous I/O polls once and keeps the answer
 * until it is fetched, and an eventfd is readable as long as there is one (IOCB_CMD_POLL, since 4.18).
 */
#ifndef HUSK_KERN_AIO_POLL_H
#define HUSK_KERN_AIO_POLL_H

#include <linux/aio_abi.h>
#include <stddef.h>
#include <stdint.h>
#include <base/attr.h>

struct aio_poll {
	aio_context_t context; /* 0: none */
	int fd; /* readable while there may be an outcome; -1: none */
};
#define AIO_POLL_INIT \
	{             \
		0, -1 \
	}

/* For at most `n` polls at a time. 0 or -errno. */
int aio_poll_init(struct aio_poll *p, unsigned int n) nodiscard;
/* Waits for `events` (poll(2)) on `fd`, once. */
int aio_poll_add(struct aio_poll *p, int fd, short events, uint64_t cookie) nodiscard;
/* 1: the poll with *ret_cookie had *ret_events; 0: none now. */
int aio_poll_next(struct aio_poll *p, uint64_t *ret_cookie, short *ret_events) nodiscard;
void aio_poll_done(struct aio_poll *p);

#endif
