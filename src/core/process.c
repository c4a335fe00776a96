// SPDX-License-Identifier: Apache-2.0
/* A process we started: waited for by pidfd, so that nobody else's children are touched. */
#include <core/process.h>
#include <base/fd.h>

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>

#ifndef __WALL
#define __WALL 0x40000000
#endif

struct husk_process {
	_Atomic unsigned int refs;
	pid_t pid;
	int pidfd, console;
	pthread_mutex_t lock; /* of the two below */
	bool reaped;
	int status;
};

int process_new(
	pid_t pid, int *pidfd, int *console, struct husk_process **ret, struct husk_error **err)
{
	struct husk_process *p = calloc(1, sizeof *p);

	if (!p)
		return fail_memory(err);
	p->refs = 1;
	p->pid = pid;
	p->pidfd = TAKE_FD(*pidfd);
	p->console = TAKE_FD(*console);
	pthread_mutex_init(&p->lock, NULL);
	*ret = p;
	return 0;
}

pid_t husk_process_pid(const struct husk_process *p)
{
	return p->pid;
}

int husk_process_pidfd(const struct husk_process *p)
{
	return p->pidfd;
}

int husk_process_console(const struct husk_process *p)
{
	return p->console;
}

struct husk_process *husk_process_ref(struct husk_process *p)
{
	p->refs++;
	return p;
}

struct husk_process *husk_process_unref(struct husk_process *p)
{
	if (!p || --p->refs)
		return NULL;
	fd_close(p->pidfd);
	fd_close(p->console);
	pthread_mutex_destroy(&p->lock);
	free(p);
	return NULL;
}

int husk_process_wait(struct husk_process *p, int *ret_status, struct husk_error **err)
{
	siginfo_t info;
	int r = 0;

	pthread_mutex_lock(&p->lock);
	while (!p->reaped && !r) {
		r = waitid(P_PIDFD, (id_t)p->pidfd, &info, WEXITED | __WALL) < 0 ? -errno : 0;
		if (!r) {
			p->reaped = true;
			p->status =
				info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
		} else if (r == -EINTR) {
			r = 0;
		}
	}
	*ret_status = p->status;
	pthread_mutex_unlock(&p->lock);
	return r < 0 ? fail_errno(err, r, "cannot wait for process %d", p->pid) : 0;
}
