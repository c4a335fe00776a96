// SPDX-License-Identifier: Apache-2.0
/* What several objects share. */
#include <oci/types.h>

#include <inttypes.h>
#include <string.h>

#include <base/bitlist.h>
#include <base/text.h>
#include <schema/schema.h>

const char *oci_string_map_get(const struct oci_string_map *map, const char *name)
{
	list_for_each (pair, map)
		if (text_equal(pair->name, name))
			return pair->value;
	return NULL;
}

bool oci_text_absolute(const char *s)
{
	return *s == '/';
}

bool oci_text_cpu_list(const char *s)
{
	return !s[strspn(s, "0123456789, -")];
}

bool oci_text_cpus(const char *s)
{
	return !bitlist_parse(s, BITLIST_CPUS, NULL);
}

bool oci_text_nodes(const char *s)
{
	return !bitlist_parse(s, BITLIST_NODES, NULL);
}

static int mapping_check(const void *object, const struct schema_at *at)
{
	const struct oci_id_mapping *m = object;
	const uint64_t ids = UINT64_C(1) << 32;

	if (m->container_id.value + m->size.value <= ids && m->host_id.value + m->size.value <= ids)
		return 0;
	return schema_problem(at, "reaches beyond the id 4294967295");
}

#define S struct oci_id_mapping
static const struct schema_field mapping_fields[] = {
	/* clang-format off */
	U64(S, container_id, "containerID", RANGE(0, UINT32_MAX), REQUIRED),
	U64(S, host_id,      "hostID",      RANGE(0, UINT32_MAX), REQUIRED),
	U64(S, size,         "size",        RANGE(1, UINT32_MAX), REQUIRED),
	{}
	/* clang-format on */
};
const struct schema_type oci_id_mapping_type =
	TYPE(S, "id mapping", mapping_fields, .check = mapping_check);
#undef S
