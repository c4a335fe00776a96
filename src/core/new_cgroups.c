// SPDX-License-Identifier: Apache-2.0
/*
 * By files: the cgroup2 directory first, the process is cloned into it, the rest is made while husk-init mounts. By
 * systemd: the process is there first, systemd makes the unit around it (while husk-init mounts, too), and then we make
 * those directories and write those files that systemd knows nothing of.
 */
#include <core/new_cgroups.h>
#include <base/mem.h>
#include <cgroup/apply.h>
#include <core/delegation.h>
#include <core/fault.h>
#include <core/limits.h>
#include <oci/linux.h>

static struct cgroup_context context(const struct new_cgroups *g, const struct cgroup_dirs *dirs)
{
	return (struct cgroup_context){
		.dirs = (struct cgroup_dirs *)(uintptr_t)dirs,
		.log = &g->factory->log,
		.orders = &g->orders,
		.all_controllers = g->host->cgroups.mode == CGROUP_V2,
		.unit = g->state->systemd,
		.best_effort = opt_true(g->state->best_effort_cgroup),
	};
}

static void split(struct new_cgroups *g)
{
	size_t v1 = 0;

	while (v1 < g->dirs.n && !g->dirs.v[v1].v2)
		v1++;
	g->v1 = (struct cgroup_dirs){.n = v1, .v = g->dirs.v};
	g->v2 = (struct cgroup_dirs){.n = g->dirs.n - v1, .v = g->dirs.v + v1};
}

/* The directories, which are the unit's where systemd makes them. */
static int find_dirs(struct new_cgroups *g, struct husk_error **err)
{
	const char *path = g->spec->linux ? g->spec->linux->cgroups_path : NULL;
	bool given = path && *path;
	int r = 0;

	if (g->factory->cgroup_manager == HUSK_CGROUP_MANAGER_DISABLED)
		return 0;
	if (g->factory->cgroup_manager == HUSK_CGROUP_MANAGER_SYSTEMD) {
		r = unit_find(g->factory, g->spec, g->id, &g->unit, &g->state->systemd, err);
		if (!r)
			r = systemd_annotations(&g->spec->annotations, &g->orders.properties, err);
		path = g->unit.path;
		given = false; /* the unit is there or there is an error; the rest may be missing */
	}
	if (r < 0)
		return r;
	g->state->best_effort_cgroup = (struct opt_bool){true, g->host->rootless && !given};
	if (cgroup_dirs_resolve(&g->host->cgroups, path, g->id, &g->dirs) < 0)
		return fail_memory(err);
	split(g);
	return 0;
}

int new_cgroups_find(struct new_cgroups *g, struct husk_error **err)
{
	const struct oci_resources *resources = g->spec->linux ? g->spec->linux->resources : NULL;
	int r = find_dirs(g, err);

	if (!r)
		r = limits_devices_of(resources, &g->devices, err);
	if (!r && g->state->systemd)
		r = unit_devices(
			&g->devices, &g->dirs, &g->factory->log, &g->orders.properties, err);
	if (r < 0 || !resources)
		return r;
	return limits_compile(&(struct limits_input){.all = resources,
				      .asked = resources,
				      .dirs = &g->dirs,
				      .systemd = g->state->systemd,
				      .log = &g->factory->log},
		&g->orders, err);
}

static int make_v2(struct new_cgroups *g, struct husk_error **err)
{
	struct cgroup_context v2 = context(g, &g->v2);
	int r = cgroup_make(&v2, err);
	uid_t owner;

	if (!r && g->host->euid == 0 && delegation_owner(g->spec, &owner))
		r = cgroup_delegate(&v2, owner, err);
	return r;
}

int new_cgroups_before(struct new_cgroups *g, struct husk_error **err)
{
	struct cgroup_context v2 = context(g, &g->v2);
	int r = g->state->systemd ? 0 : make_v2(g, err);

	return r < 0 || g->state->systemd ? r : cgroup_entry_open(&v2, &g->entry_v2, err);
}

/*
 * Inside a user namespace the kernel lets nobody say anything of devices, and an ordinary user has no right to; there,
 * nobody can make nodes of them.
 */
static int set_limits(struct new_cgroups *g, struct husk_error **err)
{
	struct cgroup_context all = context(g, &g->dirs);
	bool may_skip = g->host->in_user_namespace || g->host->rootless;
	int r = cgroup_apply(&all, &g->orders, NULL, err);

	if (r < 0 || !g->dirs.n)
		return r;
	return cgroup_devices_apply(&all, NULL, &g->devices, may_skip, err);
}

static int make_v1(struct new_cgroups *g, struct husk_error **err)
{
	struct cgroup_context v1 = context(g, &g->v1);
	int r = cgroup_make(&v1, err);

	if (!r)
		r = set_limits(g, err);
	fault_point("limits-set");
	if (!r)
		r = cgroup_entry_open(&v1, &g->entry_v1, err);
	fault_point("cgroup-made");
	return r;
}

int new_cgroups_beside(struct new_cgroups *g, struct husk_error **err)
{
	return g->state->systemd ? 0 : make_v1(g, err);
}

/* systemd has put it into the unit's cgroups then, and we make those it knows nothing of. */
static int start_unit(struct new_cgroups *g, pid_t pid, struct husk_error **err)
{
	struct cgroup_context v2 = context(g, &g->v2);
	int r = unit_start(g->factory, g->state->systemd,
		&(struct systemd_start){.unit = &g->unit.unit,
			.id = g->id,
			.pid = pid,
			.v2 = g->host->cgroups.mode == CGROUP_V2,
			.properties = &g->orders.properties},
		err);

	if (r < 0)
		return r;
	g->unit.started = true;
	fault_point("unit-started");
	r = make_v2(g, err);
	if (!r && g->v2.n && !cgroup_holds(g->v2.v, pid))
		r = cgroup_join(&v2, pid, err);
	return r ? r : make_v1(g, err);
}

int new_cgroups_joined(struct new_cgroups *g, const struct launch *l, struct husk_error **err)
{
	struct cgroup_context v2 = context(g, &g->v2);

	if (g->state->systemd)
		return start_unit(g, l->pid, err);
	return l->in_cgroup || g->entry_v2.into < 0 ? 0 : cgroup_join(&v2, l->pid, err);
}

void new_cgroups_undo(struct new_cgroups *g)
{
	struct cgroup_context all = context(g, &g->dirs);

	if (g->unit.started)
		unit_stop(g->factory, g->state->systemd);
	/* what is left of them is found by delete; the first error is the one to tell */
	(void)cgroup_undo(&all, NULL);
}

void new_cgroups_done(struct new_cgroups *g)
{
	cgroup_entry_done(&g->entry_v1);
	cgroup_entry_done(&g->entry_v2);
	cgroup_orders_done(&g->orders);
	cgroup_devices_done(&g->devices);
	unit_done(&g->unit);
	cgroup_dirs_done(&g->dirs);
}
