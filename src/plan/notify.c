// SPDX-License-Identifier: Apache-2.0
/*
 * The way for sd_notify(3) messages out of the container: the host's socket itself, bound at a fixed place.
 * Read-only and private: the container needs to connect, nothing else.
 */
#include <plan/planner.h>

#include <linux/sched.h>
#include <kern/mount_flags.h>

void plan_notify(struct planner *p)
{
	struct plan_op *op;

	if (!p->create->notify_socket || !has_namespace(p, CLONE_NEWNS))
		return;
	op = builder_op(&p->b, PLAN_MOUNT);
	op->mount = (struct plan_mount){
		.target = builder_str(&p->b, "/run/notify/notify.sock"),
		.flags = PLAN_MOUNT_BIND,
		.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			    MOUNT_ATTR_NOEXEC,
		.propagation = {MS_PRIVATE},
	};
	plan_bind_source(p, op, p->create->notify_socket);
}
