// SPDX-License-Identifier: Apache-2.0
/* Lookup in name <-> value tables. */
#include <base/table.h>
#include <base/text.h>

#include <string.h>

const struct name_value *table_find(const struct name_value *table, const char *name)
{
	for (; table->name; table++)
		if (!strcmp(table->name, name))
			return table;
	return NULL;
}

const struct name_value *table_find_value(const struct name_value *table, uint64_t value)
{
	for (; table->name; table++)
		if (table->value == value)
			return table;
	return NULL;
}

const char *table_name(const struct name_value *table, uint64_t value, const char *other)
{
	const struct name_value *row = table_find_value(table, value);

	return row ? row->name : other;
}

const struct name_value *table_nearest(const struct name_value *table, const char *name)
{
	const struct name_value *best = NULL;
	size_t best_distance = strlen(name) / 3 + 1;

	for (; table->name; table++) {
		size_t distance = text_distance(table->name, name);

		if (distance < best_distance) {
			best_distance = distance;
			best = table;
		}
	}
	return best;
}
