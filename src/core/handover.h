/* SPDX-License-Identifier: Apache-2.0 */
/* What the caller asked to be told about a new process: its terminal, its pidfd, its pid. */
#ifndef HUSK_CORE_HANDOVER_H
#define HUSK_CORE_HANDOVER_H

#include <base/error.h>
#include <core/launch.h>

struct handover {
	int console, pidfd; /* connections to the sockets, or -1 */
};

/* Connects to the sockets that are named, before anything is made. */
int handover_open(const struct husk_stdio *io, struct handover *ret, struct husk_error **err);
/* Sends the terminal's master and the pidfd, and writes the pid file. Once the process exists for good. */
int handover_give(
	struct handover *h, const struct husk_stdio *io, struct launch *l, struct husk_error **err);
void handover_done(struct handover *h);

#endif
