// SPDX-License-Identifier: Apache-2.0
/* Signals to a container, and the list of its processes. */
#include <base/fd.h>
#include <core/container.h>
#include <core/factory.h>
#include <kern/pid.h>

#include <errno.h>
#include <signal.h>

static int fail_not_running(struct husk_error **err)
{
	return fail_full(err, HUSK_ERROR_NOT_RUNNING, ESRCH, NULL, "container not running");
}

static int signal_all(
	const struct husk_container *c, const struct state *s, int signal, struct husk_error **err)
{
	auto_cgroups g = {};
	int r = container_cgroups(c, s, &g, err);

	return r < 0 ? r : cgroup_kill(&g.context, signal, err);
}

static void let_die(const struct husk_container *c, const struct state *s)
{
	auto_cgroups g = {};

	if (!container_cgroups(c, s, &g, NULL))
		cgroup_let_die(&g.context);
}

int husk_container_kill(struct husk_container *c, int signal, int all, struct husk_error **err)
{
	auto_now now = {};
	int r;

	if (signal < 0 || signal > SIGRTMAX)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT, "%d is not a signal", signal);
	r = container_look(c, &now, err);
	if (r < 0)
		return r;
	/* without a pid namespace of its own, the end of the first process is not the end of the others */
	if (all || (signal == SIGKILL && opt_true(now.state.shared_pid) && now.pidfd >= 0))
		return signal_all(c, &now.state, signal, err);
	if (now.pidfd < 0)
		return fail_not_running(err);
	r = pid_signal(now.pidfd, signal);
	if (r == -ESRCH)
		return fail_not_running(err);
	if (!r && signal == SIGKILL && now.status == HUSK_STATUS_PAUSED)
		let_die(c, &now.state);
	return r < 0 ? fail_errno(err, r, "cannot signal container '%s'", c->id) : 0;
}

int husk_container_processes(
	struct husk_container *c, pid_t **ret, size_t *ret_n, struct husk_error **err)
{
	auto_cgroups g = {};
	auto_now now = {};
	int r = container_look(c, &now, err);

	if (!r)
		r = container_cgroups(c, &now.state, &g, err);
	return r < 0 ? r : cgroup_pids(&g.context, ret, ret_n, err);
}
