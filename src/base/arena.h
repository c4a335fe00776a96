/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is freed all at once: for results of many small parts. Zeroed is an empty arena. What was handed out
 * stays where it is, is zeroed, and is never given back alone.
 */
#ifndef HUSK_BASE_ARENA_H
#define HUSK_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>
#include <base/attr.h>

struct arena_block;

struct arena {
	struct arena_block *blocks;
	char *at, *end; /* what is left of the newest block */
};

/* `n` bytes, aligned for everything; NULL when out of memory. */
void *arena_alloc(struct arena *a, size_t n) nodiscard;
/* An array of `n` elements; NULL also when that is more than there are bytes. */
void *arena_array(struct arena *a, size_t n, size_t size) nodiscard;
/*
 * Reads a file of the directory `dirfd` (as for openat(2)) whole, at most `limit` bytes (else -EFBIG), adds a NUL. For
 * files that come in one read(2), as those of cgroupfs and sysfs do: a short read is taken for the end. 0 or -errno.
 */
int arena_read_at(struct arena *a, int dirfd, const char *path, size_t limit, char **ret) nodiscard;
void arena_done(struct arena *a);

#endif
