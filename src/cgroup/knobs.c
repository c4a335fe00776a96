// SPDX-License-Identifier: Apache-2.0
/*
 * The table of resources: one row each, in the order in which they are written. A row knows where the value is in
 * `linux.resources`, which controller has it, and what it is on v1, on v2 and for systemd. What a row cannot say of a
 * hierarchy does not exist there. Lists (devices to throttle, huge pages, ...) are in knob_lists.c.
 */
#include <cgroup/knobs.h>
#include <base/mem.h>
#include <base/text.h>
#include <cgroup/convert.h>
#include <cgroup/dir.h>

#include <stddef.h>
#include <string.h>

enum knob_kind { KIND_I64, KIND_U64, KIND_BOOL, KIND_TEXT };

enum knob_flags {
	DEPRECATED = 1 << 0, /* what cannot be had of it is a warning */
	IMPLIED =
		1 << 1, /* also written because of `with`; then without it the kernel can do, too */
	FILE_TOO =
		1 << 2, /* systemd rounds, or has it only as a default: the file says it exactly */
	JOINED = 1 << 3, /* on v2 part of the row before */
};

/* Files that only fit together. */
enum knob_group { ALONE, BANDWIDTH, REALTIME, MEMORY };

/* One property of one object of resources. */
struct knob_place {
	size_t object, member; /* offsets; of a pointer, and behind it */
	enum knob_kind kind;
};

/* A file in one kind of hierarchy; `reset` is what it has when nobody set it. */
struct knob_file {
	const char *name; /* NULL: there is none */
	knob_fn *value;
	const char *reset; /* NULL: `value` of nothing */
};

struct knob {
	const char *at; /* below /linux/resources */
	struct knob_place place, with; /* `with`: the value depends on this one, too */
	const char *v1_controller, *v2_controller;
	struct knob_file v1, v2;
	const char *other_v1, *other_v2; /* what some kernels have instead */
	knob_fn *other_v2_value;
	const char *property_v1, *property_v2; /* of a systemd unit */
	knob_fn *property;
	knob_fn *property_v1_value; /* where v1 has another range; NULL: `property` */
	enum knob_group group;
	unsigned int flags;
};

#define IN(object_, member_, kind_)                                                             \
	{                                                                                       \
		.object = offsetof(struct oci_resources, object_),                              \
		.member = offsetof(__typeof__(*((struct oci_resources *)0)->object_), member_), \
		.kind = kind_                                                                   \
	}
/* clang-format off */
#define KIND(object_, member_) _Generic(((struct oci_resources *)0)->object_->member_, \
	struct opt_i64: KIND_I64, struct opt_u64: KIND_U64, struct opt_bool: KIND_BOOL, char *: KIND_TEXT)
#define OF(object_, member_) IN(object_, member_, KIND(object_, member_))

