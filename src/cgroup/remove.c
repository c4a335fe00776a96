// SPDX-License-Identifier: Apache-2.0
/*
 * Removing a container's directories. The end of the last process is waited for (cgroup.events, pidfds); after that a
 * cgroup stays busy for a moment whose end cgroup2 tells, in a hybrid layout for the v1 directories as well: so it goes
 * first. v1 alone has to be asked again and again.
 */
#include <cgroup/wait.h>
#include <base/mem.h>
#include <base/text.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { REMOVE_TIMEOUT_US = 2000000 };

static void remove_child(int parent, const char *name, void *data)
{
	(void)data;
	(void)unlinkat(parent, name, AT_REMOVEDIR);
}

/*
 * One attempt at the directory and all below it, the deepest first. Of the failures only that of the top counts: what
 * is busy, or appeared meanwhile, makes the top busy, too, and the next round walks anew.
 */
static int remove_round(const char *path)
{
	int r = cgroup_walk(path, &(struct cgroup_visitor){.leave = remove_child});

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return rmdir(path) < 0 && errno != ENOENT ? -errno : 0;
}

static int remove_tree(const char *path, bool v2, struct cgroup_wait *wait)
{
	int r = rmdir(path) < 0 && errno != ENOENT ? -errno : 0;

	wait->step_us = 0;
	while (r == -EBUSY) {
		ignored(cgroup_wait_empty(path, v2, wait)); /* rmdir tells what is wrong */
		r = remove_round(path);
		if (r == -EBUSY && !cgroup_wait_step(wait))
			break;
	}
	return r;
}

/* Upwards from a removed directory; the first that is in use or not ours ends it. */
static void remove_parents(const struct cgroup_dir *dir, char *path)
{
	size_t fixed = strlen(dir->mount_point);
	char mark;

	for (unsigned int level = 0;; level++) {
		char *slash = strrchr(path + fixed, '/');

		if (!slash || slash == path + fixed)
			return; /* the root of the hierarchy */
		*slash = '\0';
		if (level >= dir->made_parents && getxattr(path, CGROUP_PARENT_MARK, &mark, 1) < 0)
			return;
		if (rmdir(path) < 0)
			return; /* another container's is still below it: that one will do it */
	}
}

static int remove_one(const struct cgroup_context *c, const struct cgroup_dir *dir,
	struct cgroup_wait *wait, struct husk_error **err)
{
	auto_(pid_list_done) struct pid_list pids = {};
	auto_free char *path = cgroup_dir_path(dir, NULL);
	int r;

	if (!path)
		return fail_memory(err);
	if (text_equal(dir->path, "/"))
		return 0; /* never made */
	r = remove_tree(path, dir->v2, wait);
	if (!r) {
		remove_parents(dir, path);
		return 0;
	}
	if (cgroup_may_skip(c, r)) {
		log_debug(c->log, "cgroup '%s' stays: %s, ignoring", path, errno_text(-r));
		return 0;
	}
	if (r == -EBUSY && !cgroup_tree_pids(path, &pids) && pids.n + pids.unseen)
		return fail_full(err, HUSK_ERROR_SYSTEM, EBUSY, NULL,
			"cannot remove cgroup '%s': %zu process(es) in it", path,
			pids.n + pids.unseen);
	return fail_errno(err, r, "cannot remove cgroup '%s'", path);
}

int cgroup_remove(const struct cgroup_context *c, struct husk_error **err)
{
	struct cgroup_wait wait = {.deadline_us = cgroup_now_us() + REMOVE_TIMEOUT_US};
	int first = 0;

	/* Every one is tried, the first fault is told. */
	for (size_t i = c->dirs->n; i; i--) {
		int r = remove_one(c, &c->dirs->v[i - 1], &wait, first ? NULL : err);

		if (!first)
			first = r;
	}
	return first;
}

int cgroup_undo(const struct cgroup_context *c, struct husk_error **err)
{
	auto_free struct cgroup_dir *made = calloc(c->dirs->n + 1, sizeof *made);
	struct cgroup_dirs dirs = {.v = made}; /* borrows the strings */
	struct cgroup_context context = *c;
	int r;

	if (!made)
		return fail_memory(err);
	for (size_t i = 0; i < c->dirs->n; i++)
		if (c->dirs->v[i].made)
			made[dirs.n++] = c->dirs->v[i];
	if (!dirs.n)
		return 0;
	context.dirs = &dirs;
	r = cgroup_kill(&context, SIGKILL, err);
	return r < 0 ? r : cgroup_remove(&context, err);
}
