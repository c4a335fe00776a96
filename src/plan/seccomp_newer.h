/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile that allows some calls and refuses the rest with EPERM was written when the newest call had some number. A
 * program that tries a call from later wants to hear ENOSYS, and then does without; EPERM it takes for the last word.
 * So calls with greater numbers than any the profile names get ENOSYS, by a few instructions before the filter.
 */
#ifndef HUSK_PLAN_SECCOMP_NEWER_H
#define HUSK_PLAN_SECCOMP_NEWER_H

#include <stddef.h>
#include <stdint.h>
#include <base/attr.h>

struct newer_range {
	uint32_t arch; /* AUDIT_ARCH_* as the kernel tells it */
	uint32_t above, below; /* numbers between them, without them, are newer */
};

enum { NEWER_INSTRUCTIONS = 6, NEWER_RANGES_MAX = 32 };

/* The instructions, NEWER_INSTRUCTIONS for each range: struct sock_filter at `out`. What is not newer falls through. */
void newer_write(const struct newer_range *ranges, size_t n, void *out);

#endif
