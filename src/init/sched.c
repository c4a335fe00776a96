// SPDX-License-Identifier: Apache-2.0
/* Scheduler, CPU affinity, I/O priority and memory policy of this process: one system call each. */
#include <init/init.h>

int init_io_priority(struct init *init, const struct plan_op *op)
{
	/* Whoever starts from here on inherits it, so this process alone is as good as its group. */
	long r = sys(ioprio_set, 1 /* IOPRIO_WHO_PROCESS */, 0, op->io_priority.value);

	return r < 0 ? fault(init, r, "ioprio_set", NULL) : 0;
}

int init_cpu_affinity(struct init *init, const struct plan_op *op)
{
	struct plan_blob mask = op->cpu_affinity.mask;
	long r = sys(sched_setaffinity, 0, mask.size, plan_bytes(init->plan, mask));

	return r < 0 ? fault(init, r, "sched_setaffinity", NULL) : 0;
}

int init_memory_policy(struct init *init, const struct plan_op *op)
{
	const struct plan_memory_policy *m = &op->memory_policy;
	const void *mask = m->mask.size ? plan_bytes(init->plan, m->mask) : NULL;
	/* the kernel takes one bit less than it is told of */
	long r = sys(set_mempolicy, m->mode, mask, mask ? (unsigned long)m->mask.size * 8 + 1 : 0);

	if (r == -EINVAL && m->hint)
		return fault(init, r, "set_mempolicy", str(init, m->hint));
	return r < 0 ? fault(init, r, "set_mempolicy", NULL) : 0;
}

int init_scheduler(struct init *init, const struct plan_op *op)
{
	long r;

	if (op->scheduler.by_parent) {
		r = sync_send(init, SYNC_SCHEDULER_WANTED, NULL, 0, -1);
		return r < 0 ? (int)r : sync_expect(init, SYNC_SCHEDULER_SET);
	}
	r = sys(sched_setattr, 0, &op->scheduler.values, 0);
	if (r == -EPERM && op->scheduler.hint)
		return fault(init, r, "sched_setattr", str(init, op->scheduler.hint));
	return r < 0 ? fault(init, r, "sched_setattr", NULL) : 0;
}
