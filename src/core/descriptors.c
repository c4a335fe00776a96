// SPDX-License-Identifier: Apache-2.0
/*
 * What a plan names is opened here, with the runtime's own rights and before anything is made, so that a namespace or
 * bind source that is not there is an error that leaves nothing behind.
 */
#include <core/descriptors.h>
#include <base/fd.h>
#include <core/idmap_tree.h>
#include <kern/idmap_mount.h>
#include <kern/ns.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/nsfs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

void descriptors_done(struct descriptors *d)
{
	for (size_t i = 0; i < d->n; i++)
		fd_close(d->v[i]);
	free(d->v);
	*d = (struct descriptors){};
}

static const char *namespace_name(uint64_t type)
{
	const struct ns_kind *kind = ns_kinds;

	while (kind->name && kind->flag != type)
		kind++;
	return kind->name ? kind->name : "known";
}

static int open_namespace(
	const char *path, uint32_t type, const char *at, int *ret, struct husk_error **err)
{
	/* the path may be anything: a FIFO must not block, a terminal not become ours */
	auto_close int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return fail_full(err, HUSK_ERROR_INVALID_CONFIG, errno, at,
			"%s: cannot open the namespace '%s': %s", at, path, errno_text(errno));
	if ((uint32_t)ioctl(fd, NS_GET_NSTYPE) != type)
		return fail_full(err, HUSK_ERROR_INVALID_CONFIG, EINVAL, at,
			"%s: '%s' is not a %s namespace", at, path, namespace_name(type));
	*ret = TAKE_FD(fd);
	return 0;
}

static int open_tree_of(const struct plan_header *plan, const struct plan_fd *d, const int *opened,
	int *ret, struct husk_error **err)
{
	const char *path = plan_string(plan, d->path), *at = plan_string(plan, d->at);
	auto_close int fd = (int)syscall(SYS_open_tree, AT_FDCWD, path,
		OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
			(d->arg & PLAN_TREE_RECURSIVE ? AT_RECURSIVE : 0) |
			(d->arg & PLAN_TREE_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0));
	int r = 0;

	if (fd < 0)
		return fail_full(err, HUSK_ERROR_SYSTEM, errno, at,
			"%s: cannot mount '%s': open_tree: %s", at, path, errno_text(errno));
	if (d->idmap)
		r = idmap_tree(&(struct idmap_request){.tree = fd,
				       .userns = opened[d->idmap - 1],
				       .all = d->arg & PLAN_TREE_IDMAP_ALL,
				       .subject = path,
				       .at = at},
			err);
	if (!r)
		*ret = TAKE_FD(fd);
	return r;
}

static int make_user_namespace(
	const char *uids, const char *gids, const char *at, int *ret, struct husk_error **err)
{
	auto_strbuf detail = {};
	int r = idmap_namespace(uids, gids, ret, &detail);

	return r < 0 ? fail_full(err, HUSK_ERROR_SYSTEM, -r, at,
			       "%s: cannot make a user namespace with these ID mappings: %s: %s",
			       at, strbuf_text(&detail), errno_text(-r))
		     : 0;
}

static int open_program(const char *path, const char *at, int *ret, struct husk_error **err)
{
	*ret = open(path, O_PATH | O_CLOEXEC);
	return *ret < 0 ? fail_full(err, HUSK_ERROR_INVALID_CONFIG, errno, at,
				  "%s: cannot open the program '%s': %s", at, path,
				  errno_text(errno))
			: 0;
}

static int borrow(int fd, int *ret, struct husk_error **err)
{
	*ret = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return *ret < 0 ? fail_errno(err, -errno, "cannot duplicate a descriptor") : 0;
}

static int open_one(const struct plan_header *plan, const struct plan_fd *d,
	const struct descriptor_sources *sources, const int *opened, int *ret,
	struct husk_error **err)
{
	const char *path = plan_string(plan, d->path), *at = plan_string(plan, d->at);

	switch ((enum plan_fd_kind)d->kind) {
	case PLAN_FD_NAMESPACE:
		return open_namespace(path, d->arg, at, ret, err);
	case PLAN_FD_TREE:
		return open_tree_of(plan, d, opened, ret, err);
	case PLAN_FD_PIDFD:
		return borrow(sources->pidfd, ret, err);
	case PLAN_FD_GATE:
		return borrow(sources->gate, ret, err);
	case PLAN_FD_USER_NAMESPACE:
		return make_user_namespace(path, plan_string(plan, d->gids), at, ret, err);
	case PLAN_FD_PROGRAM:
		return open_program(path, at, ret, err);
	}
	return fail(
		err, HUSK_ERROR_INVALID_ARGUMENT, "the plan names an unknown kind of descriptor");
}

int descriptors_open(const struct plan_header *plan, const struct descriptor_sources *sources,
	struct descriptors *ret, struct husk_error **err)
{
	uint32_t n = plan->fds.count;
	auto_(descriptors_done) struct descriptors d = {.v = calloc(n + 1, sizeof(int))};
	int r = 0;

	if (!d.v)
		return fail_memory(err);
	for (; !r && d.n < n; d.n += !r)
		r = open_one(plan, &plan_fds(plan)[d.n], sources, d.v, &d.v[d.n], err);
	if (r < 0)
		return r;
	*ret = d;
	d = (struct descriptors){};
	return 0;
}
