// SPDX-License-Identifier: Apache-2.0
/*
 * Hooks in the container's namespaces. A hook gets the state as a file that is its standard input, so that nobody has
 * to write while it reads; what it prints comes by two pipes, of which the end is kept. It is the leader of a session
 * of its own, so that all of it can be killed when its time is over.
 */
#include <init/init.h>

#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/poll.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/signal.h>
#include <linux/stat.h>
#include <linux/time.h>

#ifndef CLONE_PIDFD /* kernel headers before 5.2 */
#define CLONE_PIDFD 0x00001000
#endif

enum { WALL = 0x40000000, LAST_OUTPUT_MAX = 1 << 20, FAREWELL_NS = 1000000000 };

struct hook {
	const struct plan_hook *op;
	char **argv, **envp;
	int state, pidfd;
	int out[2], err[2]; /* pipes: we read [0] */
	long pid;
	int *exec_error; /* shared with the child */
	struct tail *tail_out, *tail_err;
};

int init_runtime_hook(struct init *init, const struct plan_op *op)
{
	int r = sync_send(init, SYNC_HOOK_WANTED, NULL, 0, -1);

	(void)op;
	return r < 0 ? fault(init, r, "ask for it", NULL) : sync_expect(init, SYNC_HOOK_DONE);
}

