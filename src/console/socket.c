// SPDX-License-Identifier: Apache-2.0
/* The connection is made early, so that a wrong path is told before anything was created; the sending comes later. */
#include <console/socket.h>
#include <console/address.h>
#include <base/fd.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

int console_connect(const char *path, int *ret_fd, struct husk_error **err)
{
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), dir = -1;
	struct sockaddr_un address;
	socklen_t n;
	int r;

	if (fd < 0)
		return fail_errno(err, -errno, "cannot make a socket");
	r = address_of_path(path, &dir, &address, &n);
	if (!r && connect(fd, (struct sockaddr *)&address, n) < 0)
		r = -errno;
	if (r < 0)
		return fail_errno(err, r, "cannot connect to socket '%s'", path);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int console_send(int connection, int fd, const char *name, struct husk_error **err)
{
	int r = fd_send(connection, name, strlen(name), &fd, 1);

	return r < 0 ? fail_errno(err, r, "cannot send '%s' over the socket", name) : 0;
}
