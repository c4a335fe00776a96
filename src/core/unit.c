// SPDX-License-Identifier: Apache-2.0
/*
 * Between the container and systemd's driver: which systemd is meant, by whom. A user's is the one that the factory
 * was told of, or that of the time of create.
 */
#include <core/unit.h>
#include <base/array.h>
#include <base/io.h>
#include <base/mem.h>
#include <oci/linux.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { PROC_DEVICES_MAX = 1 << 20 };

static int open_bus(struct husk_factory *f, const struct state_systemd *record,
	struct systemd_bus *ret, struct husk_error **err)
{
	*ret = (struct systemd_bus){
		.user = opt_true(record->user),
		.runtime_dir = f->runtime_dir ? f->runtime_dir : record->runtime_dir,
		.address = f->bus_address,
	};
	return factory_bus(f, &ret->program, err);
}

static struct state_systemd *make_record(const struct husk_factory *f, const struct unit *u)
{
	struct state_systemd *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->unit = strdup(u->unit.name);
	s->user = (struct opt_bool){true, u->unit.user};
	if (u->unit.user && f->runtime_dir)
		s->runtime_dir = strdup(f->runtime_dir);
	return s;
}

/* The system's for root; but the root of a user namespace that a user made has the user's. */
static bool is_of_user(const struct husk_factory *f, const struct plan_host *host)
{
	return host->euid != 0 || f->runtime_dir || f->bus_address;
}

void unit_done(struct unit *u)
{
	systemd_unit_done(&u->unit);
	free(u->path);
	*u = (struct unit){};
}

int unit_find(struct husk_factory *f, const struct oci_spec *spec, const char *id, struct unit *ret,
	struct state_systemd **ret_record, struct husk_error **err)
{
	const struct plan_host *host;
	auto_free char *root = NULL;
	struct systemd_bus bus;
	int r = factory_host(f, &host, err);

	if (!r)
		r = systemd_unit_find(spec->linux ? spec->linux->cgroups_path : NULL, id,
			is_of_user(f, host), &ret->unit, err);
	if (r < 0)
		return r;
	*ret_record = make_record(f, ret);
	if (!*ret_record || !(*ret_record)->unit)
		return fail_memory(err);
	if (ret->unit.user) {
		r = open_bus(f, *ret_record, &bus, err);
		if (!r)
			r = systemd_user_root(&bus, &root, err);
		if (r < 0)
			return r;
	}
	ret->path = systemd_unit_path(&ret->unit, root ? root : "/");
	return ret->path ? 0 : fail_memory(err);
}

struct device_list {
	size_t n;
	struct systemd_device *v;
};

static const char *access_text(uint8_t access)
{
	static const char *const texts[] = {"", "m", "r", "rm", "w", "wm", "rw", "rwm"};

	return texts[access & DEVICE_ACCESS];
}

static int add_device(
	struct device_list *list, uint8_t type, int64_t major, int64_t minor, uint8_t access)
{
	struct systemd_device *d = access ? list_add(list) : NULL;

	if (access && !d)
		return -ENOMEM;
	if (d)
		*d = (struct systemd_device){
			type == DEVICE_BLOCK ? 'b' : 'c', major, minor, access_text(access)};
	return 0;
}

static int list_devices(const struct cgroup_devices *devices, struct device_list *ret)
{
	int r = add_device(ret, DEVICE_BLOCK, -1, -1, devices->others[0].access);

	if (!r)
		r = add_device(ret, DEVICE_CHAR, -1, -1, devices->others[1].access);
	list_for_each (m, &devices->majors) {
		if (!r)
			r = add_device(ret, m->type, m->major, -1, m->access);
		list_for_each (minor, &m->minors)
			if (!r)
				r = add_device(ret, m->type, m->major, minor->minor, minor->access);
	}
	return r;
}

static bool devices_belong_to_v1(const struct cgroup_dirs *dirs)
{
	for (size_t i = 0; i < dirs->n; i++)
		if (!dirs->v[i].v2 && strstr(dirs->v[i].controllers, "devices"))
			return true;
	return false;
}

int unit_devices(const struct cgroup_devices *devices, const struct cgroup_dirs *dirs,
	const struct log *log, struct systemd_properties *ret, struct husk_error **err)
{
	auto_free char *known = NULL;
	struct device_list list = {};
	int r;

	if (!devices_belong_to_v1(dirs))
		return 0;
	r = io_read_at(AT_FDCWD, "/proc/devices", PROC_DEVICES_MAX, &known, NULL);
	if (r < 0)
		return fail_errno(err, r, "cannot read '/proc/devices'");
	r = list_devices(devices, &list);
	if (!r)
		r = systemd_devices(list.v, list.n, known, log, ret);
	free(list.v);
	return r < 0 ? fail_memory(err) : 0;
}

int unit_start(struct husk_factory *f, const struct state_systemd *record,
	const struct systemd_start *start, struct husk_error **err)
{
	struct systemd_bus bus;
	int r = open_bus(f, record, &bus, err);

	return r < 0 ? r : systemd_unit_start(&bus, start, err);
}

int unit_set(struct husk_factory *f, const struct state_systemd *record,
	const struct systemd_properties *properties, struct husk_error **err)
{
	struct systemd_bus bus;
	int r = open_bus(f, record, &bus, err);

	return r < 0 ? r : systemd_unit_set(&bus, record->unit, properties, err);
}

void unit_stop(struct husk_factory *f, const struct state_systemd *record)
{
	auto_error *why = NULL;
	struct systemd_bus bus;
	int r = record ? open_bus(f, record, &bus, &why) : 0;

	if (record && !r)
		r = systemd_unit_stop(&bus, record->unit, &why);
	if (r < 0)
		log_warning(&f->log, "%s, ignoring", husk_error_message(why));
}
