/* SPDX-License-Identifier: Apache-2.0 */
/* One entry of `mounts`. What the options mean is the planner's table, not ours. */
#ifndef HUSK_OCI_MOUNT_H
#define HUSK_OCI_MOUNT_H

#include <oci/types.h>

struct oci_mount {
	char *destination; /* required, not empty */
	char *type, *source;
	struct strv options;
	struct oci_id_mappings uid_mappings, gid_mappings; /* both or none */
};

extern const struct schema_type oci_mount_type;

#endif
