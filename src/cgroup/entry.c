// SPDX-License-Identifier: Apache-2.0
/*
 * Entering cgroups without the global lock. "0" in a v1 `tasks` file means the writing thread; since it moves only
 * itself it cannot race with its own fork or exec, and the kernel (9a3284fad42f, 5.9) leaves cgroup_threadgroup_rwsem
 * alone, whose writer waits for an RCU grace period. The descriptors carry the right to do it: the opener's
 * credentials are checked, not the child's.
 */
#include <cgroup/dir.h>
#include <base/fd.h>
#include <base/mem.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void cgroup_entry_done(struct cgroup_entry *entry)
{
	for (size_t i = 0; i < entry->n; i++)
		fd_close(entry->fds[i]);
	free(entry->fds);
	fd_close(entry->into);
	*entry = (struct cgroup_entry){.into = -1};
}

static int open_one(const struct cgroup_dir *dir, struct cgroup_entry *entry)
{
	auto_free char *path = cgroup_dir_path(dir, dir->v2 ? NULL : "tasks");
	int fd = path ? open(path, O_CLOEXEC | (dir->v2 ? O_PATH | O_DIRECTORY : O_WRONLY)) : -1;

	if (!path)
		return -ENOMEM;
	if (fd < 0)
		return -errno;
	if (dir->v2)
		entry->into = fd;
	else
		entry->fds[entry->n++] = fd;
	return 0;
}

int cgroup_entry_open(
	const struct cgroup_context *c, struct cgroup_entry *ret, struct husk_error **err)
{
	auto_(cgroup_entry_done) struct cgroup_entry entry = {.into = -1};

	entry.fds = calloc(c->dirs->n + 1, sizeof *entry.fds);
	if (!entry.fds)
		return fail_memory(err);
	for (size_t i = 0; i < c->dirs->n; i++) {
		const struct cgroup_dir *dir = &c->dirs->v[i];
		int r = open_one(dir, &entry);

		if (r < 0 && !cgroup_may_skip(c, r) && !(r == -ENOENT && c->best_effort))
			return fail_errno(
				err, r, "cannot open cgroup '%s%s'", dir->mount_point, dir->path);
	}
	*ret = entry;
	entry = (struct cgroup_entry){.into = -1};
	return 0;
}

int cgroup_entry_enter(const struct cgroup_entry *entry)
{
	for (size_t i = 0; i < entry->n; i++)
		if (write(entry->fds[i], "0", 1) != 1)
			return -errno;
	return 0;
}
