// SPDX-License-Identifier: Apache-2.0
/*
 * Holding a container still. The freezer of cgroup2 (5.2) is there whatever controllers are, in a hybrid layout too;
 * it tells in cgroup.events when all stand still, and the frozen can be killed. v1 has none of that: freezer.state is
 * read until it no longer says FREEZING.
 *
 * What is above counts as well: a directory is frozen while any of its ancestors is. Thawing ours does not help then.
 */
#include <cgroup/wait.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/str.h>
#include <base/text.h>
#include <kern/pid.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum {
	FILE_LIMIT = 4096,
	FREEZE_TIMEOUT_US = 10000000,
	THAW_TIMEOUT_US = 2000000,
	LET_GO_EACH = 8,
};

struct freezer {
	const char *file, *on, *off;
	const char *own; /* says "1" when the directory's own freezer is on */
	int (*await_on)(const char *path, struct cgroup_wait *w);
	int (*await_off)(const char *path, struct cgroup_wait *w);
};

static int freezer_write(const char *path, const char *file, const char *text)
{
	auto_free char *full = str_printf("%s/%s", path, file);

	return full ? io_write_at(AT_FDCWD, full, text) : -ENOMEM;
}

/* 1 when the file begins with the text, 0 when not, or -errno. */
static int freezer_says(const char *path, const char *file, const char *text)
{
	auto_free char *full = str_printf("%s/%s", path, file), *is = NULL;
	int r = full ? io_read_at(AT_FDCWD, full, FILE_LIMIT, &is, NULL) : -ENOMEM;

	return r < 0 ? r : text_after(is, text) != NULL;
}

/*
 * FREEZING ends by itself, or not: the kernel looks at the processes when the state is written, and one that it missed
 * needs another write. One that is frozen may hold what another needs to come to its end in the kernel; so they are
 * let go from time to time.
 */
static int await_on_v1(const char *path, struct cgroup_wait *w)
{
	for (unsigned int round = 1;; round++) {
		int r = freezer_says(path, "freezer.state", "FROZEN");

		if (r)
			return r;
		if (round % LET_GO_EACH == 0)
			ignored(freezer_write(path, "freezer.state", "THAWED")); /* see above */
		if (!cgroup_wait_step(w))
			return 0;
		r = freezer_write(path, "freezer.state", "FROZEN");
		if (r < 0)
			return r;
	}
}

void cgroup_hold_v1(const struct cgroup_dir *dir, struct cgroup_wait *w)
{
	auto_free char *path = cgroup_dir_path(dir, NULL);

	if (path && !freezer_write(path, "freezer.state", "FROZEN"))
		ignored(await_on_v1(path, w)); /* as good as it gets */
}

static int await_off_v1(const char *path, struct cgroup_wait *w)
{
	(void)w; /* true as soon as it is written */
	return freezer_says(path, "freezer.state", "THAWED");
}

static int await_on_v2(const char *path, struct cgroup_wait *w)
{
	return cgroup_wait_event(path, "frozen 1", w);
}

static int await_off_v2(const char *path, struct cgroup_wait *w)
{
	return cgroup_wait_event(path, "frozen 0", w);
}

/* clang-format off */
static const struct freezer
	v1 = {"freezer.state", "FROZEN", "THAWED", "freezer.self_freezing", await_on_v1, await_off_v1},
	v2 = {"cgroup.freeze", "1",      "0",      "cgroup.freeze",         await_on_v2, await_off_v2};
/* clang-format on */

static const struct freezer *freezer_of(const struct cgroup_dir *dir)
{
	return dir->v2 ? &v2 : cgroup_dir_has(dir, "freezer") ? &v1 : NULL;
}

enum cgroup_frozen cgroup_dir_is_frozen(const struct cgroup_dir *dir)
{
	struct cgroup_wait now = {.deadline_us = 0};
	auto_free char *path = freezer_of(dir) ? cgroup_dir_path(dir, NULL) : NULL;

	/* v1 is frozen unless it says THAWED: FREEZING, too, holds some of the processes */
	if (!path || (!dir->v2 && freezer_says(path, v1.file, v1.off) != 0))
		return CGROUP_THAWED;
	if (freezer_says(path, freezer_of(dir)->own, "1") > 0)
		return CGROUP_FROZEN;
	return dir->v2 && cgroup_wait_event(path, "frozen 1", &now) <= 0 ? CGROUP_THAWED
									 : CGROUP_FROZEN_ABOVE;
}

enum cgroup_frozen cgroup_is_frozen(const struct cgroup_context *c)
{
	enum cgroup_frozen found = CGROUP_THAWED;

	for (size_t i = 0; i < c->dirs->n && found != CGROUP_FROZEN; i++) {
		enum cgroup_frozen is = cgroup_dir_is_frozen(&c->dirs->v[i]);

		found = is ?: found;
	}
	return found;
}

char *cgroup_dir_frozen_above(const struct cgroup_dir *dir)
{
	const struct freezer *freezer = freezer_of(dir);
	auto_free char *path = freezer ? cgroup_dir_path(dir, NULL) : NULL;
	size_t fixed = strlen(dir->mount_point);

	for (char *slash; path && (slash = strrchr(path + fixed, '/'));) {
		*slash = '\0';
		if (freezer_says(path, freezer->own, "1") > 0)
			return TAKE_PTR(path);
	}
	return NULL;
}

