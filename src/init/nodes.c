// SPDX-License-Identifier: Apache-2.0
/* Directories, links and device nodes inside the root, each made in a directory held by descriptor. */
#include <init/init.h>

#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/stat.h>

int init_make_cwd(struct init *init, const struct plan_op *op)
{
	int fd = resolve_open(init, str(init, op->path.path), RESOLVE_DIRECTORY, 0);

	/* what is there but is no directory, or cannot be made on a read-only root, is cwd's error to report */
	close_fd(fd);
	return 0;
}

int init_symlink(struct init *init, const struct plan_op *op)
{
	const char *name, *target = str(init, op->symlink.target);
	int dir = resolve_parent(init, str(init, op->symlink.path), &name);
	long r;

	if (dir < 0)
		return fault(init, dir, "open the directory", NULL);
	r = sys(symlinkat, target, dir, name);
	if (r == -EEXIST && op->symlink.flags & PLAN_SYMLINK_REPLACE) {
		r = sys(unlinkat, dir, name, 0);
		if (!r)
			r = sys(symlinkat, target, dir, name);
	}
	close_fd(dir);
	return r < 0 && r != -EEXIST ? fault(init, r, "symlink", NULL) : 0;
}

/* Is the node that is there the one that is wanted? */
static int is_device(int dir, const char *name, const struct plan_device *d)
{
	struct statx st;

	return !sys(statx, dir, name, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &st) &&
	       (st.stx_mode & S_IFMT) == (d->mode & S_IFMT) &&
	       (S_ISFIFO(st.stx_mode) ||
		       (st.stx_rdev_major == d->major && st.stx_rdev_minor == d->minor));
}

int init_device(struct init *init, const struct plan_op *op)
{
	const struct plan_device *d = &op->device;
	uint32_t number = S_ISFIFO(d->mode) ? 0 : encode_device(d->major, d->minor);
	const char *name;
	int dir = resolve_parent(init, str(init, d->path), &name);
	long r;

	if (dir < 0)
		return fault(init, dir, "open the directory", NULL);
	r = sys(mknodat, dir, name, d->mode, number);
	if (r == -EEXIST) {
		r = 0;
		if (!is_device(dir, name, d)) {
			r = sys(unlinkat, dir, name, 0);
			if (!r)
				r = sys(mknodat, dir, name, d->mode, number);
		}
	}
	if (!r && (d->uid || d->gid))
		r = sys(fchownat, dir, name, d->uid, d->gid, AT_SYMLINK_NOFOLLOW);
	close_fd(dir);
	return r < 0 ? fault(init, r, "mknod", NULL) : 0;
}

int init_device_bind(struct init *init, const struct plan_op *op)
{
	long tree = sys(open_tree, AT_FDCWD, str(init, op->device_bind.source),
		OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
	int target, r;

	if (tree < 0)
		return fault(init, tree, "open_tree", NULL);
	target = resolve_open(
		init, str(init, op->device_bind.path), RESOLVE_FILE, RESOLVE_LAST_NOFOLLOW);
	r = target < 0 ? fault(init, target, "open the target", NULL)
		       : tree_attach(init, (int)tree, target);
	close_fd(target);
	close_fd((int)tree);
	return r;
}
