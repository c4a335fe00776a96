/* SPDX-License-Identifier: Apache-2.0 */
/* Device nodes to make (`linux.devices`) and device access rules (`linux.resources.devices`). */
#ifndef HUSK_OCI_DEVICES_H
#define HUSK_OCI_DEVICES_H

#include <base/table.h>
#include <oci/types.h>

enum oci_device_kind {
	OCI_DEVICE_CHAR, /* "c" */
	OCI_DEVICE_BLOCK, /* "b" */
	OCI_DEVICE_UNBUFFERED, /* "u": on Linux the same as "c" */
	OCI_DEVICE_FIFO, /* "p" */
	OCI_DEVICE_ALL, /* "a": in access rules only */
};

extern const struct name_value oci_device_kinds[], oci_device_rule_kinds[];

struct oci_device {
	struct opt_enum type; /* required */
	char *path; /* required, absolute */
	struct opt_i64 major, minor; /* set unless a fifo */
	struct opt_u64 file_mode; /* podman adds the type bits (020600): mask with 07777 */
	struct opt_u64 uid, gid;
};

struct oci_device_rule {
	struct opt_bool allow; /* required */
	struct opt_enum type; /* c, b, a; absent: all */
	struct opt_i64 major, minor; /* absent or -1: all */
	char *access; /* of "rwm"; absent or empty: none given */
};

extern const struct schema_type oci_device_type, oci_device_rule_type;

#endif
