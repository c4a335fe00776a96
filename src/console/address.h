/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unix socket addresses for files anywhere: the kernel takes 107 bytes of path, and a path below a directory
 * descriptor only by way of /proc/self/fd. 0 or -errno.
 */
#ifndef HUSK_CONSOLE_ADDRESS_H
#define HUSK_CONSOLE_ADDRESS_H

#include <sys/socket.h>
#include <sys/un.h>
#include <base/attr.h>

/* `name` (one component) in the directory dirfd, which has to stay open while the address is used. */
int address_at(int dirfd, const char *name, struct sockaddr_un *ret, socklen_t *ret_len) nodiscard;
/* Any path. *ret_dir is a descriptor to close after use, or untouched. */
int address_of_path(const char *path, int *ret_dir, struct sockaddr_un *ret, socklen_t *ret_len)
	nodiscard;

#endif
