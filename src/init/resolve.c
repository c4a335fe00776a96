// SPDX-License-Identifier: Apache-2.0
/*
 * Paths inside the container's root. The image and its volumes belong to the attacker, who may swap directories and
 * links while we walk (CVE-2021-30465, CVE-2024-45310, CVE-2026-41579), so a path is never handed to the kernel as a
 * string from our own root: openat2(RESOLVE_IN_ROOT) where something exists, and a walk by descriptors, O_NOFOLLOW
 * at each step, where something must be made or openat2 is refused. ".." goes back along the descriptors we came by.
 */
#include <init/init.h>

#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/stat.h>

enum { WALK_DEPTH = 64, WALK_LINKS = 40, OPENAT2_TRIES = 64, NAME_ROOM = 256 };

static long open_beneath(
	struct init *init, int dir, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = resolve};
	long fd;

	if (init->no_openat2)
		return -ENOSYS;
	for (int i = 0; i < OPENAT2_TRIES; i++) {
		fd = sys(openat2, dir, path, &how, sizeof how);
		if (fd !=
			-EAGAIN) /* a rename elsewhere made ".." unsafe: the kernel asks to try again */
			break;
	}
	if (fd == -ENOSYS || fd == -EPERM) {
		init->no_openat2 =
			1; /* Linux 5.6 has it; an outer seccomp filter may not know it */
		return -ENOSYS;
	}
	return fd;
}

struct walk {
	struct init *init;
	int fds[WALK_DEPTH]; /* the directories on the way; fds[0] is the root and not ours */
	int depth;
	int links;
	enum resolve_create create;
	uint32_t flags;
	const char *rest; /* in init->path */
};

static int walk_here(const struct walk *w)
{
	return w->fds[w->depth];
}

static void walk_back(struct walk *w, int depth)
{
	while (w->depth > depth)
		close_fd(w->fds[w->depth--]);
}

/* The next component, copied to `name`; 0 when there is none left. *ret_last: nothing but slashes follows. */
static int walk_next(struct walk *w, char *name, int *ret_last)
{
	size_t n = 0;

	while (*w->rest == '/')
		w->rest++;
	while (*w->rest && *w->rest != '/') {
		if (n + 1 >= NAME_ROOM)
			return -ENAMETOOLONG;
		name[n++] = *w->rest++;
	}
	name[n] = '\0';
	while (*w->rest == '/')
		w->rest++;
	*ret_last = !*w->rest;
	return n > 0;
}

/* Puts a link's target before what is left of the path; an absolute one starts at the root again. */
static int walk_link(struct walk *w, int link)
{
	char target[INIT_PATH_MAX / 4];
	size_t rest_len = text_len(w->rest), len;
	long n = sys(readlinkat, link, "", target, sizeof target);
	char *path = w->init->path;

	if (n < 0)
		return (int)n;
	if (++w->links > WALK_LINKS || w->flags & RESOLVE_NO_LINKS)
		return -ELOOP;
	len = (size_t)n;
	if (len >= sizeof target || len + 1 + rest_len + 1 > INIT_PATH_MAX)
		return -ENAMETOOLONG;
	__builtin_memmove(path + len + 1, w->rest, rest_len + 1);
	__builtin_memcpy(path, target, len);
	path[len] = '/';
	w->rest = path;
	if (len && target[0] == '/')
		walk_back(w, 0);
	return 0;
}

static int walk_make(struct walk *w, const char *name, int last)
{
	long r;

	if (w->create == RESOLVE_NOTHING)
		return -ENOENT;
	if (last && w->create == RESOLVE_FILE) {
		r = sys(openat, walk_here(w), name,
			O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_WRONLY, 0644);
		if (r >= 0)
			close_fd((int)r);
	} else {
		r = sys(mkdirat, walk_here(w), name, 0755);
	}
	return r < 0 && r != -EEXIST ? (int)r : 0;
}

