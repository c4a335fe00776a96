// SPDX-License-Identifier: Apache-2.0
/*
 * Hidden and read-only paths. Each path is opened once and everything goes on by that descriptor, so a rename between
 * two steps gains nothing (GHSA-3q8j). What hides a file is checked to be the null device (CVE-2025-31133). A path
 * that does not exist has nothing to hide.
 */
#include <init/init.h>

#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/stat.h>

static int is_absent(int fd)
{
	return fd == -ENOENT || fd == -ENOTDIR;
}

static long clone_tree(int fd, unsigned int flags)
{
	return sys(open_tree, fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | flags);
}

static int open_null(struct init *init)
{
	struct statx st;
	int fd = resolve_open(init, "/dev/null", RESOLVE_NOTHING, RESOLVE_LAST_NOFOLLOW);

	if (fd < 0)
		return fault(init, fd, "open /dev/null", NULL);
	if (sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &st) || !S_ISCHR(st.stx_mode) ||
		st.stx_rdev_major != 1 || st.stx_rdev_minor != 3) {
		close_fd(fd);
		return fault(init, -EINVAL, "check /dev/null", "it is not the null device");
	}
	return fd;
}

static int mask_file(struct init *init, int target)
{
	int null = open_null(init), r;
	long tree;

	if (null < 0)
		return null;
	tree = clone_tree(null, 0);
	close_fd(null);
	if (tree < 0)
		return fault(init, tree, "open_tree", "/dev/null");
	r = tree_attach(init, (int)tree, target);
	close_fd((int)tree);
	return r;
}

static long new_mask_tree(const char *label)
{
	long fs = sys(fsopen, "tmpfs", FSOPEN_CLOEXEC), r;

	if (fs < 0)
		return fs;
	r = sys(fsconfig, fs, FSCONFIG_SET_STRING, "source", "tmpfs", 0);
	if (!r)
		r = sys(fsconfig, fs, FSCONFIG_SET_FLAG, "ro", NULL, 0);
	if (!r && *label)
		r = sys(fsconfig, fs, FSCONFIG_SET_STRING, "context", label, 0);
	if (!r)
		r = sys(fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (!r)
		r = sys(fsmount, fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY);
	close_fd((int)fs);
	return r;
}

/* One tmpfs serves all directories: the first use attaches it, the others are clones of that mount. */
static int mask_directory(struct init *init, int target, const char *label)
{
	const char *data;
	long tree;
	int r;

	if (init->mask_tree >= 0) {
		tree = clone_tree(init->mask_tree, 0);
		if (tree < 0)
			return fault(init, tree, "open_tree", "tmpfs");
		r = tree_attach(init, (int)tree, target);
		close_fd((int)tree);
		return r;
	}
	tree = new_mask_tree(label);
	if (tree == -ENOSYS || tree == -EPERM) {
		data = mount_data(init, "", label);
		tree = data ? mount_on_fd(init, "tmpfs", target, "tmpfs", MS_RDONLY, data)
			    : -ENAMETOOLONG;
		return tree < 0 ? fault(init, tree, "mount(tmpfs)", NULL) : 0;
	}
	if (tree < 0)
		return fault(init, tree, "fsmount(tmpfs)", NULL);
	init->mask_tree = (int)tree;
	return tree_attach(init, init->mask_tree, target);
}

int init_mask(struct init *init, const struct plan_op *op)
{
	struct statx st;
	int fd = resolve_open(init, str(init, op->mask.path), RESOLVE_NOTHING, 0), r;

	if (is_absent(fd))
		return 0;
	if (fd < 0)
		return fault(init, fd, "open", NULL);
	r = (int)sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &st);
	if (r < 0)
		r = fault(init, r, "statx", NULL);
	else
		r = S_ISDIR(st.stx_mode) ? mask_directory(init, fd, str(init, op->mask.label))
					 : mask_file(init, fd);
	close_fd(fd);
	return r;
}

int init_readonly_path(struct init *init, const struct plan_op *op)
{
	int fd = resolve_open(init, str(init, op->path.path), RESOLVE_NOTHING, 0), r;
	long tree;

	if (is_absent(fd))
		return 0;
	if (fd < 0)
		return fault(init, fd, "open", NULL);
	tree = clone_tree(fd, AT_RECURSIVE);
	if (tree < 0) {
		close_fd(fd);
		return fault(init, tree, "open_tree", NULL);
	}
	/* attached first: before Linux 5.12 only an attached mount can be made read-only; no user code runs yet */
	r = tree_attach(init, (int)tree, fd);
	if (!r)
		r = tree_set(init, (int)tree, MOUNT_ATTR_RDONLY, 0, 0, 0);
	close_fd((int)tree);
	close_fd(fd);
	return r;
}
