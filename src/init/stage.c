// SPDX-License-Identifier: Apache-2.0
/*
 * The stage: what has to be joined or made before the container's process exists. User namespaces and joined ones
 * need it; where all is new the runtime's clone3 did the work and none of this runs. The launcher keeps its
 * privileges in the runtime's user namespace up to UNSHARE or JOIN, never execs again, and disappears at FORK.
 */
#include <init/init.h>

#include <linux/fcntl.h>
#include <linux/prctl.h>
#include <linux/sched.h>

int init_join(struct init *init, const struct plan_op *op)
{
	long r;

	/* CVE-2016-9962: nobody inside may trace us or open our descriptors from here on. */
	sys(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
	r = sys(setns, fd_of(init, op->join.fd), op->join.flags);
	init->joined_pids |= (op->join.flags & CLONE_NEWPID) != 0;
	return r < 0 ? fault(init, r, "setns", NULL) : 0;
}

int init_unshare(struct init *init, const struct plan_op *op)
{
	long r = sys(unshare, op->unshare.flags);

	return r < 0 ? fault(init, r, "unshare", NULL) : 0;
}

int init_map_ids(struct init *init, const struct plan_op *op)
{
	int r;

	(void)op;
	/* The runtime's user must own our files in /proc to write the maps; no foreign namespace is joined yet. */
	sys(prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
	r = sync_send(init, SYNC_IDS_WANTED, NULL, 0, -1);
	if (!r)
		r = sync_expect(init, SYNC_IDS_MAPPED);
	sys(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
	return r;
}

int init_become(struct init *init, const struct plan_op *op)
{
	const struct plan_become *b = &op->become;
	long r = b->set_groups ? sys(setgroups, 0, NULL) : 0;

	if (r < 0)
		return fault(init, r, "setgroups", NULL);
	r = sys(setresgid, b->gid, b->gid, b->gid);
	if (r < 0)
		return fault(init, r, "setresgid", NULL);
	r = sys(setresuid, b->uid, b->uid, b->uid);
	return r < 0 ? fault(init, r, "setresuid", NULL) : 0;
}

/* clone3, or clone where a filter around us refuses it (until such filters know clone3: Linux 5.3). */
static long clone_process(uint64_t flags, int *ret_pidfd)
{
	struct clone_args args = {
		.flags = flags | CLONE_PARENT | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)ret_pidfd,
	};
	long pid = sys(clone3, &args, sizeof args);

	if (pid == -ENOSYS || pid == -EPERM)
		pid = sys(clone, args.flags, NULL, ret_pidfd, NULL, NULL);
	return pid;
}

/*
 * The child must not speak before the runtime knows its pid: it waits for a byte of the launcher. The end of the pipe
 * instead means that the launcher was killed, and nobody would ever find us.
 */
static int wait_for_launcher(int reader, int writer)
{
	char byte;
	long n;

	close_fd(writer);
	do
		n = sys(read, reader, &byte, 1);
	while (n == -EINTR);
	if (n != 1)
		init_exit(1);
	close_fd(reader);
	sys(setsid);
	return 0;
}

int init_fork(struct init *init, const struct plan_op *op)
{
	struct sync_launched launched;
	int pidfd = -1, ends[2];
	long pid, r = sys(pipe2, ends, O_CLOEXEC);

	if (r < 0)
		return fault(init, r, "pipe2", NULL);
	pid = clone_process(op->fork.flags, &pidfd);
	if (pid == 0)
		return wait_for_launcher(ends[0], ends[1]);
	if (pid < 0)
		return fault(init, pid, "clone", NULL);
	launched.pid = (int32_t)pid;
	if (sync_send(init, SYNC_LAUNCHED, &launched, sizeof launched, pidfd))
		init_exit(1); /* the runtime is gone, and our child goes with us */
	init_exit(sys(write, ends[1], "", 1) == 1 ? 0 : 1);
}
