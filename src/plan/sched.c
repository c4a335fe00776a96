// SPDX-License-Identifier: Apache-2.0
/*
 * CPU time, I/O time and memory nodes of the process. Where each operation stands follows from the rights it takes and
 * from what fork(2) does with it. An I/O priority is inherited, so it is set first, with the runtime's own rights. A
 * scheduler is not always (SCHED_FLAG_RESET_ON_FORK), and a process under SCHED_DEADLINE cannot fork at all: it comes
 * last, behind the cgroup whose CPUs it is for; in a user namespace only the parent still has the right to set it.
 */
#include <plan/planner.h>

#include <linux/ioprio.h>
#include <linux/sched.h>
#include <string.h>
#include <base/bitlist.h>
#include <base/table.h>

enum { FULL_CAPACITY = 1024 };

void plan_io_priority(struct planner *p)
{
	const struct oci_io_priority *io = p->process->io_priority;

	if (io)
		builder_op_at(&p->b, PLAN_IO_PRIORITY, "/process/ioPriority")->io_priority.value =
			(uint32_t)io->class.value << IOPRIO_CLASS_SHIFT |
			(uint32_t)opt_i64_or(io->priority, 0);
}

/* `list` was checked with the configuration. */
static struct plan_blob mask_of(struct planner *p, const char *list, uint32_t limit)
{
	uint64_t mask[BITLIST_CPUS / 64] = {};

	if (bitlist_parse(list, limit, mask) < 0)
		p->b.failed = true;
	return builder_blob(&p->b, mask, limit / 8);
}

static void affinity(struct planner *p, const char *member, const char *list)
{
	struct plan_op *op =
		builder_op_at(&p->b, PLAN_CPU_AFFINITY, "/process/execCPUAffinity/%s", member);

	op->cpu_affinity.list = builder_str(&p->b, list);
	op->cpu_affinity.mask = mask_of(p, list ? list : "0-8191", BITLIST_CPUS);
}

void plan_cpu_affinity_initial(struct planner *p)
{
	const struct oci_exec_cpu_affinity *a = p->process->exec_cpu_affinity;

	if (p->exec && a && given(a->initial))
		affinity(p, "initial", a->initial);
}

/* Without one the process gets what its cgroup has, not what it came with. */
void plan_cpu_affinity_final(struct planner *p)
{
	const struct oci_exec_cpu_affinity *a = p->process->exec_cpu_affinity;

	if (p->exec && a && (given(a->initial) || given(a->final)))
		affinity(p, "final", given(a->final) ? a->final : NULL);
}

/* --- memory policy, set_mempolicy(2) */

enum nodes { NODES_NONE, NODES_NEEDED, NODES_MAYBE };

static const struct mode {
	enum oci_memory_policy_mode mode;
	enum nodes nodes;
	const char *since;
} modes[] = {
	{OCI_MPOL_DEFAULT, NODES_NONE, NULL},
	{OCI_MPOL_PREFERRED, NODES_MAYBE, NULL},
	{OCI_MPOL_BIND, NODES_NEEDED, NULL},
	{OCI_MPOL_INTERLEAVE, NODES_NEEDED, NULL},
	{OCI_MPOL_LOCAL, NODES_NONE, NULL},
	{OCI_MPOL_PREFERRED_MANY, NODES_NEEDED, "5.15"},
	{OCI_MPOL_WEIGHTED_INTERLEAVE, NODES_NEEDED, "6.9"},
};

static const struct mode *mode_of(const struct oci_memory_policy *m)
{
	for (size_t i = 0; i < ARRAY_LEN(modes); i++)
		if ((int)modes[i].mode == m->mode.value)
			return &modes[i];
	return &modes[0];
}

static bool has_nodes(const struct oci_memory_policy *m)
{
	return m->nodes && m->nodes[strspn(m->nodes, " ")];
}

static int check_flags(const struct oci_memory_policy *m, const char *name, struct husk_error **err)
{
	static const char at[] = "/linux/memoryPolicy/flags";
	bool balancing = false;
	uint32_t flags = 0;

	list_for_each (flag, &m->flags)
		flags |= (uint32_t)*flag;
	balancing = flags & OCI_MPOL_F_NUMA_BALANCING;
	if ((flags & OCI_MPOL_F_STATIC_NODES) && (flags & OCI_MPOL_F_RELATIVE_NODES))
		return fail_at(err, at,
			"MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other");
	if (balancing && m->mode.value != OCI_MPOL_BIND && m->mode.value != OCI_MPOL_PREFERRED_MANY)
		return fail_at(
			err, at, "MPOL_F_NUMA_BALANCING is for MPOL_BIND and MPOL_PREFERRED_MANY");
	if (flags && !has_nodes(m))
		return fail_at(err, at, "%s without nodes takes no flags", name);
	return 0;
}

