// SPDX-License-Identifier: Apache-2.0
/*
 * One clone3 (with CLONE_VM and CLONE_VFORK: nothing is copied, we sleep until the exec) and execveat of the sealed
 * memfd. The child runs child_main() on a stack of its own with all signals blocked; husk-init resets them. Where a
 * filter around us refuses clone3 (a container in a container), clone(2) does without CLONE_INTO_CGROUP.
 */
#include <core/launch.h>
#include <base/fd.h>
#include <base/mem.h>
#include <base/str.h>
#include <core/fault.h>
#include <core/idmap_tree.h>
#include <kern/pid.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif
#ifndef __WALL
#define __WALL 0x40000000
#endif

int clone(int (*fn)(void *), void *stack, int flags, void *arg, ...);

struct child {
	int init, sync, plan; /* descriptors, all above the preserved ones */
	int stdio[3]; /* or -1 */
	int preserve_end; /* 3 + preserve_fds */
	char *argv[4];
	char *envp[1];
	int error; /* set by the child, which shares our memory */
};

/* Between clone and exec: raw system calls only. No sanitizer may instrument it: its shadow is the parent's. */
__attribute__((no_sanitize("address", "thread", "undefined"))) static int child_main(void *arg)
{
	struct child *c = arg;

	for (int i = 0; i < 3; i++)
		if (c->stdio[i] >= 0)
			syscall(SYS_dup3, c->stdio[i], i, 0);
	/* refused before Linux 5.11; husk-init then closes what the host program left inheritable */
	syscall(SYS_close_range, c->preserve_end, ~0U, CLOSE_RANGE_CLOEXEC);
	for (int fd = 3; fd < c->preserve_end; fd++)
		syscall(SYS_fcntl, fd, F_SETFD, 0);
	syscall(SYS_fcntl, c->sync, F_SETFD, 0);
	syscall(SYS_fcntl, c->plan, F_SETFD, 0);
	syscall(SYS_execveat, c->init, "", c->argv, c->envp, AT_EMPTY_PATH);
	c->error = errno;
	return 127;
}

/* clone3 with a function for the child, which libc does not offer. The child never returns here. */
__attribute__((no_sanitize("address", "thread", "undefined"), noinline)) static long clone3_into(
	struct clone_args *args, int (*fn)(void *), void *arg)
{
#if defined(__x86_64__)
	register long r8 __asm__("r8") = (long)fn;
	register long r9 __asm__("r9") = (long)arg;
	long r;

	__asm__ volatile("syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\txor %%ebp, %%ebp\n\tmov %%r9, "
			 "%%rdi\n\tcall *%%r8\n\t"
			 "mov %%eax, %%edi\n\tmov $60, %%eax\n\tsyscall\n1:"
			 : "=a"(r)
			 : "a"(SYS_clone3), "D"(args), "S"(sizeof *args), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return r;
#elif defined(__aarch64__)
	register long x0 __asm__("x0") = (long)args;
	register long x1 __asm__("x1") = sizeof *args;
	register long x3 __asm__("x3") = (long)fn;
	register long x4 __asm__("x4") = (long)arg;
	register long x8 __asm__("x8") = SYS_clone3;

	__asm__ volatile("svc 0\n\tcbnz x0, 1f\n\tmov x29, #0\n\tmov x0, x4\n\tblr x3\n\tmov x8, "
			 "#93\n\tsvc 0\n1:"
			 : "+r"(x0)
			 : "r"(x1), "r"(x3), "r"(x4), "r"(x8)
			 : "memory");
	return x0;
#elif defined(__riscv)
	register long a0 __asm__("a0") = (long)args;
	register long a1 __asm__("a1") = sizeof *args;
	register long a3 __asm__("a3") = (long)fn;
	register long a4 __asm__("a4") = (long)arg;
	register long a7 __asm__("a7") = SYS_clone3;

	__asm__ volatile("ecall\n\tbnez a0, 1f\n\tmv a0, a4\n\tjalr a3\n\tli a7, 93\n\tecall\n1:"
			 : "+r"(a0)
			 : "r"(a1), "r"(a3), "r"(a4), "r"(a7)
			 : "memory");
	return a0;
#else
	(void)args, (void)fn, (void)arg;
	return -ENOSYS;
#endif
}

/* Returns the pid or -errno. *cgroup becomes -1 when the kernel would not put the child there. */
static long clone_child(struct child *c, uint64_t namespaces, int *cgroup, int *ret_pidfd)
{
	_Alignas(16) char stack[16384];
	struct clone_args args = {
		.flags = namespaces | CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.pidfd = (uint64_t)(uintptr_t)ret_pidfd,
		.exit_signal = SIGCHLD,
		.stack = (uint64_t)(uintptr_t)stack,
		.stack_size = sizeof stack,
	};
	long pid;

	if (*cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)*cgroup;
		pid = clone3_into(&args, child_main, c);
		if (pid >= 0)
			return pid;
		/* EBUSY: processes in an inner node; EOPNOTSUPP: a threaded one; EACCES: delegation */
		args.flags &= ~CLONE_INTO_CGROUP;
		args.cgroup = 0;
		*cgroup = -1;
	}
	pid = clone3_into(&args, child_main, c);
	if (pid != -ENOSYS && pid != -EPERM)
		return pid;
	pid = clone(child_main, stack + sizeof stack,
		(int)(namespaces | CLONE_VM | CLONE_VFORK | CLONE_PIDFD) | SIGCHLD, c, ret_pidfd);
	return pid < 0 ? -errno : pid;
}