static const struct knob knobs[] = {
	/* idle goes first: a group of idle class takes no weight */
	{ .at = "cpu/idle", .place = OF(cpu, idle), .v1_controller = "cpu", .v2_controller = "cpu",
	  .v1 = {"cpu.idle", knob_number_or_zero, "0"}, .v2 = {"cpu.idle", knob_number_or_zero, "0"} },
	{ .at = "cpu/shares", .place = OF(cpu, shares), .with = OF(cpu, idle),
	  .v1_controller = "cpu", .v2_controller = "cpu",
	  .v1 = {"cpu.shares", knob_shares, "1024"}, .v2 = {"cpu.weight", knob_weight, "100"},
	  .property_v1 = "CPUShares", .property_v2 = "CPUWeight", .property = property_weight,
	  .property_v1_value = property_shares },
	{ .at = "cpu/realtimePeriod", .place = OF(cpu, realtime_period), .v1_controller = "cpu",
	  .v1 = {"cpu.rt_period_us", knob_number, "1000000"}, .group = REALTIME },
	{ .at = "cpu/realtimeRuntime", .place = OF(cpu, realtime_runtime), .v1_controller = "cpu",
	  .v1 = {"cpu.rt_runtime_us", knob_number, "0"}, .group = REALTIME },
	{ .at = "cpu/quota", .place = OF(cpu, quota), .with = OF(cpu, period),
	  .v1_controller = "cpu", .v2_controller = "cpu",
	  .v1 = {"cpu.cfs_quota_us", knob_number, "-1"}, .v2 = {"cpu.max", knob_cpu_max, NULL},
	  .property_v1 = "CPUQuotaPerSecUSec", .property_v2 = "CPUQuotaPerSecUSec",
	  .property = property_quota, .group = BANDWIDTH, .flags = FILE_TOO },
	{ .at = "cpu/period", .place = OF(cpu, period), .v1_controller = "cpu", .v2_controller = "cpu",
	  .v1 = {"cpu.cfs_period_us", knob_number, "100000"}, .v2 = {"cpu.max", NULL, NULL},
	  .property_v1 = "CPUQuotaPeriodUSec", .property_v2 = "CPUQuotaPeriodUSec",
	  .property = property_period, .group = BANDWIDTH, .flags = JOINED | FILE_TOO },
	{ .at = "cpu/burst", .place = OF(cpu, burst), .v1_controller = "cpu", .v2_controller = "cpu",
	  .v1 = {"cpu.cfs_burst_us", knob_number_or_zero, "0"},
	  .v2 = {"cpu.max.burst", knob_number_or_zero, "0"}, .group = BANDWIDTH },
	{ .at = "cpu/cpus", .place = OF(cpu, cpus), .v1_controller = "cpuset", .v2_controller = "cpuset",
	  .v1 = {"cpuset.cpus", knob_text, "as above"}, .v2 = {"cpuset.cpus", knob_text, "as above"},
	  .other_v1 = "cpus", .property_v2 = "AllowedCPUs", .property = property_cpus },
	{ .at = "cpu/mems", .place = OF(cpu, mems), .v1_controller = "cpuset", .v2_controller = "cpuset",
	  .v1 = {"cpuset.mems", knob_text, "as above"}, .v2 = {"cpuset.mems", knob_text, "as above"},
	  .other_v1 = "mems", .property_v2 = "AllowedMemoryNodes", .property = property_cpus },
	{ .at = "memory/limit", .place = OF(memory, limit), .v1_controller = "memory", .v2_controller = "memory",
	  .v1 = {"memory.limit_in_bytes", knob_size, "-1"}, .v2 = {"memory.max", knob_size_max, "max"},
	  .property_v1 = "MemoryLimit", .property_v2 = "MemoryMax", .property = property_bytes,
	  .group = MEMORY, .flags = FILE_TOO },
	{ .at = "memory/swap", .place = OF(memory, swap), .with = OF(memory, limit),
	  .v1_controller = "memory", .v2_controller = "memory",
	  .v1 = {"memory.memsw.limit_in_bytes", knob_memsw, "-1"},
	  .v2 = {"memory.swap.max", knob_swap_max, "max"},
	  .property_v2 = "MemorySwapMax", .property = property_swap, .group = MEMORY, .flags = IMPLIED },
	{ .at = "memory/reservation", .place = OF(memory, reservation),
	  .v1_controller = "memory", .v2_controller = "memory",
	  .v1 = {"memory.soft_limit_in_bytes", knob_size, "-1"}, .v2 = {"memory.low", knob_size_max, "0"},
	  .property_v2 = "MemoryLow", .property = property_bytes },
	{ .at = "memory/kernelTCP", .place = OF(memory, kernel_tcp), .v1_controller = "memory",
	  .v1 = {"memory.kmem.tcp.limit_in_bytes", knob_size, "-1"}, .flags = DEPRECATED },
	{ .at = "memory/kernel", .place = OF(memory, kernel), .v1_controller = "memory",
	  .v1 = {"memory.kmem.limit_in_bytes", knob_size, "-1"}, .flags = DEPRECATED },
	{ .at = "memory/swappiness", .place = OF(memory, swappiness), .v1_controller = "memory",
	  .v1 = {"memory.swappiness", knob_number_or_zero, "60"} },
	{ .at = "memory/disableOOMKiller", .place = OF(memory, disable_oom_killer),
	  .v1_controller = "memory", .v1 = {"memory.oom_control", knob_flag, "0"} },
	{ .at = "memory/useHierarchy", .place = OF(memory, use_hierarchy), .v1_controller = "memory",
	  .v1 = {"memory.use_hierarchy", knob_flag, "1"}, .flags = DEPRECATED },
	{ .at = "pids/limit", .place = OF(pids, limit), .v1_controller = "pids", .v2_controller = "pids",
	  .v1 = {"pids.max", knob_pids, "max"}, .v2 = {"pids.max", knob_pids, "max"},
	  .property_v1 = "TasksMax", .property_v2 = "TasksMax", .property = property_tasks,
	  .flags = FILE_TOO },
	{ .at = "blockIO/weight", .place = OF(block_io, weight), .v1_controller = "blkio", .v2_controller = "io",
	  .v1 = {"blkio.weight", knob_number, "500"}, .other_v1 = "blkio.bfq.weight",
	  .v2 = {"io.bfq.weight", knob_number, "100"}, .other_v2 = "io.weight",
	  .other_v2_value = knob_io_weight, .property_v1 = "BlockIOWeight", .property_v2 = "IOWeight",
	  .property = property_io_weight, .property_v1_value = property_number, .flags = FILE_TOO },
	{ .at = "blockIO/leafWeight", .place = OF(block_io, leaf_weight), .v1_controller = "blkio",
	  .v1 = {"blkio.leaf_weight", knob_number, "500"} },
	{ .at = "network/classID", .place = OF(network, class_id), .v1_controller = "net_cls",
	  .v1 = {"net_cls.classid", knob_number_or_zero, "0"} },
};
/* clang-format on */

