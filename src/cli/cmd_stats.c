// SPDX-License-Identifier: Apache-2.0
/*
 * husk stats: what containers use, again and again. Each round is one pass over them. On a terminal the table is drawn
 * over the last one, without scrolling; cursor and wrapping are put back when a signal ends it.
 */
#include <cli/commands.h>
#include <cli/duration.h>
#include <cli/out.h>
#include <cli/signals.h>
#include <cli/stats_out.h>
#include <base/error.h>
#include <base/fd.h>
#include <base/mem.h>
#include <base/text.h>

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct stats {
	const char *format, *interval;
	bool all, no_stream;
};

static const struct opt_row rows[] = {
	FLAG(struct stats, all, "all", 'a', "also containers that are not running"),
	STRING(struct stats, format, "format", 0, "FORMAT",
		"'table' (default), 'json' or 'openmetrics'"),
	STRING(struct stats, interval, "interval", 0, "DURATION",
		"time between two rounds (default: 1s)"),
	FLAG(struct stats, no_stream, "no-stream", 0, "only one round"),
	{},
};

enum { NSEC = 1000000000 };
enum format { TABLE, JSON, OPENMETRICS };

/* What the table shows; the others show all there is. */
static const unsigned int parts_of[] = {
	[TABLE] = HUSK_STATS_CPU | HUSK_STATS_MEMORY | HUSK_STATS_NETWORK | HUSK_STATS_IO |
		  HUSK_STATS_PIDS,
	[JSON] = HUSK_STATS_ALL,
	[OPENMETRICS] = HUSK_STATS_ALL,
};

struct rounds {
	struct cli *cli;
	struct husk_factory *factory;
	const struct args *ids; /* none: all */
	bool all; /* of those, also the ones that do not run */
	enum format format;
	bool screen; /* a terminal to draw on */
	struct samples last;
};

static bool is_up(const struct husk_stats *s)
{
	return s->status == HUSK_STATUS_RUNNING || s->status == HUSK_STATUS_PAUSED;
}

/* ---- collecting ---- */

static int collect_one(
	const struct rounds *r, const char *id, struct samples *into, struct husk_error **err)
{
	struct husk_stats *stats = NULL;
	auto_container *container = NULL;
	struct sample *slot;
	int e = husk_container_load(r->factory, id, &container, err);

	if (e == 0)
		e = husk_container_stats(container, parts_of[r->format], &stats, err);
	if (e < 0)
		return e;
	if (!r->ids->n && !r->all && !is_up(stats)) {
		husk_stats_free(stats);
		return 0;
	}
	slot = list_add(into);
	if (!slot) {
		husk_stats_free(stats);
		return fail_memory(err);
	}
	slot->stats = stats;
	slot->id = strdup(id);
	return slot->id ? 0 : fail_memory(err);
}

/* What vanished meanwhile is left out; what cannot be read does not hide the others. */
static void collect_all(const struct rounds *r, char **ids, struct samples *into)
{
	for (; *ids; ids++) {
		struct husk_error *error = NULL;

		if (collect_one(r, *ids, into, &error) == 0)
			continue;
		if (husk_error_code(error) == HUSK_ERROR_NOT_FOUND) {
			husk_error_free(error);
			continue;
		}
		wrap(&error, -1, "container %s", *ids);
		cli_log_error(r->cli, error);
	}
}

static int collect(const struct rounds *r, struct samples *into, struct husk_error **err)
{
	auto_free char **ids = NULL;
	int e = 0;

	for (size_t i = 0; i < r->ids->n && e == 0; i++)
		e = collect_one(r, r->ids->v[i], into, err);
	if (e < 0 || r->ids->n)
		return e;
	e = husk_factory_list(r->factory, &ids, NULL, err);
	if (e == 0)
		collect_all(r, ids, into);
	return e;
}

/* ---- showing ---- */

static const char screen_on[] = "\033[?25l\033[?7l\033[2J", screen_off[] = "\033[?7h\033[?25h";

static int print_plain(const char *text, struct husk_error **err)
{
	int r = out_write(text, strlen(text));

	return r < 0 ? fail_errno(err, r, "cannot write to the terminal") : 0;
}

static unsigned int screen_height(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_row ? 24 : size.ws_row;
}

/* From the top, each line to its end, then nothing below; as much as there is room for. */
static void add_screen(const char *text, struct strbuf *out)
{
	unsigned int room = screen_height() - 1;

	strbuf_add(out, "\033[H");
	for (; *text && room; room--) {
		size_t n = strcspn(text, "\n");

		strbuf_add_bytes(out, text, n);
		strbuf_add(out, "\033[K\n");
		text += n;
		text += *text == '\n';
	}
	strbuf_add(out, "\033[J");
}