/* The same descriptor above the preserved ones, owned by the caller. */
static int lift(int fd, int above)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, above);
}

static int make_plan_fd(const struct plan *plan, int above, struct husk_error **err)
{
	auto_close int fd = memfd_create("husk-plan", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ssize_t n;
	int high;

	if (fd < 0)
		return fail_errno(err, -errno, "cannot make a memfd for the plan");
	n = write(fd, plan->header, plan->size);
	if (n != (ssize_t)plan->size)
		return fail_errno(err, n < 0 ? -errno : -ENOSPC, "cannot copy the plan to memory");
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return fail_errno(err, -errno, "cannot seal the plan");
	if (fd >= above)
		return TAKE_FD(fd);
	high = lift(fd, above);
	return high < 0 ? fail_errno(err, -errno, "cannot duplicate a descriptor") : high;
}

/* One that closes on exec was not meant to be passed on: it may be our own, of the state or of a cgroup. */
static int check_preserved(int end, struct husk_error **err)
{
	for (int fd = 3; fd < end; fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (flags < 0 || flags & FD_CLOEXEC)
			return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
				"cannot preserve file descriptor %d: it is not open, or closes on "
				"exec",
				fd);
	}
	return 0;
}

/* Sends the descriptors the plan names, in as many messages as it takes. */
static int send_descriptors(const struct launch *l, const int *fds, struct husk_error **err)
{
	uint32_t n = l->plan->fds.count;
	int r = 0;

	for (uint32_t i = 0; !r && i < n; i += SYNC_FDS_MAX)
		r = launch_send(
			l->sync, SYNC_FDS, fds + i, MIN(n - i, (uint32_t)SYNC_FDS_MAX), err);
	return r;
}

static int run_child(
	const struct launch_request *q, struct child *c, struct launch *l, struct husk_error **err)
{
	uint64_t namespaces = q->plan->header->clone_flags;
	int pidfd = -1, cgroup = q->cgroup;
	sigset_t all, before;
	long pid;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	pid = clone_child(c, namespaces, &cgroup, &pidfd);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return fail_errno(err, (int)pid, "cannot clone the container's process");
	l->pid = (pid_t)pid;
	l->pidfd = pidfd;
	l->in_cgroup = cgroup >= 0;
	if (c->error)
		return fail_errno(err, -c->error, "cannot execute husk-init");
	return 0;
}

/*
 * Copies of what the child gets as stdio, out of each other's way. One of the host program's that is closed (or closes
 * on exec) becomes /dev/null, or the next file that husk-init opens would have its number.
 */
