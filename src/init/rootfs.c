// SPDX-License-Identifier: Apache-2.0
/* The root file system: bound on itself so that it is a mount of its own, entered, and made read-only. */
#include <init/init.h>

#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/stat.h>

#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x00002000 /* Linux 5.8 */
#endif

int init_propagation(struct init *init, const struct plan_op *op)
{
	long r = sys(
		mount, NULL, str(init, op->propagation.path), NULL, op->propagation.flags, NULL);

	return r < 0 ? fault(init, r, "mount", NULL) : 0;
}

/*
 * The mount that `path` is in becomes private: pivot_root refuses a shared parent, and our mounts would show on the
 * host. Found by walking up to a mount's root instead of reading mountinfo.
 */
static int make_parent_private(struct init *init, const char *path)
{
	char at[INIT_PATH_MAX / 4];
	size_t len = 0;
	struct statx st;
	long r;

	if (text_add(at, sizeof at, &len, path))
		return fault(init, -ENAMETOOLONG, "find the mount above", NULL);
	for (;;) {
		r = sys(statx, AT_FDCWD, at, 0, STATX_TYPE, &st);
		if (r < 0)
			return fault(init, r, "statx", at);
		if (st.stx_attributes & STATX_ATTR_MOUNT_ROOT || len <= 1)
			break;
		while (len > 1 && at[len - 1] != '/')
			len--;
		while (len > 1 && at[len - 1] == '/')
			len--;
		at[len] = '\0';
	}
	r = sys(mount, NULL, at, NULL, MS_PRIVATE, NULL);
	return r < 0 ? fault(init, r, "mount(MS_PRIVATE)", at) : 0;
}

int init_root(struct init *init, const struct plan_op *op)
{
	const char *path = str(init, op->root.path);
	int dir, r;

	if (op->root.flags & PLAN_ROOT_PRIVATE_PARENT) {
		r = make_parent_private(init, path);
		if (r < 0)
			return r;
	}
	dir = (int)sys(openat, AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	if (dir < 0)
		return fault(init, dir, "open", NULL);
	if (op->root.flags & PLAN_ROOT_NO_NAMESPACE) {
		init->root = dir;
		return 0;
	}
	init->root = (int)sys(open_tree, dir, "",
		OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);
	r = init->root < 0 ? fault(init, init->root, "open_tree", NULL)
			   : tree_attach(init, init->root, dir);
	close_fd(dir);
	return r;
}

/* The working directory is the new root. Afterwards the old one lies over it and goes. */
static long pivot(void)
{
	long old = sys(openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0), r;

	if (old < 0)
		return old;
	r = sys(pivot_root, ".", ".");
	if (!r)
		r = sys(fchdir, old);
	/* where / is shared, unmounting would take the host's mounts along */
	if (!r)
		r = sys(mount, NULL, ".", NULL, MS_SLAVE | MS_REC, NULL);
	if (!r)
		r = sys(umount2, ".", 2 /* MNT_DETACH */);
	close_fd((int)old);
	return r;
}

/*
 * For a root on a ramdisk. The host's proc and sys would stay reachable below the moved root: they go first - here, not
 * on the host, to which what is shared would carry the unmounting (of the tree, and of / which it hangs on).
 */
static long move_root(void)
{
	long r = sys(mount, NULL, "/", NULL, MS_SLAVE, NULL);

	if (r < 0)
		return r;
	for (int i = 0; i < 2; i++) {
		const char *path = i ? "/sys" : "/proc";

		r = sys(mount, NULL, path, NULL, MS_SLAVE | MS_REC, NULL);
		if (!r)
			r = sys(umount2, path, 2 /* MNT_DETACH */);
		if (r < 0 && r != -EINVAL && r != -ENOENT) /* not mounted there is fine */
			return r;
	}
	r = sys(mount, ".", "/", NULL, MS_MOVE, NULL);
	return r < 0 ? r : sys(chroot, ".");
}

int init_enter_root(struct init *init, const struct plan_op *op)
{
	uint32_t mode = op->enter_root.mode;
	long r = sys(fchdir, init->root);

	if (r < 0)
		return fault(init, r, "fchdir", NULL);
	if (mode == PLAN_PIVOT)
		r = pivot();
	else
		r = mode == PLAN_MOVE ? move_root() : sys(chroot, ".");
	if (r < 0)
		return fault(init, r, mode == PLAN_PIVOT ? "pivot_root" : "chroot", NULL);
	r = sys(chdir, "/");
	if (!r && op->enter_root.propagation)
		r = sys(mount, NULL, "/", NULL, op->enter_root.propagation, NULL);
	if (r < 0)
		return fault(init, r, "mount(propagation)", NULL);
	close_fd(init->root);
	r = sys(openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	init->root = (int)r;
	return r < 0 ? fault(init, r, "open /", NULL) : 0;
}

int init_root_readonly(struct init *init, const struct plan_op *op)
{
	(void)op;
	return tree_set(init, init->root, MOUNT_ATTR_RDONLY, 0, 0, 0);
}
