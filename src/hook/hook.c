// SPDX-License-Identifier: Apache-2.0
/*
 * One clone (CLONE_VM and CLONE_VFORK: nothing is copied, we sleep until the exec), a session of its own so that all
 * of a hook can be killed, a memfd as standard input, so that nobody has to write while it reads, and two pipes of
 * which the end is kept.
 */
#include <hook/hook.h>
#include <base/fd.h>
#include <base/io.h>
#include <kern/pid.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef __WALL
#define __WALL 0x40000000
#endif

enum { LAST_OUTPUT_MAX = 1 << 20, FDS_MAX = 4096 };

struct child {
	const struct hook *hook;
	const char *cwd;
	int stdio[3];
	pid_t parent;
	int error; /* set by the child, which shares our memory */
};

struct run {
	struct child child;
	pid_t pid;
	int pidfd;
	int out, err; /* our ends of the pipes */
	struct tail tail_out, tail_err;
};

/* Default signals, none blocked, whatever our host program does with its own. */
__attribute__((no_sanitize("address", "thread", "undefined"))) static void reset_signals(void)
{
	/* the kernel's struct sigaction, larger than any architecture's; zeroed it is SIG_DFL */
	static const unsigned long none[8];

	for (int s = 1; s <= 64; s++)
		syscall(SYS_rt_sigaction, s, none, NULL, 8);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, none, NULL, 8);
}

/* Between clone and exec: raw system calls only. No sanitizer may instrument it: its shadow is the parent's. */
__attribute__((no_sanitize("address", "thread", "undefined"))) static int child_main(void *arg)
{
	struct child *c = arg;

	syscall(SYS_setsid);
	syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (syscall(SYS_getppid) != c->parent)
		return 127; /* it died before that */
	for (int i = 0; i < 3; i++)
		if (syscall(SYS_dup3, c->stdio[i], i, 0) < 0)
			goto failed;
	if (syscall(SYS_close_range, 3, ~0U, 0) < 0)
		for (int fd = 3; fd < FDS_MAX; fd++)
			syscall(SYS_close, fd);
	/* a bundle may be gone before its container */
	if (syscall(SYS_chdir, c->cwd) < 0 && syscall(SYS_chdir, "/") < 0)
		goto failed;
	reset_signals();
	syscall(SYS_execve, c->hook->path, c->hook->args, c->hook->env);
failed:
	c->error = errno;
	return 127;
}

/* Never one of 0, 1, 2: the child puts others there one by one. */
static int lift(int *fd)
{
	int high;

	if (*fd > 2)
		return 0;
	high = fcntl(*fd, F_DUPFD_CLOEXEC, 3);
	if (high < 0)
		return -errno;
	close(*fd);
	*fd = high;
	return 0;
}

/* We read without waiting; what the hook has blocks, as programs expect. */
static int make_pipe(int *ret_ours, int *ret_theirs)
{
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	*ret_ours = ends[0];
	*ret_theirs = ends[1];
	r = lift(ret_ours);
	if (!r)
		r = lift(ret_theirs);
	if (!r && fcntl(*ret_ours, F_SETFL, O_NONBLOCK) < 0)
		r = -errno;
	return r;
}

static int make_state(const char *text, int *ret)
{
	int r;

	*ret = memfd_create("state", MFD_CLOEXEC);
	if (*ret < 0)
		return -errno;
	r = lift(ret);
	if (!r)
		r = io_write_fd(*ret, text, strlen(text));
	if (!r && lseek(*ret, 0, SEEK_SET) < 0)
		r = -errno;
	return r;
}

