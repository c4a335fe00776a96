// SPDX-License-Identifier: Apache-2.0
/* <husk/events.h>: the watch over a container's cgroups and its process, as a handle. */
#include <core/container.h>
#include <cgroup/watch.h>
#include <core/factory.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct husk_events {
	struct cgroup_watch *watch;
};

static int watch_now(const struct husk_container *c, const struct husk_events_options *options,
	struct cgroup_watch **ret, struct husk_error **err)
{
	auto_cgroups g = {};
	auto_now now = {};
	int r = container_look(c, &now, err);

	if (r < 0)
		return r;
	if (now.pidfd < 0)
		return fail_full(err, HUSK_ERROR_NOT_RUNNING, ESRCH, NULL,
			"container with id %s is not running", c->id);
	r = container_cgroups(c, &now.state, &g, err);
	if (r < 0)
		return r;
	return cgroup_watch_new(
		&(struct cgroup_watch_context){
			.dirs = &g.dirs,
			.log = &c->factory->log,
			.trigger_count = options->trigger_count,
			.triggers = options->triggers,
		},
		&now.pidfd, ret, err);
}

int husk_container_events(struct husk_container *c, const struct husk_events_options *options,
	struct husk_events **ret, struct husk_error **err)
{
	struct husk_events *events;
	int r;

	if (!options || options->size < sizeof *options)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
			"struct husk_events_options is not filled in");
	events = calloc(1, sizeof *events);
	if (!events)
		return fail_memory(err);
	r = watch_now(c, options, &events->watch, err);
	if (r < 0)
		free(events);
	else
		*ret = events;
	return r;
}

int husk_events_fd(const struct husk_events *events)
{
	return cgroup_watch_fd(events->watch);
}

int husk_events_next(struct husk_events *events, struct husk_event *event, struct husk_error **err)
{
	struct husk_event now = {.size = sizeof now};
	int r;

	if (event->size < sizeof now)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT, "struct husk_event is not filled in");
	r = cgroup_watch_next(events->watch, &now);
	if (r < 0)
		return fail_errno(err, r, "cannot look for events");
	if (r > 0) {
		now.size = event->size;
		memcpy(event, &now, sizeof now);
	}
	return r;
}

void husk_events_free(struct husk_events *events)
{
	if (!events)
		return;
	cgroup_watch_free(events->watch);
	free(events);
}