static struct knob_value find(const struct oci_resources *r, const struct knob_place *place)
{
	const char *object = *(const char *const *)((const char *)r + place->object);
	struct knob_value v = {};
	const void *member = object + place->member;

	if (!object)
		return v;
	switch (place->kind) {
	case KIND_I64:
		v.set = ((const struct opt_i64 *)member)->set;
		v.number = ((const struct opt_i64 *)member)->value;
		v.magnitude = (uint64_t)v.number;
		break;
	case KIND_U64:
		v.set = ((const struct opt_u64 *)member)->set;
		v.magnitude = ((const struct opt_u64 *)member)->value;
		v.number = v.magnitude > INT64_MAX ? INT64_MAX : (int64_t)v.magnitude;
		break;
	case KIND_BOOL:
		v.set = ((const struct opt_bool *)member)->set;
		v.number = ((const struct opt_bool *)member)->value;
		break;
	case KIND_TEXT:
		v.text = *(char *const *)member;
		v.set = v.text;
		break;
	}
	return v;
}

static bool asked(const struct oci_resources *r, const struct knob_place *place)
{
	return place->object + place->member && find(r, place).set;
}

/* The text for one file or property; `own`: asked for itself, not only because of another. 1, 0 or < 0. */
static int text_of(const struct knob_value *v, bool own, knob_fn *value, const char *reset,
	struct strbuf *out, struct husk_error **err)
{
	if (!v->set && own && reset) {
		strbuf_add(out, reset);
		return 1;
	}
	return value(v, out, err);
}

/* What no file of this hierarchy can say. What asks for the default is no fault: engines send such. */
static int not_here(const struct cgroup_compile *c, const struct knob *k,
	const struct cgroup_owner *owner, const struct knob_value *v, struct husk_error **err)
{
	auto_strbuf text = {};

	if (!v->set || k->v1.value(v, &text, err) <= 0 ||
		(k->v1.reset && text_equal(strbuf_text(&text), k->v1.reset)))
		return 0;
	if (k->flags & DEPRECATED) {
		log_warning(c->wishes->log,
			"%s: this host's cgroups have nothing of the kind, ignoring", v->at);
		return 0;
	}
	return cgroup_fail_not_here(owner, v->at, err);
}

static int add_file(struct cgroup_compile *c, const struct knob *k,
	const struct cgroup_owner *owner, const struct knob_value *v, bool own,
	struct husk_error **err)
{
	bool v2 = owner->dir->v2;
	const struct knob_file *file = v2 ? &k->v2 : &k->v1;
	const char *other = v2 ? k->other_v2 : k->other_v1;
	auto_strbuf text = {}, other_text = {};
	struct cgroup_write *w;
	int r = text_of(v, own, file->value, file->reset, &text, err);

