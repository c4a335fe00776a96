// SPDX-License-Identifier: Apache-2.0
/* The rows of `linux`. */
#include <oci/linux.h>

#include <linux/personality.h>
#include <schema/schema.h>

/* clang-format off */
const struct name_value oci_namespace_types[] = {
	{"mount",   OCI_NS_MOUNT},
	{"pid",     OCI_NS_PID},
	{"network", OCI_NS_NETWORK},
	{"uts",     OCI_NS_UTS},
	{"ipc",     OCI_NS_IPC},
	{"user",    OCI_NS_USER},
	{"cgroup",  OCI_NS_CGROUP},
	{"time",    OCI_NS_TIME},
	{}
};

const struct name_value oci_propagations[] = {
	{"private",     OCI_PROPAGATION_PRIVATE},
	{"shared",      OCI_PROPAGATION_SHARED},
	{"slave",       OCI_PROPAGATION_SLAVE},
	{"unbindable",  OCI_PROPAGATION_UNBINDABLE},
	{"rprivate",    OCI_PROPAGATION_RPRIVATE},
	{"rshared",     OCI_PROPAGATION_RSHARED},
	{"rslave",      OCI_PROPAGATION_RSLAVE},
	{"runbindable", OCI_PROPAGATION_RUNBINDABLE},
	{}
};

const struct name_value oci_personality_domains[] = {
	{"LINUX",   OCI_PERSONALITY_LINUX},
	{"LINUX32", OCI_PERSONALITY_LINUX32},
	{}
};

/* Not in the spec, which lets `flags` be any text: those of personality(2). */
const struct name_value oci_personality_flags[] = {
	{"UNAME26",            UNAME26},
	{"ADDR_NO_RANDOMIZE",  ADDR_NO_RANDOMIZE},
	{"FDPIC_FUNCPTRS",     FDPIC_FUNCPTRS},
	{"MMAP_PAGE_ZERO",     MMAP_PAGE_ZERO},
	{"ADDR_COMPAT_LAYOUT", ADDR_COMPAT_LAYOUT},
	{"READ_IMPLIES_EXEC",  READ_IMPLIES_EXEC},
	{"ADDR_LIMIT_32BIT",   ADDR_LIMIT_32BIT},
	{"SHORT_INODE",        SHORT_INODE},
	{"WHOLE_SECONDS",      WHOLE_SECONDS},
	{"STICKY_TIMEOUTS",    STICKY_TIMEOUTS},
	{"ADDR_LIMIT_3GB",     ADDR_LIMIT_3GB},
	{}
};

const struct name_value oci_memory_policy_modes[] = {
	{"MPOL_DEFAULT",             OCI_MPOL_DEFAULT},
	{"MPOL_BIND",                OCI_MPOL_BIND},
	{"MPOL_INTERLEAVE",          OCI_MPOL_INTERLEAVE},
	{"MPOL_WEIGHTED_INTERLEAVE", OCI_MPOL_WEIGHTED_INTERLEAVE},
	{"MPOL_PREFERRED",           OCI_MPOL_PREFERRED},
	{"MPOL_PREFERRED_MANY",      OCI_MPOL_PREFERRED_MANY},
	{"MPOL_LOCAL",               OCI_MPOL_LOCAL},
	{}
};

const struct name_value oci_memory_policy_flags[] = {
	{"MPOL_F_NUMA_BALANCING", OCI_MPOL_F_NUMA_BALANCING},
	{"MPOL_F_RELATIVE_NODES", OCI_MPOL_F_RELATIVE_NODES},
	{"MPOL_F_STATIC_NODES",   OCI_MPOL_F_STATIC_NODES},
	{}
};
/* clang-format on */

const struct oci_namespace *oci_linux_namespace(
	const struct oci_linux *l, enum oci_namespace_type type)
{
	if (!l)
		return NULL;
	list_for_each (ns, &l->namespaces)
		if (ns->type.set && ns->type.value == (int)type)
			return ns;
	return NULL;
}

bool oci_linux_new_namespace(const struct oci_linux *l, enum oci_namespace_type type)
{
	const struct oci_namespace *ns = oci_linux_namespace(l, type);

	return ns && (!ns->path || !*ns->path);
}

static bool empty_or_absolute(const char *s)
{
	return !*s || *s == '/';
}

/* clang-format off */
#define S struct oci_namespace
static const struct schema_field namespace_fields[] = {
	ENUM(S, type,   "type", oci_namespace_types, REQUIRED),
	STRING(S, path, "path", ACCEPT(empty_or_absolute, "must be an absolute path")),
	{}
};
static const struct schema_type oci_namespace_type = TYPE(S, "namespace", namespace_fields);
#undef S

#define S struct oci_time_offset
static const struct schema_field time_offset_fields[] = {
	I64(S, secs,     "secs"),
	U64(S, nanosecs, "nanosecs", RANGE(0, 999999999)),
	{}
};
static const struct schema_type oci_time_offset_type = TYPE(S, "time offset", time_offset_fields);
#undef S

#define S struct oci_time_offsets
static const struct schema_field time_offsets_fields[] = {
	OBJECT(S, monotonic, "monotonic", oci_time_offset),
	OBJECT(S, boottime,  "boottime", oci_time_offset),
	{}
};
static const struct schema_type oci_time_offsets_type =
	TYPE(S, "time offsets", time_offsets_fields);
#undef S

#define S struct oci_personality
static const struct schema_field personality_fields[] = {
	ENUM(S, domain, "domain", oci_personality_domains),
	STRV(S, flags,  "flags"),
	{}
};
static const struct schema_type oci_personality_type = TYPE(S, "personality", personality_fields);
#undef S

#define S struct oci_memory_policy
static const struct schema_field memory_policy_fields[] = {
	ENUM(S, mode,    "mode", oci_memory_policy_modes),
	STRING(S, nodes, "nodes", ACCEPT(oci_text_nodes, "must be a list of nodes like 0-3,7")),
	ENUMS(S, flags,  "flags", oci_memory_policy_flags),
	{}
};
static const struct schema_type oci_memory_policy_type =
	TYPE(S, "memory policy", memory_policy_fields);
#undef S

#define S struct oci_linux
static const struct schema_field linux_fields[] = {
	LIST(S, uid_mappings,       "uidMappings", oci_id_mapping),
	LIST(S, gid_mappings,       "gidMappings", oci_id_mapping),
	STRING_MAP(S, sysctl,       "sysctl"),
	OBJECT(S, resources,        "resources", oci_resources),
	STRING(S, cgroups_path,     "cgroupsPath"),
	LIST(S, namespaces,         "namespaces", oci_namespace),
	LIST(S, devices,            "devices", oci_device),
	MAP(S, net_devices,         "netDevices", oci_net_device),
	OBJECT(S, seccomp,          "seccomp", oci_seccomp),
	ENUM(S, rootfs_propagation, "rootfsPropagation", oci_propagations, .flags = F_EMPTY_ABSENT),
	STRV(S, masked_paths,       "maskedPaths"),
	STRV(S, readonly_paths,     "readonlyPaths"),
	STRING(S, mount_label,      "mountLabel"),
	OBJECT(S, intel_rdt,        "intelRdt", oci_intel_rdt),
	OBJECT(S, memory_policy,    "memoryPolicy", oci_memory_policy),
	OBJECT(S, personality,      "personality", oci_personality),
	OBJECT(S, time_offsets,     "timeOffsets", oci_time_offsets),
	{}
};
const struct schema_type oci_linux_type = TYPE(S, "linux", linux_fields);
#undef S
/* clang-format on */
