/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens to a container, as it happens: one descriptor for the event loop of the caller, no threads, no timers.
 *
 *	husk_container_events(container, &options, &events, &err);
 *	while (poll({husk_events_fd(events), POLLIN}))
 *		while (husk_events_next(events, &event, &err) > 0)
 *			...
 */
#ifndef HUSK_EVENTS_H
#define HUSK_EVENTS_H

#include <stddef.h>
#include <stdint.h>
#include <husk/container.h>
#include <husk/error.h>
#include <husk/stats.h>

#ifdef __cplusplus
extern "C" {
#endif

struct husk_events;

/* Since 0.1. New types may be added at the end. */
enum husk_event_type {
	HUSK_EVENT_OOM, /* memory ran out */
	HUSK_EVENT_PRESSURE, /* a trigger of the options */
	HUSK_EVENT_FROZEN, /* the cgroup2 was frozen: v2 only, v1 tells nobody */
	HUSK_EVENT_THAWED,
	HUSK_EVENT_EXIT /* the container's first process has ended: the last event */
};

/* Since 0.1. */
enum husk_pressure_resource { HUSK_PRESSURE_MEMORY, HUSK_PRESSURE_CPU, HUSK_PRESSURE_IO };
/*
 * SOME and FULL are triggers of pressure stall information (kernel: Documentation/accounting/psi.rst) and need a
 * cgroup2 directory; LOW to CRITICAL are the levels of memory.pressure_level (v1 memory controller). Since 0.1.
 */
enum husk_pressure_level {
	HUSK_PRESSURE_SOME,
	HUSK_PRESSURE_FULL,
	HUSK_PRESSURE_LOW,
	HUSK_PRESSURE_MEDIUM,
	HUSK_PRESSURE_CRITICAL
};
/* Does not grow. Since 0.1. */
struct husk_pressure_trigger {
	enum husk_pressure_resource resource;
	enum husk_pressure_level level;
	/* SOME, FULL: so much stall in such a time of 500 ms to 10 s; without CAP_SYS_RESOURCE a multiple of 2 s */
	uint64_t stall_us, window_us;
};

/* Set size, everything else to zero, then what you want. Since 0.1. */
struct husk_events_options {
	size_t size;
	size_t trigger_count;
	const struct husk_pressure_trigger *triggers; /* borrowed for the call */
};

/* Set size before husk_events_next(). Since 0.1. */
struct husk_event {
	size_t size;
	enum husk_event_type type;
	/* OOM: totals since the cgroup was made; v1 has only oom_kill */
	struct husk_value oom, oom_kill, oom_group_kill;
	size_t trigger; /* PRESSURE: index in the options */
};

/*
 * Watches a container that has a process; HUSK_ERROR_NOT_RUNNING when it has none, HUSK_ERROR_UNSUPPORTED when a
 * trigger cannot be had here. OOM, freezing and the exit are always watched, where the container has the cgroup for
 * it. The object stands on its own: the container handle is not needed any more. Since 0.1.
 */
int husk_container_events(struct husk_container *container,
	const struct husk_events_options *options, struct husk_events **ret,
	struct husk_error **err);
/* A descriptor that is readable while husk_events_next() may have something; belongs to the object. Since 0.1. */
int husk_events_fd(const struct husk_events *events);
/* Never waits. 1: *event is one; 0: nothing now; after HUSK_EVENT_EXIT always 0. One thread at a time. Since 0.1. */
int husk_events_next(struct husk_events *events, struct husk_event *event, struct husk_error **err);
/* NULL is allowed. Since 0.1. */
void husk_events_free(struct husk_events *events);

#ifdef __cplusplus
}
#endif

#endif