static void *map_shared(size_t size)
{
	long at = sys(mmap, NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return at < 0 && at > -4096 ? NULL : (void *)at;
}

static long write_all(int fd, const char *text)
{
	size_t n = text_len(text);

	while (n) {
		long r = sys(write, fd, text, n);

		if (r < 0)
			return r;
		text += r;
		n -= (size_t)r;
	}
	return 0;
}

/* The pid is ours as the container sees it. */
static int make_state(struct init *init, struct hook *h)
{
	char pid[24];
	size_t len = 0;
	long fd = sys(memfd_create, "state", 1 /* MFD_CLOEXEC */), r;

	if (fd < 0)
		return fault(init, fd, "memfd_create", NULL);
	h->state = (int)fd;
	(void)text_add_number(pid, sizeof pid, &len, (unsigned long)sys(getpid));
	r = write_all(h->state, str(init, h->op->state));
	if (!r)
		r = write_all(h->state, pid);
	if (!r)
		r = write_all(h->state, str(init, h->op->state_end));
	if (!r)
		r = sys(lseek, h->state, 0, 0 /* SEEK_SET */);
	return r < 0 ? fault(init, r, "write the state", NULL) : 0;
}

static int prepare(struct init *init, struct hook *h)
{
	long r = make_state(init, h);

	if (r < 0)
		return (int)r;
	h->argv = plan_pointers(init, h->op->args, NULL);
	h->envp = plan_pointers(init, h->op->env, NULL);
	h->exec_error = map_shared(sizeof *h->exec_error);
	h->tail_out = map_shared(2 * sizeof *h->tail_out);
	if (!h->argv || !h->envp || !h->exec_error || !h->tail_out)
		return fault(init, -ENOMEM, "map memory", NULL);
	h->tail_err = h->tail_out + 1;
	r = sys(pipe2, h->out, O_CLOEXEC);
	if (!r)
		r = sys(pipe2, h->err, O_CLOEXEC);
	/* of our ends alone: what the hook has blocks, as programs expect */
	if (!r)
		r = sys(fcntl, h->out[0], F_SETFL, O_NONBLOCK);
	if (!r)
		r = sys(fcntl, h->err[0], F_SETFL, O_NONBLOCK);
	return r < 0 ? fault(init, r, "make a pipe", NULL) : 0;
}

/* --- in the child */

static int same_file(int fd, const char *path)
{
	struct statx a, b;

	return !sys(statx, fd, "", AT_EMPTY_PATH, STATX_INO, &a) &&
	       !sys(statx, AT_FDCWD, path, 0, STATX_INO, &b) && a.stx_ino == b.stx_ino &&
	       a.stx_dev_major == b.stx_dev_major && a.stx_dev_minor == b.stx_dev_minor;
}

/*
 * By its path where that leads to the file the runtime saw, so that scripts know their name. In a joined mount
 * namespace, or where the user namespace's root may not walk, by descriptor.
 */
static long execute(struct init *init, const struct hook *h)
{
	const char *path = str(init, h->op->path);
	long r;

	if (!h->op->file) {
		(void)sys(close_range, 3, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
		return sys(execve, path, h->argv, h->envp);
	}
	if (fd_of(init, h->op->file) != 3)
		sys(dup3, fd_of(init, h->op->file), 3, O_CLOEXEC);
	(void)sys(close_range, 4, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
	if (same_file(3, path))
		return sys(execve, path, h->argv, h->envp);
	r = sys(execveat, 3, "", h->argv, h->envp, AT_EMPTY_PATH);
	if (r == -ENOENT) { /* a script: its interpreter opens /dev/fd/3 */
		sys(fcntl, 3, F_SETFD, 0);
		r = sys(execveat, 3, "", h->argv, h->envp, AT_EMPTY_PATH);
	}
	return r;
}

/* What the container's process gets is not for hooks. */
static void close_preserved(const struct plan_hook *op)
{
	for (uint32_t fd = 3; fd < 3 + op->preserve_fds; fd++)
		sys(fcntl, fd, F_SETFD, 1 /* FD_CLOEXEC */);
}

static _Noreturn void become_hook(struct init *init, const struct hook *h)
{
	long r;

	sys(setsid);
	sys(prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	r = sys(dup3, h->state, 0, 0);
	if (r >= 0)
		r = sys(dup3, h->out[1], 1, 0);
	if (r >= 0)
		r = sys(dup3, h->err[1], 2, 0);
	if (r >= 0 && h->op->flags & PLAN_HOOK_IN_ROOT)
		r = sys(fchdir, init->root);
	close_preserved(h->op);
	if (!(h->op->flags & PLAN_HOOK_CONTAINED))
		sys(umask,
			init->umask); /* we work with none; the container's process has its own by then */
	if (r >= 0)
		r = execute(init, h);
	*h->exec_error = (int)-r;
	init_exit(127);
}

/* --- in the parent */

static int64_t now_ns(void)
{
	struct __kernel_timespec t = {};

	sys(clock_gettime, 1 /* CLOCK_MONOTONIC */, &t);
	return t.tv_sec * 1000000000 + t.tv_nsec;
}

/* What is there; -1 closes the entry when there will be no more. */
static long take(struct pollfd *p, struct tail *tail)
{
	char block[1024];
	long n = sys(read, p->fd, block, sizeof block);

	if (n > 0)
		tail_add(tail, block, (size_t)n);
	else if (n != -EAGAIN && n != -EINTR)
		p->fd = -1;
	return n;
}

/* Until its first process ends; what it left running keeps the pipes, and may. */
static int watch(const struct init *init, const struct hook *h, int64_t deadline)
{
	enum { ENDED, OUT, ERR, RUNTIME, N };
	struct pollfd p[N] = {{h->pidfd, POLLIN, 0}, {h->out[0], POLLIN, 0}, {h->err[0], POLLIN, 0},
		{h->op->flags & PLAN_HOOK_WITH_RUNTIME ? init->sync : -1, 0, 0}};
	long left = LAST_OUTPUT_MAX;

	for (;;) {
		int64_t wait = deadline - now_ns();
		struct __kernel_timespec t = {wait / 1000000000, wait % 1000000000};
		long n = 0;

		if (!deadline || wait > 0)
			n = sys(ppoll, p, N, deadline ? &t : NULL, NULL, 8);
		if (n == -EINTR)
			continue;
		if (n < 0)
			return (int)n;
		if (n == 0)
			return -ETIMEDOUT;
		if (p[RUNTIME].revents)
			return -EPIPE;
		if (p[OUT].revents)
			(void)take(&p[OUT], h->tail_out);
		if (p[ERR].revents)
			(void)take(&p[ERR], h->tail_err);
		if (p[ENDED].revents)
			break;
	}
	for (int i = OUT; i <= ERR; i++)
		for (long n = 1; p[i].fd >= 0 && n > 0 && left > 0; left -= n)
			n = take(&p[i], i == OUT ? h->tail_out : h->tail_err);
	return 0;
}

/* A hook that changed its user may be out of our reach: then it is given up. */
static void kill_hook(const struct hook *h)
{
	struct __kernel_timespec t = {.tv_nsec = FAREWELL_NS - 1};
	struct pollfd p = {h->pidfd, POLLIN, 0};

	sys(kill, -h->pid, SIGKILL);
	sys(pidfd_send_signal, h->pidfd, SIGKILL, NULL, 0);
	sys(ppoll, &p, 1, &t, NULL, 8);
}

static struct outcome finish(const struct hook *h, int watched)
{
	int status = 0;

	if (watched < 0)
		kill_hook(h);
	(void)sys(wait4, h->pid, &status, WALL | (watched < 0), NULL); /* 1: WNOHANG */
	/* as the first process of a pid namespace we inherit what it left, and zombies are nobody else's */
	while (sys(wait4, -1, NULL, WALL | 1 /* WNOHANG */, NULL) > 0)
		;
	if (watched == -ETIMEDOUT)
		return (struct outcome){OUTCOME_TIMEOUT, (int32_t)h->op->timeout};
	if (watched < 0)
		return (struct outcome){OUTCOME_NOT_RUN, -watched};
	if (*h->exec_error)
		return (struct outcome){OUTCOME_NOT_RUN, *h->exec_error};
	return outcome_of(status);
}

static int run(struct init *init, struct hook *h, struct outcome *ret)
{
	long pid;

	/* clone3 would be nicer, but filters that know it not are many, and one may be ours */
	pid = sys(clone, CLONE_PIDFD | SIGCHLD, NULL, &h->pidfd, NULL, NULL);
	if (!pid)
		become_hook(init, h);
	if (pid < 0)
		return fault(init, pid, "clone", NULL);
	h->pid = pid;
	close_fd(h->out[1]);
	close_fd(h->err[1]);
	h->out[1] = h->err[1] = -1;
	*ret = finish(
		h, watch(init, h, h->op->timeout ? now_ns() + h->op->timeout * 1000000000LL : 0));
	return 0;
}

static _Noreturn void fail(struct init *init, const struct hook *h, struct outcome outcome)
{
	static struct {
		struct sync_hook_failed failed;
		char text[INIT_PATH_MAX + TAIL_MAX + INIT_TEXT_MAX];
	} frame; /* too large for the stack */
	const struct tail *tail = h->tail_err->total ? h->tail_err : h->tail_out;
	size_t len = 0;

	frame.failed.outcome = outcome;
	(void)text_add(frame.text, INIT_TEXT_MAX, &len, str(init, init->op->at));
	len++;
	(void)text_add(frame.text, INIT_PATH_MAX + INIT_TEXT_MAX - 1, &len, str(init, h->op->path));
	len++;
	len += tail_text(tail, frame.text + len) + 1;
	/* the last word; if nobody listens any more there is nobody to tell */
	(void)sync_send(init, SYNC_HOOK_FAILED, &frame, sizeof frame.failed + len, -1);
	init_exit(1);
}

/* The container's own program may be able to look into us: nothing of the host is to be found. */
static void close_ours(struct init *init, const struct plan_hook *op)
{
	unsigned int first = 3 + op->preserve_fds, sync = (unsigned int)init->sync;

	if (sync > first)
		(void)sys(close_range, first, sync - 1, 0);
	(void)sys(close_range, sync + 1, ~0U, 0);
	init->proc = init->root = init->mask_tree = -1;
}

static void hook_done(struct hook *h)
{
	const int fds[] = {h->state, h->pidfd, h->out[0], h->out[1], h->err[0], h->err[1]};

	for (unsigned int i = 0; i < sizeof fds / sizeof fds[0]; i++)
		close_fd(fds[i]);
	sys(munmap, h->tail_out, 2 * sizeof *h->tail_out);
	sys(munmap, h->exec_error, sizeof *h->exec_error);
}

int init_hook(struct init *init, const struct plan_op *op)
{
	struct hook h = {&op->hook, NULL, NULL, -1, -1, {-1, -1}, {-1, -1}, 0, NULL, NULL, NULL};
	struct outcome outcome = {};
	int r;

	if (op->hook.flags & PLAN_HOOK_CONTAINED)
		close_ours(init, &op->hook);
	r = prepare(init, &h);
	if (!r)
		r = run(init, &h, &outcome);
	if (r < 0)
		return r; /* nobody goes on after that */
	if (!outcome_good(outcome))
		fail(init, &h, outcome);
	hook_done(&h);
	return 0;
}
