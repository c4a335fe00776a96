/* SPDX-License-Identifier: Apache-2.0 */
/* config.json, whole: the root of the tree, and its way in and out. */
#ifndef HUSK_OCI_SPEC_H
#define HUSK_OCI_SPEC_H

#include <oci/hooks.h>
#include <oci/linux.h>
#include <oci/mount.h>
#include <oci/process.h>
#include <oci/types.h>

struct husk_error;
struct oci_freebsd;
struct oci_solaris;
struct oci_vm;
struct oci_windows;
struct oci_zos;
struct schema_report;

struct oci_root {
	char *path; /* required, not empty; relative to the bundle or absolute */
	struct opt_bool readonly;
};

struct oci_spec {
	char *oci_version; /* required; accepted by oci_version_check() */
	struct oci_process *process;
	struct oci_root *root;
	char *hostname, *domainname;
	LIST_OF(struct oci_mount) mounts;
	struct oci_hooks *hooks;
	struct oci_string_map annotations;
	struct oci_linux *linux;
	/* of other platforms: read, typed, ignored (see platforms.h) */
	struct oci_solaris *solaris;
	struct oci_windows *windows;
	struct oci_vm *vm;
	struct oci_zos *zos;
	struct oci_freebsd *freebsd;
};

extern const struct schema_type oci_spec_type;

/* Parses and checks, also the rules that span objects (check.h); the first problem is the error. */
int oci_spec_parse(const char *json, size_t n, struct oci_spec **ret, struct husk_error **err)
	nodiscard;
/*
 * The same, telling every problem and note to the report's sink. Returns < 0 (and sets the report's
 * err) only when the text is not JSON or memory is short.
 */
int oci_spec_validate(const char *json, size_t n, struct schema_report *report) nodiscard;
int oci_spec_emit(const struct oci_spec *spec, int indent, char **ret, struct husk_error **err)
	nodiscard;
void oci_spec_free(struct oci_spec *spec);

#endif
