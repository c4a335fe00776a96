/* SPDX-License-Identifier: Apache-2.0 */
/* A byte ring between two descriptors. Zeroed memory is an empty ring. */
#ifndef HUSK_CLI_RING_H
#define HUSK_CLI_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <base/attr.h>

enum { RING_SIZE = 1 << 16 }; /* a power of two: positions count on and are masked */

struct ring {
	size_t head, tail; /* written and read so far; head - tail is the content */
	unsigned char data[RING_SIZE];
};

static inline size_t ring_len(const struct ring *r)
{
	return r->head - r->tail;
}

static inline size_t ring_room(const struct ring *r)
{
	return RING_SIZE - ring_len(r);
}

static inline void ring_clear(struct ring *r)
{
	r->tail = r->head;
}

/* One read into the free part, one write out of the content: as many bytes as moved, 0 at the end, or -errno. */
ssize_t ring_fill(struct ring *r, int fd) nodiscard;
ssize_t ring_drain(struct ring *r, int fd, size_t limit) nodiscard;
/* Adds one byte; false when full. */
bool ring_add(struct ring *r, unsigned char byte) nodiscard;

#endif
