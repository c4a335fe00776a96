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

#define STATE_LIMITS "limits.json"

/* clang-format off */
#define S struct limits
static const struct schema_field limits_fields[] = {
	OBJECT(S, resources, "resources", oci_resources, REQUIRED),
	LIST(S, devices,     "devices", oci_device_rule),
	{}
};
static const struct schema_type limits_type = TYPE(S, "limits", limits_fields);
#undef S
/* clang-format on */

void limits_done(struct limits *l)
{
	schema_done(&limits_type, l);
}

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
				      .log = in->log,
				      .refused = in->refused},
		ret, err);
}

static int fail_devices(int r, struct husk_error **err)
{
	if (r == -E2BIG)
		return fail_at(
			err, "/linux/resources/devices", "has more numbers than husk can hold");
	if (r == -ENOMEM)
		return fail_memory(err);
	return r < 0 ? fail_at(err, "/linux/resources/devices", "has a rule without a meaning") : 0;
}

int limits_devices_of(
	const struct oci_resources *resources, struct cgroup_devices *ret, struct husk_error **err)
{
	static const struct oci_resources none;
	const struct oci_resources *from = resources ? resources : &none;

	return fail_devices(cgroup_devices_compile(from->devices.v, from->devices.n, ret), err);
}

int limits_devices(const struct limits *l, struct cgroup_devices *ret, struct husk_error **err)
{
	int r = limits_devices_of(l->resources, ret, err);

	return r < 0 ? r : fail_devices(cgroup_devices_add(ret, l->devices.v, l->devices.n), err);
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

int limits_load(int dir, const char *id, struct limits *ret, struct husk_error **err)
{
	auto_free char *text = NULL;
	void *read = NULL;
	size_t n = 0;
	int r = io_read_at(dir, STATE_LIMITS, JSON_SIZE_MAX, &text, &n);

	if (r == -ENOENT)
		return from_config(dir, id, &ret->resources, err);
	if (r < 0)
		return fail_errno(err, r, "cannot read the limits of container '%s'", id);
	r = schema_read(&limits_type, text, n, &read, err);
	if (r < 0)
		return wrap(err, r, "the saved limits of container '%s'", id);
	*ret = *(struct limits *)read;
	free(read);
	return 0;
}

int limits_save(int dir, const char *id, const struct limits *l, struct husk_error **err)
{
	auto_free char *text = NULL;
	int r = schema_write(&limits_type, l, JSON_TAB, &text, err);

	if (r < 0)
		return r;
	r = io_replace_at(dir, STATE_LIMITS, text, strlen(text), 0600);
	return r < 0 ? fail_errno(err, r, "cannot save the limits of container '%s'", id) : 0;
}
