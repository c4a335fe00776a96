// SPDX-License-Identifier: Apache-2.0
/*
 * The end of a container. Works from what is on record, whatever state a killed runtime left: a directory without a
 * state, a process that nobody waits for, cgroups half made. The directory goes last, so that delete can be repeated.
 */
#include <base/fd.h>
#include <core/container.h>
#include <core/factory.h>
#include <core/fault.h>
#include <core/hooks.h>
#include <core/net_devices.h>
#include <core/unit.h>
#include <kern/pid.h>

#include <errno.h>
#include <signal.h>

enum { DEATH_MS = 10000 };

int container_kill(
	const struct husk_container *c, const struct container_now *now, struct husk_error **err)
{
	int r;

	if (now->pidfd < 0)
		return 0;
	ignored(pid_signal(now->pidfd, SIGKILL)); /* gone meanwhile is what we want */
	r = pid_wait(now->pidfd, DEATH_MS);
	if (r < 0)
		return fail_errno(err, r, "cannot wait for the end of container '%s'", c->id);
	if (!r)
		return fail(err, HUSK_ERROR_TIMEOUT,
			"container init still running: container '%s' (process %d) did not end in "
			"%d s",
			c->id, (int)now->state.process.pid.value, DEATH_MS / 1000);
	return 0;
}

/*
 * A create that was killed before it had a process on record may not have made these cgroups itself: nobody in them is
 * killed, and what is not empty stays, the unit as well. Its husk-init ends by itself when it hears the end of its
 * socket.
 */
static int remove_unused_cgroups(const struct husk_container *c, const struct state *s,
	const struct cgroup_context *context, struct husk_error **err)
{
	struct husk_error *why = NULL;
	int r = cgroup_remove(context, &why);

	if (!r)
		unit_stop(c->factory, s->systemd);

	if (r < 0 && husk_error_errno(why) == EBUSY) {
		log_warning(&c->factory->log, "%s, ignoring", husk_error_message(why));
		husk_error_free(why);
		return 0;
	}
	if (r < 0 && err)
		*err = TAKE_PTR(why);
	husk_error_free(why);
	return r;
}

static int remove_cgroups(
	const struct husk_container *c, const struct container_now *now, struct husk_error **err)
{
	auto_cgroups g = {};
	int r = container_cgroups(c, &now->state, &g, err);

	if (r < 0)
		return r;
	if (!now->state.process.pid.set)
		return remove_unused_cgroups(c, &now->state, &g.context, err);
	/* the frozen would never die, and without a pid namespace others may have stayed */
	if (now->pidfd >= 0 || opt_true(now->state.shared_pid))
		r = cgroup_kill(&g.context, SIGKILL, err);
	if (r < 0)
		return r;
	unit_stop(c->factory, now->state.systemd);
	return cgroup_remove(&g.context, err);
}

static int destroy(const struct husk_container *c, struct container_now *now, int force,
	struct husk_error **err)
{
	bool may =
		force || now->status == HUSK_STATUS_STOPPED || now->status == HUSK_STATUS_CREATED;
	int r;

	if (!may)
		return fail(err, HUSK_ERROR_BAD_STATE,
			"cannot delete container %s that is not stopped: %s", c->id,
			husk_status_name(now->status));
	if (now->status == HUSK_STATUS_PAUSED) {
		auto_cgroups g = {};

		r = container_cgroups(c, &now->state, &g, err);
		if (!r)
			r = cgroup_kill(&g.context, SIGKILL, err);
		if (r < 0)
			return r;
	}
	r = container_kill(c, now, err);
	fault_point("delete-killed");
	if (!r)
		r = remove_cgroups(c, now, err);
	if (!r && now->state.rdt)
		r = rdt_remove(now->state.rdt, &c->factory->log, err);
	fault_point("delete-cgroup");
	if (!r)
		net_devices_recover(c->dir, &c->factory->log);
	if (!r)
		r = container_remove_directory(c->factory, c->id, c->dir, err);
	fault_point("delete-state");
	if (!r)
		hooks_poststop(&now->state, &c->factory->log);
	return r;
}

/* With a damaged process.json nobody knows the process, but its cgroups are on record: those in them are it. */
static int destroy_damaged(const struct husk_container *c, struct husk_error **err)
{
	auto_(state_done) struct state state = {};
	auto_cgroups g = {};
	int r;

	if (!state_load_record(c->dir, c->id, &state, NULL)) {
		r = container_cgroups(c, &state, &g, err);
		if (!r)
			r = cgroup_kill(&g.context, SIGKILL, err);
		if (!r)
			unit_stop(c->factory, state.systemd);
		if (!r)
			r = cgroup_remove(&g.context, err);
		if (!r && state.rdt)
			r = rdt_remove(state.rdt, &c->factory->log, err);
		if (r < 0)
			return r;
	}
	return container_remove_directory(c->factory, c->id, c->dir, err);
}

int husk_container_delete(struct husk_container *c, int force, struct husk_error **err)
{
	struct husk_error *why = NULL;
	auto_close int lock = -1;
	auto_now now = {};
	int r = container_lock(c, &lock, err);

	if (r < 0)
		return r;
	r = container_look(c, &now, &why);
	fault_point("delete-locked");
	if (!r)
		return destroy(c, &now, force, err);
	if (force && why && husk_error_code(why) == HUSK_ERROR_CORRUPT) {
		log_warning(&c->factory->log, "%s, ignoring", husk_error_message(why));
		husk_error_free(why);
		return destroy_damaged(c, err);
	}
	if (err)
		*err = TAKE_PTR(why);
	husk_error_free(why);
	return r;
}
