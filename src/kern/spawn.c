// SPDX-License-Identifier: Apache-2.0
/* The child has the memory of its parent, which sleeps meanwhile: what went wrong is told by a variable. */
#include <kern/spawn.h>
#include <base/fd.h>
#include <base/io.h>
#include <kern/pid.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef __WALL
#define __WALL 0x40000000
#endif

enum { FDS_MAX = 4096 };

struct child {
	const struct spawn *spawn;
	pid_t parent;
	int error; /* set by the child, which shares our memory */
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
	const struct spawn *s = c->spawn;
	int first = 3; /* to be closed */

	syscall(SYS_setsid);
	syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (syscall(SYS_getppid) != c->parent)
		return 127; /* it died before that */
	for (int i = 0; i < 3; i++)
		if (syscall(SYS_dup3, s->stdio[i], i, 0) < 0)
			goto failed;
	if (s->program >= 0) {
		if (s->program != 3 && syscall(SYS_dup3, s->program, 3, O_CLOEXEC) < 0)
			goto failed;
		first = 4;
	}
	if (syscall(SYS_close_range, first, ~0U, 0) < 0)
		for (int fd = first; fd < FDS_MAX; fd++)
			syscall(SYS_close, fd);
	/* a bundle may be gone before its container */
	if (syscall(SYS_chdir, s->cwd) < 0 && syscall(SYS_chdir, "/") < 0)
		goto failed;
	reset_signals();
	if (s->program >= 0)
		syscall(SYS_execveat, 3, "", s->args, s->env, AT_EMPTY_PATH);
	else
		syscall(SYS_execve, s->path, s->args, s->env);
failed:
	c->error = errno;
	return 127;
}

int spawn_lift(int *fd)
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

int spawn_pipe(int *ret_ours, int *ret_theirs)
{
	int ends[2], r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	*ret_ours = ends[0];
	*ret_theirs = ends[1];
	r = spawn_lift(ret_ours);
	if (!r)
		r = spawn_lift(ret_theirs);
	if (!r && fcntl(*ret_ours, F_SETFL, O_NONBLOCK) < 0)
		r = -errno;
	return r;
}

int spawn_input(const void *data, size_t n, int *ret)
{
	int r;

	*ret = memfd_create("input", MFD_CLOEXEC);
	if (*ret < 0)
		return -errno;
	r = spawn_lift(ret);
	if (!r)
		r = io_write_fd(*ret, data, n);
	if (!r && lseek(*ret, 0, SEEK_SET) < 0)
		r = -errno;
	return r;
}

int spawn_start(const struct spawn *s, pid_t *ret_pid, int *ret_pidfd)
{
	struct child child = {.spawn = s, .parent = getpid()};
	_Alignas(16) char stack[16384];
	int pid, pidfd = -1;
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	pid = clone(child_main, stack + sizeof stack,
		CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &child, &pidfd);
	if (pid < 0)
		pid = -errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return pid;
	if (child.error) {
		(void)spawn_reap(pidfd);
		fd_close(pidfd);
		return -child.error;
	}
	*ret_pid = pid;
	*ret_pidfd = pidfd;
	return 0;
}

void spawn_kill(pid_t pid, int pidfd)
{
	kill(-pid, SIGKILL); /* it is the leader until we reap it: no other group */
	ignored(pid_signal(pidfd, SIGKILL));
}

struct outcome spawn_reap(int pidfd)
{
	siginfo_t info = {};
	int r;

	do
		r = waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | __WALL);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return (struct outcome){OUTCOME_LOST, 0};
	return (struct outcome){
		info.si_code == CLD_EXITED ? OUTCOME_EXITED : OUTCOME_KILLED, info.si_status};
}
