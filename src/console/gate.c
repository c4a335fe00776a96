// SPDX-License-Identifier: Apache-2.0
/* bind(2) gives the file the mode of the socket less the umask, so the mode is set first: no moment of openness. */
#include <console/gate.h>
#include <console/address.h>
#include <base/fd.h>

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { BACKLOG = 16 };

int gate_open(int dirfd, const char *name, int *ret_listen_fd)
{
	auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;
	socklen_t n;
	int r;

	if (fd < 0)
		return -errno;
	r = address_at(dirfd, name, &address, &n);
	if (r < 0)
		return r;
	if (fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *)&address, n) < 0 ||
		listen(fd, BACKLOG) < 0)
		return -errno;
	*ret_listen_fd = TAKE_FD(fd);
	return 0;
}

static int connect_to(int dirfd, const char *name, int flags)
{
	auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);
	struct sockaddr_un address;
	socklen_t n;
	int r;

	if (fd < 0)
		return -errno;
	r = address_at(dirfd, name, &address, &n);
	if (r < 0)
		return r;
	do
		r = connect(fd, (struct sockaddr *)&address, n);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : TAKE_FD(fd);
}

int gate_connect(int dirfd, const char *name)
{
	return connect_to(dirfd, name, 0);
}

/* Without waiting: an init that was stopped does not accept, and after BACKLOG questions we would hang here. */
int gate_has_listener(int dirfd, const char *name)
{
	auto_close int fd = connect_to(dirfd, name, SOCK_NONBLOCK);

	return fd >= 0 || fd == -EAGAIN; /* a full queue has an owner */
}
