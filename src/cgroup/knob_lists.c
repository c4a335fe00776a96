// SPDX-License-Identifier: Apache-2.0
/*
 * The resources that are lists: block devices, huge page sizes, network interfaces, RDMA devices, and `unified`, which
 * names files itself. And what both kinds of rows need: who has a controller, and how a write is added.
 */
#include <cgroup/knobs.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/text.h>
#include <cgroup/convert.h>
#include <cgroup/dir.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#define IO_MAX_RESET "rbps=max wbps=max riops=max wiops=max"

enum { CONTROLLERS_LIMIT = 4096 };

void cgroup_orders_done(struct cgroup_orders *orders)
{
	list_for_each (w, &orders->writes) {
		free(w->file);
		free(w->value);
		free(w->other_file);
		free(w->other_value);
		free(w->at);
	}
	free(orders->writes.v);
	systemd_properties_done(&orders->properties);
	*orders = (struct cgroup_orders){};
}

void cgroup_orders_text(const struct cgroup_orders *orders, struct strbuf *out)
{
	list_for_each (w, &orders->writes) {
		size_t n = strcspn(w->value, "\n");

		strbuf_printf(out, "  %s%s/%s = %.*s", w->dir->mount_point, w->dir->path, w->file,
			(int)n, w->value);
		if (w->other_file)
			strbuf_printf(out, " (or %s = %s)", w->other_file, w->other_value);
		strbuf_printf(out, "  # %s\n", w->at);
	}
	list_for_each (p, &orders->properties)
		strbuf_printf(out, "  %s = %s\n", p->name, p->value);
}

int cgroup_v2_controllers(const struct cgroup_dirs *dirs, char **ret)
{
	for (size_t i = 0; i < dirs->n; i++) {
		auto_free char *file = NULL;
		size_t n;
		int r;

		if (!dirs->v[i].v2)
			continue;
		file = str_printf("%s/cgroup.controllers", dirs->v[i].mount_point);
		if (!file)
			return -ENOMEM;
		r = io_read_at(AT_FDCWD, file, CONTROLLERS_LIMIT, ret, &n);
		if (!r && n && (*ret)[n - 1] == '\n')
			(*ret)[n - 1] = '\0';
		return r;
	}
	*ret = strdup("");
	return *ret ? 0 : -ENOMEM;
}

struct cgroup_owner cgroup_find_owner(
	const struct cgroup_wishes *wishes, const char *v1, const char *v2)
{
	struct cgroup_owner owner = {.v1 = v1, .v2 = v2};
	const struct cgroup_dirs *dirs = wishes->dirs;

	for (size_t i = 0; i < dirs->n && v1 && !owner.dir; i++)
		if (!dirs->v[i].v2 && cgroup_dir_has(&dirs->v[i], v1))
			owner.dir = &dirs->v[i];
	for (size_t i = 0; i < dirs->n && v2 && !owner.dir; i++)
		if (dirs->v[i].v2 && cgroup_list_has(wishes->v2_controllers, v2))
			owner.dir = &dirs->v[i];
	return owner;
}

int cgroup_fail_no_owner(const struct cgroup_owner *owner, const char *at, struct husk_error **err)
{
	const char *name = owner->v2 ? owner->v2 : owner->v1;

	return fail_full(err, HUSK_ERROR_UNSUPPORTED, EOPNOTSUPP, at,
		"%s: cannot be applied: no cgroup hierarchy of this host has the controller '%s' "
		"(in "
		"cgroup2 it has to be in cgroup.controllers, in cgroup v1 to be mounted)",
		at, name);
}

int cgroup_fail_not_here(const struct cgroup_owner *owner, const char *at, struct husk_error **err)
{
	if (!owner->dir && !owner->v1)
		return cgroup_fail_no_owner(owner, at, err);
	return fail_full(err, HUSK_ERROR_UNSUPPORTED, EOPNOTSUPP, at,
		"%s: cannot be applied: only %s has it, and this host manages '%s' otherwise", at,
		owner->v2 && !(owner->dir && owner->dir->v2) ? "cgroup v2" : "cgroup v1",
		owner->v1 ? owner->v1 : owner->v2);
}

