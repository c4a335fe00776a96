/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a program that we ran came to its end, and the last of what it wrote. The runtime runs programs on the host,
 * husk-init runs some in the container; both tell it in the same words (hook/hook.c). No libc here.
 */
#ifndef HUSK_KERN_OUTCOME_H
#define HUSK_KERN_OUTCOME_H

#include <stddef.h>
#include <stdint.h>

enum outcome_kind {
	OUTCOME_EXITED, /* value: exit status; 0 is the only good end */
	OUTCOME_KILLED, /* value: signal */
	OUTCOME_NOT_RUN, /* value: errno of what had to be done for it */
	OUTCOME_TIMEOUT, /* value: seconds it had */
	OUTCOME_LOST, /* our host program reaped it before us, or lets the kernel do that */
};

struct outcome {
	uint32_t kind; /* enum outcome_kind */
	int32_t value;
};

static inline int outcome_good(struct outcome o)
{
	return o.kind == OUTCOME_EXITED && o.value == 0;
}

/* From what wait(2) says. */
static inline struct outcome outcome_of(int status)
{
	int signal = status & 0x7f;

	return signal ? (struct outcome){OUTCOME_KILLED, signal}
		      : (struct outcome){OUTCOME_EXITED, status >> 8 & 0xff};
}

/* The end of an output of any length. Zeroed memory is an empty one. */
enum { TAIL_MAX = 4096 };
struct tail {
	size_t total; /* how much was written */
	char ring[TAIL_MAX];
};

static inline void tail_add(struct tail *t, const char *data, size_t n)
{
	for (size_t i = 0; i < n; i++)
		t->ring[t->total++ % TAIL_MAX] = data[i];
}

/* Puts it in order into a buffer of TAIL_MAX + 1 bytes and ends it with a NUL; NUL bytes in it become '?'. */
static inline size_t tail_text(const struct tail *t, char *buffer)
{
	size_t n = t->total < TAIL_MAX ? t->total : TAIL_MAX, from = t->total - n;

	for (size_t i = 0; i < n; i++) {
		char c = t->ring[(from + i) % TAIL_MAX];

		buffer[i] = c ? c : '?';
	}
	buffer[n] = '\0';
	return n;
}

#endif
