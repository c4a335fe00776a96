// SPDX-License-Identifier: Apache-2.0
/*
 * Asking systemd: one request to one run of husk-bus (src/bus). It has a deadline of its own and tells what it waited
 * for; should it not keep that, it is killed. No lock is held meanwhile and no thread is needed.
 */
#include <cgroup/systemd.h>
#include <cgroup/systemd_call.h>
#include <base/fd.h>
#include <base/mem.h>
#include <base/str.h>
#include <base/text.h>
#include <bus/request.h>
#include <kern/spawn.h>

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TIMEOUT_MS = 30000, GRACE_MS = 2000, OUTPUT_SHOWN = 400 };

/* One request on its way, and what comes back. */
struct call {
	struct strbuf request, answer;
	const char *tried; /* "start unit 'x'", for errors */
};

static void call_done(struct call *c)
{
	strbuf_done(&c->request);
	strbuf_done(&c->answer);
}

#define auto_call auto_(call_done) struct call

/* ---- the request ---- */

static void add_string(struct call *c, const char *s)
{
	strbuf_add_bytes(&c->request, s, strlen(s) + 1);
}

static void add_record(struct call *c, enum bus_record kind, const char *s)
{
	static const char *const names[] = {
#define NAME(name, text, count) [BUS_##name] = text,
		BUS_RECORDS(NAME)
#undef NAME
	};

	add_string(c, names[kind]);
	add_string(c, s);
}

/* In an address some characters stand for themselves; the others are written as %xx. */
static void add_socket(struct call *c, enum bus_record kind, const char *dir, const char *file)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_/.*\\";
	auto_free char *path = str_printf("%s/%s", dir, file);
	auto_strbuf address = {};

	strbuf_add(&address, "unix:path=");
	for (const char *p = path; p && *p; p++)
		if (strchr(plain, *p))
			strbuf_add_char(&address, *p);
		else
			strbuf_printf(&address, "%%%02x", (unsigned char)*p);
	c->request.failed |= !path || strbuf_failed(&address);
	add_record(c, kind, strbuf_text(&address));
}

/* systemd's private sockets work without a message bus, but let only its own user in. */
static void add_addresses(struct call *c, const struct systemd_bus *bus)
{
	if (!bus->user) {
		if (!geteuid())
			add_socket(c, BUS_DIRECT, "/run", "systemd/private");
		add_socket(c, BUS_BUS, "/run/dbus", "system_bus_socket");
		return;
	}
	if (bus->runtime_dir)
		add_socket(c, BUS_DIRECT, bus->runtime_dir, "systemd/private");
	if (bus->address)
		add_record(c, BUS_BUS, bus->address);
	else if (bus->runtime_dir)
		add_socket(c, BUS_BUS, bus->runtime_dir, "bus");
}

static void begin(struct call *c, const struct systemd_bus *bus, const char *verb, const char *unit)
{
	auto_free char *timeout = str_printf("%d", TIMEOUT_MS);

	c->request.failed |= !timeout;
	add_record(c, BUS_VERB, verb);
	add_record(c, BUS_UNIT, unit);
	add_record(c, BUS_TIMEOUT, timeout ? timeout : "");
	add_addresses(c, bus);
}

static void add_properties(struct call *c, const struct systemd_properties *list)
{
	list_for_each (p, list) {
		const char *signature = systemd_signature(p->name);

		add_record(c, BUS_PROPERTY, p->name);
		add_string(c, signature ? signature : "");
		add_string(c, p->value);
	}
}

/* ---- the run ---- */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Reads to the end of the pipe. 0, -ETIMEDOUT, -EFBIG or -errno. */
static int hear(struct call *c, int fd, int64_t deadline)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = deadline - now_ms();
		char block[4096];
		ssize_t n;

		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&p, 1, (int)left) < 0 && errno != EINTR)
			return -errno;
		n = read(fd, block, sizeof block);
		if (!n)
			return 0;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n > 0)
			strbuf_add_bytes(&c->answer, block, (size_t)n);
		if (c->answer.len > BUS_ANSWER_MAX)
			return -EFBIG;
	}
}

