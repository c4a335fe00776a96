// SPDX-License-Identifier: Apache-2.0
/* husk-init's side of the conversation (wire/sync.h), and the error frame that ends it. */
#include <init/init.h>

#include <linux/socket.h>
#include <linux/uio.h>

/* The kernel's struct user_msghdr and cmsghdr; libc's headers are out of bounds here. */
struct kernel_msghdr {
	void *name;
	int name_len;
	struct iovec *iov;
	size_t iov_len;
	void *control;
	size_t control_len;
	unsigned int flags;
};

struct kernel_cmsghdr {
	size_t len;
	int level, type;
};

enum {
	KERNEL_SOL_SOCKET = 1,
	KERNEL_SCM_RIGHTS = 1,
	KERNEL_MSG_NOSIGNAL = 0x4000,
	KERNEL_MSG_CMSG_CLOEXEC = 0x40000000,
	KERNEL_MSG_CTRUNC = 8,
	KERNEL_MSG_TRUNC = 0x20,
};

struct fd_control {
	struct kernel_cmsghdr header;
	int fds[SYNC_FDS_MAX];
};

int sync_send(struct init *init, enum sync_type type, const void *data, size_t size, int fd)
{
	struct sync_header header = {.type = type, .size = (uint32_t)size};
	struct iovec parts[2] = {
		{.iov_base = &header, .iov_len = sizeof header},
		{.iov_base = (void *)(uintptr_t)data, .iov_len = size},
	};
	struct fd_control control = {
		.header = {.len = sizeof control.header + sizeof(int),
			.level = KERNEL_SOL_SOCKET,
			.type = KERNEL_SCM_RIGHTS},
		.fds = {fd},
	};
	struct kernel_msghdr message = {.iov = parts, .iov_len = size ? 2 : 1};
	long r;

	if (fd >= 0) {
		message.control = &control;
		message.control_len =
			sizeof control.header + sizeof(size_t); /* CMSG_SPACE(sizeof(int)) */
	}
	do
		r = sys(sendmsg, init->sync, &message, KERNEL_MSG_NOSIGNAL);
	while (r == -EINTR);
	return r < 0 ? (int)r : 0;
}

/* One message; `ret_fds` has room for SYNC_FDS_MAX. Returns how many descriptors came, or -errno. */
static int receive(struct init *init, enum sync_type type, int *ret_fds)
{
	struct sync_header header;
	struct fd_control control;
	struct iovec part = {.iov_base = &header, .iov_len = sizeof header};
	struct kernel_msghdr message = {.iov = &part, .iov_len = 1};
	size_t n = 0;
	long r;

	if (ret_fds) {
		message.control = &control;
		message.control_len = sizeof control;
	}
	do
		r = sys(recvmsg, init->sync, &message, KERNEL_MSG_CMSG_CLOEXEC);
	while (r == -EINTR);
	if (r < 0)
		return (int)r;
	if (r == 0)
		return -EPIPE; /* the parent is gone */
	if (r != sizeof header || header.type != type ||
		message.flags & (KERNEL_MSG_CTRUNC | KERNEL_MSG_TRUNC))
		return -EPROTO;
	if (ret_fds && message.control_len >= sizeof control.header &&
		control.header.type == KERNEL_SCM_RIGHTS &&
		control.header.len > sizeof control.header) {
		n = (control.header.len - sizeof control.header) / sizeof(int);
		for (size_t i = 0; i < n && i < SYNC_FDS_MAX; i++)
			ret_fds[i] = control.fds[i];
	}
	return (int)n;
}

int sync_expect(struct init *init, enum sync_type type)
{
	int r = receive(init, type, NULL);

	return r < 0 ? fault(init, r, "wait for the runtime", NULL) : 0;
}

int sync_expect_fds(struct init *init, enum sync_type type, int *ret_fds)
{
	int r = receive(init, type, ret_fds);

	return r < 0 ? fault(init, r, "wait for the runtime", NULL) : r;
}

int sync_take_fds(struct init *init)
{
	uint32_t have = 0;

	while (have < init->plan->fds.count) {
		int fds[SYNC_FDS_MAX];
		int n = receive(init, SYNC_FDS, fds);

		if (n <= 0 || have + (uint32_t)n > init->plan->fds.count)
			return fault(init, n < 0 ? n : -EPROTO, "take descriptors from the runtime",
				NULL);
		for (int i = 0; i < n; i++)
			init->fds[have++] = fds[i];
	}
	return 0;
}

int fault(struct init *init, long r, const char *what, const char *extra)
{
	size_t len = 0;

	if (!init->what) {
		init->what = what;
		if (extra)
			(void)text_add(
				init->extra, sizeof init->extra, &len, extra); /* cut off is fine */
	}
	return (int)r;
}

_Noreturn void init_exit(int status)
{
	for (;;)
		sys(exit_group, status);
}

_Noreturn void init_fail(struct init *init, int r)
{
	struct {
		struct sync_error error;
		char text[INIT_TEXT_MAX + 128];
	} frame = {.error = {.op = UINT32_MAX, .errno_value = -r}};
	size_t len = 0;

	if (init->plan && init->op)
		frame.error.op = (uint32_t)(init->op - plan_ops(init->plan));
	if (init->what)
		(void)text_add(frame.text, 128, &len, init->what);
	frame.text[len++] = '\0';
	(void)text_add(frame.text, sizeof frame.text, &len, init->extra);
	frame.text[len++] = '\0';
	/* the last word; if nobody listens any more there is nobody to tell */
	(void)sync_send(init, SYNC_ERROR, &frame, sizeof frame.error + len, -1);
	init_exit(1);
}
