/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Name <-> value tables: `static const struct name_value x[] = {{"CAP_CHOWN", 0}, ..., {}}`, ended by a NULL name.
 * One table per fact; lookup works both ways. Linear: tables are short and looked up a few times per container.
 */
#ifndef HUSK_BASE_TABLE_H
#define HUSK_BASE_TABLE_H

#include <stdint.h>

struct name_value {
	const char *name;
	uint64_t value;
};

/* The row with that name (exact match), or NULL. */
const struct name_value *table_find(const struct name_value *table, const char *name);
/* The first row with that value, or NULL. */
const struct name_value *table_find_value(const struct name_value *table, uint64_t value);
/* The name of the first row with that value, or `other`. */
const char *table_name(const struct name_value *table, uint64_t value, const char *other);
/* The row whose name is nearest by edit distance (at most 1/3 of its length), or NULL: for "did you mean". */
const struct name_value *table_nearest(const struct name_value *table, const char *name);

#endif
