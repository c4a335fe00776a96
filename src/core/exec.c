// SPDX-License-Identifier: Apache-2.0
/*
 * One more process in a container. Nothing is on record for it: if we are killed, the launcher or the new process
 * hears the end of our socket and ends, up to the moment it has become the program.
 */
#include <core/exec.h>
#include <base/fd.h>
#include <base/io.h>
#include <base/mem.h>
#include <cgroup/cgroup.h>
#include <core/container.h>
#include <core/descriptors.h>
#include <core/factory.h>
#include <core/fault.h>
#include <core/handover.h>
#include <core/launch.h>
#include <core/lsm.h>
#include <core/process.h>
#include <core/seccomp.h>
#include <json/json.h>
#include <oci/process.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>

enum { LOCK_MS = 10000, LOCK_STEP_MS = 5 };

struct execution {
	const struct husk_container *container;
	const struct husk_exec_options *options;
	const struct plan_host *host;
	struct container_now now;
	struct oci_spec *spec;
	struct container_cgroups cgroups;
	struct cgroup_entry entry;
	struct plan plan;
	struct descriptors fds;
	struct handover handover;
	int agent; /* connection to the seccomp agent, or -1 */
	struct launch launch;
};

static int check_status(const struct execution *e, struct husk_error **err)
{
	switch (e->now.status) {
	case HUSK_STATUS_CREATING:
	case HUSK_STATUS_STOPPED:
		return fail(err, HUSK_ERROR_NOT_RUNNING, "cannot exec in a stopped container");
	case HUSK_STATUS_PAUSED:
		if (!e->options->ignore_paused)
			return fail(err, HUSK_ERROR_BAD_STATE,
				"cannot exec in a paused container (use --ignore-paused to "
				"override)");
		return 0;
	case HUSK_STATUS_CREATED:
	case HUSK_STATUS_RUNNING:
		return 0;
	}
	return 0;
}

static int load_process(struct execution *e, struct husk_error **err)
{
	auto_free char *text = NULL;
	size_t n = 0;
	int r = io_read_at(e->container->dir, STATE_CONFIG, JSON_SIZE_MAX, &text, &n);

	if (r < 0)
		return fail_errno(err, r, "cannot read the saved configuration of container '%s'",
			e->container->id);
	r = oci_spec_parse(text, n, &e->spec, err);
	if (r < 0)
		return wrap(err, r, "the saved configuration of container '%s'", e->container->id);
	if (e->options->process_json) {
		oci_process_free(e->spec->process);
		e->spec->process = NULL;
		r = oci_process_parse(e->options->process_json, strlen(e->options->process_json),
			&e->spec->process, err);
		if (r < 0)
			return wrap(err, r, "process");
	} else {
		/* the container's terminal was its own; ours is what the options say */
		e->spec->process->terminal = (struct opt_bool){};
	}
	r = exec_process_change(e->spec->process, e->options, &e->now, err);
	if (!r && e->options->stdio.console_socket && !opt_true(e->spec->process->terminal))
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
			"cannot use a console socket for a process without a terminal");
	return r;
}

static int make_plan(struct execution *e, struct husk_error **err)
{
	const struct oci_seccomp *profile = e->spec->linux ? e->spec->linux->seccomp : NULL;
	const struct plan_seccomp_source filters = {seccomp_cached_filter, e->container->factory};
	int r = factory_host(e->container->factory, &e->host, err);
	uint32_t lsm = 0;

	if (!r)
		r = lsm_find(e->spec, e->spec->process, &lsm, err);
	if (!r)
		r = seccomp_check_kernel(profile, err);
	if (!r && plan_seccomp_notifies(profile) && profile->listener_path)
		r = seccomp_agent_connect(profile->listener_path, &e->agent, err);
	return r < 0 ? r
		     : plan_exec(&(struct plan_exec_input){.spec = e->spec,
					 .process = e->spec->process,
					 .host = e->host,
					 .log = &e->container->factory->log,
					 .seccomp = &filters,
					 .id = e->container->id,
					 .lsm = lsm,
					 .preserve_fds = e->options->stdio.preserve_fds,
					 .listen_fds = e->options->stdio.listen_fds},
			       &e->plan, err);
}

static int open_cgroups(struct execution *e, struct husk_error **err)
{
	int r = container_cgroups(e->container, &e->now.state, &e->cgroups, err);

	if (!r)
		r = exec_cgroups(&e->cgroups.dirs, e->options->cgroups, err);
	return r ? r : cgroup_entry_open(&e->cgroups.context, &e->entry, err);
}

static int call_joined(
	void *data, struct launch *l, const int **ret_fds, size_t *ret_n, struct husk_error **err)
{
	struct execution *e = data;
	int r = 0;

	fault_point("exec-forked");
	if (!l->in_cgroup && e->entry.into >= 0) {
		struct cgroup_dir *last = &e->cgroups.dirs.v[e->cgroups.dirs.n - 1];
		struct cgroup_dirs v2 = {.n = 1, .v = last};
		struct cgroup_context context = e->cgroups.context;

		context.dirs = &v2;
		context.beside = (pid_t)e->now.state.process.pid.value;
		r = cgroup_join(&context, l->pid, err);
	}
	if (!r && e->now.state.rdt)
		r = rdt_join(e->now.state.rdt, l->pid, err);
	fault_point("exec-cgroup");
	*ret_fds = e->entry.fds;
	*ret_n = e->entry.n;
	return r;
}

