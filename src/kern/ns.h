/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The namespaces of Linux: names, /proc/PID/ns files, CLONE_NEW* bits. One table, in the order in which they are
 * joined: user first, because it decides about the right to join the rest.
 */
#ifndef HUSK_KERN_NS_H
#define HUSK_KERN_NS_H

#include <stdint.h>
#include <base/attr.h>

struct ns_kind {
	const char *name; /* for people: "network" */
	const char *file; /* below /proc/PID/ns: "net" */
	uint64_t flag; /* CLONE_NEWNET */
};

/* Ended by a row without a name. */
extern const struct ns_kind ns_kinds[];

/* The row with that CLONE_NEW* bit, or NULL. */
const struct ns_kind *ns_kind_of(uint64_t flag);
/*
 * Opens a namespace file and proves that it is one of that kind. Returns 0 (the caller closes *ret_fd), -EINVAL for
 * another kind or no namespace at all, or -errno of open(2).
 */
int ns_open(const char *path, uint64_t flag, int *ret_fd) nodiscard;

#endif
