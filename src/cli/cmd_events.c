// SPDX-License-Identifier: Apache-2.0
/*
 * husk events: statistics at an interval, and what happens, one JSON object a line as runc prints them; until the
 * container's process ends, or nobody reads any more.
 */
#include <cli/commands.h>
#include <cli/duration.h>
#include <cli/out.h>
#include <cli/stats_json.h>
#include <base/error.h>
#include <base/fd.h>
#include <base/mem.h>
#include <base/table.h>
#include <base/text.h>

#include <errno.h>
#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct events {
	const char *interval;
	bool stats, freezer;
	struct args pressure;
};

static const struct opt_row rows[] = {
	STRING(struct events, interval, "interval", 0, "DURATION",
		"time between two statistics (default: 5s)"),
	FLAG(struct events, stats, "stats", 0, "print the statistics once"),
	STRINGS(struct events, pressure, "pressure", 0, "TRIGGER",
		"also tell of pressure: RESOURCE:LEVEL[:STALL/WINDOW], as memory:some:150ms/1s"),
	FLAG(struct events, freezer, "freezer", 0,
		"also tell when the container is frozen and thawed (cgroup v2)"),
	{},
};

enum { NSEC = 1000000000, NSEC_OF_USEC = 1000 };

/* What the loop works with. */
struct watch {
	const struct events *options;
	const char *id;
	struct husk_container *container;
	struct husk_events *events;
	const struct husk_pressure_trigger *triggers;
};

static const struct name_value resources[] = {
	{"memory", HUSK_PRESSURE_MEMORY}, {"cpu", HUSK_PRESSURE_CPU}, {"io", HUSK_PRESSURE_IO}, {}};
static const struct name_value levels[] = {{"some", HUSK_PRESSURE_SOME},
	{"full", HUSK_PRESSURE_FULL}, {"low", HUSK_PRESSURE_LOW}, {"medium", HUSK_PRESSURE_MEDIUM},
	{"critical", HUSK_PRESSURE_CRITICAL}, {}};

static void begin(struct json_out *json, const char *type, const char *id)
{
	json_open(json, NULL, '{');
	out_json_string(json, "type", type);
	out_json_string(json, "id", id);
}

static int finish(struct json_out *json, struct husk_error **err)
{
	json_close(json, '}');
	strbuf_add_char(json->out, '\n');
	return out_print(json->out, err);
}

/* 1 when it has no process (any more): then nothing is printed. */
static int print_stats(const struct watch *w, struct husk_error **err)
{
	struct husk_stats *stats = NULL;
	auto_strbuf out = {};
	struct json_out json = {.out = &out};
	int r = husk_container_stats(w->container, HUSK_STATS_ALL, &stats, err);

	if (r < 0)
		return r;
	if (!stats->pid) {
		husk_stats_free(stats);
		return 1;
	}
	begin(&json, "stats", w->id);
	stats_json(&json, "data", stats);
	husk_stats_free(stats);
	return finish(&json, err);
}

static void add_trigger(struct json_out *json, const struct husk_pressure_trigger *t)
{
	json_open(json, "data", '{');
	out_json_string(json, "resource", table_name(resources, t->resource, "?"));
	out_json_string(json, "level", table_name(levels, t->level, "?"));
	if (t->window_us) {
		json_uint(json, "stall_us", t->stall_us);
		json_uint(json, "window_us", t->window_us);
	}
	json_close(json, '}');
}

static int print_event(const struct watch *w, const struct husk_event *e, struct husk_error **err)
{
	static const char *const names[] = {
		[HUSK_EVENT_OOM] = "oom",
		[HUSK_EVENT_PRESSURE] = "pressure",
		[HUSK_EVENT_FROZEN] = "frozen",
		[HUSK_EVENT_THAWED] = "thawed",
	};
	bool freezer = e->type == HUSK_EVENT_FROZEN || e->type == HUSK_EVENT_THAWED;
	auto_strbuf out = {};
	struct json_out json = {.out = &out};

	if (freezer && !w->options->freezer)
		return 0;
	begin(&json, names[e->type], w->id);
	if (e->type == HUSK_EVENT_PRESSURE)
		add_trigger(&json, &w->triggers[e->trigger]);
	return finish(&json, err);
}

/* 1 when the container's process has ended. */
static int print_events(const struct watch *w, struct husk_error **err)
{
	struct husk_event event = {.size = sizeof event};
	int r;

	while ((r = husk_events_next(w->events, &event, err)) > 0) {
		if (event.type == HUSK_EVENT_EXIT)
			return 1;
		r = print_event(w, &event, err);
		if (r < 0)
			break;
	}
	return r;
}

/* A container that has ended, or is deleted already, is no error: its last event is on the way. */
static int on_timer(const struct watch *w, int timer, struct husk_error **err)
{
	struct husk_error *error = NULL;
	uint64_t count;
	int r;

	if (read(timer, &count, sizeof count) < 0)
		return 0;
	r = print_stats(w, &error);
	if (r >= 0)
		return 0;
	if (husk_error_code(error) != HUSK_ERROR_NOT_FOUND) {
		*err = error;
		return r;
	}
	husk_error_free(error);
	return 0;
}

