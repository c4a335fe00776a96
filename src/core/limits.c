// SPDX-License-Identifier: Apache-2.0
/*
 * The configuration of a container stays as it was at create; what `update` made of its resources is in a file of its
 * own, which from then on counts instead.
 */
#include <core/limits.h>
#include <base/io.h>
#include <base/mem.h>
#include <core/state.h>
#include <json/json.h>
#include <json/write.h>
#include <oci/linux.h>
#include <oci/spec.h>
#include <schema/schema.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define STATE_RESOURCES "resources.json"

int limits_compile(
	const struct limits_input *in, struct cgroup_orders *ret, struct husk_error **err)
{
	auto_free char *controllers = NULL;
	int r = cgroup_v2_controllers(in->dirs, &controllers);

	if (r < 0)
		return fail_errno(err, r, "cannot read the controllers of the cgroup2 hierarchy");
	return cgroup_compile(&(struct cgroup_wishes){.all = in->all,
				      .asked = in->asked,
				      .dirs = in->dirs,
				      .v2_controllers = controllers,
				      .systemd = in->systemd,
				      .log = in->log},
		ret, err);
}

int limits_devices(
	const struct oci_resources *resources, struct cgroup_devices *ret, struct husk_error **err)
{
	static const struct oci_resources none;
	const struct oci_resources *from = resources ? resources : &none;
	int r = cgroup_devices_compile(from->devices.v, from->devices.n, ret);

	if (r == -E2BIG)
		return fail_at(
			err, "/linux/resources/devices", "has more numbers than husk can hold");
	if (r == -ENOMEM)
		return fail_memory(err);
	return r < 0 ? fail_at(err, "/linux/resources/devices", "has a rule without a meaning") : 0;
}

static int parse(const char *text, size_t n, struct oci_resources **ret, struct husk_error **err)
{
	void *resources = NULL;
	int r = schema_read(&oci_resources_type, text, n, &resources, err);

	if (r >= 0)
		*ret = resources;
	return r;
}

/* Those of the configuration; it owns them, so that they are moved out of it. */
static int from_config(int dir, const char *id, struct oci_resources **ret, struct husk_error **err)
{
	auto_free char *text = NULL;
	struct oci_spec *spec = NULL;
	size_t n = 0;
	int r = io_read_at(dir, STATE_CONFIG, JSON_SIZE_MAX, &text, &n);

	if (r < 0)
		return fail_errno(
			err, r, "cannot read the saved configuration of container '%s'", id);
	r = oci_spec_parse(text, n, &spec, err);
	if (r < 0)
		return wrap(err, r, "the saved configuration of container '%s'", id);
	if (spec->linux && spec->linux->resources)
		*ret = TAKE_PTR(spec->linux->resources);
	else
		*ret = calloc(1, sizeof **ret);
	oci_spec_free(spec);
	return *ret ? 0 : fail_memory(err);
}

int limits_load(int dir, const char *id, struct oci_resources **ret, struct husk_error **err)
{
	auto_free char *text = NULL;
	size_t n = 0;
	int r = io_read_at(dir, STATE_RESOURCES, JSON_SIZE_MAX, &text, &n);

	if (r == -ENOENT)
		return from_config(dir, id, ret, err);
	if (r < 0)
		return fail_errno(err, r, "cannot read the resources of container '%s'", id);
	r = parse(text, n, ret, err);
	return r < 0 ? wrap(err, r, "the saved resources of container '%s'", id) : 0;
}

int limits_save(
	int dir, const char *id, const struct oci_resources *resources, struct husk_error **err)
{
	auto_free char *text = NULL;
	int r = schema_write(&oci_resources_type, resources, JSON_TAB, &text, err);

	if (r < 0)
		return r;
	r = io_replace_at(dir, STATE_RESOURCES, text, strlen(text), 0600);
	return r < 0 ? fail_errno(err, r, "cannot save the resources of container '%s'", id) : 0;
}