struct cgroup_write *cgroup_add_write(struct cgroup_compile *c, const struct cgroup_owner *owner,
	char *file, char *value, char *at)
{
	struct cgroup_write *w = file && value && at ? list_add(&c->orders->writes) : NULL;

	if (!w) {
		free(file);
		free(value);
		free(at);
		return NULL;
	}
	*w = (struct cgroup_write){
		.dir = owner->dir,
		.controller = owner->dir->v2 ? owner->v2 : owner->v1,
		.file = file,
		.value = value,
		.at = at,
	};
	return w;
}

/* What asks for a controller that nobody has, or for a file that its hierarchy does not have. */
static int check_owner(const struct cgroup_owner *owner, const char *v1_file, const char *v2_file,
	const char *at, struct husk_error **err)
{
	if (!owner->dir)
		return owner->v1 && owner->v2 ? cgroup_fail_no_owner(owner, at, err)
					      : cgroup_fail_not_here(owner, at, err);
	if (!(owner->dir->v2 ? v2_file : v1_file))
		return cgroup_fail_not_here(owner, at, err);
	return 0;
}

/* A line for one key, whose value is taken; NULL when there is no memory. */
static struct cgroup_write *add_keyed(struct cgroup_compile *c, const struct cgroup_owner *owner,
	const char *file, char *value, const char *reset, const char *at)
{
	struct cgroup_write *w = cgroup_add_write(c, owner, strdup(file), value, strdup(at));

	if (!w)
		return NULL;
	w->flags |= CGROUP_WRITE_KEYED;
	w->reset = reset;
	return w;
}

/* ---- block devices ---- */

struct throttle {
	const char *name; /* of the property */
	size_t list; /* offset in struct oci_block_io */
	const char *v1_file, *v2_key;
};

#define LIST_AT(member) offsetof(struct oci_block_io, member)

static const struct throttle throttles[] = {
	{"throttleReadBpsDevice", LIST_AT(throttle_read_bps_device),
		"blkio.throttle.read_bps_device", "rbps"},
	{"throttleWriteBpsDevice", LIST_AT(throttle_write_bps_device),
		"blkio.throttle.write_bps_device", "wbps"},
	{"throttleReadIOPSDevice", LIST_AT(throttle_read_iops_device),
		"blkio.throttle.read_iops_device", "riops"},
	{"throttleWriteIOPSDevice", LIST_AT(throttle_write_iops_device),
		"blkio.throttle.write_iops_device", "wiops"},
};

static int add_throttle(struct cgroup_compile *c, const struct throttle *t,
	const struct oci_throttle_device *d, const char *at, struct husk_error **err)
{
	struct cgroup_owner owner = cgroup_find_owner(c->wishes, "blkio", "io");
	int r = check_owner(&owner, t->v1_file, "io.max", at, err);
	auto_strbuf value = {};

	if (r < 0 || !d->rate.set)
		return r;
	strbuf_printf(&value, "%" PRId64 ":%" PRId64 " ", d->major.value, d->minor.value);
	if (owner.dir->v2 && d->rate.value)
		strbuf_printf(&value, "%s=%" PRIu64, t->v2_key, d->rate.value);
	else if (owner.dir->v2)
		strbuf_printf(&value, "%s=max", t->v2_key);
	else
		strbuf_printf(&value, "%" PRIu64, d->rate.value);
	return add_keyed(c, &owner, owner.dir->v2 ? "io.max" : t->v1_file, strbuf_take(&value),
		       owner.dir->v2 ? IO_MAX_RESET : "0", at)
		       ? 0
		       : fail_memory(err);
}

