/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of numbers as the kernel writes those of CPUs and memory nodes, "0-3,7", and the bit masks they stand for. */
#ifndef HUSK_BASE_BITLIST_H
#define HUSK_BASE_BITLIST_H

#include <stddef.h>
#include <stdint.h>
#include <base/attr.h>

/* What the largest kernels can be built for. */
enum { BITLIST_CPUS = 8192, BITLIST_NODES = 1024 };

/*
 * Sets the bits of all numbers in the list; `mask` has room for `limit` bits (a multiple of 64), or is NULL: then the
 * text is only checked. Blanks may stand beside commas and at the ends; the empty list is allowed. Returns 0, -EINVAL
 * (not such a list, or a range that runs backwards) or -ERANGE (a number that is not below limit); then the mask may
 * be half filled.
 */
int bitlist_parse(const char *s, uint32_t limit, uint64_t *mask) nodiscard;

#endif
