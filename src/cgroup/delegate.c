// SPDX-License-Identifier: Apache-2.0
/*
 * A container that is root in its own user namespace and sees its cgroup writable may make cgroups below it: then the
 * directory and the files that the kernel says may be delegated belong to its root (cgroup-v2.rst, "Delegation").
 * Limits stay ours. Only cgroup2 can do that safely.
 */
#include <cgroup/cgroup.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/str.h>
#include <cgroup/dir.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { LIST_LIMIT = 1 << 16 };

/* What kernels before 4.15, which do not tell, have. */
static const char old_list[] = "cgroup.procs\ncgroup.threads\ncgroup.subtree_control\n";

static int give(const char *dir, const char *file, uid_t uid)
{
	auto_free char *path = file ? str_printf("%s/%s", dir, file) : strdup(dir);

	if (!path)
		return -ENOMEM;
	/* of what may be delegated, not every directory has all */
	return chown(path, uid, (gid_t)-1) < 0 && !(file && errno == ENOENT) ? -errno : 0;
}

static int give_all(const char *dir, char *list, uid_t uid)
{
	int r = give(dir, NULL, uid);
	char *rest = list;

	for (char *file; !r && (file = strsep(&rest, "\n"));)
		if (*file && !strchr(file, '/'))
			r = give(dir, file, uid);
	return r;
}

int cgroup_delegate(const struct cgroup_context *c, uid_t uid, struct husk_error **err)
{
	for (size_t i = 0; i < c->dirs->n; i++) {
		auto_free char *dir = NULL, *list = NULL;
		int r;

		if (!c->dirs->v[i].v2)
			continue;
		dir = cgroup_dir_path(&c->dirs->v[i], NULL);
		if (io_read_at(AT_FDCWD, "/sys/kernel/cgroup/delegate", LIST_LIMIT, &list, NULL) <
			0)
			list = strdup(old_list);
		r = dir && list ? give_all(dir, list, uid) : -ENOMEM;
		if (r < 0)
			return fail_errno(err, r, "cannot delegate cgroup '%s' to user %u",
				dir ? dir : "", (unsigned int)uid);
	}
	return 0;
}