static int lift_stdio(
	const struct husk_stdio *io, struct child *child, int *lifted, struct husk_error **err)
{
	const int given[3] = {io->in, io->out, io->err};
	auto_close int null = -1;

	for (int i = 0; i < 3; i++) {
		int fd = given[i];

		if (fd < 0 && !fcntl(i, F_GETFD))
			continue; /* the host program's own */
		if (fd < 0 && null < 0)
			null = open("/dev/null", O_RDWR | O_CLOEXEC);
		lifted[i] = lift(fd < 0 ? null : fd, child->preserve_end);
		if (lifted[i] < 0)
			return fail_errno(err, -errno, "cannot use descriptor %d as stdio %d",
				fd < 0 ? null : fd, i);
		child->stdio[i] = lifted[i];
	}
	return 0;
}

static int start_child(const struct launch_request *q, struct child *child, int theirs,
	struct launch *l, struct husk_error **err)
{
	auto_free char *sync_text = NULL, *plan_text = NULL;
	auto_close int sync = lift(theirs, child->preserve_end),
		       init = lift(child->init, child->preserve_end);
	int lifted[3] = {-1, -1, -1}, r;

	if (sync < 0 || init < 0)
		return fail_errno(err, -errno, "cannot duplicate a descriptor");
	child->sync = sync;
	child->init = init;
	sync_text = str_printf("%d", child->sync);
	plan_text = str_printf("%d", child->plan);
	child->argv[0] = (char *)(uintptr_t) "husk-init";
	child->argv[1] = sync_text;
	child->argv[2] = plan_text;
	r = sync_text && plan_text ? lift_stdio(q->stdio, child, lifted, err) : fail_memory(err);
	if (!r)
		r = run_child(q, child, l, err);
	for (int i = 0; i < 3; i++)
		fd_close(lifted[i]);
	return r;
}

int launch_start(const struct launch_request *q, struct launch *l, struct husk_error **err)
{
	struct child child = {.preserve_end = 3 + q->stdio->preserve_fds, .stdio = {-1, -1, -1}};
	auto_close int theirs = -1, plan = -1;
	int ends[2], r;

	l->plan = q->plan->header;
	l->fds = q->fds;
	r = check_preserved(child.preserve_end, err);
	if (!r)
		r = factory_init(q->factory, &child.init, err);
	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return fail_errno(err, -errno, "cannot make a socket pair");
	l->sync = ends[0];
	theirs = ends[1];
	child.plan = plan = make_plan_fd(q->plan, child.preserve_end, err);
	if (plan < 0)
		return plan;
	r = start_child(q, &child, theirs, l, err);
	/* our copy must be gone before we listen, or the end of husk-init would not be heard */
	theirs = fd_close(theirs);
	return r < 0 ? r : send_descriptors(l, q->fds, err);
}

static void reap(int *pidfd)
{
	siginfo_t info;

	if (*pidfd < 0)
		return;
	while (waitid(P_PIDFD, (id_t)*pidfd, &info, WEXITED | __WALL) < 0 && errno == EINTR)
		;
	*pidfd = fd_close(*pidfd);
}

static int walk_map_ids(struct launch *l, const struct launch_calls *calls, struct husk_error **err)
{
	struct launch_message m;
	int r = launch_receive(l->sync, l->plan, &m, err);

	if (r <= 0 || m.type != SYNC_IDS_WANTED)
		return r < 0 ? r
			     : fail(err, HUSK_ERROR_INIT,
				       "husk-init ended before it had a user namespace");
	launch_message_done(&m);
	r = calls->map_ids(calls->data, l->pid, err);
	return r < 0 ? r : launch_send(l->sync, SYNC_IDS_MAPPED, NULL, 0, err);
}

static int walk_fork(struct launch *l, struct husk_error **err)
{
	const struct sync_launched *launched;
	struct launch_message m;
	int r = launch_receive(l->sync, l->plan, &m, err);

	if (r < 0)
		return r;
	launched = (const struct sync_launched *)m.data;
	if (!r || m.type != SYNC_LAUNCHED || m.fd < 0 || m.size < sizeof *launched) {
		if (r)
			launch_message_done(&m);
		return fail(err, HUSK_ERROR_INIT,
			"husk-init ended before it made the container's process");
	}
	l->launcher = TAKE_FD(l->pidfd);
	l->pidfd = TAKE_FD(m.fd);
	l->pid = launched->pid;
	reap(&l->launcher); /* it exits as soon as it has said so */
	return 0;
}

