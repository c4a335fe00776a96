// SPDX-License-Identifier: Apache-2.0
/* One message of the conversation with husk-init. */
#include <core/launch.h>
#include <base/fd.h>

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

_Static_assert((int)SYNC_FDS_MAX <= (int)FD_PASS_MAX,
	"a message carries no more descriptors than fd_send() takes");

int launch_send(int sync, enum sync_type type, const int *fds, size_t nfds, struct husk_error **err)
{
	struct sync_header header = {.type = type};
	int r = fd_send(sync, &header, sizeof header, fds, nfds);

	return r < 0 ? fail_errno(err, r, "cannot talk to husk-init") : 0;
}

int launch_receive(int sync, const struct plan_header *plan, struct launch_message *ret,
	struct husk_error **err)
{
	struct {
		struct sync_header header;
		char data[SYNC_DATA_MAX];
	} frame;
	size_t nfds = 1;
	int fd = -1;
	ssize_t n = fd_receive(sync, &frame, sizeof frame, &fd, &nfds);

	/* it ended with a message of ours unread: its last word comes behind that news */
	if (n == -ECONNRESET) {
		nfds = 1;
		n = fd_receive(sync, &frame, sizeof frame, &fd, &nfds);
	}
	if (n == 0 || n == -ECONNRESET)
		return 0;
	if (n < 0)
		return fail_errno(err, (int)n, "cannot hear husk-init");
	if ((size_t)n < sizeof frame.header ||
		frame.header.size != (size_t)n - sizeof frame.header) {
		fd_close(nfds ? fd : -1);
		return fail(err, HUSK_ERROR_INIT, "husk-init sent a broken message");
	}
	if (frame.header.type == SYNC_ERROR) {
		fd_close(nfds ? fd : -1);
		return report_init_error(plan, frame.data, frame.header.size, err);
	}
	if (frame.header.type == SYNC_HOOK_FAILED) {
		fd_close(nfds ? fd : -1);
		return report_hook_failed(frame.data, frame.header.size, err);
	}
	ret->type = (enum sync_type)frame.header.type;
	ret->size = frame.header.size;
	memcpy(ret->data, frame.data, frame.header.size);
	ret->fd = nfds ? fd : -1;
	return 1;
}

void launch_message_done(struct launch_message *m)
{
	m->fd = fd_close(m->fd);
}

int launch_receive_listener(
	int sync, const struct plan_header *plan, int *ret_listener, struct husk_error **err)
{
	struct launch_message m;
	int r = launch_receive(sync, plan, &m, err);

	if (r < 0)
		return r;
	if (!r || m.type != SYNC_LISTENER || m.fd < 0) {
		if (r)
			launch_message_done(&m);
		return fail(err, HUSK_ERROR_INIT,
			"the container's process ended while its seccomp filter was installed");
	}
	*ret_listener = TAKE_FD(m.fd);
	return 0;
}
