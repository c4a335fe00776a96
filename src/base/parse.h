/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exact numbers from text: the whole string must be the number, no sign for unsigned, no blanks, no overflow.
 * All return 0, -EINVAL (not such a number) or -ERANGE, and leave *ret alone on failure.
 */
#ifndef HUSK_BASE_PARSE_H
#define HUSK_BASE_PARSE_H

#include <stddef.h>
#include <stdint.h>
#include <base/attr.h>

/* base 8, 10 or 16 (no prefix accepted). */
int parse_u64(const char *s, int base, uint64_t *ret) nodiscard;
int parse_u32(const char *s, int base, uint32_t *ret) nodiscard;
int parse_i64(const char *s, int64_t *ret) nodiscard;
/* Bytes with an optional suffix b, k, m, g, t, p (any case, also "kb", "kib"): powers of 1024, as runc reads them. */
int parse_size(const char *s, uint64_t *ret) nodiscard;

#endif
