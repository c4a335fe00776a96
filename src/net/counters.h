/* SPDX-License-Identifier: Apache-2.0 */
/* Counters of the interfaces of a process's network namespace, from /proc: nobody has to enter it. */
#ifndef HUSK_NET_COUNTERS_H
#define HUSK_NET_COUNTERS_H

#include <sys/types.h>
#include <base/arena.h>
#include <husk/stats.h>

/*
 * Reads them; names and list are in the arena. 1; 0 when the process is gone or in the caller's own namespace;
 * -ENOMEM, -EMFILE, -ENFILE. Whether the pid still means the same process is the caller's business.
 */
int net_counters(pid_t pid, struct arena *arena, struct husk_network_stats *ret) nodiscard;
/* The same from the text of /proc/PID/net/dev, which is cut up. 1 or -ENOMEM. */
int net_counters_parse(char *text, struct arena *arena, struct husk_network_stats *ret) nodiscard;

#endif
