// SPDX-License-Identifier: Apache-2.0
/* Closing and passing file descriptors. */
#include <base/fd.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int fd_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	return -1;
}

void fd_close_target(int *fd)
{
	*fd = fd_close(*fd);
}

int fd_send(int socket, const void *data, size_t n, const int *fds, size_t nfds)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(FD_PASS_MAX * sizeof(int))];
	} control = {};
	struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = n};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t sent;

	if (nfds > FD_PASS_MAX)
		return -EINVAL;
	if (nfds) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, nfds * sizeof(int));
	}
	do
		sent = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return -errno;
	return (size_t)sent == n ? 0 : -EMSGSIZE;
}

/* Takes the descriptors out of a message; those over `room` are closed and make it an error. */
static int take_fds(struct msghdr *message, int *fds, size_t room, size_t *ret_n)
{
	size_t n = 0;
	int r = message->msg_flags & (MSG_CTRUNC | MSG_TRUNC) ? -EMSGSIZE : 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
			if (n < room && !r)
				fds[n++] = fd;
			else {
				fd_close(fd);
				r = -EMSGSIZE;
			}
		}
	}
	if (r < 0)
		while (n)
			fd_close(fds[--n]);
	*ret_n = n;
	return r;
}

ssize_t fd_receive(int socket, void *data, size_t room, int *fds, size_t *nfds)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(FD_PASS_MAX * sizeof(int))];
	} control;
	struct iovec part = {.iov_base = data, .iov_len = room};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof control};
	ssize_t n;
	int r;

	do
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	r = take_fds(&message, fds, *nfds, nfds);
	return r < 0 ? r : n;
}
