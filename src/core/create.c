// SPDX-License-Identifier: Apache-2.0
/*
 * One `create` from top to bottom, and the way back. Order matters for two reasons: what can fail without traces comes
 * first, and whatever is made is on record before (state.json), so that after SIGKILL at any moment `delete --force`
 * finds all of it. husk-init by itself never outlives us before the pid is on record: it gets CGROUP_READY after that.
 */
#include <base/fd.h>
#include <base/io.h>
#include <base/mem.h>
#include <console/gate.h>
#include <core/config.h>
#include <core/container.h>
#include <core/descriptors.h>
#include <core/factory.h>
#include <core/fault.h>
#include <core/handover.h>
#include <core/hooks.h>
#include <core/id.h>
#include <core/launch.h>
#include <core/lsm.h>
#include <core/net_devices.h>
#include <core/new_cgroups.h>
#include <core/process.h>
#include <core/seccomp.h>
#include <kern/pid.h>
#include <oci/check.h>
#include <oci/linux.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct creation {
	struct husk_factory *factory;
	const struct husk_config *config;
	const struct husk_create_options *options;
	const struct plan_host *host;
	bool gate;

	struct plan plan;
	struct new_cgroups cgroups;
	struct state state;
	int rdt_lock; /* of resctrl, until our group is made */
	struct rdt *rdt; /* of `state`, once it may have been made */
	int dir, lock; /* the state directory, and a second descriptor that holds its lock */
	int gate_fd;
	int agent; /* connection to the seccomp agent, or -1 */
	struct descriptors fds;
	struct handover handover;
	struct launch launch;
	struct netdevs devices;
};

static int check_options(const struct creation *c, struct husk_error **err)
{
	const struct husk_create_options *o = c->options;

	if (!o || o->size < sizeof *o)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT, "create options have no valid size");
	if (!o->id || !container_id_valid(o->id))
		return fail(err, HUSK_ERROR_INVALID_ID, "invalid container ID format: '%s'",
			o->id ? o->id : "");
	return oci_check_runnable(c->config->spec, err);
}

/* Compiles the plan: everything that can be wrong with the configuration is found out here. */
static int make_plan(struct creation *c, struct husk_error **err)
{
	const struct oci_spec *spec = c->config->spec;
	const struct plan_seccomp_source filters = {seccomp_cached_filter, c->factory};
	int r = factory_host(c->factory, &c->host, err);
	uint32_t lsm = 0;

	c->cgroups.factory = c->factory;
	c->cgroups.host = c->host;
	c->cgroups.spec = spec;
	c->cgroups.id = c->options->id;
	c->cgroups.state = &c->state;
	if (!r)
		r = lsm_find(spec, spec->process, &lsm, err);
	if (!r)
		r = new_cgroups_find(&c->cgroups, err);
	if (!r)
		r = seccomp_check_kernel(spec->linux ? spec->linux->seccomp : NULL, err);
	if (r < 0)
		return r;
	return plan_create(&(struct plan_create_input){.spec = spec,
				   .id = c->options->id,
				   .bundle = c->config->bundle,
				   .host = c->host,
				   .cgroups = &c->cgroups.dirs,
				   .log = &c->factory->log,
				   .seccomp = &filters,
				   .notify_socket = c->options->notify_socket,
				   .lsm = lsm,
				   .gate = c->gate,
				   .no_pivot = c->options->no_pivot,
				   .no_new_keyring = c->options->no_new_keyring,
				   .preserve_fds = c->options->stdio.preserve_fds,
				   .listen_fds = c->options->stdio.listen_fds},
		&c->plan, err);
}

/* Only when the configuration asks: most machines have no resctrl. */
static int find_rdt(struct creation *c, struct husk_error **err)
{
	const struct oci_linux *l = c->config->spec->linux;

	return l && l->intel_rdt
		       ? rdt_prepare(l->intel_rdt, c->options->id, &c->rdt_lock, &c->state.rdt, err)
		       : 0;
}

static int make_rdt(struct creation *c, struct husk_error **err)
{
	int r;

	if (!c->state.rdt)
		return 0;
	c->rdt = c->state.rdt;
	r = rdt_make(c->rdt, c->config->spec->linux->intel_rdt, err);
	c->rdt_lock = fd_close(c->rdt_lock);
	return r;
}

