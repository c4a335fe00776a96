/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies between this program's stdio and the master of a container's terminal, through two rings. Used in a
 * poll(2) loop: relay_want() fills in what to wait for, relay_move() does what is possible without blocking.
 */
#ifndef HUSK_CLI_RELAY_H
#define HUSK_CLI_RELAY_H

#include <poll.h>
#include <stdbool.h>
#include <cli/ring.h>

enum { RELAY_FDS = 3 };

struct relay {
	int in, out, master; /* borrowed; master is made non-blocking */
	int own_out; /* `out` opened a second time, non-blocking, or -1 */
	bool in_terminal; /* its end is a hang-up */
	bool in_ended; /* no more input */
	bool end_told; /* and the container's terminal knows */
	bool out_dead; /* nobody reads the output any more: it is dropped */
	bool hung_up; /* the container's side of the terminal is closed */
	struct ring to, from;
};

/* Allocates a relay (64 kB each way); NULL when out of memory. */
struct relay *relay_new(int in, int out, int master);
/* NULL is allowed. */
void relay_free(struct relay *relay);
void relay_free_target(struct relay **relay);
#define auto_relay auto_(relay_free_target) struct relay

void relay_want(const struct relay *relay, struct pollfd fds[RELAY_FDS]);
void relay_move(struct relay *relay, const struct pollfd fds[RELAY_FDS]);
/*
 * After the process ended: passes on what its terminal still holds. Stops early when `stop` becomes true, which is
 * asked whenever `wake_fd` is readable.
 */
void relay_finish(struct relay *relay, int wake_fd, bool (*stop)(int wake_fd));

#endif