static int loop(const struct watch *w, int timer, struct husk_error **err)
{
	enum { EVENTS, TIMER, READER };
	struct pollfd fds[] = {
		[EVENTS] = {.fd = husk_events_fd(w->events), .events = POLLIN},
		[TIMER] = {.fd = timer, .events = POLLIN},
		/* asked for nothing it tells its end: a pipe by POLLERR, a socket by POLLHUP */
		[READER] = {.fd = STDOUT_FILENO},
	};
	int r = 0;

	while (!r) {
		if (poll(fds, ARRAY_LEN(fds), -1) < 0) {
			if (errno == EINTR)
				continue;
			return fail_errno(err, -errno, "cannot wait for events");
		}
		if (fds[READER].revents)
			return 0;
		if (fds[EVENTS].revents)
			r = print_events(w, err);
		if (!r && fds[TIMER].revents)
			r = on_timer(w, timer, err);
	}
	return r < 0 ? r : 0;
}

static int watch(struct watch *w, uint64_t interval, size_t trigger_count, struct husk_error **err)
{
	struct timespec every = {
		.tv_sec = (time_t)(interval / NSEC), .tv_nsec = (long)(interval % NSEC)};
	struct itimerspec times = {.it_interval = every, .it_value = every};
	struct husk_events_options options = {
		.size = sizeof options,
		.trigger_count = trigger_count,
		.triggers = w->triggers,
	};
	auto_close int timer = -1;
	int r = husk_container_events(w->container, &options, &w->events, err);

	if (r < 0)
		return r;
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (timer < 0 || timerfd_settime(timer, 0, &times, NULL) < 0)
		r = fail_errno(err, -errno, "cannot make a timer");
	if (!r)
		r = loop(w, timer, err);
	husk_events_free(w->events);
	return r;
}

/* "150ms/1s" */
static int parse_window(char *text, struct husk_pressure_trigger *t)
{
	char *window = strchr(text, '/');
	uint64_t stall_ns, window_ns;

	if (!window)
		return -EINVAL;
	*window++ = '\0';
	if (duration_parse(text, &stall_ns) < 0 || duration_parse(window, &window_ns) < 0)
		return -EINVAL;
	t->stall_us = stall_ns / NSEC_OF_USEC;
	t->window_us = window_ns / NSEC_OF_USEC;
	return t->stall_us && t->window_us ? 0 : -EINVAL;
}

/* "memory:some:150ms/1s", "memory:low" */
static int parse_trigger(char *text, struct husk_pressure_trigger *ret)
{
	const char *resource = strsep(&text, ":"), *level = strsep(&text, ":");
	const struct name_value *r = table_find(resources, resource);
	const struct name_value *l = level ? table_find(levels, level) : NULL;
	bool stall;

	if (!r || !l)
		return -EINVAL;
	*ret = (struct husk_pressure_trigger){
		.resource = (enum husk_pressure_resource)r->value,
		.level = (enum husk_pressure_level)l->value,
	};
	stall = ret->level <= HUSK_PRESSURE_FULL;
	if (stall != !!text)
		return -EINVAL;
	return stall ? parse_window(text, ret) : 0;
}

static int parse_triggers(
	const struct args *texts, struct husk_pressure_trigger **ret, struct husk_error **err)
{
	auto_free struct husk_pressure_trigger *v = calloc(texts->n + 1, sizeof *v);

	if (!v)
		return fail_memory(err);
	for (size_t i = 0; i < texts->n; i++) {
		auto_free char *copy = strdup(texts->v[i]);

		if (!copy)
			return fail_memory(err);
		if (parse_trigger(copy, &v[i]) < 0)
			return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
				"invalid pressure trigger '%s': want "
				"RESOURCE:some|full:STALL/WINDOW or "
				"memory:low|medium|critical",
				texts->v[i]);
	}
	*ret = TAKE_PTR(v);
	return 0;
}

static int run(
	struct cli *cli, const void *options, const struct args *args, struct husk_error **err)
{
	const struct events *o = options;
	auto_free struct husk_pressure_trigger *triggers = NULL;
	auto_container *container = NULL;
	struct watch w = {.options = o, .id = args->v[0]};
	uint64_t interval;
	int r = duration_interval(o->interval, UINT64_C(5) * NSEC, &interval, err);

	if (r == 0)
		r = parse_triggers(&o->pressure, &triggers, err);
	if (r == 0)
		r = cli_container(cli, w.id, &container, err);
	if (r < 0)
		return r;
	w.container = container;
	w.triggers = triggers;
	if (!o->stats)
		return watch(&w, interval, o->pressure.n, err);
	r = print_stats(&w, err);
	if (r > 0)
		return fail(
			err, HUSK_ERROR_NOT_RUNNING, "container with id %s is not running", w.id);
	return r;
}

const struct command cmd_events = {
	.name = "events",
	.arguments = "ID",
	.summary = "show statistics and events of a container, as JSON",
	.options = rows,
	.size = sizeof(struct events),
	.least = 1,
	.most = 1,
	.run = run,
};
