// SPDX-License-Identifier: Apache-2.0
/*
 * What husk-bus can do. Starting and stopping are jobs, and their end is a signal (JobRemoved) that is subscribed to
 * before the job exists; it may be here before the answer that tells the job's name, so all ends are kept.
 */
#include <bus/bus.h>
#include <base/error.h>
#include <base/mem.h>
#include <base/text.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEMD "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER SYSTEMD ".Manager"
#define ERROR_UNIT_EXISTS SYSTEMD ".UnitExists"
#define ERROR_NO_UNIT SYSTEMD ".NoSuchUnit"

/* ---- jobs ---- */

static int on_job_removed(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct bus *b = data;
	const char *path, *unit, *result;
	struct bus_job *job;
	uint32_t id;

	(void)error;
	if (sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0)
		return 0;
	if (!text_equal(unit, b->unit))
		return 0;
	job = list_add(&b->jobs);
	if (job)
		*job = (struct bus_job){strdup(path), strdup(result)};
	return 0;
}

/* Ends of jobs will be heard from here on. On a bus the rule is in force before what we send next. */
static int hear_jobs(struct bus *b)
{
	sd_bus_message *call = NULL;
	auto_free char *match = str_printf("type='signal',%spath='" MANAGER_PATH
					   "',interface='" MANAGER "',member='JobRemoved'",
		b->direct ? "" : "sender='" SYSTEMD "',");
	int r = match ? sd_bus_add_match_async(b->bus, NULL, match, on_job_removed, NULL, b)
		      : -ENOMEM;

	if (r < 0)
		return bus_fail(b, SD_BUS_ERROR_FAILED, "%s", errno_text(-r));
	b->doing = "subscribing to systemd's signals";
	return bus_manager_call(b, "Subscribe", &call) || bus_call(b, call, NULL) ? -1 : 0;
}

static const char *find_result(const struct bus *b, const char *job)
{
	list_for_each (j, &b->jobs)
		if (j->path && j->result && text_equal(j->path, job))
			return j->result;
	return NULL;
}

static int wait_for_job(struct bus *b, const char *job)
{
	const char *result;

	while (!(result = find_result(b, job)))
		if (bus_step(b) < 0)
			return -1;
	return text_equal(result, "done") ? 0
					  : bus_fail(b, "", "systemd's job ended as '%s'", result);
}

/* Calls a method that answers with a job, and waits for the end of that. */
static int run_job(struct bus *b, sd_bus_message *call, const char *doing, const char *waiting)
{
	sd_bus_message *answer = NULL;
	const char *job;
	int r;

	b->doing = doing;
	if (bus_call(b, call, &answer) < 0)
		return -1;
	b->doing = waiting;
	r = sd_bus_message_read(answer, "o", &job);
	r = r < 0 ? bus_fail(b, SD_BUS_ERROR_FAILED, "systemd's answer has no job")
		  : wait_for_job(b, job);
	sd_bus_message_unref(answer);
	return r;
}

/* ---- verbs ---- */

static int append_properties(struct bus *b, const struct bus_request *q, sd_bus_message *m)
{
	int r = sd_bus_message_open_container(m, 'a', "(sv)");

	list_for_each (p, &q->properties) {
		auto_strbuf detail = {};

		if (r >= 0)
			r = bus_append_property(m, p, &detail);
		if (detail.len)
			return bus_fail(b, SD_BUS_ERROR_INVALID_ARGS, "property %s: %s", p->name,
				strbuf_text(&detail));
	}
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	return r < 0 ? bus_fail(b, SD_BUS_ERROR_FAILED, "%s", errno_text(-r)) : 0;
}

static int try_start(struct bus *b, const struct bus_request *q)
{
	sd_bus_message *call = NULL;
	int r;

	if (bus_manager_call(b, "StartTransientUnit", &call) < 0)
		return -1;
	r = sd_bus_message_append(call, "ss", q->unit, "replace");
	if (r >= 0 && append_properties(b, q, call) < 0)
		return -1;
	if (r >= 0)
		r = sd_bus_message_append(call, "a(sa(sv))", 0);
	return r < 0 ? bus_fail(b, SD_BUS_ERROR_FAILED, "%s", errno_text(-r))
		     : run_job(b, call, "asking systemd to start the unit",
			       "waiting for systemd's job to start the unit");
}

