// SPDX-License-Identifier: Apache-2.0
/*
 * Rules between objects, one function each, walked in the order of the table. When a sink hears all
 * problems they run over a spec whose rows had some, too: required members may be missing. What the
 * kernel or the planner knows better is not asked here.
 */
#include <oci/check.h>

#include <string.h>

#include <base/error.h>
#include <base/text.h>
#include <oci/spec.h>
#include <oci/version.h>
#include <schema/schema.h>

static int rule_version(const struct oci_spec *spec, const struct schema_at *root)
{
	struct schema_at at = schema_member(root, "ociVersion");

	if (!spec->oci_version)
		return 0; /* said already */
	switch (oci_version_check(spec->oci_version)) {
	case OCI_VERSION_OK:
		break;
	case OCI_VERSION_MALFORMED:
		return schema_problem(&at, "'%s' is not a semantic version", spec->oci_version);
	case OCI_VERSION_OTHER_MAJOR:
		return schema_problem(&at, "version '%s' is not supported, only %s to %s",
			spec->oci_version, OCI_VERSION_MIN, OCI_VERSION_MAX);
	}
	return 0;
}

static int rule_uts(const struct oci_spec *spec, const struct schema_at *root)
{
	const struct {
		const char *name, *value;
	} rows[] = {{"hostname", spec->hostname}, {"domainname", spec->domainname}};

	if (oci_linux_namespace(spec->linux, OCI_NS_UTS))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct schema_at at = schema_member(root, rows[i].name);
		int r = 0;

		/* engines send "" for none */
		if (rows[i].value && *rows[i].value)
			r = schema_problem(&at, "cannot be set without a uts namespace");
		if (r < 0)
			return r;
	}
	return 0;
}

static int rule_namespaces_once(const struct oci_spec *spec, const struct schema_at *root)
{
	struct schema_at at = schema_member(root, "linux"), list = schema_member(&at, "namespaces");
	bool seen[OCI_NS_MAX] = {};

	for (size_t i = 0; spec->linux && i < spec->linux->namespaces.n; i++) {
		struct schema_at item = schema_index(&list, i), type = schema_member(&item, "type");
		struct opt_enum ns = spec->linux->namespaces.v[i].type;
		int r = 0;

		if (!ns.set)
			continue;
		if (seen[ns.value])
			r = schema_problem(&type, "'%s' occurs twice",
				table_name(oci_namespace_types, (uint64_t)ns.value, ""));
		if (r < 0)
			return r;
		seen[ns.value] = true;
	}
	return 0;
}

static int rule_id_mappings(const struct oci_spec *spec, const struct schema_at *root)
{
	struct schema_at at = schema_member(root, "linux");
	const struct oci_linux *l = spec->linux;
	bool user = oci_linux_namespace(l, OCI_NS_USER);
	int r = 0;

	for (int i = 0; l && r >= 0 && i < 2; i++) {
		const struct oci_id_mappings *m = i ? &l->gid_mappings : &l->uid_mappings;
		struct schema_at here = schema_member(&at, i ? "gidMappings" : "uidMappings");

		if (m->n && !user)
			r = schema_problem(&here, "cannot be set without a user namespace");
		else if (!m->n && oci_linux_new_namespace(l, OCI_NS_USER))
			r = schema_problem(&here, "is required for a new user namespace");
	}
	return r;
}

static int rule_time_offsets(const struct oci_spec *spec, const struct schema_at *root)
{
	struct schema_at at = schema_member(root, "linux"),
			 here = schema_member(&at, "timeOffsets");

	if (!spec->linux || !spec->linux->time_offsets)
		return 0;
	if (!oci_linux_namespace(spec->linux, OCI_NS_TIME))
		return schema_problem(&here, "cannot be set without a time namespace");
	if (!oci_linux_new_namespace(spec->linux, OCI_NS_TIME))
		return schema_problem(
			&here, "cannot be set for a time namespace that exists already");
	return 0;
}

static const char *name_inside(const struct oci_net_device *d)
{
	return d->name ? d->name : d->key;
}

static int rule_net_devices(const struct oci_spec *spec, const struct schema_at *root)
{
	struct schema_at at = schema_member(root, "linux"), map = schema_member(&at, "netDevices");
	const struct oci_linux *l = spec->linux;

	if (!l || !l->net_devices.n)
		return 0;
	if (!oci_linux_namespace(l, OCI_NS_NETWORK))
		return schema_problem(&map, "cannot be set without a network namespace");
	list_for_each (d, &l->net_devices) {
		struct schema_at here = schema_member(&map, d->key);
		int r = 0;

		for (const struct oci_net_device *other = l->net_devices.v; other < d; other++)
			if (!strchr(name_inside(d), '%') &&
				text_equal(name_inside(other), name_inside(d)))
				r = schema_problem(&here, "'%s' would be called '%s', too",
					other->key, name_inside(d));
		if (r < 0)
			return r;
	}
	return 0;
}

static int rule_seccomp_listener(const struct oci_spec *spec, const struct schema_at *root)
{
	const struct oci_seccomp *seccomp = spec->linux ? spec->linux->seccomp : NULL;
	struct schema_at at = schema_member(root, "linux"), object = schema_member(&at, "seccomp"),
			 metadata = schema_member(&object, "listenerMetadata");

	if (!seccomp || !seccomp->listener_metadata || !*seccomp->listener_metadata ||
		(seccomp->listener_path && *seccomp->listener_path))
		return 0;
	return schema_problem(&metadata, "must not be set without listenerPath");
}

static int (*const rules[])(const struct oci_spec *spec, const struct schema_at *root) = {
	rule_version,
	rule_uts,
	rule_namespaces_once,
	rule_id_mappings,
	rule_time_offsets,
	rule_net_devices,
	rule_seccomp_listener,
};

int oci_check(const struct oci_spec *spec, const struct schema_at *at)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		int r = rules[i](spec, at);

		if (r < 0)
			return r;
	}
	return 0;
}

int oci_check_runnable(const struct oci_spec *spec, struct husk_error **err)
{
	if (!spec->root)
		return fail_at(err, "/root", "is required");
	if (!spec->process)
		return fail_at(err, "/process", "is required");
	if (!spec->process->args.n)
		return fail_at(err, "/process/args", "must not be empty");
	if (!*spec->process->args.v[0])
		return fail_at(err, "/process/args/0", "must not be empty");
	return 0;
}
