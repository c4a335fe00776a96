// SPDX-License-Identifier: Apache-2.0
/*
 * A user namespace comes into being with a process. Ours does nothing but wait for the end of a pipe, so that it also
 * goes when we are killed: a plain copy of this process (no CLONE_VM: we go on meanwhile) that makes raw system calls
 * only, has all signals blocked and ends without SIGCHLD, which would be the host program's.
 */
#include <kern/idmap_mount.h>
#include <base/fd.h>
#include <base/io.h>
#include <base/mem.h>
#include <kern/mount_flags.h>
#include <kern/pid.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif
#ifndef MOUNT_ATTR_IDMAP
#define MOUNT_ATTR_IDMAP 0x00100000
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef __WALL
#define __WALL 0x40000000
#endif

enum { MOUNTINFO_LIMIT = 16 << 20 };

__attribute__((no_sanitize("address", "thread", "undefined"), noreturn)) static void wait_for_end(
	int reader, int writer)
{
	char byte;

	syscall(SYS_close, writer);
	while (syscall(SYS_read, reader, &byte, 1) < 0 && errno == EINTR)
		;
	for (;;)
		syscall(SYS_exit_group, 0);
}

/* Returns the pid or -errno. */
static long clone_waiting(const int ends[2], int *ret_pidfd)
{
	sigset_t all, before;
	long pid;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	pid = syscall(SYS_clone, CLONE_NEWUSER | CLONE_PIDFD, NULL, ret_pidfd, NULL, NULL);
	if (!pid)
		wait_for_end(ends[0], ends[1]);
	if (pid < 0)
		pid = -errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pid;
}

static int write_map(pid_t pid, const char *file, const char *text, struct strbuf *detail)
{
	auto_free char *path = str_printf("/proc/%d/%s", (int)pid, file);
	int r = path ? io_write_at(AT_FDCWD, path, text) : -ENOMEM;

	if (r < 0)
		strbuf_printf(detail, "%s", file);
	return r;
}

static int open_namespace(pid_t pid, int *ret)
{
	auto_free char *path = str_printf("/proc/%d/ns/user", (int)pid);
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return path ? -errno : -ENOMEM;
	*ret = fd;
	return 0;
}

static void end(int pidfd)
{
	siginfo_t info;

	ignored(pid_signal(pidfd, SIGKILL)); /* gone already is fine */
	while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | __WALL) < 0 && errno == EINTR)
		;
}

int idmap_namespace(const char *uids, const char *gids, int *ret, struct strbuf *detail)
{
	auto_close int reader = -1, writer = -1, pidfd = -1;
	int ends[2], r;
	long pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	reader = ends[0];
	writer = ends[1];
	pid = clone_waiting(ends, &pidfd);
	if (pid < 0) {
		strbuf_add(detail, "clone");
		return (int)pid;
	}
	r = write_map((pid_t)pid, "uid_map", uids, detail);
	if (!r)
		r = write_map((pid_t)pid, "gid_map", gids, detail);
	if (!r)
		r = open_namespace((pid_t)pid, ret);
	end(pidfd);
	return r;
}

/* A filter around us refuses even what the kernel would call invalid. */
static bool is_filtered(void)
{
	return syscall(SYS_mount_setattr, -1, NULL, 0, NULL, 0) < 0 && errno == EPERM;
}

int idmap_mount(int tree, int userns, bool all)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns};
	unsigned int flags = AT_EMPTY_PATH | (all ? AT_RECURSIVE : 0);
	int r = syscall(SYS_mount_setattr, tree, "", flags, &attr, sizeof attr) < 0 ? -errno : 0;

	return r == -EPERM && is_filtered() ? -ENOSYS : r;
}

/* Field by field: "36 35 98:0 /root /mount options optional... - type source super-options". */
static char *type_in_line(const char *line, uint64_t mount_id)
{
	const char *end_of_line = line + strcspn(line, "\n"), *p;
	char *after;

	if (strtoull(line, &after, 10) != mount_id || *after != ' ')
		return NULL;
	p = memmem(line, (size_t)(end_of_line - line), " - ", 3);
	return p ? strndup(p + 3, strcspn(p + 3, " \n")) : NULL;
}

/* The id of the mount that `path` is on, or 0. fdinfo rather than statx, which musl has not always had. */
static uint64_t mount_id_of(const char *path)
{
	auto_close int fd = open(path, O_PATH | O_CLOEXEC);
	auto_free char *info = fd < 0 ? NULL : str_printf("/proc/self/fdinfo/%d", fd), *text = NULL;
	const char *line;

	if (!info || io_read_at(AT_FDCWD, info, 4096, &text, NULL) < 0)
		return 0;
	line = strstr(text, "mnt_id:");
	return line ? strtoull(line + strlen("mnt_id:"), NULL, 10) : 0;
}

char *mount_type_of(const char *path)
{
	uint64_t id = mount_id_of(path);
	auto_free char *text = NULL;
	char *type = NULL;

	if (!id || io_read_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_LIMIT, &text, NULL) < 0)
		return NULL;
	for (const char *line = text; !type && *line; line += *line == '\n') {
		type = type_in_line(line, id);
		line += strcspn(line, "\n");
	}
	return type;
}