/* With a gate it is `start` that hands the listener over. */
static int find_agent(struct creation *c, struct husk_error **err)
{
	const struct oci_linux *l = c->config->spec->linux;
	const struct oci_seccomp *profile = l ? l->seccomp : NULL;
	struct state_agent *agent;

	if (!plan_seccomp_notifies(profile))
		return 0;
	agent = c->state.seccomp_agent = calloc(1, sizeof *agent);
	if (agent)
		agent->path = strdup(profile->listener_path);
	if (agent && profile->listener_metadata)
		agent->metadata = strdup(profile->listener_metadata);
	if (!agent || !agent->path || (profile->listener_metadata && !agent->metadata))
		return fail_memory(err);
	return c->gate ? seccomp_agent_check(profile, err)
		       : seccomp_agent_connect(agent->path, &c->agent, err);
}

static int make_directory(struct creation *c, struct husk_error **err)
{
	const char *id = c->options->id;
	struct stat st;
	int root = -1, r = factory_root(c->factory, true, &root, err);

	if (r < 0)
		return r;
	if (mkdirat(root, id, 0700) < 0) {
		if (errno == EEXIST)
			return fail_full(err, HUSK_ERROR_EXISTS, EEXIST, NULL,
				"container with given ID already exists: '%s'", id);
		return fail_errno(
			err, -errno, "cannot make the state directory of container '%s'", id);
	}
	c->dir = openat(root, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (c->dir < 0) {
		r = -errno;
		(void)unlinkat(root, id, AT_REMOVEDIR); /* still empty */
		return fail_errno(err, r, "cannot open the state of container '%s'", id);
	}
	c->lock = openat(c->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->lock >= 0)
		do
			r = flock(c->lock, LOCK_EX);
		while (r < 0 && errno == EINTR);
	if (c->lock < 0 || r < 0 || fstat(c->lock, &st) < 0)
		return fail_errno(err, -errno, "cannot lock container '%s'", id);
	if (!st.st_nlink) {
		c->dir = fd_close(c->dir); /* not ours any more: nothing to undo */
		return fail(err, HUSK_ERROR_NOT_FOUND,
			"container '%s' was deleted while it was created", id);
	}
	fault_point("directory-made");
	return 0;
}

static int record(struct creation *c, struct husk_error **err)
{
	int r = state_save(&c->state, c->dir, err);

	fault_point("state-written");
	return r;
}

static int open_everything(struct creation *c, struct husk_error **err)
{
	int r = 0;

	if (c->gate) {
		r = gate_open(c->dir, STATE_GATE, &c->gate_fd);
		if (r < 0)
			return fail_errno(
				err, r, "cannot make the gate of container '%s'", c->options->id);
	}
	r = descriptors_open(c->plan.header,
		&(struct descriptor_sources){.gate = c->gate_fd, .pidfd = -1}, &c->fds, err);
	fault_point("descriptors-open");
	return r;
}

/* The cgroup2 directory is made before the clone, which puts the process into it. */
static int start_init(struct creation *c, struct husk_error **err)
{
	int r = new_cgroups_before(&c->cgroups, err);

	if (!r)
		r = launch_start(&(struct launch_request){.factory = c->factory,
					 .plan = &c->plan,
					 .stdio = &c->options->stdio,
					 .cgroup = c->cgroups.entry_v2.into,
					 .fds = c->fds.v},
			&c->launch, err);
	fault_point("launched");
	return r;
}

static size_t copy_ranges(struct idmap_range *to, const struct oci_id_mappings *from)
{
	for (size_t i = 0; i < from->n; i++)
		to[i] = (struct idmap_range){(uint32_t)from->v[i].container_id.value,
			(uint32_t)from->v[i].host_id.value, (uint32_t)from->v[i].size.value};
	return from->n;
}

static int call_map_ids(void *data, pid_t launcher, struct husk_error **err)
{
	const struct creation *c = data;
	const struct oci_linux *l = c->config->spec->linux;
	auto_free struct idmap_range *ranges =
		calloc(l->uid_mappings.n + l->gid_mappings.n + 1, sizeof *ranges);
	struct idmap uids = {.v = ranges}, gids = {};
	auto_strbuf detail = {};
	int r;

	if (!ranges)
		return fail_memory(err);
	uids.n = copy_ranges(ranges, &l->uid_mappings);
	gids.v = ranges + uids.n;
	gids.n = copy_ranges(ranges + uids.n, &l->gid_mappings);
	r = idmap_write(launcher, &uids, &gids, &detail);
	if (r < 0)
		return fail_full(err, HUSK_ERROR_SYSTEM, -r, "/linux/uidMappings",
			"/linux/uidMappings: cannot map user and group IDs: %s%s%s%s",
			errno_text(-r), detail.len ? " (" : "", strbuf_text(&detail),
			detail.len ? ")" : "");
	return 0;
}

static int call_joined(
	void *data, struct launch *l, const int **ret_fds, size_t *ret_n, struct husk_error **err)
{
	struct creation *c = data;
	struct pid_stat st;
	int r = new_cgroups_joined(&c->cgroups, l, err);

	if (!r && c->rdt)
		r = rdt_join(c->rdt, l->pid, err);
	if (r < 0)
		return r;
	fault_point("cgroup-joined");
	r = pid_read_stat(l->pid, &st);
	if (!r)
		r = pid_boot_id(&c->state.process.boot_id);
	if (r < 0)
		return fail_errno(err, r, "cannot identify the container's process");
	c->state.process.pid = (struct opt_u64){true, (uint64_t)l->pid};
	c->state.process.start_time = (struct opt_u64){true, st.start_time};
	r = state_save_process(&c->state, c->dir, err);
	fault_point("pid-recorded");
	c->devices.log = &c->factory->log;
	if (!r)
		r = net_devices_move(&c->devices, c->config->spec->linux, l->pidfd, c->dir, err);
	fault_point("net-devices-moved");
	*ret_fds = c->cgroups.entry_v1.fds;
	*ret_n = c->cgroups.entry_v1.n;
	return r;
}

/* For exec, which waits for our lock; nothing that undoing needs, so it is written last, beside the new process. */
static int save_config(struct creation *c, struct husk_error **err)
{
	int r = io_replace_at(c->dir, STATE_CONFIG, c->config->text, c->config->text_len, 0600);

	return r < 0 ? fail_errno(err, r, "cannot save the configuration of container '%s'",
			       c->options->id)
		     : 0;
}

/* Hooks may ask for the status, which without this would be that of a container that waits for its start. */
static int say_creating(const struct creation *c, struct husk_error **err)
{
	const struct oci_hooks *hooks = c->config->spec->hooks;
	int r;

	if (!hooks || !(hooks->prestart.n || hooks->create_runtime.n || hooks->create_container.n))
		return 0;
	r = io_replace_at(c->dir, STATE_CREATING, "", 0, 0600);
	return r < 0 ? fail_errno(
			       err, r, "cannot write the state of container '%s'", c->options->id)
		     : 0;
}

static int call_hook(
	void *data, const struct launch *l, const struct plan_op *op, struct husk_error **err)
{
	const struct creation *c = data;
	int r;

	fault_point("hook-wanted");
	r = hooks_run_op(l->plan, op, l->pid, c->config->bundle, err);
	fault_point("hook-done");
	return r;
}

static int call_listener(void *data, const struct launch *l, int listener, struct husk_error **err)
{
	struct creation *c = data;

	return seccomp_agent_send(&c->agent, listener,
		&(struct seccomp_agent_message){.state = &c->state,
			.status = OCI_STATUS_CREATING,
			.container_pid = l->pid,
			.pid = l->pid,
			.metadata = c->state.seccomp_agent->metadata},
		err);
}

static int call_ready(void *data, struct launch *l, struct husk_error **err)
{
	struct creation *c = data;
	int r;

	fault_point("ready");
	if (c->state.hooks)
		(void)unlinkat(c->dir, STATE_CREATING, 0); /* most have none */
	r = save_config(c, err);
	if (!r)
		r = handover_give(&c->handover, &c->options->stdio, l, err);
	fault_point("connected");
	return r;
}

static int carry_out(struct creation *c, struct husk_error **err)
{
	const struct launch_calls calls = {
		.data = c,
		.map_ids = call_map_ids,
		.joined = call_joined,
		.hook = call_hook,
		.listener = call_listener,
		.ready = call_ready,
	};
	int r = make_directory(c, err);

	if (!r)
		r = record(c, err);
	if (!r)
		r = make_rdt(c, err);
	if (!r)
		r = open_everything(c, err);
	if (!r)
		r = say_creating(c, err);
	if (!r)
		r = start_init(c, err);
	if (!r)
		r = new_cgroups_beside(&c->cgroups, err);
	return r ? r : launch_walk(&c->launch, &calls, err);
}

/* Without the lock: these hooks may want to do something with the container, exec for one. */
static int after_start(struct creation *c, struct husk_error **err)
{
	int r;

	if (c->gate || !c->state.hooks)
		return 0;
	(void)flock(c->lock, LOCK_UN);
	fault_point("poststart");
	r = hooks_poststart(&c->state, c->launch.pid, err);
	(void)flock(c->lock, LOCK_EX); /* for undo() */
	return r;
}

static void undo(struct creation *c)
{
	bool existed = c->launch.pid > 0;

	launch_undo(&c->launch);
	netdevs_give_back(&c->devices); /* their namespace lives as long as our sockets in it */
	new_cgroups_undo(&c->cgroups);
	if (c->rdt)
		(void)rdt_remove(c->rdt, &c->factory->log, NULL);
	if (c->dir >= 0)
		(void)container_remove_directory(c->factory, c->options->id, c->dir, NULL);
	if (existed)
		hooks_poststop(&c->state, &c->factory->log);
}

/* What can fail comes before anything is given away: undo() needs the directory and the pidfd. */
static int hand_out(struct creation *c, struct husk_container **ret_container,
	struct husk_process **ret_process, struct husk_error **err)
{
	auto_close int dir = ret_container ? fcntl(c->dir, F_DUPFD_CLOEXEC, 3) : -1;
	struct husk_container *container = NULL;
	int r = 0;

	if (ret_container && dir < 0)
		return fail_errno(err, -errno, "cannot duplicate a descriptor");
	if (ret_container)
		r = container_new(c->factory, c->options->id, &dir, &container, err);
	if (!r && ret_process)
		r = process_new(
			c->launch.pid, &c->launch.pidfd, &c->launch.console, ret_process, err);
	if (r < 0)
		husk_container_unref(container);
	else if (ret_container)
		*ret_container = container;
	return r;
}

static void creation_done(struct creation *c)
{
	launch_done(&c->launch);
	netdevs_done(&c->devices);
	handover_done(&c->handover);
	descriptors_done(&c->fds);
	new_cgroups_done(&c->cgroups);
	fd_close(c->gate_fd);
	fd_close(c->agent);
	fd_close(c->lock);
	fd_close(c->rdt_lock);
	fd_close(c->dir);
	c->state.hooks = NULL; /* the configuration's */
	state_done(&c->state);
	plan_done(&c->plan);
}

static int create(struct creation *c, struct husk_container **ret_container,
	struct husk_process **ret_process, struct husk_error **err)
{
	int r = check_options(c, err);

	if (!r)
		r = make_plan(c, err);
	if (!r)
		r = find_rdt(c, err);
	if (!r)
		r = state_begin(&c->state, c->config, c->options->id, &c->cgroups.dirs, err);
	if (!r)
		r = find_agent(c, err);
	if (!r)
		r = handover_open(&c->options->stdio, &c->handover, err);
	if (!r) {
		r = carry_out(c, err);
		if (!r)
			r = after_start(c, err);
		if (!r)
			r = hand_out(c, ret_container, ret_process, err);
		if (r < 0)
			undo(c);
		else
			net_devices_settled(&c->devices, c->dir);
	}
	creation_done(c);
	return r;
}

#define CREATION_INIT(gate_)                                                              \
	{                                                                                 \
		.factory = factory, .config = config, .options = options, .gate = gate_,  \
		.rdt_lock = -1, .dir = -1, .lock = -1, .gate_fd = -1, .agent = -1,        \
		.cgroups = NEW_CGROUPS_INIT, .handover = {-1, -1}, .launch = LAUNCH_INIT, \
		.devices = NETDEVS_INIT                                                   \
	}

int husk_container_create(struct husk_factory *factory, const struct husk_config *config,
	const struct husk_create_options *options, struct husk_container **ret_container,
	struct husk_process **ret_process, struct husk_error **err)
{
	struct creation c = CREATION_INIT(true);

	return create(&c, ret_container, ret_process, err);
}

int husk_container_run(struct husk_factory *factory, const struct husk_config *config,
	const struct husk_create_options *options, struct husk_container **ret_container,
	struct husk_process **ret_process, struct husk_error **err)
{
	struct creation c = CREATION_INIT(false);

	return create(&c, ret_container, ret_process, err);
}
