/* SPDX-License-Identifier: Apache-2.0 */
/* The options of create, run and exec that say how the new process is connected. */
#ifndef HUSK_CLI_STDIO_H
#define HUSK_CLI_STDIO_H

#include <cli/opt.h>
#include <husk/container.h>

struct stdio_options {
	const char *console_socket, *pidfd_socket, *pid_file;
	struct opt_u64 preserve_fds;
};
extern const struct opt_row stdio_rows[];

/*
 * Fills *ret. With `activation`, descriptors passed by socket activation (LISTEN_FDS) go on too. Every descriptor that
 * is to be preserved has to be there.
 */
int stdio_get(const struct stdio_options *options, bool activation, struct husk_stdio *ret,
	struct husk_error **err);
/* Is a terminal possible in this way? `detached`: husk will not stay to relay it. */
int stdio_check_terminal(
	const struct stdio_options *options, bool terminal, bool detached, struct husk_error **err);

#endif