	if (r <= 0)
		return r;
	if (other)
		r = text_of(v, own, v2 && k->other_v2_value ? k->other_v2_value : file->value,
			file->reset, &other_text, err);
	if (r < 0)
		return r;
	w = cgroup_add_write(c, owner, strdup(file->name), strbuf_take(&text), strdup(v->at));
	if (!w)
		return fail_memory(err);
	w->group = k->group;
	if (k->flags & DEPRECATED)
		w->flags |= CGROUP_WRITE_DEPRECATED;
	if (!v->set && k->place.kind == KIND_TEXT) /* a cpuset with processes must not be empty */
		w->flags |= CGROUP_WRITE_INHERIT;
	if (k->flags & IMPLIED && !own)
		w->flags |= CGROUP_WRITE_OPTIONAL;
	if (!other)
		return 0;
	w->other_file = strdup(other);
	w->other_value = strbuf_take(&other_text);
	return w->other_file && w->other_value ? 0 : fail_memory(err);
}

/* What a property has that nobody set. */
static const char *property_default(const struct knob *k)
{
	if (k->place.kind == KIND_TEXT)
		return "@ay []";
	return k->v2.reset && text_equal(k->v2.reset, "0") ? "uint64 0"
							   : "uint64 18446744073709551615";
}

/* 1 when systemd has it, and the file needs no word more. */
static int add_property(struct cgroup_compile *c, const struct knob *k,
	const struct cgroup_owner *owner, const struct knob_value *v, struct husk_error **err)
{
	const char *name = owner->dir->v2 ? k->property_v2 : k->property_v1;
	knob_fn *value =
		k->property_v1_value && !owner->dir->v2 ? k->property_v1_value : k->property;
	bool unset = !v->set && asked(c->wishes->asked, &k->place);
	auto_strbuf text = {};
	int r;

	if (!c->wishes->systemd || !name || (!v->set && !unset && !(k->flags & IMPLIED)))
		return 0;
	r = unset ? 1 : value(v, &text, err);
	if (r <= 0)
		return r;
	if (systemd_property_add(&c->orders->properties, name, "%s",
		    unset ? property_default(k) : strbuf_text(&text)) < 0)
		return fail_memory(err);
	return !unset && !(k->flags & FILE_TOO);
}

/* What is not there is not to blame: then it is written because of `with`. */
static const char *who_asks(const struct knob *k, bool own, const struct knob_value *v)
{
	for (size_t i = 0; !own && !v->set && i < ARRAY_LEN(knobs); i++)
		if (knobs[i].place.object == k->with.object &&
			knobs[i].place.member == k->with.member)
			return knobs[i].at;
	return k->at;
}

static int compile_knob(struct cgroup_compile *c, const struct knob *k, struct husk_error **err)
{
	const struct cgroup_wishes *w = c->wishes;
	struct cgroup_owner owner = cgroup_find_owner(w, k->v1_controller, k->v2_controller);
	bool own = asked(w->asked, &k->place);
	struct knob_value v = find(w->all, &k->place);
	auto_free char *at = NULL;
	int r;

	if (!own && !asked(w->asked, &k->with))
		return 0;
	at = str_printf("/linux/resources/%s", who_asks(k, own, &v));
	if (!at)
		return fail_memory(err);
	v.at = at;
	v.all = w->all;
	if (owner.dir && owner.dir->v2 && k->flags & JOINED && !w->systemd)
		return 0;
	if (!owner.dir && k->v2_controller) {
		auto_strbuf text = {};

		r = own && v.set ? k->v1.value(&v, &text, err) : 0;
		return r > 0 ? cgroup_fail_no_owner(&owner, at, err) : r;
	}
	if (!owner.dir || !(owner.dir->v2 ? k->v2.name : k->v1.name))
		return not_here(c, k, &owner, &v, err);
	r = add_property(c, k, &owner, &v, err);
	if (r || (owner.dir->v2 && k->flags & JOINED))
		return r < 0 ? r : 0;
	return add_file(c, k, &owner, &v, own, err);
}

int cgroup_compile(
	const struct cgroup_wishes *wishes, struct cgroup_orders *ret, struct husk_error **err)
{
	struct cgroup_compile c = {wishes, ret};
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(knobs) && r >= 0; i++) {
		auto_error *why = NULL;

		r = compile_knob(&c, &knobs[i], &why);
		if (r < 0)
			r = cgroup_refused(&c, &why, err);
	}
	return r < 0 ? r : cgroup_compile_lists(&c, err);
}
