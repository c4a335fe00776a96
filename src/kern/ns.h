/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The namespaces of Linux: names, /proc/PID/ns files, CLONE_NEW* bits. One table, in the order in which they are
 * joined: user first, because it decides about the right to join the rest.
 */
#ifndef HUSK_KERN_NS_H
#define HUSK_KERN_NS_H

#include <stdint.h>

struct ns_kind {
	const char *name; /* for people: "network" */
	const char *file; /* below /proc/PID/ns: "net" */
	uint64_t flag; /* CLONE_NEWNET */
};

/* Ended by a row without a name. */
extern const struct ns_kind ns_kinds[];

#endif
