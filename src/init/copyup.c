// SPDX-License-Identifier: Apache-2.0
/*
 * tmpcopyup: a new tmpfs, still detached, gets a copy of the directory it will hide: directories, files, links,
 * device nodes, with owners, modes and times. Links are copied, never followed.
 */
#include <init/init.h>

#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/stat.h>

enum { DEPTH_MAX = 32, ENTRY_BLOCK = 1024, DATA_BLOCK = 2048 };

static int copy_directory(struct init *init, int from, int to, int depth);

static long copy_data(int from, int to)
{
	char block[DATA_BLOCK];
	long n, w;

	while ((n = sys(read, from, block, sizeof block)) > 0)
		for (long done = 0; done < n; done += w) {
			w = sys(write, to, block + done, n - done);
			if (w < 0)
				return w;
		}
	return n;
}

static long copy_file(int from, int to, const char *name)
{
	long in = sys(openat, from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		     0),
	     out, r;

	if (in < 0)
		return in;
	out = sys(openat, to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = out < 0 ? out : copy_data((int)in, (int)out);
	close_fd((int)in);
	close_fd((int)out);
	return r;
}

static long copy_link(int from, int to, const char *name)
{
	char target[INIT_PATH_MAX / 4];
	long n = sys(readlinkat, from, name, target, sizeof target - 1);

	if (n < 0)
		return n;
	target[n] = '\0';
	return sys(symlinkat, target, to, name);
}

static long copy_subdirectory(struct init *init, int from, int to, const char *name, int depth)
{
	long in = sys(openat, from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0), out,
	     r;

	if (in < 0)
		return in;
	r = sys(mkdirat, to, name, 0700);
	out = r < 0 ? r : sys(openat, to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
	r = out < 0 ? out : copy_directory(init, (int)in, (int)out, depth + 1);
	close_fd((int)in);
	close_fd((int)out);
	return r;
}

static long copy_metadata(int to, const char *name, const struct statx *st)
{
	int64_t times[4] = {st->stx_atime.tv_sec, st->stx_atime.tv_nsec, st->stx_mtime.tv_sec,
		st->stx_mtime.tv_nsec};
	long r = sys(fchownat, to, name, st->stx_uid, st->stx_gid, AT_SYMLINK_NOFOLLOW);

	if (!r && !S_ISLNK(st->stx_mode))
		r = sys(fchmodat, to, name, st->stx_mode & 07777);
	if (!r)
		r = sys(utimensat, to, name, times, AT_SYMLINK_NOFOLLOW);
	return r;
}

static int copy_entry(struct init *init, int from, int to, const char *name, int depth)
{
	struct statx st;
	long r = sys(statx, from, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &st);

	if (r < 0)
		return fault(init, r, "copy up", name);
	if (S_ISREG(st.stx_mode))
		r = copy_file(from, to, name);
	else if (S_ISLNK(st.stx_mode))
		r = copy_link(from, to, name);
	else if (S_ISDIR(st.stx_mode))
		r = copy_subdirectory(init, from, to, name, depth);
	else
		r = sys(mknodat, to, name, st.stx_mode,
			encode_device(st.stx_rdev_major, st.stx_rdev_minor));
	if (!r)
		r = copy_metadata(to, name, &st);
	return r < 0 ? fault(init, r, "copy up", name) : 0;
}

static int copy_directory(struct init *init, int from, int to, int depth)
{
	char block[ENTRY_BLOCK] __attribute__((aligned(8)));
	long n;

	if (depth > DEPTH_MAX)
		return fault(init, -ELOOP, "copy up", "directories are nested too deeply");
	while ((n = sys(getdents64, from, block, sizeof block)) > 0)
		for (long at = 0; at < n;) {
			struct directory_entry *e = (struct directory_entry *)(block + at);
			int r;

			at += e->length;
			if (text_same(e->name, ".") || text_same(e->name, ".."))
				continue;
			r = copy_entry(init, from, to, e->name, depth);
			if (r < 0)
				return r;
		}
	return n < 0 ? fault(init, n, "getdents64", NULL) : 0;
}

/* `from` may be O_PATH. The tree's own directory takes over owner and mode as well. */
int copy_up(struct init *init, int from, int to)
{
	struct statx st;
	long in = sys(openat, from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0), out;
	int r;

	if (in < 0)
		return fault(init, in, "copy up", NULL);
	out = sys(openat, to, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	r = out < 0 ? fault(init, out, "copy up", NULL)
		    : copy_directory(init, (int)in, (int)out, 0);
	if (!r && !sys(statx, (int)in, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &st)) {
		r = (int)sys(fchown, (int)out, st.stx_uid, st.stx_gid);
		if (!r)
			r = (int)sys(fchmod, (int)out, st.stx_mode & 07777);
	}
	close_fd((int)in);
	close_fd((int)out);
	return r;
}
