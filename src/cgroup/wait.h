/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for cgroups. The kernel tells the end of a process (pidfd) and what cgroup.events says of a cgroup2
 * directory; it tells nothing of v1's freezer.state, of the moment a cgroup stays busy after its last process, or of
 * when a process may be moved: for those there are steps.
 */
#ifndef HUSK_CGROUP_WAIT_H
#define HUSK_CGROUP_WAIT_H

#include <stdbool.h>
#include <stdint.h>
#include <base/attr.h>
#include <cgroup/dir.h>

/* Up to a deadline; zeroed but for that. */
struct cgroup_wait {
	uint64_t deadline_us; /* of CLOCK_MONOTONIC */
	uint64_t step_us;
};

uint64_t cgroup_now_us(void);
/* Sleeps a little longer each time; false when the deadline has passed. */
bool cgroup_wait_step(struct cgroup_wait *w);
/*
 * Waits until the cgroup.events of a cgroup2 directory has the line ("populated 0", "frozen 1"): 1, 0 at the deadline,
 * -ENOENT when there is no such directory (any more).
 */
int cgroup_wait_event(const char *path, const char *line, const struct cgroup_wait *w) nodiscard;
/*
 * Waits until all of these processes ended: 1, 0 at the deadline or after 100 ms, -errno where pidfds are refused. A
 * number may have been given to somebody else since the list was made: so it is to be read again then.
 */
int cgroup_wait_pids(const struct pid_list *pids, const struct cgroup_wait *w) nodiscard;
/* Waits until the directory and those below it have no living process, by either means; answers are the same. */
int cgroup_wait_empty(const char *path, bool v2, const struct cgroup_wait *w) nodiscard;

/* Freezes by the v1 freezer and waits until all stand still, or the deadline. freezer.c */
void cgroup_hold_v1(const struct cgroup_dir *dir, struct cgroup_wait *w);

#endif
