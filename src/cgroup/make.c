// SPDX-License-Identifier: Apache-2.0
/*
 * Making a container's directories. The usual case costs one mkdir per hierarchy: only when that says that there is
 * no parent are the parents looked at. A parent may vanish under our hands, when the last container below it goes
 * at the same moment; then it is made again. v1 cpusets are born empty and take no process before they are filled.
 */
#include <cgroup/apply.h>
#include <cgroup/dir.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/str.h>
#include <base/text.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum {
	MODE = 0755,
	TRIES = 100,
	CPUSET_LIMIT = 65536,
};

/* Makes what is missing above `path`, whose first `fixed` bytes are the mount point. *made: levels right above it. */
static int make_parents(const char *path, size_t fixed, unsigned int *made)
{
	auto_free char *prefix = strdup(path);

	if (!prefix)
		return -ENOMEM;
	*made = 0;
	for (char *p = strchr(prefix + fixed + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (!mkdir(prefix, MODE)) {
			++*made;
			/* Only helps others to clean up; where there are no such attributes they do not. */
			(void)setxattr(prefix, CGROUP_PARENT_MARK, "1", 1, 0);
		} else if (errno == EEXIST) {
			*made = 0;
		} else {
			return -errno;
		}
		*p = '/';
	}
	return 0;
}

/* 0: made, 1: it was there. */
static int make_dir(const char *path, size_t fixed, unsigned int *made_parents)
{
	unsigned int made = 0;
	int r = -ENOENT;

	for (int i = 0; i < TRIES; i++) {
		if (!mkdir(path, MODE)) {
			*made_parents = made;
			return 0;
		}
		if (errno == EEXIST)
			return 1;
		if (errno != ENOENT)
			return -errno;
		r = make_parents(path, fixed, &made);
		if (r < 0 && r != -ENOENT)
			return r;
	}
	return r < 0 ? r : -ENOENT;
}

/* The file of a cpuset: mounted with "noprefix" it has no prefix. */
static int cpuset_read(const char *dir, const char *file, char **ret)
{
	auto_free char *path = str_printf("%s/cpuset.%s", dir, file), *text = NULL;
	size_t len;
	int r = path ? io_read_at(AT_FDCWD, path, CPUSET_LIMIT, &text, &len) : -ENOMEM;

	if (r == -ENOENT) {
		free(path);
		path = str_printf("%s/%s", dir, file);
		r = path ? io_read_at(AT_FDCWD, path, CPUSET_LIMIT, &text, &len) : -ENOMEM;
	}
	if (r < 0)
		return r;
	while (len && text[len - 1] == '\n')
		text[--len] = '\0';
	*ret = TAKE_PTR(text);
	return 0;
}

static int cpuset_write(const char *dir, const char *file, const char *text)
{
	auto_free char *path = str_printf("%s/cpuset.%s", dir, file);
	int r = path ? io_write_at(AT_FDCWD, path, text) : -ENOMEM;

	if (r == -ENOENT) {
		free(path);
		path = str_printf("%s/%s", dir, file);
		r = path ? io_write_at(AT_FDCWD, path, text) : -ENOMEM;
	}
	return r;
}

/* Copies the value from the parent, after the parent has got one; the root of the hierarchy always has. */
static int cpuset_inherit(char *dir, size_t fixed, const char *file, char **ret)
{
	auto_free char *value = NULL;
	char *slash = strrchr(dir + fixed, '/');
	int r;

	if (!slash)
		return -ENOSPC; /* an empty root: nothing to inherit */
	*slash = '\0';
	r = cpuset_read(dir, file, &value);
	if (!r && !*value) {
		free(TAKE_PTR(value));
		r = cpuset_inherit(dir, fixed, file, &value);
	}
	*slash = '/';
	if (!r)
		r = cpuset_write(dir, file, value);
	if (!r)
		*ret = TAKE_PTR(value);
	return r;
}

/* A new directory is filled without a look: with cgroup.clone_children it has the same values already. */
static int cpuset_fill(const char *path, size_t fixed, bool is_new)
{
	static const char *const files[] = {"cpus", "mems"};
	auto_free char *dir = strdup(path);

	if (!dir)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		auto_free char *old = NULL, *value = NULL;
		int r = is_new ? 0 : cpuset_read(dir, files[i], &old);

		if (!r && (is_new || !*old))
			r = cpuset_inherit(dir, fixed, files[i], &value);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Somebody else's processes, or the rest of a container of that name, must not become part of this one. */
static int check_unused(const struct cgroup_dir *dir, const char *path, struct husk_error **err)
{
	auto_(pid_list_done) struct pid_list pids = {};
	int r = cgroup_tree_pids(path, &pids);

	if (r < 0 && r != -ENOENT)
		return fail_errno(err, r, "cannot read the processes of cgroup '%s'", path);
	if (pids.n + pids.unseen)
		return fail_full(err, HUSK_ERROR_BAD_STATE, EBUSY, NULL,
			"container's cgroup is not empty: %zu process(es) found in '%s'",
			pids.n + pids.unseen, path);
	if (cgroup_dir_is_frozen(dir))
		return fail_full(err, HUSK_ERROR_BAD_STATE, EBUSY, NULL,
			"container's cgroup unexpectedly frozen: '%s'", path);
	return 0;
}

static int make_one(const struct cgroup_context *c, struct cgroup_dir *dir, struct husk_error **err)
{
	auto_free char *path = cgroup_dir_path(dir, NULL);
	size_t fixed = strlen(dir->mount_point);
	int r;

	dir->made = false;
	dir->made_parents = 0;
	if (!path)
		return fail_memory(err);
	if (text_equal(dir->path, "/"))
		return fail(err, HUSK_ERROR_INVALID_CONFIG,
			"cgroups path '/' is the root of the hierarchy, not a cgroup of its own");
	r = make_dir(path, fixed, &dir->made_parents);
	if (cgroup_may_skip(c, r)) {
		log_debug(c->log, "no cgroup '%s': %s, ignoring", path, errno_text(-r));
		return 0;
	}
	if (r < 0)
		return fail_errno(err, r, "cannot make cgroup '%s'", path);
	dir->made = r == 0;
	if (!dir->made && !c->unit) {
		r = check_unused(dir, path, err);
		if (r < 0)
			return r;
	}
	if (dir->v2)
		return cgroup_enable(c, dir, err);
	if (!cgroup_dir_has(dir, "cpuset"))
		return 0;
	r = cpuset_fill(path, fixed, dir->made);
	if (r < 0 && !cgroup_may_skip(c, r))
		return fail_errno(err, r, "cannot fill the cpuset of cgroup '%s'", path);
	return 0;
}

/* Takes away what was made just now. Nothing was put in, so nothing has to be waited for. */
static void unmake(struct cgroup_dir *dir)
{
	auto_free char *path = cgroup_dir_path(dir, NULL);

	if (!dir->made || !path)
		return;
	if (rmdir(path) < 0)
		return; /* somebody uses it: what remains is no longer ours alone */
	dir->made = false;
	for (; dir->made_parents; dir->made_parents--) {
		*strrchr(path, '/') = '\0';
		if (rmdir(path) < 0)
			return;
	}
}

int cgroup_make(const struct cgroup_context *c, struct husk_error **err)
{
	int r = 0;
	size_t i = 0;

	for (; i < c->dirs->n && !r; i++)
		r = make_one(c, &c->dirs->v[i], err);
	if (r < 0)
		while (i)
			unmake(&c->dirs->v[--i]);
	return r;
}
