/* SPDX-License-Identifier: Apache-2.0 */
/* What several objects of the configuration share: string maps and id mappings. */
#ifndef HUSK_OCI_TYPES_H
#define HUSK_OCI_TYPES_H

#include <stdbool.h>
#include <base/array.h>
#include <base/opt.h>

struct schema_type;

struct oci_string_pair {
	char *name, *value;
};

/* In the order of the text; names are unique. */
struct oci_string_map {
	size_t n;
	struct oci_string_pair *v;
};

/* The value of that name, or NULL. */
const char *oci_string_map_get(const struct oci_string_map *map, const char *name);

/*
 * All three are required and fit in 32 bits; size is at least 1 and neither range passes
 * 4294967295.
 */
struct oci_id_mapping {
	struct opt_u64 container_id, host_id, size;
};

struct oci_id_mappings {
	size_t n;
	struct oci_id_mapping *v;
};

extern const struct schema_type oci_id_mapping_type;

/* For ACCEPT() in rows. */
bool oci_text_absolute(const char *s);
bool oci_text_cpu_list(const char *s);
/* Exactly "0-3,7" (base/bitlist.h), or empty. */
bool oci_text_cpus(const char *s);
bool oci_text_nodes(const char *s);

#endif
