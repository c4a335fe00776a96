// SPDX-License-Identifier: Apache-2.0
/*
 * Container handles. The status is never stored: it follows from the process that is remembered (alive? the same one?),
 * from the gate's socket (somebody listens there exactly while the process waits to be started) and the freezer.
 */
#include <core/container.h>
#include <base/fd.h>
#include <base/mem.h>
#include <console/gate.h>
#include <core/factory.h>
#include <core/id.h>
#include <kern/pid.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int container_new(struct husk_factory *factory, const char *id, int *dir,
	struct husk_container **ret, struct husk_error **err)
{
	struct husk_container *c = calloc(1, sizeof *c);

	if (c)
		c->id = strdup(id);
	if (!c || !c->id) {
		free(c);
		return fail_memory(err);
	}
	c->refs = 1;
	c->factory = husk_factory_ref(factory);
	c->dir = TAKE_FD(*dir);
	*ret = c;
	return 0;
}

struct husk_container *husk_container_ref(struct husk_container *c)
{
	c->refs++;
	return c;
}

struct husk_container *husk_container_unref(struct husk_container *c)
{
	if (!c || --c->refs)
		return NULL;
	fd_close(c->dir);
	husk_factory_unref(c->factory);
	free(c->id);
	free(c);
	return NULL;
}

int husk_container_load(struct husk_factory *f, const char *id, struct husk_container **ret,
	struct husk_error **err)
{
	auto_close int dir = -1;
	int root = -1, r;

	if (!id || !container_id_valid(id))
		return fail(err, HUSK_ERROR_INVALID_ID, "invalid container ID format: '%s'",
			id ? id : "");
	r = factory_root(f, false, &root, err);
	if (r < 0)
		return r;
	if (root >= 0)
		dir = openat(root, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (root < 0 || (dir < 0 && errno == ENOENT))
		return fail_full(err, HUSK_ERROR_NOT_FOUND, ENOENT, NULL,
			"container '%s' does not exist", id);
	if (dir < 0)
		return fail_errno(err, -errno, "cannot open the state of container '%s'", id);
	return container_new(f, id, &dir, ret, err);
}

int container_lock(const struct husk_container *c, int *ret_lock, struct husk_error **err)
{
	/* a descriptor of its own: flock belongs to the open file, which threads of one handle would share */
	auto_close int fd = openat(c->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	int r;

	if (fd < 0 && errno == ENOENT)
		return fail_full(err, HUSK_ERROR_NOT_FOUND, ENOENT, NULL,
			"container '%s' does not exist", c->id);
	if (fd < 0)
		return fail_errno(err, -errno, "cannot open the state of container '%s'", c->id);
	do
		r = flock(fd, LOCK_EX);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return fail_errno(err, -errno, "cannot lock container '%s'", c->id);
	if (fstat(fd, &st) < 0 || st.st_nlink == 0)
		return fail_full(err, HUSK_ERROR_NOT_FOUND, ENOENT, NULL,
			"container '%s' does not exist", c->id);
	*ret_lock = TAKE_FD(fd);
	return 0;
}

/* Is someone at work on it? Only asked where the state has no process yet. */
static bool is_locked(const struct husk_container *c)
{
	auto_close int fd = openat(c->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

/* A pidfd of the remembered process, or -1 when it is gone. */
static int open_process(const struct state *s)
{
	auto_free char *boot_id = NULL;
	auto_close int fd = -1;

	if (!s->process.pid.set || !s->process.start_time.set || !s->process.boot_id)
		return -1;
	fd = pid_open((pid_t)s->process.pid.value);
	/* the start time is compared with the pidfd in hand: the pid cannot change its owner any more */
	if (fd < 0 || pid_is_still((pid_t)s->process.pid.value, s->process.start_time.value) <= 0)
		return -1;
	if (pid_boot_id(&boot_id) < 0 || strcmp(boot_id, s->process.boot_id) != 0)
		return -1;
	return TAKE_FD(fd);
}

static enum husk_status find_status(
	const struct husk_container *c, const struct state *s, int pidfd)
{
	struct container_cgroups g = {};
	bool frozen;

	if (!s->process.pid.set)
		return is_locked(c) ? HUSK_STATUS_CREATING : HUSK_STATUS_STOPPED;
	if (pidfd < 0)
		return HUSK_STATUS_STOPPED;
	if (!faccessat(c->dir, STATE_CREATING, F_OK, 0) && is_locked(c))
		return HUSK_STATUS_CREATING;
	if (container_cgroups(c, s, &g, NULL) < 0)
		return HUSK_STATUS_RUNNING;
	frozen = cgroup_is_frozen(&g.context) > 0;
	container_cgroups_done(&g);
	if (frozen) /* a frozen process at its gate would not answer: asked first */
		return HUSK_STATUS_PAUSED;
	return gate_has_listener(c->dir, STATE_GATE) ? HUSK_STATUS_CREATED : HUSK_STATUS_RUNNING;
}

int container_look(
	const struct husk_container *c, struct container_now *ret, struct husk_error **err)
{
	struct container_now now = {.pidfd = -1};
	int r = state_load(c->dir, c->id, &now.state, err);

	if (r < 0)
		return r;
	now.pidfd = open_process(&now.state);
	now.status = find_status(c, &now.state, now.pidfd);
	*ret = now;
	return 0;
}

void container_now_done(struct container_now *now)
{
	now->pidfd = fd_close(now->state.id ? now->pidfd : -1);
	state_done(&now->state);
}

int container_cgroups(const struct husk_container *c, const struct state *s,
	struct container_cgroups *ret, struct husk_error **err)
{
	int r = state_cgroup_dirs(s, &ret->dirs);

	if (r < 0)
		return fail_memory(err);
	ret->context = (struct cgroup_context){
		.dirs = &ret->dirs,
		.log = &c->factory->log,
		.best_effort = opt_true(s->best_effort_cgroup),
	};
	return 0;
}

void container_cgroups_done(struct container_cgroups *g)
{
	cgroup_dirs_done(&g->dirs);
}

const char *husk_status_name(enum husk_status status)
{
	static const char *const names[] = {"creating", "created", "running", "paused", "stopped"};

	return names[status];
}

static int remove_entries(int parent)
{
	int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!dir) {
		r = -errno;
		fd_close(fd);
		return r;
	}
	while (!r && (e = readdir(dir))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		if (e->d_type == DT_DIR) {
			auto_close int below = openat(
				parent, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			r = below < 0 ? -errno : remove_entries(below);
		}
		if (!r && unlinkat(parent, e->d_name, e->d_type == DT_DIR ? AT_REMOVEDIR : 0) < 0 &&
			errno != ENOENT)
			r = -errno;
	}
	closedir(dir);
	return r;
}

int container_remove_directory(
	struct husk_factory *f, const char *id, int dir, struct husk_error **err)
{
	int root = -1, r = factory_root(f, false, &root, err);

	if (r < 0)
		return r;
	r = remove_entries(dir);
	if (!r && unlinkat(root, id, AT_REMOVEDIR) < 0 && errno != ENOENT)
		r = -errno;
	return r < 0 ? fail_errno(err, r, "cannot remove the state of container '%s'", id) : 0;
}
