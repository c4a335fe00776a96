// SPDX-License-Identifier: Apache-2.0
/* Connections of a new process, from options and from socket activation (sd_listen_fds(3)). */
#include <cli/stdio.h>
#include <base/error.h>
#include <base/parse.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* More descriptors than any program has; keeps the sum an int. */
enum { PRESERVE_MAX = 1 << 20, FIRST_FD = 3 };

const struct opt_row stdio_rows[] = {
	STRING(struct stdio_options, console_socket, "console-socket", 0, "PATH",
		"unix socket that gets the master end of the process's terminal"),
	STRING(struct stdio_options, pidfd_socket, "pidfd-socket", 0, "PATH",
		"unix socket that gets a pidfd of the process"),
	STRING(struct stdio_options, pid_file, "pid-file", 0, "FILE",
		"file to write the process ID to"),
	UNSIGNED(struct stdio_options, preserve_fds, "preserve-fds", 0, "N",
		"leave N more descriptors open, from 3 on (behind those of $LISTEN_FDS)"),
	{},
};

/* How many descriptors systemd passed to this very process. */
static uint32_t activation_fds(void)
{
	const char *pid_text = getenv("LISTEN_PID"), *count_text = getenv("LISTEN_FDS");
	uint32_t pid, count;

	if (!pid_text || !count_text || parse_u32(pid_text, 10, &pid) < 0 ||
		parse_u32(count_text, 10, &count) < 0)
		return 0;
	return pid == (uint32_t)getpid() && count <= PRESERVE_MAX ? count : 0;
}

int stdio_get(const struct stdio_options *options, bool activation, struct husk_stdio *ret,
	struct husk_error **err)
{
	uint32_t listen = activation ? activation_fds() : 0;
	uint64_t more = opt_u64_or(options->preserve_fds, 0);
	struct husk_stdio result = HUSK_STDIO_INIT;

	if (more > PRESERVE_MAX)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
			"'--preserve-fds' must not be over %d", PRESERVE_MAX);
	result.preserve_fds = (int)(listen + more);
	result.listen_fds = (int)listen;
	for (int fd = FIRST_FD; fd < FIRST_FD + result.preserve_fds; fd++) {
		int flags = fcntl(fd, F_GETFD);

		/* One that closes on exec was not inherited: it is our own. */
		if (flags < 0 || flags & FD_CLOEXEC)
			return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
				"please check that preserved-fd %d (of %d) is present",
				fd - FIRST_FD, result.preserve_fds);
	}
	result.console_socket = options->console_socket;
	result.pidfd_socket = options->pidfd_socket;
	result.pid_file = options->pid_file;
	*ret = result;
	return 0;
}

int stdio_check_terminal(
	const struct stdio_options *options, bool terminal, bool detached, struct husk_error **err)
{
	if (detached && terminal && !options->console_socket)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
			"cannot allocate tty if husk will detach without setting console socket");
	if (options->console_socket && !(detached && terminal))
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
			"cannot use console socket if husk will not detach or allocate tty");
	return 0;
}
