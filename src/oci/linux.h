/* SPDX-License-Identifier: Apache-2.0 */
/* The `linux` object. */
#ifndef HUSK_OCI_LINUX_H
#define HUSK_OCI_LINUX_H

#include <base/table.h>
#include <oci/devices.h>
#include <oci/netdev.h>
#include <oci/rdt.h>
#include <oci/resources.h>
#include <oci/seccomp.h>
#include <oci/types.h>

/* GNU C predefines `linux` as 1, and our member is named for the property. */
#undef linux

enum oci_namespace_type {
	OCI_NS_MOUNT,
	OCI_NS_PID,
	OCI_NS_NETWORK,
	OCI_NS_UTS,
	OCI_NS_IPC,
	OCI_NS_USER,
	OCI_NS_CGROUP,
	OCI_NS_TIME,
	OCI_NS_MAX
};

enum oci_propagation {
	OCI_PROPAGATION_PRIVATE,
	OCI_PROPAGATION_SHARED,
	OCI_PROPAGATION_SLAVE,
	OCI_PROPAGATION_UNBINDABLE,
	OCI_PROPAGATION_RPRIVATE, /* recursive ones: not in the spec, sent by engines */
	OCI_PROPAGATION_RSHARED,
	OCI_PROPAGATION_RSLAVE,
	OCI_PROPAGATION_RUNBINDABLE,
};

enum oci_personality_domain { OCI_PERSONALITY_LINUX, OCI_PERSONALITY_LINUX32 };

enum oci_memory_policy_mode { /* the kernel's values */
	OCI_MPOL_DEFAULT = 0,
	OCI_MPOL_PREFERRED = 1,
	OCI_MPOL_BIND = 2,
	OCI_MPOL_INTERLEAVE = 3,
	OCI_MPOL_LOCAL = 4,
	OCI_MPOL_PREFERRED_MANY = 5,
	OCI_MPOL_WEIGHTED_INTERLEAVE = 6,
};

enum oci_memory_policy_flag { /* the kernel's bits */
	OCI_MPOL_F_NUMA_BALANCING = 1 << 13,
	OCI_MPOL_F_RELATIVE_NODES = 1 << 14,
	OCI_MPOL_F_STATIC_NODES = 1 << 15,
};

extern const struct name_value oci_namespace_types[], oci_propagations[], oci_personality_domains[],
	oci_personality_flags[], oci_memory_policy_modes[], oci_memory_policy_flags[];

struct oci_namespace {
	struct opt_enum type; /* enum oci_namespace_type; required */
	char *path; /* absolute; NULL or "": a new one */
};

struct oci_time_offset {
	struct opt_i64 secs;
	struct opt_u64 nanosecs; /* at most 999999999 */
};

struct oci_time_offsets {
	struct oci_time_offset *monotonic, *boottime;
};

struct oci_personality {
	struct opt_enum domain; /* enum oci_personality_domain */
	struct strv flags;
};

struct oci_memory_policy {
	struct opt_enum mode; /* enum oci_memory_policy_mode */
	char *nodes;
	LIST_OF(int) flags; /* enum oci_memory_policy_flag */
};

struct oci_linux {
	struct oci_id_mappings uid_mappings, gid_mappings;
	struct oci_string_map sysctl;
	struct oci_resources *resources;
	char *cgroups_path;
	LIST_OF(struct oci_namespace) namespaces;
	LIST_OF(struct oci_device) devices;
	LIST_OF(struct oci_net_device) net_devices;
	struct oci_seccomp *seccomp;
	struct opt_enum rootfs_propagation; /* enum oci_propagation */
	struct strv masked_paths, readonly_paths;
	char *mount_label;
	struct oci_intel_rdt *intel_rdt;
	struct oci_memory_policy *memory_policy;
	struct oci_personality *personality;
	struct oci_time_offsets *time_offsets;
};

extern const struct schema_type oci_linux_type;

/* The entry of that type, or NULL. */
const struct oci_namespace *oci_linux_namespace(
	const struct oci_linux *l, enum oci_namespace_type type);
/* Is there such an entry without a path: will a new one be made? */
bool oci_linux_new_namespace(const struct oci_linux *l, enum oci_namespace_type type);

#endif
