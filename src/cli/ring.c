// SPDX-License-Identifier: Apache-2.0
/* The ring: what is free or filled is one or two stretches, so one readv or writev moves all of it. */
#include <cli/ring.h>

#include <errno.h>
#include <sys/uio.h>

/* The stretches of n bytes from position `at` on. */
static int stretches(struct ring *r, size_t at, size_t n, struct iovec out[2])
{
	size_t start = at & (RING_SIZE - 1), first = MIN(n, RING_SIZE - start);

	out[0] = (struct iovec){r->data + start, first};
	out[1] = (struct iovec){r->data, n - first};
	return n > first ? 2 : 1;
}

ssize_t ring_fill(struct ring *r, int fd)
{
	struct iovec parts[2];
	ssize_t n;

	do
		n = readv(fd, parts, stretches(r, r->head, ring_room(r), parts));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	r->head += (size_t)n;
	return n;
}

ssize_t ring_drain(struct ring *r, int fd, size_t limit)
{
	struct iovec parts[2];
	ssize_t n;

	do
		n = writev(fd, parts, stretches(r, r->tail, MIN(ring_len(r), limit), parts));
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	r->tail += (size_t)n;
	return n;
}

bool ring_add(struct ring *r, unsigned char byte)
{
	if (!ring_room(r))
		return false;
	r->data[r->head++ & (RING_SIZE - 1)] = byte;
	return true;
}