static int show(const struct rounds *r, const struct samples *now, struct husk_error **err)
{
	auto_strbuf out = {}, screen = {};

	if (r->format == JSON)
		stats_lines(now, &out);
	else if (r->format == OPENMETRICS)
		stats_metrics(now, &out);
	else if (stats_table(now, &r->last, &out) < 0)
		return fail_memory(err);
	if (!r->screen || strbuf_failed(&out))
		return out_print(&out, err);
	add_screen(strbuf_text(&out), &screen);
	return out_print(&screen, err);
}

static int do_round(struct rounds *r, struct husk_error **err)
{
	auto_(samples_done) struct samples now = {};
	int e = collect(r, &now, err);

	if (e == 0)
		e = show(r, &now, err);
	if (e < 0)
		return e;
	samples_done(&r->last);
	r->last = now;
	now = (struct samples){};
	return 0;
}

/* ---- again and again ---- */

/* The number of a signal that ends it, or 0. */
static int take_signals(int fd)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof info) == sizeof info)
		if (signal_is_farewell((int)info.ssi_signo))
			return (int)info.ssi_signo;
	return 0;
}

/* Returns the exit status. */
static int repeat(struct rounds *r, int timer, int signals, struct husk_error **err)
{
	enum { TIMER, SIGNALS, READER };
	struct pollfd fds[] = {
		[TIMER] = {.fd = timer, .events = POLLIN},
		[SIGNALS] = {.fd = signals, .events = POLLIN},
		/* asked for nothing it tells its end: a pipe by POLLERR, a socket by POLLHUP */
		[READER] = {.fd = STDOUT_FILENO},
	};
	uint64_t count;

	for (;;) {
		int e = do_round(r, err), signal = 0;

		if (e < 0)
			return e;
		while (poll(fds, ARRAY_LEN(fds), -1) < 0)
			if (errno != EINTR)
				return fail_errno(err, -errno, "cannot wait");
		if (fds[READER].revents)
			return 0;
		if (fds[SIGNALS].revents)
			signal = take_signals(signals);
		if (signal)
			return 128 + signal;
		ignored(read(timer, &count, sizeof count) > 0); /* or the size has changed */
	}
}

/* Signals are read where the terminal has to be put back, and do what they do elsewhere. */
static int open_signals(int *ret, struct husk_error **err)
{
	sigset_t set;

	sigemptyset(&set);
	for (int i = 1; i < SIGRTMIN; i++)
		if (signal_is_farewell(i) || i == SIGWINCH)
			sigaddset(&set, i);
	*ret = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (*ret < 0)
		return fail_errno(err, -errno, "cannot make a signal descriptor");
	sigprocmask(SIG_BLOCK, &set, NULL);
	return 0;
}

static int stream(struct rounds *r, uint64_t interval, struct husk_error **err)
{
	struct timespec every = {
		.tv_sec = (time_t)(interval / NSEC), .tv_nsec = (long)(interval % NSEC)};
	struct itimerspec times = {.it_interval = every, .it_value = every};
	auto_close int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	auto_close int signals = -1;
	int status;

	if (timer < 0 || timerfd_settime(timer, 0, &times, NULL) < 0)
		return fail_errno(err, -errno, "cannot make a timer");
	if (!r->screen)
		return repeat(r, timer, -1, err);
	status = open_signals(&signals, err);
	if (status == 0) {
		status = print_plain(screen_on, err);
		if (status == 0)
			status = repeat(r, timer, signals, err);
		(void)print_plain(screen_off, NULL); /* the first error counts */
	}
	return status;
}

static int parse_format(const char *text, enum format *ret, struct husk_error **err)
{
	static const char *const names[] = {
		[TABLE] = "table", [JSON] = "json", [OPENMETRICS] = "openmetrics"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!text || text_equal(text, names[i])) {
			*ret = (enum format)i;
			return 0;
		}
	return fail(err, HUSK_ERROR_INVALID_ARGUMENT, "invalid format option '%s'", text);
}

static int run(
	struct cli *cli, const void *options, const struct args *args, struct husk_error **err)
{
	const struct stats *o = options;
	auto_factory *factory = NULL;
	struct rounds rounds = {.cli = cli, .ids = args, .all = o->all};
	uint64_t interval;
	int r = parse_format(o->format, &rounds.format, err);

	if (r == 0)
		r = duration_interval(o->interval, NSEC, &interval, err);
	if (r == 0)
		r = cli_factory(cli, &factory, err);
	if (r < 0)
		return r;
	rounds.factory = factory;
	/* an exposition of OpenMetrics is complete: what follows its end mark would be no part of it */
	if (o->no_stream || rounds.format == OPENMETRICS) {
		r = do_round(&rounds, err);
	} else {
		rounds.screen = rounds.format == TABLE && isatty(STDOUT_FILENO);
		r = stream(&rounds, interval, err);
	}
	samples_done(&rounds.last);
	return r;
}

const struct command cmd_stats = {
	.name = "stats",
	.arguments = "[ID...]",
	.summary = "show what containers use, again and again",
	.options = rows,
	.size = sizeof(struct stats),
	.most = ANY_ARGS,
	.run = run,
};
