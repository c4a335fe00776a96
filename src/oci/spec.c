// SPDX-License-Identifier: Apache-2.0
/* The rows of the root, and the ways in: all of them run the rules of check.c behind the tables. */
#include <oci/spec.h>

#include <oci/check.h>
#include <oci/platforms.h>
#include <schema/schema.h>

/* clang-format off */
#define S struct oci_root
static const struct schema_field root_fields[] = {
	STRING(S, path,   "path", .flags = F_REQUIRED | F_NONEMPTY),
	BOOL(S, readonly, "readonly"),
	{}
};
static const struct schema_type oci_root_type = TYPE(S, "root", root_fields);
#undef S

#define S struct oci_spec
static const struct schema_field spec_fields[] = {
	STRING(S, oci_version,     "ociVersion", REQUIRED),
	OBJECT(S, process,         "process", oci_process),
	OBJECT(S, root,            "root", oci_root),
	STRING(S, hostname,        "hostname"),
	STRING(S, domainname,      "domainname"),
	LIST(S, mounts,            "mounts", oci_mount),
	OBJECT(S, hooks,           "hooks", oci_hooks),
	STRING_MAP(S, annotations, "annotations"),
	OBJECT(S, linux,           "linux", oci_linux),
	OBJECT(S, solaris,         "solaris", oci_solaris),
	OBJECT(S, windows,         "windows", oci_windows),
	OBJECT(S, vm,              "vm", oci_vm),
	OBJECT(S, zos,             "zos", oci_zos),
	OBJECT(S, freebsd,         "freebsd", oci_freebsd),
	{}
};
const struct schema_type oci_spec_type = TYPE(S, "config", spec_fields);
#undef S
/* clang-format on */

static int read_and_check(
	const char *json, size_t n, struct oci_spec **ret, struct schema_report *report)
{
	struct schema_at root = schema_root(report);
	void *spec;
	int r;

	r = schema_read_all(&oci_spec_type, json, n, &spec, report);
	if (r < 0)
		return r;
	r = oci_check(spec, &root);
	if (r < 0)
		oci_spec_free(spec);
	else
		*ret = spec;
	return r;
}

int oci_spec_parse(const char *json, size_t n, struct oci_spec **ret, struct husk_error **err)
{
	struct schema_report report = {.err = err};

	return read_and_check(json, n, ret, &report);
}

int oci_spec_validate(const char *json, size_t n, struct schema_report *report)
{
	struct oci_spec *spec;
	int r;

	r = read_and_check(json, n, &spec, report);
	if (r >= 0)
		oci_spec_free(spec);
	return r;
}

int oci_spec_emit(const struct oci_spec *spec, int indent, char **ret, struct husk_error **err)
{
	return schema_write(&oci_spec_type, spec, indent, ret, err);
}

void oci_spec_free(struct oci_spec *spec)
{
	schema_free(&oci_spec_type, spec);
}