/* Nothing else gets as far as having a filter. */
static enum oci_status status_of(enum husk_status status)
{
	return status == HUSK_STATUS_CREATED  ? OCI_STATUS_CREATED
	       : status == HUSK_STATUS_PAUSED ? OCI_STATUS_PAUSED
					      : OCI_STATUS_RUNNING;
}

static int call_listener(void *data, const struct launch *l, int listener, struct husk_error **err)
{
	struct execution *e = data;

	return seccomp_agent_send(&e->agent, listener,
		&(struct seccomp_agent_message){.state = &e->now.state,
			.status = status_of(e->now.status),
			.container_pid = (pid_t)e->now.state.process.pid.value,
			.pid = l->pid,
			.metadata = e->spec->linux->seccomp->listener_metadata},
		err);
}

static int call_ready(void *data, struct launch *l, struct husk_error **err)
{
	struct execution *e = data;

	fault_point("exec-ready");
	return handover_give(&e->handover, &e->options->stdio, l, err);
}

/* The first CPUs of execCPUAffinity are for the time before the cgroup, whose cpuset may have others. */
static int cgroup_to_clone_into(const struct execution *e)
{
	const struct oci_exec_cpu_affinity *affinity = e->spec->process->exec_cpu_affinity;

	return affinity && affinity->initial && *affinity->initial ? -1 : e->entry.into;
}

static int carry_out(struct execution *e, struct husk_error **err)
{
	const struct launch_calls calls = {
		.data = e, .joined = call_joined, .listener = call_listener, .ready = call_ready};
	int r = descriptors_open(e->plan.header,
		&(struct descriptor_sources){.gate = -1, .pidfd = e->now.pidfd}, &e->fds, err);

	if (!r)
		r = open_cgroups(e, err);
	if (!r)
		r = launch_start(&(struct launch_request){.factory = e->container->factory,
					 .plan = &e->plan,
					 .stdio = &e->options->stdio,
					 .cgroup = cgroup_to_clone_into(e),
					 .fds = e->fds.v},
			&e->launch, err);
	fault_point("exec-launched");
	return r ? r : launch_walk(&e->launch, &calls, err);
}

static void execution_done(struct execution *e)
{
	launch_done(&e->launch);
	handover_done(&e->handover);
	fd_close(e->agent);
	descriptors_done(&e->fds);
	cgroup_entry_done(&e->entry);
	container_cgroups_done(&e->cgroups);
	plan_done(&e->plan);
	oci_spec_free(e->spec);
	container_now_done(&e->now);
}

/*
 * Not while `create` is at work on it: the process of a container that is still being made has the host's root, and so
 * would one that joins it. Shared, so that one exec does not wait for another; not for ever, because a stopped create
 * holds its lock and whoever waits for a lock may have its signals blocked.
 */
static int look_settled(
	const struct husk_container *c, struct container_now *ret, struct husk_error **err)
{
	auto_close int lock = openat(c->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (lock < 0 && errno == ENOENT)
		return fail_full(err, HUSK_ERROR_NOT_FOUND, ENOENT, NULL,
			"container '%s' does not exist", c->id);
	if (lock < 0)
		return fail_errno(err, -errno, "cannot open the state of container '%s'", c->id);
	for (int waited = 0; flock(lock, LOCK_SH | LOCK_NB) < 0; waited += LOCK_STEP_MS) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail_errno(err, -errno, "cannot lock container '%s'", c->id);
		if (waited >= LOCK_MS)
			return fail(err, HUSK_ERROR_BAD_STATE,
				"cannot exec in container '%s': another command has been at work "
				"on it for %d s",
				c->id, LOCK_MS / 1000);
		ignored(poll(NULL, 0, LOCK_STEP_MS));
	}
	return container_look(c, ret, err);
}

int husk_container_exec(struct husk_container *c, const struct husk_exec_options *options,
	struct husk_process **ret, struct husk_error **err)
{
	struct execution e = {.container = c,
		.options = options,
		.now = {.pidfd = -1},
		.entry = {.into = -1},
		.handover = {-1, -1},
		.agent = -1,
		.launch = LAUNCH_INIT};
	int r;

	if (!options || options->size < sizeof *options)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT, "exec options have no valid size");
	r = look_settled(c, &e.now, err);
	if (!r)
		r = check_status(&e, err);
	if (!r)
		r = load_process(&e, err);
	if (!r)
		r = make_plan(&e, err);
	if (!r)
		r = handover_open(&options->stdio, &e.handover, err);
	if (!r)
		r = carry_out(&e, err);
	if (!r && ret)
		r = process_new(e.launch.pid, &e.launch.pidfd, &e.launch.console, ret, err);
	if (r < 0)
		launch_undo(&e.launch);
	execution_done(&e);
	return r;
}
