/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handing a descriptor to whoever listens on a unix stream socket: --console-socket (the pty master, payload: its
 * name) and --pidfd-socket. One message, one descriptor, then the connection is closed - as runc does it.
 */
#ifndef HUSK_CONSOLE_SOCKET_H
#define HUSK_CONSOLE_SOCKET_H

#include <base/error.h>

/* Connects to the socket at `path`, also one longer than sockaddr_un has room for. *ret_fd is the caller's. */
int console_connect(const char *path, int *ret_fd, struct husk_error **err);
/* Sends a duplicate of fd with the bytes of `name` over a connection. */
int console_send(int connection, int fd, const char *name, struct husk_error **err);

#endif
