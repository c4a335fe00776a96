// SPDX-License-Identifier: Apache-2.0
/* The rows of `features`. The order is that of the output. */
#include <oci/features.h>

#include <schema/schema.h>

/* clang-format off */
#define S struct oci_features_cgroup
static const struct schema_field cgroup_fields[] = {
	BOOL(S, v1,           "v1"),
	BOOL(S, v2,           "v2"),
	BOOL(S, systemd,      "systemd"),
	BOOL(S, systemd_user, "systemdUser"),
	BOOL(S, rdma,         "rdma"),
	{}
};
static const struct schema_type oci_features_cgroup_type = TYPE(S, "cgroup", cgroup_fields);
#undef S

#define S struct oci_features_seccomp
static const struct schema_field seccomp_fields[] = {
	BOOL(S, enabled,         "enabled"),
	STRV(S, actions,         "actions"),
	STRV(S, operators,       "operators"),
	STRV(S, archs,           "archs"),
	STRV(S, known_flags,     "knownFlags"),
	STRV(S, supported_flags, "supportedFlags"),
	{}
};
static const struct schema_type oci_features_seccomp_type = TYPE(S, "seccomp", seccomp_fields);
#undef S

#define S struct oci_features_enabled
static const struct schema_field enabled_fields[] = {
	BOOL(S, enabled, "enabled"),
	{}
};
static const struct schema_type oci_features_enabled_type = TYPE(S, "feature", enabled_fields);
#undef S

#define S struct oci_features_intel_rdt
static const struct schema_field intel_rdt_fields[] = {
	BOOL(S, enabled,    "enabled"),
	BOOL(S, schemata,   "schemata"),
	BOOL(S, monitoring, "monitoring"),
	{}
};
static const struct schema_type oci_features_intel_rdt_type =
	TYPE(S, "intel rdt", intel_rdt_fields);
#undef S

#define S struct oci_features_memory_policy
static const struct schema_field memory_policy_fields[] = {
	STRV(S, modes, "modes"),
	STRV(S, flags, "flags"),
	{}
};
static const struct schema_type oci_features_memory_policy_type =
	TYPE(S, "memory policy", memory_policy_fields);
#undef S

#define S struct oci_features_mount_extensions
static const struct schema_field mount_extensions_fields[] = {
	OBJECT(S, idmap, "idmap", oci_features_enabled),
	{}
};
static const struct schema_type oci_features_mount_extensions_type =
	TYPE(S, "mount extensions", mount_extensions_fields);
#undef S

#define S struct oci_features_linux
static const struct schema_field linux_fields[] = {
	STRV(S, namespaces,         "namespaces"),
	STRV(S, capabilities,       "capabilities"),
	OBJECT(S, cgroup,           "cgroup", oci_features_cgroup),
	OBJECT(S, seccomp,          "seccomp", oci_features_seccomp),
	OBJECT(S, apparmor,         "apparmor", oci_features_enabled),
	OBJECT(S, selinux,          "selinux", oci_features_enabled),
	OBJECT(S, intel_rdt,        "intelRdt", oci_features_intel_rdt),
	OBJECT(S, memory_policy,    "memoryPolicy", oci_features_memory_policy),
	OBJECT(S, mount_extensions, "mountExtensions", oci_features_mount_extensions),
	OBJECT(S, net_devices,      "netDevices", oci_features_enabled),
	{}
};
static const struct schema_type oci_features_linux_type = TYPE(S, "linux", linux_fields);
#undef S

#define S struct oci_features
static const struct schema_field features_fields[] = {
	STRING(S, oci_version_min, "ociVersionMin", REQUIRED),
	STRING(S, oci_version_max, "ociVersionMax", REQUIRED),
	STRV(S, hooks,             "hooks"),
	STRV(S, mount_options,     "mountOptions"),
	OBJECT(S, linux,           "linux", oci_features_linux),
	STRING_MAP(S, annotations, "annotations"),
	STRV(S, potentially_unsafe_config_annotations, "potentiallyUnsafeConfigAnnotations"),
	{}
};
const struct schema_type oci_features_type = TYPE(S, "features", features_fields);
#undef S
/* clang-format on */

int oci_features_parse(
	const char *json, size_t n, struct oci_features **ret, struct husk_error **err)
{
	void *features;
	int r;

	r = schema_read(&oci_features_type, json, n, &features, err);
	if (r >= 0)
		*ret = features;
	return r;
}

int oci_features_emit(
	const struct oci_features *features, int indent, char **ret, struct husk_error **err)
{
	return schema_write(&oci_features_type, features, indent, ret, err);
}

void oci_features_free(struct oci_features *features)
{
	schema_free(&oci_features_type, features);
}