static int add_throttles(struct cgroup_compile *c, struct husk_error **err)
{
	const struct oci_block_io *b = c->wishes->asked->block_io;

	for (size_t i = 0; b && i < ARRAY_LEN(throttles); i++) {
		const struct oci_throttle_list *list =
			(const void *)((const char *)b + throttles[i].list);

		for (size_t j = 0; j < list->n; j++) {
			auto_free char *at =
				str_printf("/linux/resources/blockIO/%s/%zu", throttles[i].name, j);
			int r = at ? add_throttle(c, &throttles[i], &list->v[j], at, err)
				   : fail_memory(err);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

static char *device_weight(const struct oci_weight_device *d, uint64_t weight)
{
	return str_printf(
		"%" PRId64 ":%" PRId64 " %" PRIu64, d->major.value, d->minor.value, weight);
}

static int add_weight(struct cgroup_compile *c, const struct oci_weight_device *d,
	struct opt_u64 weight, bool leaf, const char *at, struct husk_error **err)
{
	struct cgroup_owner owner = cgroup_find_owner(c->wishes, "blkio", leaf ? NULL : "io");
	const char *v1 = leaf ? "blkio.leaf_weight_device" : "blkio.weight_device";
	struct cgroup_write *w;
	int r;

	if (!weight.set || !weight.value)
		return 0;
	r = check_owner(&owner, v1, leaf ? NULL : "io.bfq.weight", at, err);
	if (r < 0)
		return r;
	w = add_keyed(c, &owner, owner.dir->v2 ? "io.bfq.weight" : v1,
		device_weight(d, weight.value), owner.dir->v2 ? "default" : "0", at);
	if (!w)
		return fail_memory(err);
	if (leaf)
		return 0;
	w->other_file = strdup(owner.dir->v2 ? "io.weight" : "blkio.bfq.weight_device");
	w->other_value =
		device_weight(d, owner.dir->v2 ? cgroup_io_weight(weight.value) : weight.value);
	return w->other_file && w->other_value ? 0 : fail_memory(err);
}

static int add_weights(struct cgroup_compile *c, struct husk_error **err)
{
	const struct oci_block_io *b = c->wishes->asked->block_io;
	int r = 0;

	for (size_t i = 0; b && r >= 0 && i < b->weight_device.n; i++) {
		const struct oci_weight_device *d = &b->weight_device.v[i];
		auto_free char *at = str_printf("/linux/resources/blockIO/weightDevice/%zu", i);

		r = at ? add_weight(c, d, d->weight, false, at, err) : fail_memory(err);
		if (r >= 0)
			r = add_weight(c, d, d->leaf_weight, true, at, err);
	}
	return r;
}

/* ---- the others ---- */

/* Of the files only that for reservations may be missing (5.7). */
static int add_hugepages(struct cgroup_compile *c, struct husk_error **err)
{
	struct cgroup_owner owner = cgroup_find_owner(c->wishes, "hugetlb", "hugetlb");
	const struct oci_resources *asked = c->wishes->asked;

	for (size_t i = 0; i < asked->hugepage_limits.n * 2; i++) {
		const struct oci_hugepage_limit *h = &asked->hugepage_limits.v[i / 2];
		auto_free char *at = str_printf("/linux/resources/hugepageLimits/%zu", i / 2);
		struct cgroup_write *w;
		int r = at ? check_owner(&owner, "", "", at, err) : fail_memory(err);

		if (r < 0)
			return r;
		w = cgroup_add_write(c, &owner,
			str_printf("hugetlb.%s%s.%s", h->page_size, i % 2 ? ".rsvd" : "",
				owner.dir->v2 ? "max" : "limit_in_bytes"),
			str_printf("%" PRIu64, h->limit.value), strdup(at));
		if (!w)
			return fail_memory(err);
		w->flags |= i % 2 ? CGROUP_WRITE_OPTIONAL : 0;
	}
	return 0;
}

static int add_priorities(struct cgroup_compile *c, struct husk_error **err)
{
	struct cgroup_owner owner = cgroup_find_owner(c->wishes, "net_prio", NULL);
	const struct oci_network *n = c->wishes->asked->network;

	for (size_t i = 0; n && i < n->priorities.n; i++) {
		const struct oci_interface_priority *p = &n->priorities.v[i];
		auto_free char *at = str_printf("/linux/resources/network/priorities/%zu", i);
		int r = at ? check_owner(&owner, "", NULL, at, err) : fail_memory(err);

		if (r < 0)
			return r;
		if (!add_keyed(c, &owner, "net_prio.ifpriomap",
			    str_printf("%s %" PRIu64, p->name, p->priority.value), "0", at))
			return fail_memory(err);
	}
	return 0;
}

static void add_rdma_limit(struct strbuf *out, const char *name, struct opt_u64 limit)
{
	if (limit.set && limit.value < UINT32_MAX)
		strbuf_printf(out, " %s=%" PRIu64, name, limit.value);
	else if (limit.set)
		strbuf_printf(out, " %s=max", name);
}

static int add_rdma(struct cgroup_compile *c, struct husk_error **err)
{
	struct cgroup_owner owner = cgroup_find_owner(c->wishes, "rdma", "rdma");

	list_for_each (device, &c->wishes->asked->rdma) {
		auto_strbuf at = {}, value = {};
		int r;

		strbuf_add(&at, "/linux/resources/rdma/");
		strbuf_add_pointer_part(&at, device->key);
		r = strbuf_failed(&at) ? fail_memory(err)
				       : check_owner(&owner, "", "", at.text, err);
		if (r < 0)
			return r;
		strbuf_add(&value, device->key);
		add_rdma_limit(&value, "hca_handle", device->hca_handles);
		add_rdma_limit(&value, "hca_object", device->hca_objects);
		if (!add_keyed(c, &owner, "rdma.max", strbuf_take(&value),
			    "hca_handle=max hca_object=max", at.text))
			return fail_memory(err);
	}
	return 0;
}

/* ---- files of cgroup2 by name ---- */

static const struct unified_row {
	const char *file, *reset, *property;
	/* what a key has that nobody set; NULL: no key, or all are always there */
	const char *key_reset;
	bool above_zero; /* the lowest that systemd takes for the property is 1 */
} unified_rows[] = {
	{"cgroup.max.depth", "max", NULL},
	{"cgroup.max.descendants", "max", NULL},
	{"cpu.idle", "0", NULL},
	{"cpu.max", "max 100000", NULL},
	{"cpu.max.burst", "0", NULL},
	{"cpu.uclamp.max", "max", NULL},
	{"cpu.uclamp.min", "0", NULL},
	{"cpu.weight", "100", "CPUWeight"},
	{"cpuset.cpus", "as above", "AllowedCPUs"},
	{"cpuset.mems", "as above", "AllowedMemoryNodes"},
	{"io.bfq.weight", NULL, NULL, "default"},
	{"io.latency", NULL, NULL, "target=max"},
	{"io.max", NULL, NULL, IO_MAX_RESET},
	{"io.weight", "default 100", NULL, "default"},
	{"memory.high", "max", "MemoryHigh", .above_zero = true},
	{"memory.low", "0", "MemoryLow"},
	{"memory.max", "max", "MemoryMax", .above_zero = true},
	{"memory.min", "0", "MemoryMin"},
	{"memory.oom.group", "0", NULL},
	{"memory.swap.high", "max", NULL},
	{"memory.swap.max", "max", "MemorySwapMax"},
	{"memory.zswap.max", "max", NULL},
	{"memory.zswap.writeback", "1", NULL},
	{"pids.max", "max", "TasksMax", .above_zero = true},
};

static const struct unified_row *find_unified(const char *file)
{
	for (size_t i = 0; i < ARRAY_LEN(unified_rows); i++)
		if (text_equal(unified_rows[i].file, file))
			return &unified_rows[i];
	return NULL;
}

/* A number, "max" or a list of CPUs as systemd has it; the file says it exactly, and what has no such form alone. */
static char *unified_property(const struct unified_row *row, const char *value)
{
	auto_strbuf text = {};
	size_t digits = strspn(value, "0123456789");

	if (text_after(row->file, "cpuset."))
		return cgroup_cpu_mask(value, &text) < 0 ? NULL : strbuf_take(&text);
	if (digits && !value[digits + strspn(value + digits, "\n")])
		return row->above_zero && strspn(value, "0") == digits
			       ? strdup("uint64 1")
			       : str_printf("uint64 %.*s", (int)digits, value);
	return text_after(value, "max") ? strdup("uint64 18446744073709551615") : NULL;
}

static int add_unified_property(struct cgroup_compile *c, const struct unified_row *row,
	const char *value, struct husk_error **err)
{
	auto_free char *text =
		row && row->property && c->wishes->systemd ? unified_property(row, value) : NULL;

	if (!text)
		return 0;
	return systemd_property_add(&c->orders->properties, row->property, "%s", text) < 0
		       ? fail_memory(err)
		       : 0;
}

/* The directory, when the controller (that before the dot) is one of cgroup2 here. */
static struct cgroup_owner unified_owner(const struct cgroup_wishes *w, const char *controller)
{
	struct cgroup_owner owner = {.v2 = controller};

	for (size_t i = 0; i < w->dirs->n; i++)
		if (w->dirs->v[i].v2 && (text_equal(controller, "cgroup") ||
						cgroup_list_has(w->v2_controllers, controller)))
			owner.dir = &w->dirs->v[i];
	return owner;
}

static int fail_unified(const struct cgroup_wishes *w, const char *controller, const char *at,
	struct husk_error **err)
{
	return fail_full(err, HUSK_ERROR_UNSUPPORTED, EOPNOTSUPP, at,
		"%s: cannot be applied: this host has no controller '%s' in a cgroup2 "
		"hierarchy%s%s",
		at, controller, *w->v2_controllers ? ", only " : "", w->v2_controllers);
}

static int add_unified(struct cgroup_compile *c, const char *file, const char *value,
	const char *at, struct husk_error **err)
{
	auto_free char *controller = strndup(file, strcspn(file, "."));
	const struct unified_row *row = find_unified(file);
	struct cgroup_owner owner;
	struct cgroup_write *w;

	if (!controller)
		return fail_memory(err);
	owner = unified_owner(c->wishes, controller);
	if (!owner.dir)
		return fail_unified(c->wishes, controller, at, err);
	if (!value && !(row && row->reset))
		return fail_full(err, HUSK_ERROR_INVALID_ARGUMENT, EINVAL, at,
			"%s: cannot be unset: its default is not known, give a value", at);
	w = cgroup_add_write(
		c, &owner, strdup(file), strdup(value ? value : row->reset), strdup(at));
	if (!w)
		return fail_memory(err);
	w->controller = NULL; /* the file's name says it */
	w->flags |= CGROUP_WRITE_LINES;
	if (row && row->key_reset) {
		w->flags |= CGROUP_WRITE_KEYED;
		w->reset = row->key_reset;
	}
	if (!value && text_after(file, "cpuset."))
		w->flags |= CGROUP_WRITE_INHERIT;
	return add_unified_property(c, row, value ? value : row->reset, err);
}

static const char *unified_value(const struct oci_string_map *map, const char *file)
{
	for (size_t i = 0; i < map->n; i++)
		if (text_equal(map->v[i].name, file))
			return map->v[i].value;
	return NULL;
}

static int add_all_unified(struct cgroup_compile *c, struct husk_error **err)
{
	const struct cgroup_wishes *w = c->wishes;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < w->asked->unified.n; i++) {
		const char *file = w->asked->unified.v[i].name;
		auto_strbuf at = {};

		strbuf_add(&at, "/linux/resources/unified/");
		strbuf_add_pointer_part(&at, file);
		r = strbuf_failed(&at) ? fail_memory(err)
				       : add_unified(c, file, unified_value(&w->all->unified, file),
						 at.text, err);
	}
	return r;
}

/* `unified` comes last: what it says of a file holds. */
int cgroup_compile_lists(struct cgroup_compile *c, struct husk_error **err)
{
	static int (*const parts[])(struct cgroup_compile *, struct husk_error **) = {add_weights,
		add_throttles, add_hugepages, add_priorities, add_rdma, add_all_unified};
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(parts) && r >= 0; i++) {
		auto_error *why = NULL;

		r = parts[i](c, &why);
		if (r < 0)
			r = cgroup_refused(c, &why, err);
	}
	return r;
}

int cgroup_refused(struct cgroup_compile *c, struct husk_error **why, struct husk_error **err)
{
	int r = husk_error_errno(*why) ? -husk_error_errno(*why) : -EINVAL;

	if (c->wishes->refused && husk_error_code(*why) != HUSK_ERROR_NO_MEMORY) {
		c->wishes->refused(c->wishes->data, *why);
		return 0;
	}
	if (err)
		*err = TAKE_PTR(*why);
	return r;
}