static int run(struct call *c, const struct systemd_bus *bus)
{
	static const char *const args[] = {"husk-bus", NULL}, *const env[] = {NULL};
	auto_close int input = -1, ours = -1, theirs = -1, pidfd = -1;
	struct spawn spawn = {.program = bus->program, .args = args, .env = env, .cwd = "/"};
	pid_t pid;
	int r = spawn_input(c->request.text, c->request.len, &input);

	if (!r)
		r = spawn_pipe(&ours, &theirs);
	if (r < 0)
		return r;
	spawn.stdio[0] = input;
	spawn.stdio[1] = spawn.stdio[2] = theirs;
	r = spawn_start(&spawn, &pid, &pidfd);
	if (r < 0)
		return r;
	theirs = fd_close(theirs); /* or its end would not be heard */
	r = hear(c, ours, now_ms() + TIMEOUT_MS + GRACE_MS);
	if (r < 0)
		spawn_kill(pid, pidfd);
	(void)spawn_reap(pidfd); /* what it wrote tells */
	return r;
}

/* ---- the answer ---- */

static int not_run(const struct call *c, struct husk_error **err)
{
	const char *text = strbuf_text(&c->answer);

	return fail(err, HUSK_ERROR_SYSTEM,
		"cannot %s: the program husk-bus ended without an answer%s%.*s", c->tried,
		*text ? ": " : "", (int)MIN(strcspn(text, "\n"), (size_t)OUTPUT_SHOWN), text);
}

static int refused(const struct call *c, struct husk_error **err)
{
	const char *name = c->answer.text + 1, *message = name + strlen(name);
	enum husk_error_code code = text_equal(name, "org.freedesktop.DBus.Error.Timeout")
					    ? HUSK_ERROR_TIMEOUT
					    : HUSK_ERROR_SYSTEM;

	message += message < c->answer.text + c->answer.len;
	if (code == HUSK_ERROR_TIMEOUT)
		return fail(
			err, code, "cannot %s: %s (%d s)", c->tried, message, TIMEOUT_MS / 1000);
	return fail(err, code, "cannot %s: %s%s%s", c->tried, message, *name ? ": " : "", name);
}

static int carry_out(struct call *c, const struct systemd_bus *bus, struct husk_error **err)
{
	int r;

	if (strbuf_failed(&c->request))
		return fail_memory(err);
	r = run(c, bus);
	if (r == -ETIMEDOUT)
		return fail(err, HUSK_ERROR_TIMEOUT, "cannot %s: husk-bus did not end in %d s",
			c->tried, (TIMEOUT_MS + GRACE_MS) / 1000);
	if (r < 0)
		return fail_errno(err, r, "cannot %s: cannot run husk-bus", c->tried);
	if (strbuf_failed(&c->answer))
		return fail_memory(err);
	if (*strbuf_text(&c->answer) == BUS_GOOD)
		return 0;
	return *strbuf_text(&c->answer) == BUS_BAD ? refused(c, err) : not_run(c, err);
}

/* ---- what is asked ---- */

int systemd_user_root(const struct systemd_bus *bus, char **ret, struct husk_error **err)
{
	auto_call c = {.tried = "find the cgroup of the user's systemd"};
	int r;

	if (!bus->runtime_dir && !bus->address)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
			"cannot %s: neither XDG_RUNTIME_DIR nor DBUS_SESSION_BUS_ADDRESS is set",
			c.tried);
	begin(&c, bus, "root", "");
	r = carry_out(&c, bus, err);
	if (r < 0)
		return r;
	*ret = strdup(c.answer.text + 1);
	return *ret ? 0 : fail_memory(err);
}

int systemd_unit_start(
	const struct systemd_bus *bus, const struct systemd_start *start, struct husk_error **err)
{
	auto_free char *tried = str_printf("start unit '%s'", start->unit->name);
	auto_properties common = {};
	auto_call c = {.tried = tried};

	if (!tried || systemd_common_properties(start, &common) < 0)
		return fail_memory(err);
	begin(&c, bus, "start", start->unit->name);
	add_properties(&c, &common);
	add_properties(&c, start->properties);
	return carry_out(&c, bus, err);
}

int systemd_unit_set(const struct systemd_bus *bus, const char *name,
	const struct systemd_properties *properties, struct husk_error **err)
{
	auto_free char *tried = str_printf("set the properties of unit '%s'", name);
	auto_call c = {.tried = tried};

	if (!tried)
		return fail_memory(err);
	if (!properties->n)
		return 0;
	begin(&c, bus, "set", name);
	add_properties(&c, properties);
	return carry_out(&c, bus, err);
}

int systemd_unit_stop(const struct systemd_bus *bus, const char *name, struct husk_error **err)
{
	auto_free char *tried = str_printf("stop unit '%s'", name);
	auto_call c = {.tried = tried};

	if (!tried)
		return fail_memory(err);
	begin(&c, bus, "stop", name);
	return carry_out(&c, bus, err);
}
