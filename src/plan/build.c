// SPDX-License-Identifier: Apache-2.0
/*
 * The order of everything: which planner adds its operations when. Read this file to know what husk does to make a
 * container, and in which order; `husk plan` prints the result.
 */
#include <plan/planner.h>

#include <linux/sched.h>

static const struct oci_linux no_linux;

static int prepare(struct planner *p, struct husk_error **err)
{
	int r;

	if (!p->process)
		return fail_at(err, "/process", "is required");
	if (!p->process->args.n)
		return fail_at(err, "/process/args", "must not be empty");
	if (p->process->user) {
		p->uid = (uint32_t)opt_u64_or(p->process->user->uid, 0);
		p->gid = (uint32_t)opt_u64_or(p->process->user->gid, 0);
	}
	plan_find_namespaces(p);
	r = plan_check_labels(p, err);
	if (r >= 0)
		r = plan_check_rdt(p, err);
	return r < 0 ? r : plan_check_ids(p, err);
}

/* What needs the runtime's own rights comes before the user namespace takes them away. */
static int privileged(struct planner *p, struct husk_error **err)
{
	plan_oom_score(p);
	plan_io_priority(p);
	plan_cpu_affinity_initial(p);
	return has_namespace(p, CLONE_NEWUSER) ? plan_rlimits(p, err) : 0;
}

static int create_root(struct planner *p, struct husk_error **err)
{
	int r = plan_root(p, err);

	if (r >= 0)
		r = plan_mounts(p, err);
	if (r < 0)
		return r;
	plan_notify(p);
	plan_devices(p);
	plan_make_cwd(p);
	plan_await_cgroup(p);
	r = plan_create_hooks(p, err);
	if (r < 0)
		return r;
	plan_enter_root(p);
	plan_console(p);
	return plan_restrict(p, err);
}

static int create_all(struct planner *p, struct husk_error **err)
{
	int r = prepare(p, err);

	if (r >= 0)
		r = plan_check_net_devices(p, err);
	if (r >= 0)
		r = privileged(p, err);
	if (r < 0)
		return r;
	plan_stage(p);
	plan_keyring(p);
	plan_names(p);
	plan_time_offsets(p);
	r = create_root(p, err);
	if (r >= 0)
		r = plan_personality(p, err);
	return r < 0 ? r : plan_tail(p, err);
}

static int exec_root(struct planner *p, struct husk_error **err)
{
	int r;

	if (has_namespace(p, CLONE_NEWNS))
		return 0; /* joining it is entering the root */
	r = plan_root(p, err);
	if (r >= 0)
		plan_enter_root(p);
	return r;
}

static int exec_all(struct planner *p, struct husk_error **err)
{
	int r = prepare(p, err);

	if (r >= 0)
		r = privileged(p, err);
	if (r < 0)
		return r;
	plan_exec_stage(p);
	plan_keyring(p);
	r = exec_root(p, err);
	if (r < 0)
		return r;
	plan_console(p);
	r = plan_personality(p, err);
	if (r < 0)
		return r;
	plan_await_cgroup(p);
	plan_cpu_affinity_final(p);
	return plan_tail(p, err);
}

static int seal(struct planner *p, int r, struct plan *ret, struct husk_error **err)
{
	if (r >= 0)
		r = builder_seal(&p->b, ret, err);
	builder_done(&p->b);
	return r;
}

int plan_create(const struct plan_create_input *in, struct plan *ret, struct husk_error **err)
{
	struct planner p = {
		.create = in,
		.spec = in->spec,
		.linux_ = in->spec->linux ? in->spec->linux : &no_linux,
		.process = in->spec->process,
		.host = in->host,
		.log = in->log,
		.id = in->id,
		.lsm = in->lsm,
	};

	return seal(&p, create_all(&p, err), ret, err);
}

int plan_exec(const struct plan_exec_input *in, struct plan *ret, struct husk_error **err)
{
	struct planner p = {
		.exec = in,
		.spec = in->spec,
		.linux_ = in->spec->linux ? in->spec->linux : &no_linux,
		.process = in->process,
		.host = in->host,
		.log = in->log,
		.id = in->id,
		.lsm = in->lsm,
	};

	return seal(&p, exec_all(&p, err), ret, err);
}
