// SPDX-License-Identifier: Apache-2.0
/*
 * Signals to all processes of a container. cgroup.kill (5.14) ends a cgroup2 tree at once, forks included. Without
 * it the v1 freezer holds the tree still while it is read and signalled; without that, too, passes are repeated
 * until no process is left that was not signalled. A number read from cgroup.procs may have been reused before it
 * is signalled: so pidfds are opened first and used only for numbers which are listed again afterwards.
 */
#include <cgroup/dir.h>
#include <base/fd.h>
#include <base/io.h>
#include <base/mem.h>
#include <kern/pid.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum {
	BATCH = 64, /* pidfds open at a time */
	KILL_TIMEOUT_US = 2000000,
	PASS_US = 20000,
};

/* Writes to a control file of every directory that has it; how many took it. */
static int control(const struct cgroup_context *c, bool v2, const char *file, const char *text)
{
	int done = 0;

	for (size_t i = 0; i < c->dirs->n; i++) {
		const struct cgroup_dir *dir = &c->dirs->v[i];
		auto_free char *path = NULL;

		if (v2 ? !dir->v2 : !cgroup_dir_has(dir, "freezer"))
			continue;
		path = cgroup_dir_path(dir, file);
		done += path && !io_write_at(AT_FDCWD, path, text);
	}
	return done;
}

/* Where pidfds are refused (an outer seccomp filter, no descriptors left) the number has to do. */
static void signal_one(int pidfd, pid_t pid, int signal, int *worst)
{
	int r = pidfd >= 0 ? pid_signal(pidfd, signal) : pidfd;

	if (r == -ESRCH)
		return;
	if (r == -ENOSYS || r == -EPERM || r == -EMFILE || r == -ENFILE)
		r = kill(pid, signal) < 0 && errno != ESRCH ? -errno : 0;
	if (r < 0 && !*worst)
		*worst = r;
}

static int signal_batch(const struct cgroup_context *c, const pid_t *pids, size_t n, int signal)
{
	auto_(pid_list_done) struct pid_list still = {};
	int fds[BATCH], worst = 0, r;

	for (size_t i = 0; i < n; i++)
		fds[i] = pid_open(pids[i]);
	r = cgroup_all_pids(c, &still);
	for (size_t i = 0; i < n; i++) {
		if (!r && pids[i] != getpid() && pid_list_has(&still, pids[i]))
			signal_one(fds[i], pids[i], signal, &worst);
		fd_close(fds[i]);
	}
	return r < 0 ? r : worst;
}

/* One pass; *ret_n is how many there were. */
static int signal_all(const struct cgroup_context *c, int signal, size_t *ret_n)
{
	auto_(pid_list_done) struct pid_list list = {};
	int worst = 0, r = cgroup_all_pids(c, &list);

	if (r < 0)
		return r;
	for (size_t i = 0; i < list.n; i += BATCH) {
		r = signal_batch(c, list.v + i, MIN(list.n - i, (size_t)BATCH), signal);
		if (r < 0 && !worst)
			worst = r;
	}
	*ret_n = list.n;
	return worst;
}

/* One attempt to end everything. v1 without cgroup.kill: hold still, signal what is there, let go. */
static int kill_pass(const struct cgroup_context *c, size_t *ret_n)
{
	bool killed = control(c, true, "cgroup.kill", "1");
	int r;

	if (!killed)
		(void)control(
			c, false, "freezer.state", "FROZEN"); /* the passes are repeated anyway */
	r = signal_all(c, SIGKILL, ret_n);
	(void)control(c, false, "freezer.state", "THAWED"); /* SIGKILL takes effect only now */
	return r;
}

/* Gives the processes time to end; where there is a cgroup2 it says when they have. */
static void await_end(const struct cgroup_context *c)
{
	struct cgroup_wait wait = {.deadline_us = cgroup_now_us() + PASS_US};

	for (size_t i = 0; i < c->dirs->n; i++) {
		auto_free char *path =
			c->dirs->v[i].v2 ? cgroup_dir_path(&c->dirs->v[i], NULL) : NULL;

		if (path)
			(void)cgroup_wait_empty_v2(path, &wait); /* the next pass looks again */
	}
}

static int kill_everything(const struct cgroup_context *c, struct husk_error **err)
{
	struct cgroup_wait wait = {.deadline_us = cgroup_now_us() + KILL_TIMEOUT_US};
	size_t n = 0;
	int r;

	for (;;) {
		r = kill_pass(c, &n);
		if (r < 0)
			return fail_errno(
				err, r, "cannot kill the processes of the container's cgroup");
		if (!n)
			return 0;
		await_end(c);
		if (!cgroup_wait_step(&wait))
			break;
	}
	return fail_full(err, HUSK_ERROR_TIMEOUT, ETIMEDOUT, NULL,
		"cannot kill the processes of the container's cgroup: %zu still there", n);
}

int cgroup_kill(const struct cgroup_context *c, int signal, struct husk_error **err)
{
	size_t n;
	int r;

	if (signal == SIGKILL)
		return kill_everything(c, err);
	r = signal_all(c, signal, &n);
	if (r < 0)
		return fail_errno(err, r, "cannot signal the processes of the container's cgroup");
	return 0;
}
