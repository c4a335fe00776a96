/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The features document: what this runtime can do. Lists are names, filled from the tables of the
 * house.
 */
#ifndef HUSK_OCI_FEATURES_H
#define HUSK_OCI_FEATURES_H

#include <oci/types.h>

/* GNU C predefines `linux` as 1, and our member is named for the property. */
#undef linux

struct husk_error;

struct oci_features_cgroup {
	struct opt_bool v1, v2, systemd, systemd_user, rdma;
};

struct oci_features_seccomp {
	struct opt_bool enabled;
	struct strv actions, operators, archs, known_flags, supported_flags;
};

struct oci_features_enabled {
	struct opt_bool enabled;
};

struct oci_features_intel_rdt {
	struct opt_bool enabled, schemata, monitoring;
};

struct oci_features_memory_policy {
	struct strv modes, flags;
};

struct oci_features_mount_extensions {
	struct oci_features_enabled *idmap;
};

struct oci_features_linux {
	struct strv namespaces, capabilities;
	struct oci_features_cgroup *cgroup;
	struct oci_features_seccomp *seccomp;
	struct oci_features_enabled *apparmor, *selinux;
	struct oci_features_intel_rdt *intel_rdt;
	struct oci_features_memory_policy *memory_policy;
	struct oci_features_mount_extensions *mount_extensions;
	struct oci_features_enabled *net_devices;
};

struct oci_features {
	char *oci_version_min, *oci_version_max;
	struct strv hooks, mount_options;
	struct oci_features_linux *linux;
	struct oci_string_map annotations;
	struct strv potentially_unsafe_config_annotations;
};

extern const struct schema_type oci_features_type;

int oci_features_parse(
	const char *json, size_t n, struct oci_features **ret, struct husk_error **err) nodiscard;
int oci_features_emit(const struct oci_features *features, int indent, char **ret,
	struct husk_error **err) nodiscard;
void oci_features_free(struct oci_features *features);

#endif
