// SPDX-License-Identifier: Apache-2.0
/*
 * New limits for a container that runs. Three sets of resources: what it has, what is asked for, and the two laid over
 * each other. The files are compiled from the last and filtered by the second; each remembers what it had, so that a
 * refusal in the middle leaves nothing half done.
 */
#include <base/fd.h>
#include <base/mem.h>
#include <cgroup/apply.h>
#include <core/container.h>
#include <core/factory.h>
#include <core/fault.h>
#include <core/limits.h>
#include <core/unit.h>
#include <schema/schema.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct update {
	struct husk_container *container;
	const struct husk_update_options *options;
	struct container_now now;
	struct container_cgroups cgroups;
	struct limits had, all; /* what the container has, and will have */
	struct oci_resources *asked; /* what shall change, and what shall go */
	struct oci_resources gone; /* of it, what shall go; values mean nothing */
	struct cgroup_orders orders;
	/* for systemd: the properties there were, and the files of all limits */
	struct cgroup_orders way_back, files;
	bool unit_changed;
	struct cgroup_old old;
	char *old_shares; /* of resctrl; NULL: not touched */
	struct cgroup_devices old_devices, devices;
	bool devices_changed;
};

/* A JSON Pointer without a value. Whatever the kind is, one of these words fits it. */
static int mark_gone(struct oci_resources *gone, const char *pointer, struct husk_error **err)
{
	if (!schema_set(&oci_resources_type, gone, pointer, "1", NULL))
		return 0;
	return schema_set(&oci_resources_type, gone, pointer, "true", err);
}

static int read_setting(struct update *u, const char *setting, struct husk_error **err)
{
	const char *equals = strchr(setting, '=');
	auto_free char *pointer = equals ? strndup(setting, (size_t)(equals - setting)) : NULL;

	if (!equals)
		return mark_gone(&u->gone, setting, err);
	if (!pointer)
		return fail_memory(err);
	return schema_set(&oci_resources_type, u->asked, pointer, equals + 1, err);
}

static int read_wishes(struct update *u, struct husk_error **err)
{
	const struct husk_update_options *o = u->options;
	void *read = NULL;
	int r = 0;

	if (o->resources_json)
		r = schema_read(&oci_resources_type, o->resources_json, strlen(o->resources_json),
			&read, err);
	else if (!(read = calloc(1, sizeof *u->asked)))
		r = fail_memory(err);
	if (r < 0)
		return wrap(err, r, "resources");
	u->asked = read;
	for (size_t i = 0; o->settings && r >= 0 && o->settings[i]; i++)
		r = read_setting(u, o->settings[i], err);
	return r;
}

/* More rules, behind those there are. */
static int add_devices(struct update *u, struct husk_error **err)
{
	const char *const *texts = u->options->devices;

	for (size_t i = 0; texts && texts[i]; i++) {
		struct oci_device_rule rule = {}, *slot;
		int r = cgroup_device_rule_parse(texts[i], &rule, err);

		if (r < 0)
			return r;
		slot = list_add(&u->all.devices);
		if (!slot) {
			free(rule.access);
			return fail_memory(err);
		}
		*slot = rule;
	}
	return 0;
}

/* Without a limit for memory there is none for swap either, unless somebody says so. */
static void settle_swap(struct update *u)
{
	const struct oci_memory *m = u->asked->memory;

	if (m && m->limit.set && m->limit.value == -1 && !m->swap.set && u->all.resources->memory)
		u->all.resources->memory->swap = (struct opt_i64){};
}

