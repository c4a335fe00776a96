// SPDX-License-Identifier: Apache-2.0
/*
 * The file is opened with O_PATH first, which has no effect on what is behind the name, and read only once it is
 * known to be regular. A file that says it is empty (as those of procfs do) is empty. CVE-2016-3697, CVE-2026-47262.
 */
#include <kern/userdb.h>
#include <base/fd.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/parse.h>
#include <base/str.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_openat2
#define SYS_openat2 437 /* Linux 5.6 */
#endif

/* Before Linux 5.6, or where a seccomp filter refuses openat2: step by step, and links are refused. */
static int walk(int root, const char *path)
{
	auto_free char *copy = strdup(path);
	auto_close int at = fcntl(root, F_DUPFD_CLOEXEC, 3);
	char *rest = copy, *name;

	if (!copy)
		return -ENOMEM;
	while (at >= 0 && (name = strsep(&rest, "/"))) {
		int next = *name ? openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC) : at;
		struct stat st;

		if (next == at)
			continue;
		fd_close(at);
		at = next;
		if (at < 0)
			return -errno;
		if (fstat(at, &st) == 0 && S_ISLNK(st.st_mode))
			return -ELOOP;
	}
	return at < 0 ? -errno : TAKE_FD(at);
}

static int open_inside(int root, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	long fd = syscall(SYS_openat2, root, path, &how, sizeof how);

	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return walk(root, path);
	return fd < 0 ? -errno : (int)fd;
}

static bool has_long_line(const char *text)
{
	for (const char *end; (end = strchr(text, '\n')); text = end + 1)
		if (end - text > USERDB_LINE_MAX)
			return true;
	return strlen(text) > USERDB_LINE_MAX;
}

int userdb_read(int root, const char *path, char **ret_text)
{
	auto_close int place = open_inside(root, path);
	auto_free char *link = str_printf("/proc/self/fd/%d", place);
	auto_free char *text = NULL;
	auto_close int fd = -1;
	struct stat st;
	int r;

	if (place < 0)
		return place;
	if (!link)
		return -ENOMEM;
	if (fstat(place, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size > USERDB_FILE_MAX)
		return -EFBIG;
	if (st.st_size) {
		fd = open(link, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
		r = fd < 0 ? -errno : io_read_fd(fd, USERDB_FILE_MAX, &text, NULL);
	} else {
		text = strdup("");
		r = text ? 0 : -ENOMEM;
	}
	if (r == 0 && has_long_line(text))
		r = -EFBIG;
	if (r == 0)
		*ret_text = TAKE_PTR(text);
	return r;
}

/* Splits a copy of a line at colons; returns how many fields there are, at most `max`. */
static size_t split(char *line, char **fields, size_t max)
{
	size_t n = 0;

	while (line && n < max)
		fields[n++] = strsep(&line, ":");
	return n;
}

/* The next line as a copy to free, without its end. NULL: there is none, or no memory, and *text stays at it. */
static char *next_line(const char **text)
{
	const char *from = *text;
	size_t n = strcspn(from, "\n");
	char *copy = *from ? strndup(from, n) : NULL;

	if (copy)
		*text = from + n + (from[n] == '\n');
	return copy;
}

static bool parse_id(const char *text, uint32_t *ret)
{
	return parse_u32(text, 10, ret) == 0 && *ret != UINT32_MAX;
}

int userdb_find_user(const char *passwd, const char *name, struct userdb_user *ret)
{
	char *line;

	while ((line = next_line(&passwd))) {
		auto_free char *copy = line;
		char *fields[4];
		struct userdb_user user;
		size_t n = split(copy, fields, 4);

		if (!n || strcmp(fields[0], name))
			continue;
		if (n < 4 || !parse_id(fields[2], &user.uid) || !parse_id(fields[3], &user.gid))
			return -EBADMSG;
		*ret = user;
		return 0;
	}
	return *passwd ? -ENOMEM : -ENOENT;
}

int userdb_find_group(const char *group, const char *name, uint32_t *ret_gid)
{
	char *line;

	while ((line = next_line(&group))) {
		auto_free char *copy = line;
		char *fields[3];
		uint32_t gid;
		size_t n = split(copy, fields, 3);

		if (!n || strcmp(fields[0], name))
			continue;
		if (n < 3 || !parse_id(fields[2], &gid))
			return -EBADMSG;
		*ret_gid = gid;
		return 0;
	}
	return *group ? -ENOMEM : -ENOENT;
}

static bool is_member(char *members, const char *user)
{
	const char *name;

	while ((name = strsep(&members, ",")))
		if (!strcmp(name, user))
			return true;
	return false;
}

int userdb_groups_of(const char *group, const char *user, struct userdb_groups *ret)
{
	struct userdb_groups found = {};
	char *line;
	int r = 0;

	while (!r && (line = next_line(&group))) {
		auto_free char *copy = line;
		char *fields[4];
		uint32_t gid, *one;

		if (split(copy, fields, 4) < 4 || !parse_id(fields[2], &gid) ||
			!is_member(fields[3], user))
			continue;
		one = list_add(&found);
		if (one)
			*one = gid;
		r = !one ? -ENOMEM : found.n > USERDB_GROUPS_MAX ? -E2BIG : 0;
	}
	if (!r && *group)
		r = -ENOMEM;
	if (r < 0)
		free(found.v);
	else
		*ret = found;
	return r;
}
