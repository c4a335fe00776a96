// SPDX-License-Identifier: Apache-2.0
/* The rows of devices. Numbers are what the kernel's dev_t holds: 12 bits major, 20 bits minor. */
#include <oci/devices.h>

#include <string.h>

#include <schema/schema.h>

#define MAJOR_RANGE RANGE(0, 0xfff)
#define MINOR_RANGE RANGE(0, 0xfffff)

/* clang-format off */
const struct name_value oci_device_kinds[] = {
	{"c", OCI_DEVICE_CHAR},
	{"b", OCI_DEVICE_BLOCK},
	{"u", OCI_DEVICE_UNBUFFERED},
	{"p", OCI_DEVICE_FIFO},
	{}
};

const struct name_value oci_device_rule_kinds[] = {
	{"a", OCI_DEVICE_ALL},
	{"c", OCI_DEVICE_CHAR},
	{"b", OCI_DEVICE_BLOCK},
	{}
};
/* clang-format on */

static int device_check(const void *object, const struct schema_at *at)
{
	const struct oci_device *d = object;

	if (d->type.value == OCI_DEVICE_FIFO || (d->major.set && d->minor.set))
		return 0;
	return schema_problem(at, "a device of type '%s' needs major and minor",
		table_name(oci_device_kinds, (uint64_t)d->type.value, "?"));
}

static bool is_access(const char *s)
{
	return !s[strspn(s, "rwm")];
}

/* clang-format off */
#define S struct oci_device
static const struct schema_field device_fields[] = {
	ENUM(S, type,     "type", oci_device_kinds, REQUIRED),
	STRING(S, path,   "path", ACCEPT(oci_text_absolute, "must be an absolute path"), REQUIRED),
	I64(S, major,     "major", MAJOR_RANGE),
	I64(S, minor,     "minor", MINOR_RANGE),
	U64(S, file_mode, "fileMode", RANGE(0, 0177777)),
	U64(S, uid,       "uid", RANGE(0, UINT32_MAX - 1)),
	U64(S, gid,       "gid", RANGE(0, UINT32_MAX - 1)),
	{}
};
const struct schema_type oci_device_type = TYPE(S, "device", device_fields, .check = device_check);
#undef S

#define S struct oci_device_rule
static const struct schema_field rule_fields[] = {
	BOOL(S, allow,    "allow", REQUIRED),
	ENUM(S, type,     "type", oci_device_rule_kinds, .flags = F_EMPTY_ABSENT),
	I64(S, major,     "major", RANGE(-1, UINT32_MAX)),
	I64(S, minor,     "minor", RANGE(-1, UINT32_MAX)),
	STRING(S, access, "access", ACCEPT(is_access, "must be made of the letters r, w and m")),
	{}
};
const struct schema_type oci_device_rule_type = TYPE(S, "device rule", rule_fields);
#undef S
/* clang-format on */