/* In a user namespace husk-init has no CAP_SYS_NICE that counts; the process is our child, so its pid is no race. */
static int walk_scheduler(struct launch *l, const struct plan_op *op, struct husk_error **err)
{
	const char *at = plan_string(l->plan, op->at),
		   *hint = plan_string(l->plan, op->scheduler.hint);
	struct launch_message m;
	int r;

	if (!op->scheduler.by_parent)
		return 0;
	r = launch_receive(l->sync, l->plan, &m, err);
	if (r < 0)
		return r;
	if (r)
		launch_message_done(&m);
	if (!r || m.type != SYNC_SCHEDULER_WANTED)
		return fail(err, HUSK_ERROR_INIT, "husk-init ended before its scheduler was set");
	r = sched_set_values(l->pid, &op->scheduler.values);
	if (r < 0)
		return fail_full(err, HUSK_ERROR_SYSTEM, -r, at,
			"%s: cannot set the scheduler: sched_setattr: %s%s%s%s", at, errno_text(-r),
			r == -EPERM && *hint ? " (" : "", r == -EPERM ? hint : "",
			r == -EPERM && *hint ? ")" : "");
	return launch_send(l->sync, SYNC_SCHEDULER_SET, NULL, 0, err);
}

/* A new file system on its way to its place: only we have the right to id-map it. */
static int walk_idmap(struct launch *l, const struct plan_op *op, struct husk_error **err)
{
	struct launch_message m;
	int r = launch_receive(l->sync, l->plan, &m, err);

	if (r < 0)
		return r;
	if (!r || m.type != SYNC_IDMAP_WANTED || m.fd < 0) {
		if (r)
			launch_message_done(&m);
		return fail(err, HUSK_ERROR_INIT, "husk-init ended before its mounts were made");
	}
	r = idmap_tree(&(struct idmap_request){.tree = m.fd,
			       .userns = l->fds[op->mount.idmap - 1],
			       .subject = plan_string(l->plan, op->mount.target),
			       .type = plan_string(l->plan, op->mount.fstype),
			       .at = plan_string(l->plan, op->at)},
		err);
	launch_message_done(&m);
	return r < 0 ? r : launch_send(l->sync, SYNC_IDMAP_DONE, NULL, 0, err);
}

static int walk_console(struct launch *l, struct husk_error **err)
{
	struct launch_message m;
	int r = launch_receive(l->sync, l->plan, &m, err);

	if (r < 0)
		return r;
	if (!r || m.type != SYNC_CONSOLE || m.fd < 0) {
		if (r)
			launch_message_done(&m);
		return fail(err, HUSK_ERROR_INIT, "husk-init ended before it made a terminal");
	}
	l->console = TAKE_FD(m.fd);
	return 0;
}

/* CREATED at a gate, where it stays; else STARTING. */
static int walk_ready(struct launch *l, bool gate, struct husk_error **err)
{
	struct launch_message m;
	int r = launch_receive(l->sync, l->plan, &m, err);

	if (r < 0)
		return r;
	if (r)
		launch_message_done(&m);
	if (!r || m.type != (gate ? SYNC_CREATED : SYNC_STARTING))
		return fail(
			err, HUSK_ERROR_INIT, "the container's process ended while it was set up");
	l->started = !gate;
	return 0;
}

/* The end of file that execve leaves. */
static int walk_exec(struct launch *l, struct husk_error **err)
{
	struct launch_message m;
	int r = launch_receive(l->sync, l->plan, &m, err);

	if (r > 0) {
		launch_message_done(&m);
		return fail(err, HUSK_ERROR_INIT, "husk-init said something after its last word");
	}
	return r;
}

static int walk_listener(
	struct launch *l, const struct launch_calls *calls, struct husk_error **err)
{
	auto_close int listener = -1;
	int r = launch_receive_listener(l->sync, l->plan, &listener, err);