static int start(struct run *run)
{
	_Alignas(16) char stack[16384];
	sigset_t all, before;
	int pid;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	pid = clone(child_main, stack + sizeof stack,
		CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &run->child, &run->pidfd);
	if (pid < 0)
		pid = -errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return pid;
	run->pid = pid;
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What is there; the entry is closed when there will be no more. */
static ssize_t take(struct pollfd *p, struct tail *tail)
{
	char block[4096];
	ssize_t n = read(p->fd, block, sizeof block);

	if (n > 0)
		tail_add(tail, block, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		p->fd = -1;
	return n;
}

/* Until its first process ends; what that left running keeps the pipes, and may. -ETIMEDOUT or 0. */
static int watch(struct run *run, int64_t deadline)
{
	struct pollfd p[] = {{run->out, POLLIN, 0}, {run->err, POLLIN, 0}, {run->pidfd, POLLIN, 0}};
	struct tail *tails[] = {&run->tail_out, &run->tail_err};
	ssize_t left = LAST_OUTPUT_MAX;
	int n;

	do {
		int64_t wait = deadline ? MIN(MAX(deadline - now_ms(), 0), INT32_MAX) : -1;

		n = poll(p, ARRAY_LEN(p), (int)wait);
		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; n > 0 && i < 2; i++)
			if (p[i].revents)
				(void)take(&p[i], tails[i]);
		if (n == 0 && now_ms() >= deadline)
			return -ETIMEDOUT;
	} while (n <= 0 || !p[2].revents);
	for (int i = 0; i < 2; i++)
		for (ssize_t got = 1; p[i].fd >= 0 && got > 0 && left > 0; left -= got)
			got = take(&p[i], tails[i]);
	return 0;
}

static struct outcome finish(const struct run *run, int watched)
{
	siginfo_t info = {};
	int r;

	if (watched < 0) {
		kill(-run->pid, SIGKILL); /* it is the leader until we reap it: no other group */
		ignored(pid_signal(run->pidfd, SIGKILL));
	}
	do
		r = waitid(P_PIDFD, (id_t)run->pidfd, &info, WEXITED | __WALL);
	while (r < 0 && errno == EINTR);
	if (watched == -ETIMEDOUT)
		return (struct outcome){
			OUTCOME_TIMEOUT, (int32_t)MIN(run->child.hook->timeout, INT32_MAX)};
	if (watched < 0 || run->child.error)
		return (struct outcome){OUTCOME_NOT_RUN, watched < 0 ? -watched : run->child.error};
	if (r < 0)
		return (struct outcome){OUTCOME_LOST, 0};
	return (struct outcome){
		info.si_code == CLD_EXITED ? OUTCOME_EXITED : OUTCOME_KILLED, info.si_status};
}

static void run_done(struct run *run)
{
	for (int i = 0; i < 3; i++)
		fd_close(run->child.stdio[i]);
	fd_close(run->out);
	fd_close(run->err);
	fd_close(run->pidfd);
}

static int prepare(struct run *run, const char *state)
{
	int r = make_state(state, &run->child.stdio[0]);

	if (!r)
		r = make_pipe(&run->out, &run->child.stdio[1]);
	if (!r)
		r = make_pipe(&run->err, &run->child.stdio[2]);
	return r;
}

int hook_run(const struct hook *hook, const char *cwd, const char *state, struct husk_error **err)
{
	auto_(run_done) struct run run = {
		.child = {.hook = hook, .cwd = cwd, .stdio = {-1, -1, -1}, .parent = getpid()},
		.pidfd = -1,
		.out = -1,
		.err = -1,
	};
	int64_t timeout = (int64_t)MIN(hook->timeout, INT32_MAX) * 1000;
	char output[TAIL_MAX + 1];
	struct outcome outcome;
	int r = prepare(&run, state);

	if (!r)
		r = start(&run);
	if (r < 0)
		return hook_fail(
			err, hook->at, hook->path, (struct outcome){OUTCOME_NOT_RUN, -r}, "");
	for (int i = 1; i < 3; i++)
		run.child.stdio[i] = fd_close(run.child.stdio[i]);
	outcome = finish(&run, watch(&run, timeout ? now_ms() + timeout : 0));
	if (outcome_good(outcome))
		return 0;
	(void)tail_text(run.tail_err.total ? &run.tail_err : &run.tail_out, output);
	return hook_fail(err, hook->at, hook->path, outcome, output);
}
