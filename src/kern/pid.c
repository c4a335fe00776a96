// SPDX-License-Identifier: Apache-2.0
/*
 * Pidfds (pidfd_open 5.3, poll 5.3) by raw system call, because not every libc we build with has the wrappers, and
 * the two files of /proc that tell one use of a pid from the next.
 */
#include <kern/pid.h>
#include <base/fd.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/parse.h>
#include <base/str.h>
#include <base/text.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
	STAT_SIZE =
		1024, /* 52 numbers of at most 20 digits, and a name of 64 bytes: the rest is not needed */
	STAT_FIELD_START = 22, /* proc(5) counts from 1 */
	STAT_FIELD_AFTER_COMM = 3,
	STAT_FIELD_PARENT = 4,
	FDINFO_LIMIT = 16384,
	BOOT_ID_LENGTH = 36,
};

int pid_open(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0U);

	return fd < 0 ? -errno : fd;
}

int pid_signal(int pidfd, int signal)
{
	return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0U) < 0 ? -errno : 0;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int pid_wait(int pidfd, int timeout_ms)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	int64_t end = timeout_ms > 0 ? now_ms() + timeout_ms : 0;

	for (;;) {
		int n = poll(&p, 1, timeout_ms);

		if (n > 0)
			return p.revents & POLLNVAL ? -EBADF : 1;
		if (n == 0)
			return 0;
		if (errno != EINTR)
			return -errno;
		if (timeout_ms > 0)
			timeout_ms = (int)MAX(end - now_ms(), 0);
	}
}

int pid_of_fd(int pidfd, pid_t *ret)
{
	auto_free char *path = str_printf("/proc/self/fdinfo/%d", pidfd), *text = NULL;
	const char *line;
	char *end;
	int64_t pid;
	int r;

	if (!path)
		return -ENOMEM;
	r = io_read_at(AT_FDCWD, path, FDINFO_LIMIT, &text, NULL);
	if (r < 0)
		return r == -ENOENT ? -EBADF : r;
	line = strstr(text, "\nPid:\t");
	if (!line)
		return -EBADF; /* a descriptor of something else */
	line += strlen("\nPid:\t");
	end = strchr(line, '\n');
	if (end)
		*end = '\0';
	r = parse_i64(line, &pid);
	if (r < 0)
		return r;
	if (pid < 1)
		return pid == 0 ? -EXDEV : -ESRCH;
	*ret = (pid_t)pid;
	return 0;
}

/* Cuts the field off that *rest begins with; an empty one is the end. */
static const char *next_field(char **rest)
{
	char *field = *rest;

	*rest += strcspn(*rest, " \n");
	if (**rest)
		*(*rest)++ = '\0';
	return field;
}

/* The name in the second field may hold blanks and parentheses: the last ')' ends it. */
static int parse_stat(char *text, struct pid_stat *ret)
{
	struct pid_stat stat = {};
	char *rest = strrchr(text, ')');
	uint32_t parent;

	if (!rest || rest[1] != ' ' || !rest[2])
		return -EBADMSG;
	rest += 2;
	for (int i = STAT_FIELD_AFTER_COMM; i <= STAT_FIELD_START; i++) {
		const char *field = next_field(&rest);

		if (i == STAT_FIELD_AFTER_COMM)
			stat.state = *field;
		else if (i == STAT_FIELD_PARENT && parse_u32(field, 10, &parent) < 0)
			return -EBADMSG;
		else if (i == STAT_FIELD_START && parse_u64(field, 10, &stat.start_time) < 0)
			return -EBADMSG;
	}
	stat.parent = (pid_t)parent;
	*ret = stat;
	return 0;
}

int pid_read_stat(pid_t pid, struct pid_stat *ret)
{
	auto_free char *path = str_printf("/proc/%d/stat", (int)pid);
	auto_close int fd = -1;
	char text[STAT_SIZE];
	ssize_t n;

	if (!path)
		return -ENOMEM;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	do
		n = read(fd, text, sizeof text - 1);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	return parse_stat(text, ret);
}

int pid_is_still(pid_t pid, uint64_t start_time)
{
	struct pid_stat stat;
	int r = pid <= 0 ? -ESRCH : pid_read_stat(pid, &stat);

	if (r < 0)
		return r == -ESRCH ? 0 : r;
	return stat.start_time == start_time && stat.state != 'Z' && stat.state != 'X';
}

int pid_boot_id(char **ret)
{
	auto_free char *text = NULL;
	size_t len;
	int r = io_read_at(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &text, &len);

	if (r < 0)
		return r;
	while (len && text[len - 1] == '\n')
		text[--len] = '\0';
	if (len != BOOT_ID_LENGTH)
		return -EBADMSG;
	*ret = TAKE_PTR(text);
	return 0;
}
