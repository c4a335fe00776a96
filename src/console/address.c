// SPDX-License-Identifier: Apache-2.0
/* Long paths are shortened by opening their directory. */
#include <console/address.h>
#include <base/fd.h>
#include <base/mem.h>
#include <base/path.h>
#include <base/str.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>

/* Fills the address if the path has room, with its NUL. */
static int fill(const char *path, struct sockaddr_un *ret, socklen_t *ret_len)
{
	size_t n = strlen(path);

	if (n >= sizeof ret->sun_path)
		return -ENAMETOOLONG;
	if (!n)
		return -ENOENT;
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(ret->sun_path, path, n + 1);
	*ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
	return 0;
}

int address_at(int dirfd, const char *name, struct sockaddr_un *ret, socklen_t *ret_len)
{
	auto_free char *path = str_printf("/proc/self/fd/%d/%s", dirfd, name);

	if (!path)
		return -ENOMEM;
	if (!*name || strchr(name, '/'))
		return -EINVAL;
	return fill(path, ret, ret_len);
}

int address_of_path(const char *path, int *ret_dir, struct sockaddr_un *ret, socklen_t *ret_len)
{
	auto_free char *parent = NULL;
	auto_close int dir = -1;
	const char *name = path_base(path);
	int r = fill(path, ret, ret_len);

	if (r != -ENAMETOOLONG)
		return r;
	parent = name == path ? strdup(".") : strndup(path, (size_t)(name - path));
	if (!parent)
		return -ENOMEM;
	dir = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	r = address_at(dir, name, ret, ret_len);
	if (!r)
		*ret_dir = TAKE_FD(dir);
	return r;
}
