// SPDX-License-Identifier: Apache-2.0
/* The rows of a mount. */
#include <oci/mount.h>

#include <schema/schema.h>

static int mount_check(const void *object, const struct schema_at *at)
{
	const struct oci_mount *m = object;

	if (!m->uid_mappings.n == !m->gid_mappings.n)
		return 0;
	return schema_problem(at, "uidMappings and gidMappings must be given together");
}

/* clang-format off */
#define S struct oci_mount
static const struct schema_field mount_fields[] = {
	STRING(S, destination, "destination", .flags = F_REQUIRED | F_NONEMPTY),
	STRING(S, type,        "type"),
	STRING(S, source,      "source"),
	STRV(S, options,       "options"),
	LIST(S, uid_mappings,  "uidMappings", oci_id_mapping),
	LIST(S, gid_mappings,  "gidMappings", oci_id_mapping),
	{}
};
const struct schema_type oci_mount_type = TYPE(S, "mount", mount_fields, .check = mount_check);
#undef S
/* clang-format on */
