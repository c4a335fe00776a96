// SPDX-License-Identifier: Apache-2.0
/*
 * The memory of the command as a static musl program. musl's own malloc gives every page back
 * as soon as it can and takes it again: some 70 system calls and 30 page faults in one `husk
 * run`, a tenth of its time. Here memory comes in chunks, with their pages in place at once, is
 * cut into blocks of powers of two, and a freed block is kept for the next one of its size. A
 * program that ends within milliseconds, or one that waits for its container in steady state,
 * needs no more. What is large has a mapping of its own. Not for threads: the command has none.
 */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Before each block, and as long as malloc's alignment. */
struct head {
	uint64_t size; /* of the whole block; a power of two, or that of a mapping */
	uint64_t mark; /* mark_of() the block, while it is given away */
};

struct block { /* a free one */
	struct head head;
	struct block *next;
};

_Static_assert(sizeof(struct head) % _Alignof(max_align_t) == 0, "blocks are aligned");

enum { CHUNK = 64 << 10, BLOCK_MIN_BITS = 5, BLOCK_MAX_BITS = 16 };

/* The one state of the program that is nobody's; malloc() has no argument to hang it from. */
static struct {
	char *at, *end; /* what is left of the chunk */
	struct block *freed[BLOCK_MAX_BITS + 1];
} heap;

/* Differs between blocks and, as addresses are random, between runs. */
static uint64_t mark_of(const struct head *head)
{
	return (uint64_t)(uintptr_t)head ^ UINT64_C(0x9e3779b97f4a7c15) ^ head->size << 17;
}

static void *map(size_t size, int flags)
{
	void *p = mmap(
		NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void *give(struct head *head, size_t size)
{
	if (!head)
		return NULL; /* errno is mmap's */
	head->size = size;
	head->mark = mark_of(head);
	return head + 1;
}

static struct head *cut(size_t size)
{
	struct head *head;

	if ((size_t)(heap.end - heap.at) < size) {
		char *chunk = map(CHUNK, MAP_POPULATE);

		if (!chunk)
			return NULL;
		heap.at = chunk;
		heap.end = chunk + CHUNK;
	}
	head = (struct head *)(void *)heap.at;
	heap.at += size;
	return head;
}

/* Not malloc() itself: of that and a memset() the compiler makes a call of calloc(). */
static void *take(size_t n)
{
	size_t size = n + sizeof(struct head);
	unsigned int bits;
	struct block *block;

	if (n > PTRDIFF_MAX - CHUNK) {
		errno = ENOMEM;
		return NULL;
	}
	if (size > (size_t)1 << BLOCK_MAX_BITS)
		return give(map(size, 0), size);
	bits = size <= 1 << BLOCK_MIN_BITS ? BLOCK_MIN_BITS
					   : 64 - (unsigned)__builtin_clzl(size - 1);
	block = heap.freed[bits];
	if (!block)
		return give(cut((size_t)1 << bits), (size_t)1 << bits);
	heap.freed[bits] = block->next;
	return give(&block->head, (size_t)1 << bits);
}

void *malloc(size_t n)
{
	return take(n);
}

/* The head of a block that is given away; a pointer that is none, or was freed, ends us. */
static struct head *head_of(void *p)
{
	struct head *head = (struct head *)p - 1;

	if (head->mark != mark_of(head))
		abort();
	return head;
}

void free(void *p)
{
	struct block *block;
	unsigned int bits;

	if (!p)
		return;
	block = (struct block *)(void *)head_of(p);
	block->head.mark = 0;
	if (block->head.size > (size_t)1 << BLOCK_MAX_BITS) {
		int kept = errno;

		munmap(block, block->head.size);
		errno = kept;
		return;
	}
	bits = (unsigned)__builtin_ctzl(block->head.size);
	block->next = heap.freed[bits];
	heap.freed[bits] = block;
}

void *calloc(size_t n, size_t size)
{
	size_t whole;
	void *p;

	if (__builtin_mul_overflow(n, size, &whole)) {
		errno = ENOMEM;
		return NULL;
	}
	p = take(whole);
	return p ? memset(p, 0, whole) : NULL;
}

void *realloc(void *p, size_t n)
{
	size_t room;
	void *moved;

	if (!p)
		return take(n);
	room = head_of(p)->size - sizeof(struct head);
	if (n <= room)
		return p;
	moved = take(n);
	if (!moved)
		return NULL;
	memcpy(moved, p, room);
	free(p);
	return moved;
}
