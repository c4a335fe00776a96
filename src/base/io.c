// SPDX-License-Identifier: Apache-2.0
/* Whole files: bounded reads, whole writes, atomic replacement. */
#include <base/io.h>
#include <base/fd.h>
#include <base/mem.h>
#include <base/str.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int io_read_fd(int fd, size_t limit, char **ret_text, size_t *ret_len)
{
	size_t len = 0, room = 4096;
	auto_free char *text = NULL;
	struct stat st;

	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0 && (size_t)st.st_size < limit)
		room = (size_t)st.st_size + 2;
	for (;;) {
		char *grown = realloc(text, room);
		ssize_t n;

		if (!grown)
			return -ENOMEM;
		text = grown;
		n = read(fd, text + len, room - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
		if (len > limit)
			return -EFBIG;
		if (len == room - 1)
			room *= 2;
	}
	text[len] = '\0';
	*ret_text = TAKE_PTR(text);
	if (ret_len)
		*ret_len = len;
	return 0;
}

int io_read_at(int dirfd, const char *path, size_t limit, char **ret_text, size_t *ret_len)
{
	auto_close int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : io_read_fd(fd, limit, ret_text, ret_len);
}

int io_write_fd(int fd, const void *data, size_t n)
{
	const char *p = data;

	while (n) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -errno;
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

int io_write_at(int dirfd, const char *path, const char *text)
{
	auto_close int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC);
	size_t n = strlen(text);
	ssize_t w;

	if (fd < 0)
		return -errno;
	do
		w = write(fd, text, n);
	while (w < 0 && errno == EINTR);
	if (w < 0)
		return -errno;
	return (size_t)w == n ? 0 : -EIO;
}

int io_replace_at(int dirfd, const char *path, const void *data, size_t n, mode_t mode)
{
	const char *slash = strrchr(path, '/');
	int dir_len = slash ? (int)(slash - path) + 1 : 0;
	auto_free char *temporary = NULL;
	auto_close int fd = -1;
	int r;

	temporary = str_printf("%.*s.%s.%d", dir_len, path, path + dir_len, (int)gettid());
	if (!temporary)
		return -ENOMEM;
	fd = openat(dirfd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return -errno;
	r = io_write_fd(fd, data, n);
	if (!r && renameat(dirfd, temporary, dirfd, path) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(dirfd, temporary, 0); /* best effort: the first error counts */
	return r;
}
