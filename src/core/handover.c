// SPDX-License-Identifier: Apache-2.0
/* Handing over a new process to whoever asked for it. */
#include <core/handover.h>
#include <base/fd.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/str.h>
#include <console/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

int handover_open(const struct husk_stdio *io, struct handover *ret, struct husk_error **err)
{
	struct handover h = {-1, -1};
	int r = 0;

	if (io->size < sizeof *io)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT, "stdio options have no valid size");
	if (io->preserve_fds < 0 || io->preserve_fds > 1 << 16)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT, "cannot preserve %d file descriptors",
			io->preserve_fds);
	if (io->console_socket)
		r = console_connect(io->console_socket, &h.console, err);
	if (!r && io->pidfd_socket)
		r = console_connect(io->pidfd_socket, &h.pidfd, err);
	*ret = h;
	if (r < 0)
		handover_done(ret);
	return r;
}

int handover_give(
	struct handover *h, const struct husk_stdio *io, struct launch *l, struct husk_error **err)
{
	auto_free char *pid = NULL;
	int r = 0;

	if (h->console >= 0 && l->console >= 0) {
		r = console_send(h->console, l->console, "/dev/ptmx", err);
		l->console = fd_close(l->console);
	}
	if (!r && h->pidfd >= 0)
		r = console_send(h->pidfd, l->pidfd, "pidfd", err);
	if (r < 0 || !io->pid_file)
		return r;
	pid = str_printf("%d", l->pid);
	if (!pid)
		return fail_memory(err);
	r = io_replace_at(AT_FDCWD, io->pid_file, pid, strlen(pid), 0644);
	return r < 0 ? fail_errno(err, r, "cannot write the pid file '%s'", io->pid_file) : 0;
}

void handover_done(struct handover *h)
{
	h->console = fd_close(h->console);
	h->pidfd = fd_close(h->pidfd);
}