/* A unit that failed stays until it is reset. Others have nothing to reset, which is as good. */
static int reset_failed(struct bus *b, const struct bus_request *q)
{
	sd_bus_message *call = NULL;

	b->doing = "resetting the unit's failure";
	if (bus_manager_call(b, "ResetFailedUnit", &call) < 0)
		return -1;
	if (sd_bus_message_append(call, "s", q->unit) < 0)
		return bus_fail(b, SD_BUS_ERROR_FAILED, "%s", errno_text(ENOMEM));
	if (bus_call(b, call, NULL) < 0 && !bus_error_is(b, ERROR_NO_UNIT))
		return -1;
	bus_error_forget(b);
	return 0;
}

/* One of that name may be left from a container that failed. */
static int start(struct bus *b, const struct bus_request *q)
{
	int r = hear_jobs(b);

	if (r < 0)
		return r;
	r = try_start(b, q);
	if (r < 0 && bus_error_is(b, ERROR_UNIT_EXISTS))
		r = reset_failed(b, q) < 0 ? -1 : try_start(b, q);
	return r;
}

static int stop(struct bus *b, const struct bus_request *q)
{
	sd_bus_message *call = NULL;

	if (hear_jobs(b) < 0 || bus_manager_call(b, "StopUnit", &call) < 0)
		return -1;
	if (sd_bus_message_append(call, "ss", q->unit, "replace") < 0)
		return bus_fail(b, SD_BUS_ERROR_FAILED, "%s", errno_text(ENOMEM));
	if (run_job(b, call, "asking systemd to stop the unit",
		    "waiting for systemd's job to stop the unit") < 0 &&
		!bus_error_is(b, ERROR_NO_UNIT))
		return -1;
	return reset_failed(b, q);
}

static int set(struct bus *b, const struct bus_request *q)
{
	sd_bus_message *call = NULL;

	b->doing = "setting properties of the unit";
	if (bus_manager_call(b, "SetUnitProperties", &call) < 0)
		return -1;
	if (sd_bus_message_append(call, "sb", q->unit, true) < 0)
		return bus_fail(b, SD_BUS_ERROR_FAILED, "%s", errno_text(ENOMEM));
	return append_properties(b, q, call) < 0 ? -1 : bus_call(b, call, NULL);
}

static int root(struct bus *b, const struct bus_request *q)
{
	sd_bus_message *call = NULL, *answer = NULL;
	const char *path = NULL;
	int r;

	(void)q;
	b->doing = "asking systemd for its own cgroup";
	r = sd_bus_message_new_method_call(b->bus, &call, b->direct ? NULL : SYSTEMD, MANAGER_PATH,
		"org.freedesktop.DBus.Properties", "Get");
	if (r >= 0)
		r = sd_bus_message_append(call, "ss", MANAGER, "ControlGroup");
	if (r < 0)
		return bus_fail(b, SD_BUS_ERROR_FAILED, "%s", errno_text(-r));
	if (bus_call(b, call, &answer) < 0)
		return -1;
	r = sd_bus_message_read(answer, "v", "s", &path);
	if (r >= 0)
		strbuf_add(&b->message, path);
	sd_bus_message_unref(answer);
	return r < 0 ? bus_fail(b, SD_BUS_ERROR_FAILED, "systemd's cgroup is no text") : 0;
}

static const struct {
	const char *name;
	int (*run)(struct bus *b, const struct bus_request *q);
} verbs[] = {
	{"start", start},
	{"stop", stop},
	{"set", set},
	{"root", root},
};

int bus_carry_out(struct bus *b, const struct bus_request *q)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (text_equal(verbs[i].name, q->verb))
			return bus_connect(b, q) < 0 ? -1 : verbs[i].run(b, q);
	return bus_fail(b, SD_BUS_ERROR_INVALID_ARGS, "unknown verb '%s'", q->verb);
}
