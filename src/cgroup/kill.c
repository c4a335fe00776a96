// SPDX-License-Identifier: Apache-2.0
/*
 * Signals to all processes of a container. cgroup.kill (5.14) ends a cgroup2 tree at once, forks included. Without
 * it a freezer holds the tree still while it is read and signalled; without that, too, passes are repeated until no
 * process is left that was not signalled. A number read from cgroup.procs may have been reused before it
 * is signalled: so pidfds are opened first and used only for numbers which are listed again afterwards.
 */
#include <cgroup/wait.h>
#include <base/fd.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/str.h>
#include <kern/pid.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum {
	BATCH = 64, /* pidfds open at a time */
	KILL_TIMEOUT_US = 10000000,
	HOLD_US = 50000,
	PASS_US = 100000,
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

/* One pass; *ret is who was there. */
static int signal_all(const struct cgroup_context *c, int signal, struct pid_list *ret)
{
	int worst = 0, r = cgroup_all_pids(c, ret);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ret->n; i += BATCH) {
		r = signal_batch(c, ret->v + i, MIN(ret->n - i, (size_t)BATCH), signal);
		if (r < 0 && !worst)
			worst = r;
	}
	return worst;
}

static int let_go(int fd, void *data)
{
	(void)data;
	ignored(io_write_at(fd, "freezer.state", "THAWED"));
	return 0;
}

/* On v1 SIGKILL takes effect only now, and each cgroup below has a freezer of its own. */
void cgroup_let_die(const struct cgroup_context *c)
{
	(void)control(c, false, "freezer.state", "THAWED"); /* the passes are repeated anyway */
	for (size_t i = 0; i < c->dirs->n; i++) {
		const struct cgroup_dir *dir = &c->dirs->v[i];
		auto_free char *top =
			cgroup_dir_has(dir, "freezer") ? cgroup_dir_path(dir, NULL) : NULL;

		if (top)
			ignored(cgroup_walk(top, &(struct cgroup_visitor){.enter = let_go}));
	}
}

/* Until they stand still, or a little while: who forks all the time would be somebody else once the list is read. */
static void hold_v1(const struct cgroup_context *c)
{
	struct cgroup_wait wait = {.deadline_us = cgroup_now_us() + HOLD_US};

	for (size_t i = 0; i < c->dirs->n; i++)
		if (cgroup_dir_has(&c->dirs->v[i], "freezer"))
			cgroup_hold_v1(&c->dirs->v[i], &wait); /* the passes are repeated anyway */
}

/* One attempt to end everything. Without cgroup.kill: hold still, signal what is there, let go. */
static int kill_pass(const struct cgroup_context *c, struct pid_list *ret)
{
	bool killed = control(c, true, "cgroup.kill", "1"), held = false;
	int r;

	if (!killed) {
		held = control(c, true, "cgroup.freeze", "1");
		hold_v1(c);
	}
	r = signal_all(c, SIGKILL, ret);
	if (held)
		(void)control(c, true, "cgroup.freeze", "0"); /* who came in just now */
	cgroup_let_die(c);
	return r;
}

/*
 * Gives the processes time to end; where there is a cgroup2 it tells also of those that have no number here. Not for
 * long: without cgroup.kill somebody may have been forked meanwhile.
 */
static void await_end(
	const struct cgroup_context *c, const struct pid_list *pids, struct cgroup_wait *wait)
{
	struct cgroup_wait pass = {
		.deadline_us = MIN(wait->deadline_us, cgroup_now_us() + PASS_US)};

	for (size_t i = 0; i < c->dirs->n; i++) {
		auto_free char *path =
			c->dirs->v[i].v2 ? cgroup_dir_path(&c->dirs->v[i], NULL) : NULL;

		if (path)
			ignored(cgroup_wait_event(path, "populated 0", &pass));
	}
	if (cgroup_wait_pids(pids, &pass) < 0 || pids->unseen)
		(void)cgroup_wait_step(wait); /* the next pass looks again */
}

static int fail_alive(
	const struct cgroup_context *c, const struct pid_list *pids, struct husk_error **err)
{
	auto_free char *above = NULL;

	for (size_t i = 0; i < c->dirs->n && !above; i++)
		if (!c->dirs->v[i].v2)
			above = cgroup_dir_frozen_above(&c->dirs->v[i]);
	return fail_full(err, HUSK_ERROR_TIMEOUT, ETIMEDOUT, NULL,
		"cannot kill the processes of the container's cgroup: %zu still there%s%s%s",
		pids->n + pids->unseen, above ? ", held by the frozen cgroup '" : "", above ?: "",
		above ? "'" : "");
}

static int kill_everything(const struct cgroup_context *c, struct husk_error **err)
{
	struct cgroup_wait wait = {.deadline_us = cgroup_now_us() + KILL_TIMEOUT_US};

	for (;;) {
		auto_(pid_list_done) struct pid_list pids = {};
		int r = kill_pass(c, &pids);

		if (r < 0)
			return fail_errno(
				err, r, "cannot kill the processes of the container's cgroup");
		if (!pids.n && !pids.unseen)
			return 0;
		if (cgroup_now_us() >= wait.deadline_us)
			return fail_alive(c, &pids, err);
		await_end(c, &pids, &wait);
	}
}

int cgroup_kill(const struct cgroup_context *c, int signal, struct husk_error **err)
{
	auto_(pid_list_done) struct pid_list pids = {};
	int r;

	if (signal == SIGKILL)
		return kill_everything(c, err);
	r = signal_all(c, signal, &pids);
	if (r < 0)
		return fail_errno(err, r, "cannot signal the processes of the container's cgroup");
	return 0;
}
