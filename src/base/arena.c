// SPDX-License-Identifier: Apache-2.0
/*
 * Blocks of a fixed size, cut from front to back; what is larger has a block of its own. A file is read into the rest
 * of the newest block, which most files fit in: then the read is also the copy that stays.
 */
#include <base/arena.h>
#include <base/fd.h>

#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 16000, READ_MIN = 4096, ALIGN = alignof(max_align_t) };

struct arena_block {
	struct arena_block *next;
	alignas(max_align_t) char data[];
};

/* Makes at least `n` bytes contiguous, without taking them. */
static int reserve(struct arena *a, size_t n)
{
	size_t size = n > BLOCK ? n : BLOCK;
	struct arena_block *block;

	if ((size_t)(a->end - a->at) >= n && a->at)
		return 0;
	if (n > PTRDIFF_MAX / 2)
		return -ENOMEM;
	block = malloc(sizeof *block + size);
	if (!block)
		return -ENOMEM;
	block->next = a->blocks;
	a->blocks = block;
	a->at = block->data;
	a->end = block->data + size;
	return 0;
}

/* The rest of a block is always a multiple of the alignment away from its start. */
static void take(struct arena *a, size_t n)
{
	size_t rounded = (n + ALIGN - 1) / ALIGN * ALIGN, left = (size_t)(a->end - a->at);

	a->at += MIN(rounded, left);
}

void *arena_alloc(struct arena *a, size_t n)
{
	char *p;

	if (reserve(a, n) < 0)
		return NULL;
	p = a->at;
	take(a, n);
	return memset(p, 0, n);
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	size_t whole;

	return __builtin_mul_overflow(n, size, &whole) ? NULL : arena_alloc(a, whole);
}

/* Until a read that left room: then the kernel had no more to say. */
static int read_all(struct arena *a, int fd, size_t limit, size_t *ret_len)
{
	size_t len = 0, want = READ_MIN;

	for (;;) {
		const char *before = a->at;
		size_t room;
		ssize_t n;

		if (reserve(a, want) < 0)
			return -ENOMEM;
		if (len && a->at != before)
			memcpy(a->at, before, len);
		room = (size_t)(a->end - a->at) - len - 1;
		n = read(fd, a->at + len, room);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		len += (size_t)n;
		if (len > limit)
			return -EFBIG;
		if ((size_t)n < room) {
			*ret_len = len;
			return 0;
		}
		want = len * 2 + READ_MIN;
	}
}

int arena_read_at(struct arena *a, int dirfd, const char *path, size_t limit, char **ret)
{
	auto_close int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	int r = fd < 0 ? -errno : read_all(a, fd, limit, &len);

	if (r < 0)
		return r;
	a->at[len] = '\0';
	*ret = a->at;
	take(a, len + 1);
	return 0;
}

void arena_done(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *next = a->blocks->next;

		free(a->blocks);
		a->blocks = next;
	}
	*a = (struct arena){};
}