/* The directory to freeze: one that has processes, of cgroup2 if there is one. */
static int choose(
	const struct cgroup_context *c, const struct cgroup_dir **ret, struct husk_error **err)
{
	const struct cgroup_dir *best = NULL;

	for (size_t i = 0; i < c->dirs->n; i++) {
		const struct cgroup_dir *dir = &c->dirs->v[i];
		auto_(pid_list_done) struct pid_list pids = {};
		auto_free char *path = NULL;

		if (!freezer_of(dir) || (best && best->v2))
			continue;
		path = cgroup_dir_path(dir, NULL);
		if (!path)
			return fail_memory(err);
		if (cgroup_tree_pids(path, &pids) < 0)
			continue; /* not made, or not for us */
		for (size_t k = 0; k < pids.n; k++)
			if (pids.v[k] == getpid())
				return fail(err, HUSK_ERROR_BAD_STATE,
					"cannot freeze cgroup '%s': the caller is in it", path);
		if (pids.n + pids.unseen)
			best = dir;
	}
	if (!best)
		return fail(err, HUSK_ERROR_UNSUPPORTED,
			"cannot freeze the container: its processes are in no cgroup with a "
			"freezer");
	*ret = best;
	return 0;
}

/* On v2 one can see who is in the way: the frozen sleep interruptibly there. 0 when nobody is seen. */
static pid_t who_sleeps(const struct cgroup_dir *dir, const char *path)
{
	auto_(pid_list_done) struct pid_list pids = {};
	struct pid_stat stat;

	if (!dir->v2 || cgroup_tree_pids(path, &pids) < 0)
		return 0;
	for (size_t i = 0; i < pids.n; i++)
		if (!pid_read_stat(pids.v[i], &stat) && stat.state == 'D')
			return pids.v[i];
	return 0;
}

static int fail_freezing(const struct cgroup_dir *dir, const char *path, struct husk_error **err)
{
	pid_t pid = who_sleeps(dir, path);
	auto_free char *why =
		pid ? str_printf(" (process %d is in an uninterruptible sleep)", (int)pid) : NULL;

	return fail_full(err, HUSK_ERROR_TIMEOUT, ETIMEDOUT, NULL,
		"cannot freeze cgroup '%s': not all of its processes stand still after %d s%s",
		path, FREEZE_TIMEOUT_US / 1000000, why ?: "");
}

int cgroup_freeze(const struct cgroup_context *c, struct husk_error **err)
{
	struct cgroup_wait wait = {.deadline_us = cgroup_now_us() + FREEZE_TIMEOUT_US};
	const struct cgroup_dir *dir = NULL;
	const struct freezer *freezer;
	auto_free char *path = NULL;
	int r = choose(c, &dir, err);

	if (r < 0)
		return r;
	freezer = freezer_of(dir);
	path = cgroup_dir_path(dir, NULL);
	r = path ? freezer_write(path, freezer->file, freezer->on) : -ENOMEM;
	if (!r)
		r = freezer->await_on(path, &wait);
	if (r > 0)
		return 0;
	r = r ? fail_errno(err, r, "cannot freeze cgroup '%s'", path ?: "")
	      : fail_freezing(dir, path, err);
	if (path)
		ignored(freezer_write(path, freezer->file, freezer->off)); /* r is what to tell */
	return r;
}

static int thaw_dir(
	const struct cgroup_context *c, const struct cgroup_dir *dir, struct husk_error **err)
{
	struct cgroup_wait wait = {.deadline_us = cgroup_now_us() + THAW_TIMEOUT_US};
	const struct freezer *freezer = freezer_of(dir);
	auto_free char *path = cgroup_dir_path(dir, NULL), *above = NULL;
	int r = path ? freezer_write(path, freezer->file, freezer->off) : -ENOMEM;

	if (r == -ENOENT || r == -ENODEV)
		return 0; /* not made, or gone */
	if (cgroup_may_skip(c, r) && !cgroup_dir_is_frozen(dir))
		return 0;
	if (r < 0)
		return fail_errno(err, r, "cannot thaw cgroup '%s'", path ?: "");
	above = cgroup_dir_frozen_above(dir);
	if (!above)
		r = freezer->await_off(path, &wait);
	if (r > 0 || r == -ENOENT)
		return 0;
	if (r < 0)
		return fail_errno(err, r, "cannot thaw cgroup '%s'", path);
	return fail_full(err, HUSK_ERROR_BAD_STATE, EBUSY, NULL,
		"cgroup '%s' stands still: %s%s%s frozen", path, above ? "'" : "",
		above ?: "a cgroup above it that is not mounted here", above ? "' is" : " is");
}

int cgroup_thaw(const struct cgroup_context *c, struct husk_error **err)
{
	int first = 0;

	/* Every one is tried: a process may be held by both kinds. The first fault is told. */
	for (size_t i = 0; i < c->dirs->n; i++) {
		int r = freezer_of(&c->dirs->v[i]) ? thaw_dir(c, &c->dirs->v[i], first ? NULL : err)
						   : 0;

		first = first ? first : r;
	}
	return first;
}
