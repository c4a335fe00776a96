/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate between `create` and `start`: a socket in the container's directory at which the container's init waits
 * with accept(2). Connecting opens it; a gate whose owner died answers -ECONNREFUSED by itself. Leaf style: -errno.
 */
#ifndef HUSK_CONSOLE_GATE_H
#define HUSK_CONSOLE_GATE_H

#include <base/attr.h>

/* A listening SOCK_SEQPACKET socket (O_CLOEXEC, mode 0600) named `name` in the directory. -EADDRINUSE: it exists. */
int gate_open(int dirfd, const char *name, int *ret_listen_fd) nodiscard;
/* A connection (O_CLOEXEC), or -ECONNREFUSED when nobody listens any more, -ENOENT when there is no such gate. */
int gate_connect(int dirfd, const char *name) nodiscard;
/* 1 when somebody listens, 0 when not. Never waits. */
int gate_has_listener(int dirfd, const char *name);

#endif
