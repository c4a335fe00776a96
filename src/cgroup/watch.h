/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens in a container's cgroups, told by one descriptor. OOM: v1 by an eventfd, v2 by memory.events; pressure:
 * triggers of cgroup2, levels of v1; freezing: cgroup.events of cgroup2; and the end of the container's process.
 */
#ifndef HUSK_CGROUP_WATCH_H
#define HUSK_CGROUP_WATCH_H

#include <base/error.h>
#include <base/log.h>
#include <husk/events.h>
#include <kern/cgroupfs.h>

struct cgroup_watch;

struct cgroup_watch_context {
	const struct cgroup_dirs *dirs; /* the watch keeps none of this */
	const struct log *log;
	size_t trigger_count;
	const struct husk_pressure_trigger *triggers;
};

/* Takes over *pidfd. A trigger that cannot be had is an error; no memory controller or no cgroup2 is none. */
int cgroup_watch_new(const struct cgroup_watch_context *c, int *pidfd, struct cgroup_watch **ret,
	struct husk_error **err);
int cgroup_watch_fd(const struct cgroup_watch *w);
/* 1: *event is filled in (but size); 0: nothing now; -errno. */
int cgroup_watch_next(struct cgroup_watch *w, struct husk_event *event) nodiscard;
void cgroup_watch_free(struct cgroup_watch *w);

#endif
