/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files: read with a bound, write, replace atomically. Leaf functions: 0 or -errno, no messages. */
#ifndef HUSK_BASE_IO_H
#define HUSK_BASE_IO_H

#include <stddef.h>
#include <sys/types.h>
#include <base/attr.h>

/*
 * Reads a file whole, adds a NUL, and hands the text to the caller. More than `limit` bytes is -EFBIG.
 * io_read_at() opens `path` below the directory `dirfd` (AT_FDCWD: the working directory).
 */
int io_read_fd(int fd, size_t limit, char **ret_text, size_t *ret_len) nodiscard;
int io_read_at(int dirfd, const char *path, size_t limit, char **ret_text, size_t *ret_len)
	nodiscard;
/* Writes everything, also over short writes. */
int io_write_fd(int fd, const void *data, size_t n) nodiscard;
/* Writes to an existing file in one write(2): what kernel interface files (cgroup, proc) need. */
int io_write_at(int dirfd, const char *path, const char *text) nodiscard;
/* Writes a temporary file beside `path`, then renames it over: readers see the old or the new, never half. */
int io_replace_at(int dirfd, const char *path, const void *data, size_t n, mode_t mode) nodiscard;

#endif
