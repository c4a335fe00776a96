/* SPDX-License-Identifier: Apache-2.0 */
/* File descriptors: owned by scope (`auto_close int fd = -1`), born O_CLOEXEC, passed over unix sockets. */
#ifndef HUSK_BASE_FD_H
#define HUSK_BASE_FD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <base/attr.h>

/* Closes fd if it is one; keeps errno. Returns -1, so that `fd = fd_close(fd)` empties the variable. */
int fd_close(int fd);
void fd_close_target(int *fd);

#define auto_close auto_(fd_close_target)

enum { FD_PASS_MAX = 16 };

/*
 * Sends n bytes and nfds descriptors as one message (SEQPACKET) on a socket, without SIGPIPE.
 * Returns 0 or -errno; a partial send is -EMSGSIZE.
 */
int fd_send(int socket, const void *data, size_t n, const int *fds, size_t nfds) nodiscard;
/*
 * Receives one message of at most `room` bytes and at most *nfds (<= FD_PASS_MAX) descriptors, all O_CLOEXEC.
 * Returns the length (0 is end of file), or -errno; on failure no descriptor is left open. *nfds is what came.
 */
ssize_t fd_receive(int socket, void *data, size_t room, int *fds, size_t *nfds) nodiscard;

#endif