static int check_policy(const struct oci_memory_policy *m, struct husk_error **err)
{
	const char *name;
	enum nodes nodes;

	if (!m->mode.set)
		return fail_at(err, "/linux/memoryPolicy/mode", "is required");
	name = table_name(oci_memory_policy_modes, (uint64_t)m->mode.value, "");
	nodes = mode_of(m)->nodes;
	if (nodes == NODES_NONE && has_nodes(m))
		return fail_at(err, "/linux/memoryPolicy/nodes", "%s takes no nodes", name);
	if (nodes == NODES_NEEDED && !has_nodes(m))
		return fail_at(err, "/linux/memoryPolicy/nodes", "is required for %s", name);
	return check_flags(m, name, err);
}

static plan_str hint(struct planner *p, const struct oci_memory_policy *m)
{
	const char *since = mode_of(m)->since, *what = "";

	list_for_each (flag, &m->flags)
		if (*flag == OCI_MPOL_F_NUMA_BALANCING) {
			what = " with MPOL_F_NUMA_BALANCING";
			since = m->mode.value == OCI_MPOL_BIND ? "5.12" : "6.9";
		}
	return since ? builder_strf(&p->b, "%s%s needs Linux %s and nodes that the cgroup may use",
			       table_name(oci_memory_policy_modes, (uint64_t)m->mode.value, ""),
			       what, since)
		     : builder_str(&p->b,
			       has_nodes(m) ? "are these nodes that the cgroup may use?" : NULL);
}

int plan_memory_policy(struct planner *p, struct husk_error **err)
{
	const struct oci_memory_policy *m = p->linux_->memory_policy;
	struct plan_op *op;
	int r;

	if (!m)
		return 0;
	r = check_policy(m, err);
	if (r < 0)
		return r;
	op = builder_op_at(&p->b, PLAN_MEMORY_POLICY, "/linux/memoryPolicy");
	op->memory_policy.mode = (uint32_t)m->mode.value;
	op->memory_policy.hint = hint(p, m);
	list_for_each (flag, &m->flags)
		op->memory_policy.mode |= (uint32_t)*flag;
	if (has_nodes(m)) {
		op->memory_policy.nodes = builder_str(&p->b, m->nodes);
		op->memory_policy.mask = mask_of(p, m->nodes, BITLIST_NODES);
	}
	return 0;
}

void plan_scheduler(struct planner *p)
{
	const struct oci_scheduler *s = p->process->scheduler;
	struct plan_op *op;

	if (!s)
		return;
	op = builder_op_at(&p->b, PLAN_SCHEDULER, "/process/scheduler");
	op->scheduler.values = (struct sched_values){
		.size = sizeof op->scheduler.values,
		.policy = (uint32_t)s->policy.value,
		.nice = (int32_t)opt_i64_or(s->nice, 0),
		.priority = (uint32_t)opt_i64_or(s->priority, 0),
		.runtime = opt_u64_or(s->runtime, 0),
		.deadline = opt_u64_or(s->deadline, 0),
		.period = opt_u64_or(s->period, 0),
		/* the flags of the clamps come without values: no clamp, whatever was inherited */
		.util_max = FULL_CAPACITY,
	};
	list_for_each (flag, &s->flags)
		op->scheduler.values.flags |= (uint64_t)*flag;
	if (s->policy.value == OCI_SCHED_FIFO || s->policy.value == OCI_SCHED_RR)
		op->scheduler.hint = builder_str(&p->b,
			"has the cgroup any realtime runtime, cpu.rt_runtime_us of cgroup v1?");
	if (s->policy.value == OCI_SCHED_DEADLINE)
		op->scheduler.hint =
			builder_str(&p->b, "SCHED_DEADLINE needs all CPUs of a scheduling domain");
	op->scheduler.by_parent = has_namespace(p, CLONE_NEWUSER) && !p->host->euid;
}