/* Opens one component without following it, making it if it is missing. */
static int walk_open(struct walk *w, const char *name, int last)
{
	long fd = sys(openat, walk_here(w), name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
	int r;

	if (fd != -ENOENT)
		return (int)fd;
	r = walk_make(w, name, last);
	if (r < 0)
		return r;
	return (int)sys(openat, walk_here(w), name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
}

/* Goes one component further; the new place is on top of the stack. */
static int walk_step(struct walk *w, const char *name, int last)
{
	struct statx st;
	int fd, r;

	if (text_same(name, "."))
		return 0;
	if (text_same(name, "..")) {
		walk_back(w, w->depth ? w->depth - 1 : 0);
		return 0;
	}
	fd = walk_open(w, name, last);
	if (fd < 0)
		return fd;
	r = (int)sys(statx, fd, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_TYPE, &st);
	if (r < 0) {
		close_fd(fd);
		return r;
	}
	if (S_ISLNK(st.stx_mode) && !(last && w->flags & RESOLVE_LAST_NOFOLLOW)) {
		r = walk_link(w, fd);
		close_fd(fd);
		return r;
	}
	if (w->depth + 1 >= WALK_DEPTH || (!last && !S_ISDIR(st.stx_mode))) {
		close_fd(fd);
		return w->depth + 1 >= WALK_DEPTH ? -ENAMETOOLONG : -ENOTDIR;
	}
	w->fds[++w->depth] = fd;
	return 0;
}

static int walk_path(
	struct init *init, const char *path, enum resolve_create create, uint32_t flags)
{
	struct walk w = {.init = init, .fds = {init->root}, .create = create, .flags = flags};
	char name[NAME_ROOM];
	size_t len = 0;
	int r = 0, last, fd;

	if (text_add(init->path, sizeof init->path, &len, path))
		return -ENAMETOOLONG;
	w.rest = init->path;
	for (;;) {
		r = walk_next(&w, name, &last);
		if (r <= 0)
			break;
		r = walk_step(&w, name, last);
		if (r < 0)
			break;
	}
	fd = r < 0 ? r : (int)sys(fcntl, walk_here(&w), F_DUPFD_CLOEXEC, 3);
	walk_back(&w, 0);
	return fd;
}

/* "path" relative to a directory descriptor: "." for the root itself. */
static const char *relative(const char *path)
{
	while (*path == '/')
		path++;
	return *path ? path : ".";
}

/* exec has no ROOT operation: the mount namespace it joined has its own root. */
static long need_root(struct init *init)
{
	long fd = init->root;

	if (fd < 0)
		fd = sys(openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	init->root = (int)fd;
	return fd;
}

/* The directory part of a path, and where its last component begins; -EINVAL when that is none to make. */
static int split_path(const char *path, char parent[INIT_PATH_MAX / 4], const char **ret_name)
{
	size_t end = text_len(path), n = 0;

	while (end && path[end - 1] != '/')
		end--;
	if (end >= INIT_PATH_MAX / 4)
		return -ENAMETOOLONG;
	for (; n < end; n++)
		parent[n] = path[n];
	parent[n] = '\0';
	*ret_name = path + end;
	return !**ret_name || text_same(*ret_name, ".") || text_same(*ret_name, "..") ? -EINVAL : 0;
}

/* The short way where only the last component is missing; whatever else is found is left to the walk. */
static int make_last(
	struct init *init, const char *path, enum resolve_create create, uint64_t resolve)
{
	char parent[INIT_PATH_MAX / 4];
	const char *name;
	int r = split_path(path, parent, &name), dir;

	if (r < 0)
		return r;
	dir = (int)open_beneath(init, init->root, relative(parent), O_PATH | O_DIRECTORY, resolve);
	if (dir < 0)
		return dir;
	if (create == RESOLVE_DIRECTORY) {
		r = (int)sys(mkdirat, dir, name, 0755);
	} else {
		r = (int)sys(openat, dir, name,
			O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_WRONLY, 0644);
		close_fd(r);
	}
	if (r >= 0)
		r = (int)sys(openat, dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
	close_fd(dir);
	return r;
}

int resolve_open(struct init *init, const char *path, enum resolve_create create, uint32_t flags)
{
	uint64_t resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
	uint64_t open_flags = O_PATH;
	long fd = need_root(init);

	if (fd < 0)
		return (int)fd;
	if (flags & RESOLVE_NO_LINKS)
		resolve |= RESOLVE_NO_SYMLINKS;
	if (flags & RESOLVE_LAST_NOFOLLOW)
		open_flags |= O_NOFOLLOW;
	fd = open_beneath(init, init->root, relative(path), open_flags, resolve);
	if (fd == -ENOENT && create != RESOLVE_NOTHING) {
		fd = make_last(init, path, create, resolve);
		if (fd < 0)
			fd = -ENOSYS; /* a link that leads nowhere, a missing directory: walk */
	}
	return fd == -ENOSYS ? walk_path(init, path, create, flags) : (int)fd;
}

int resolve_parent(struct init *init, const char *path, const char **ret_name)
{
	char parent[INIT_PATH_MAX / 4];
	int r = split_path(path, parent, ret_name);

	return r < 0 ? r : resolve_open(init, parent, RESOLVE_DIRECTORY, 0);
}

int proc_open(struct init *init, const char *path, int flags)
{
	long self, fd;

	if (path[0] == 's' && path[1] == 'e' && path[2] == 'l' && path[3] == 'f' &&
		path[4] == '/') {
		self = sys(openat, init->proc, "self", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
		path += 5;
	} else {
		self = sys(fcntl, init->proc, F_DUPFD_CLOEXEC, 3);
	}
	if (self < 0)
		return (int)self;
	fd = open_beneath(init, (int)self, path, (uint64_t)flags,
		RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);
	if (fd == -ENOSYS)
		fd = sys(openat, (int)self, path, flags | O_NOFOLLOW | O_CLOEXEC, 0);
	close_fd((int)self);
	return (int)fd;
}

static int proc_write_once(struct init *init, const char *path, const char *text)
{
	size_t n = text_len(text);
	int fd = proc_open(init, path, O_WRONLY);
	long r;

	if (fd < 0)
		return fd;
	r = sys(write, fd, text, n);
	close_fd(fd);
	if (r < 0)
		return (int)r;
	return (size_t)r == n ? 0 : -EIO;
}

int proc_write(struct init *init, const char *path, const char *text)
{
	int r = proc_write_once(init, path, text);

	if (r != -EACCES || init->joined_pids || path[0] != 's' || path[1] != 'e')
		return r;
	/* An ordinary user owns his files in /proc only while dumpable. Nobody of a container sees us here. */
	sys(prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
	r = proc_write_once(init, path, text);
	sys(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
	return r;
}