	if (!r)
		r = calls->listener(calls->data, l, listener, err);
	return r ? r : launch_send(l->sync, SYNC_LISTENER_TAKEN, NULL, 0, err);
}

/* When it failed by itself meanwhile, its word is waiting and says more than our broken pipe. */
static int hear_last_word(struct launch *l, int r, struct husk_error **err)
{
	struct husk_error *said = NULL;
	struct launch_message m;

	if (husk_error_errno(*err) == EPIPE && launch_receive(l->sync, l->plan, &m, &said) < 0 &&
		said) {
		husk_error_free(*err);
		*err = said;
	}
	return r;
}

static int walk_await_cgroup(
	struct launch *l, const struct launch_calls *calls, struct husk_error **err)
{
	const int *fds = NULL;
	size_t n = 0;
	int r = calls->joined(calls->data, l, &fds, &n, err);

	if (r < 0)
		return r;
	r = launch_send(l->sync, SYNC_CGROUP_READY, fds, n, err);
	fault_point("cgroup-ready");
	return r < 0 ? hear_last_word(l, r, err) : 0;
}

static int walk_hook(struct launch *l, const struct plan_op *op, const struct launch_calls *calls,
	struct husk_error **err)
{
	struct launch_message m;
	int r = launch_receive(l->sync, l->plan, &m, err);

	if (r < 0)
		return r;
	if (r)
		launch_message_done(&m);
	if (!r || m.type != SYNC_HOOK_WANTED)
		return fail(
			err, HUSK_ERROR_INIT, "the container's process ended while it was set up");
	r = calls->hook(calls->data, l, op, err);
	if (r < 0)
		return r;
	r = launch_send(l->sync, SYNC_HOOK_DONE, NULL, 0, err);
	return r < 0 ? hear_last_word(l, r, err) : 0;
}

static int walk_step(struct launch *l, const struct plan_op *op, const struct launch_calls *calls,
	struct husk_error **err)
{
	switch ((enum plan_kind)op->kind) {
	case PLAN_MAP_IDS:
		return walk_map_ids(l, calls, err);
	case PLAN_FORK:
		return walk_fork(l, err);
	case PLAN_MOUNT:
		return op->mount.idmap ? walk_idmap(l, op, err) : 0;
	case PLAN_AWAIT_CGROUP:
		return walk_await_cgroup(l, calls, err);
	case PLAN_RUNTIME_HOOK:
		return walk_hook(l, op, calls, err);
	case PLAN_CONSOLE:
		return walk_console(l, err);
	case PLAN_SCHEDULER:
		return walk_scheduler(l, op, err);
	case PLAN_READY:
		return walk_ready(l, op->ready.gate, err);
	case PLAN_SECCOMP:
		return op->seccomp.listener ? walk_listener(l, calls, err) : 0;
	case PLAN_EXEC:
		return walk_exec(l, err);
	default:
		return 0; /* husk-init does it alone */
	}
}

int launch_walk(struct launch *l, const struct launch_calls *calls, struct husk_error **err)
{
	const struct plan_op *op = plan_ops(l->plan), *end = op + l->plan->ops.count;
	struct husk_error *own = NULL;
	int r = 0;

	if (!err)
		err = &own; /* hear_last_word() looks at it */
	for (; !r && op < end; op++) {
		r = walk_step(l, op, calls, err);
		if (op->kind == PLAN_READY && op->ready.gate)
			break; /* the rest is between husk-init and `start` */
	}
	if (!r)
		r = calls->ready(calls->data, l, err);
	husk_error_free(own);
	return r;
}

void launch_undo(struct launch *l)
{
	l->sync = fd_close(l->sync); /* a launcher in the middle of something ends by itself */
	if (l->pidfd >= 0)
		ignored(pid_signal(l->pidfd, SIGKILL)); /* gone already is fine */
	reap(&l->pidfd);
	reap(&l->launcher);
	launch_done(l);
}

void launch_done(struct launch *l)
{
	l->sync = fd_close(l->sync);
	l->launcher = fd_close(l->launcher);
	l->pidfd = fd_close(l->pidfd);
	l->console = fd_close(l->console);
}
