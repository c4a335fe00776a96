// SPDX-License-Identifier: Apache-2.0
/*
 * The connection to systemd. Nothing here waits without end: calls are asynchronous, and one loop waits for the answer,
 * for signals, and for the time to be up. systemd's private socket comes first where there is one: it works while the
 * message bus does not, and there is nobody between us.
 */
#include <bus/bus.h>
#include <base/error.h>
#include <base/mem.h>
#include <base/text.h>

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#define SYSTEMD "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER SYSTEMD ".Manager"

int bus_fail(struct bus *b, const char *error, const char *format, ...)
{
	va_list args;

	bus_error_forget(b);
	b->error = strdup(error);
	va_start(args, format);
	strbuf_vprintf(&b->message, format, args);
	va_end(args);
	return -1;
}

bool bus_error_is(const struct bus *b, const char *name)
{
	return b->error && text_equal(b->error, name);
}

void bus_error_forget(struct bus *b)
{
	free(TAKE_PTR(b->error));
	strbuf_done(&b->message);
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Sleeps until the connection has something to do. */
static int sleep_once(struct bus *b)
{
	uint64_t now = now_us(), until = b->deadline, theirs = UINT64_MAX;
	struct pollfd p = {.fd = sd_bus_get_fd(b->bus)};
	int events = sd_bus_get_events(b->bus);
	struct timespec t;

	if (p.fd < 0 || events < 0)
		return p.fd < 0 ? p.fd : events;
	if (sd_bus_get_timeout(b->bus, &theirs) >= 0 && theirs < until)
		until = theirs;
	until = until > now ? until - now : 0;
	t = (struct timespec){(time_t)(until / 1000000), (long)(until % 1000000) * 1000};
	p.events = (short)events;
	return ppoll(&p, 1, &t, NULL) < 0 && errno != EINTR ? -errno : 0;
}

int bus_step(struct bus *b)
{
	int r;

	if (now_us() >= b->deadline)
		return bus_fail(b, SD_BUS_ERROR_TIMEOUT, "time is up while %s", b->doing);
	r = sd_bus_process(b->bus, NULL);
	if (!r)
		r = sleep_once(b);
	return r < 0 ? bus_fail(b, SD_BUS_ERROR_DISCONNECTED, "%s while %s", errno_text(-r),
			       b->doing)
		     : 0;
}

struct answer {
	bool done;
	sd_bus_message *message;
};

static int on_answer(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct answer *a = data;

	(void)error;
	a->message = sd_bus_message_ref(m);
	a->done = true;
	return 0;
}

int bus_call(struct bus *b, sd_bus_message *call, sd_bus_message **ret)
{
	sd_bus_slot *slot = NULL;
	struct answer a = {};
	int r = sd_bus_call_async(b->bus, &slot, call, on_answer, &a, UINT64_MAX);

	sd_bus_message_unref(call);
	r = r < 0 ? bus_fail(b, SD_BUS_ERROR_FAILED, "%s while %s", errno_text(-r), b->doing) : 0;
	while (!r && !a.done)
		r = bus_step(b);
	sd_bus_slot_unref(slot);
	if (!r && sd_bus_message_is_method_error(a.message, NULL)) {
		const sd_bus_error *e = sd_bus_message_get_error(a.message);

		r = bus_fail(b, e->name, "%s", e->message ? e->message : e->name);
	}
	if (!r && ret)
		*ret = sd_bus_message_ref(a.message);
	sd_bus_message_unref(a.message);
	return r;
}

int bus_manager_call(struct bus *b, const char *method, sd_bus_message **ret)
{
	int r = sd_bus_message_new_method_call(
		b->bus, ret, b->direct ? NULL : SYSTEMD, MANAGER_PATH, MANAGER, method);

	return r < 0 ? bus_fail(b, SD_BUS_ERROR_FAILED, "%s", errno_text(-r)) : 0;
}

/* A call that only proves that somebody answers: authentication and hello are behind us then. */
static int greet(struct bus *b)
{
	sd_bus_message *ping = NULL;
	int r = sd_bus_message_new_method_call(b->bus, &ping, b->direct ? NULL : SYSTEMD,
		MANAGER_PATH, "org.freedesktop.DBus.Peer", "Ping");

	return r < 0 ? bus_fail(b, SD_BUS_ERROR_FAILED, "%s", errno_text(-r))
		     : bus_call(b, ping, NULL);
}

static int try_address(struct bus *b, const struct bus_address *a)
{
	int r = sd_bus_new(&b->bus);

	b->direct = a->direct;
	if (r >= 0)
		r = sd_bus_set_address(b->bus, a->address);
	if (r >= 0)
		r = sd_bus_set_bus_client(b->bus, !a->direct);
	if (r >= 0)
		r = sd_bus_start(b->bus);
	if (r < 0)
		return bus_fail(b, SD_BUS_ERROR_NO_SERVER, "%s", errno_text(-r));
	return greet(b);
}

int bus_connect(struct bus *b, const struct bus_request *q)
{
	auto_strbuf tried = {};

	b->doing = "connecting to systemd";
	list_for_each (a, &q->addresses) {
		if (!try_address(b, a))
			return 0;
		b->bus = sd_bus_close_unref(b->bus);
		if (bus_error_is(b, SD_BUS_ERROR_TIMEOUT))
			return -1;
		strbuf_printf(&tried, "%s%s: %s", tried.len ? "; " : "", a->address,
			strbuf_text(&b->message));
	}
	return bus_fail(b, SD_BUS_ERROR_NO_SERVER, "nobody answers (%s)", strbuf_text(&tried));
}
