/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Absence as a type: a value that may be missing carries a flag, never a magic 0 or -1.
 * Zeroed memory is "not set". `struct opt_enum` holds an index into the field's name table.
 */
#ifndef HUSK_BASE_OPT_H
#define HUSK_BASE_OPT_H

#include <stdbool.h>
#include <stdint.h>

struct opt_bool {
	bool set;
	bool value;
};

struct opt_i64 {
	bool set;
	int64_t value;
};

struct opt_u64 {
	bool set;
	uint64_t value;
};

struct opt_enum {
	bool set;
	int value;
};

static inline bool opt_true(struct opt_bool b)
{
	return b.set && b.value;
}

static inline uint64_t opt_u64_or(struct opt_u64 v, uint64_t other)
{
	return v.set ? v.value : other;
}

static inline int64_t opt_i64_or(struct opt_i64 v, int64_t other)
{
	return v.set ? v.value : other;
}

#endif