/* A list in the file takes the place of the rules there are, those that were added one by one too. */
static int copy_devices(struct update *u)
{
	for (size_t i = 0; !u->asked->devices.n && i < u->had.devices.n; i++) {
		struct oci_device_rule *slot = list_add(&u->all.devices);

		if (!slot || schema_merge(&oci_device_rule_type, slot, &u->had.devices.v[i]) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Lays the wishes over what there is. */
static int combine(struct update *u, struct husk_error **err)
{
	const struct schema_type *type = &oci_resources_type;
	struct schema_report report = {.err = err};
	struct schema_at root = schema_root(&report), linux_ = schema_member(&root, "linux"),
			 at = schema_member(&linux_, "resources");
	struct oci_resources *all = u->all.resources = calloc(1, sizeof *all);
	int r;

	if (!all || schema_merge(type, all, u->had.resources) < 0 ||
		schema_merge(type, all, u->asked) < 0 ||
		schema_merge(type, u->asked, &u->gone) < 0 || copy_devices(u) < 0)
		return fail_memory(err);
	schema_subtract(type, all, &u->gone);
	settle_swap(u);
	r = add_devices(u, err);
	return r < 0 ? r : schema_check(type, all, &at);
}

static int load(struct update *u, struct husk_error **err)
{
	struct husk_container *c = u->container;
	int r = container_look(c, &u->now, err);

	if (r < 0)
		return r;
	if (u->now.pidfd < 0 || u->now.status == HUSK_STATUS_CREATING)
		return fail_full(err, HUSK_ERROR_NOT_RUNNING, ESRCH, NULL, "container not running");
	r = container_cgroups(c, &u->now.state, &u->cgroups, err);
	return r < 0 ? r : limits_load(c->dir, c->id, &u->had, err);
}

static struct limits_input input(const struct update *u, const struct oci_resources *all)
{
	return (struct limits_input){.all = all,
		.asked = u->asked,
		.dirs = &u->cgroups.dirs,
		.systemd = u->now.state.systemd,
		.log = &u->container->factory->log};
}

static int compile(struct update *u, struct husk_error **err)
{
	const struct limits_input in = input(u, u->all.resources);

	return limits_compile(&in, &u->orders, err);
}

/* Everything anew: with one property of a controller systemd writes all it knows of that controller. */
static int compile_files(struct update *u, struct husk_error **err)
{
	struct limits_input in = input(u, u->all.resources);
	struct oci_resources every = {};
	int r = -ENOMEM;

	if (!schema_merge(&oci_resources_type, &every, u->asked))
		r = schema_merge(&oci_resources_type, &every, u->all.resources);
	in.asked = &every;
	r = r < 0 ? fail_memory(err) : limits_compile(&in, &u->files, err);
	schema_done(&oci_resources_type, &every);
	return r;
}

static void pass_over(void *data, const struct husk_error *error)
{
	(void)data;
	(void)error;
}

/* Only the properties count: a file without a default that could be written has its old text to go back to. */
static int compile_way_back(struct update *u, struct husk_error **err)
{
	struct limits_input in = input(u, u->had.resources);

	in.refused = pass_over;
	return limits_compile(&in, &u->way_back, err);
}

/* First: systemd writes the files that it knows, and what it rounds is written exactly after that. */
static int update_unit(struct update *u, struct husk_error **err)
{
	int r;

	if (!u->now.state.systemd || !u->orders.properties.n)
		return 0;
	r = compile_way_back(u, err);
	if (!r)
		r = compile_files(u, err);
	if (r < 0)
		return r;
	if (cgroup_remember(&u->files, &u->old) < 0)
		return fail_memory(err);
	u->unit_changed = true;
	return unit_set(u->container->factory, u->now.state.systemd, &u->orders.properties, err);
}

/* systemd on v1 denies everything before it allows something: nobody shall run meanwhile. */
static int set_unit_devices(
	struct update *u, const struct cgroup_devices *devices, struct husk_error **err)
{
	auto_(systemd_properties_done) struct systemd_properties properties = {};
	struct husk_factory *f = u->container->factory;
	bool freeze = u->now.status == HUSK_STATUS_RUNNING;
	int r = unit_devices(devices, &u->cgroups.dirs, &f->log, &properties, err);

	if (r < 0 || !properties.n)
		return r;
	if (freeze)
		r = cgroup_freeze(&u->cgroups.context, err);
	if (!r)
		r = unit_set(f, u->now.state.systemd, &properties, err);
	if (freeze && cgroup_thaw(&u->cgroups.context, r ? NULL : err) < 0 && !r)
		r = -EBUSY;
	return r;
}

static int exchange_devices(struct update *u, const struct cgroup_devices *from,
	const struct cgroup_devices *to, struct husk_error **err)
{
	int r = u->now.state.systemd ? set_unit_devices(u, to, err) : 0;

	return r < 0 ? r : cgroup_devices_apply(&u->cgroups.context, from, to, false, err);
}

/* Only what changes: whoever set rules behind our back keeps them until somebody asks for others. */
static int update_devices(struct update *u, struct husk_error **err)
{
	int r;

	if (!(u->options->devices && u->options->devices[0]) && !u->asked->devices.n)
		return 0;
	r = limits_devices(&u->had, &u->old_devices, err);
	if (!r)
		r = limits_devices(&u->all, &u->devices, err);
	if (r < 0)
		return r;
	u->devices_changed = true;
	return exchange_devices(u, &u->old_devices, &u->devices, err);
}

static int update_rdt(struct update *u, struct husk_error **err)
{
	const struct husk_update_options *o = u->options;
	struct oci_intel_rdt wish = {.l3_cache_schema = (char *)(uintptr_t)o->l3_cache_schema,
		.mem_bw_schema = (char *)(uintptr_t)o->mem_bw_schema};

	if (!o->l3_cache_schema && !o->mem_bw_schema)
		return 0;
	if (!u->now.state.rdt)
		return fail(err, HUSK_ERROR_BAD_STATE,
			"cannot change the shares of container '%s': it was created without "
			"linux.intelRdt",
			u->container->id);
	return rdt_update(u->now.state.rdt, &wish, &u->old_shares, err);
}

static void tell_stuck(const struct log *log, const char *what, struct husk_error *why)
{
	log_warning(log, "cannot put %s back: %s, ignoring", what, husk_error_message(why));
	husk_error_free(why);
}

static void put_back(struct update *u)
{
	struct husk_factory *f = u->container->factory;
	struct husk_error *why = NULL;

	if (u->old_shares)
		rdt_restore(u->now.state.rdt, u->old_shares, &f->log);
	if (u->devices_changed && exchange_devices(u, &u->devices, &u->old_devices, &why) < 0)
		tell_stuck(&f->log, "device rules", TAKE_PTR(why));
	if (u->unit_changed && unit_set(f, u->now.state.systemd, &u->way_back.properties, &why) < 0)
		tell_stuck(&f->log, "properties of the unit", why);
	cgroup_restore(&u->cgroups.context, &u->old); /* exactly, where systemd rounds */
}

static int carry_out(struct update *u, struct husk_error **err)
{
	struct husk_container *c = u->container;
	int r = cgroup_check_memory(&u->cgroups.context, u->all.resources, u->asked, err);

	if (!r)
		r = update_unit(u, err);
	if (!r)
		r = u->unit_changed ? cgroup_apply(&u->cgroups.context, &u->files, NULL, err)
				    : cgroup_apply(&u->cgroups.context, &u->orders, &u->old, err);
	fault_point("update-written");
	if (!r)
		r = update_devices(u, err);
	if (!r)
		r = update_rdt(u, err);
	if (!r)
		r = limits_save(c->dir, c->id, &u->all, err);
	if (r < 0)
		put_back(u);
	return r;
}

static void update_done(struct update *u)
{
	cgroup_old_done(&u->old);
	free(u->old_shares);
	cgroup_devices_done(&u->old_devices);
	cgroup_devices_done(&u->devices);
	cgroup_orders_done(&u->orders);
	cgroup_orders_done(&u->way_back);
	cgroup_orders_done(&u->files);
	schema_done(&oci_resources_type, &u->gone);
	schema_free(&oci_resources_type, u->asked);
	limits_done(&u->all);
	limits_done(&u->had);
	container_cgroups_done(&u->cgroups);
	container_now_done(&u->now);
}

int husk_container_update(struct husk_container *c, const struct husk_update_options *options,
	struct husk_error **err)
{
	struct update u = {.container = c, .options = options, .now = {.pidfd = -1}};
	auto_close int lock = -1;
	int r;

	if (!options || options->size < sizeof *options)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT, "update options have no valid size");
	r = container_lock(c, &lock, err);
	if (r < 0)
		return r;
	r = load(&u, err);
	if (!r)
		r = read_wishes(&u, err);
	if (!r)
		r = combine(&u, err);
	if (!r)
		r = compile(&u, err);
	if (!r)
		r = carry_out(&u, err);
	update_done(&u);
	return r;
}
