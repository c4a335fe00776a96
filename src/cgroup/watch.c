// SPDX-License-Identifier: Apache-2.0
/*
 * An epoll descriptor over sources; each kind of source has one function that opens it and one that is asked when it is
 * ready. All are level-triggered and stay so when the epoll descriptor is polled itself (see kern/aio_poll.h).
 *
 * An OOM is told before it is counted: v1 signals the eventfd before it kills, and again while the killed process is
 * still going; v2 counts `oom`, tells, and counts `oom_kill` a moment later, which it holds back for 10 ms. One OOM shall
 * be one event with the right numbers. So the event is a growing oom_kill, and all else is only a sign of it: after one,
 * v1's counter, of which nothing tells, is read every 20 ms, for GIVE_UP_MS at most (a slow console makes the kernel slow
 * to kill). Without a kill it is an event if processes are stuck (v1, oom_kill_disable) or `oom` grew (v2). When
 * the container's process ends, what is still unsaid about memory is said first.
 */
#include <cgroup/watch.h>
#include <base/fd.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/parse.h>
#include <base/str.h>
#include <base/text.h>
#include <cgroup/dir.h>
#include <cgroup/wait.h>
#include <kern/aio_poll.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { STEPS_V1 = 100, GIVE_UP_MS = 2000, FILE_MAX = 4096 };

enum source_kind { EXIT, OOM_V1, OOM_V2, TIMER, FROZEN, STALL, LEVEL, SOURCES };

/* A descriptor that epoll looks at. */
struct source {
	enum source_kind kind;
	int fd; /* -1: there is none */
	int file; /* of the cgroup, to be read; -1: none */
	size_t trigger; /* LEVEL */
};

struct counts {
	struct husk_value oom, oom_kill, oom_group_kill;
	bool stuck; /* v1: processes wait for memory, nobody is killed */
};

struct cgroup_watch {
	int epoll;
	bool ended;
	struct counts told; /* what the last OOM event said */
	uint64_t killed_us; /* when an event told of a kill */
	/* of the timer, that are left to see a kill; 0: there was no sign of one */
	unsigned int steps;
	int frozen;
	struct aio_poll stalls;
	int *stall_fds; /* by trigger; -1: not such a trigger */
	size_t trigger_count;
	size_t n; /* sources */
	struct source sources[];
};

/* ---- reading ---- */

static int read_file(int fd, char text[static FILE_MAX])
{
	ssize_t n = pread(fd, text, FILE_MAX - 1, 0);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	return 0;
}

/* The number behind a key at the beginning of a line. */
static struct husk_value find_value(const char *text, const char *key)
{
	struct husk_value value = {};

	for (const char *line = text; *line; line += *line == '\n') {
		const char *rest = text_after(line, key);
		size_t n = strcspn(line, "\n");

		if (rest && *rest == ' ') {
			auto_free char *number = strndup(rest + 1, n - strlen(key) - 1);

			if (number && !parse_u64(number, 10, &value.value))
				value.set = 1;
			return value;
		}
		line += n;
	}
	return value;
}

static int read_counts(int fd, struct counts *ret)
{
	char text[FILE_MAX];
	int r = read_file(fd, text);

	if (r < 0)
		return r;
	*ret = (struct counts){
		.oom = find_value(text, "oom"),
		.oom_kill = find_value(text, "oom_kill"),
		.oom_group_kill = find_value(text, "oom_group_kill"),
		.stuck = find_value(text, "under_oom").value == 1,
	};
	return 0;
}

static bool grew(const struct husk_value *now, const struct husk_value *before)
{
	return now->set && now->value > (before->set ? before->value : 0);
}

/* ---- events ---- */

static struct source *find_source(struct cgroup_watch *w, enum source_kind kind)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->sources[i].kind == kind && w->sources[i].fd >= 0)
			return &w->sources[i];
	return NULL;
}

/* It has nothing to say any more: the cgroup is gone. */
static void drop(struct cgroup_watch *w, struct source *s)
{
	(void)epoll_ctl(w->epoll, EPOLL_CTL_DEL, s->fd, NULL);
	s->fd = fd_close(s->fd);
	if (s->kind == OOM_V1 || s->kind == LEVEL)
		s->file = fd_close(s->file);
}

/* `steps` times, GIVE_UP_MS in all; 0: off. */
static int set_timer(struct cgroup_watch *w, unsigned int steps)
{
	unsigned int ms = steps ? GIVE_UP_MS / steps : 0;
	struct timespec step = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
	struct itimerspec times = {.it_interval = step, .it_value = step};

	w->steps = steps;
	return timerfd_settime(find_source(w, TIMER)->fd, 0, &times, NULL) < 0 ? -errno : 0;
}

static int tell_oom(struct cgroup_watch *w, const struct counts *now, struct husk_event *event)
{
	int r = set_timer(w, 0);

	if (grew(&now->oom_kill, &w->told.oom_kill))
		w->killed_us = cgroup_now_us();
	w->told = *now;
	event->type = HUSK_EVENT_OOM;
	event->oom = now->oom;
	event->oom_kill = now->oom_kill;
	event->oom_group_kill = now->oom_group_kill;
	return r < 0 ? r : 1;
}

enum look { SIGN, STEP, FINAL };

/* Reads the counters: a kill is an event at once. */
static int look_oom(
	struct cgroup_watch *w, struct source *s, enum look look, struct husk_event *event)
{
	struct counts now;
	bool oom;
	int r = read_counts(s->kind == OOM_V1 ? s->file : s->fd, &now);

	if (r < 0) {
		drop(w, s);
		return set_timer(w, 0);
	}
	oom = grew(&now.oom, &w->told.oom);
	if (grew(&now.oom_kill, &w->told.oom_kill) || (look == STEP && now.stuck) ||
		(look == FINAL && oom))
		return tell_oom(w, &now, event);
	/* v2 counts again while the killed process is still going: that is no other OOM */
	if (look == SIGN && oom && w->killed_us &&
		cgroup_now_us() - w->killed_us < GIVE_UP_MS * UINT64_C(1000)) {
		w->told.oom = now.oom;
		return 0;
	}
	if (look == SIGN && (oom || s->kind == OOM_V1))
		return set_timer(w, s->kind == OOM_V1 ? STEPS_V1 : 1);
	return 0;
}

static struct source *oom_source(struct cgroup_watch *w)
{
	struct source *v1 = find_source(w, OOM_V1);

	return v1 ? v1 : find_source(w, OOM_V2);
}

static void take_count(int fd)
{
	uint64_t count;

	ignored(read(fd, &count, sizeof count) > 0); /* it only says that there is something */
}

static int on_oom_v1(struct cgroup_watch *w, struct source *s, struct husk_event *event)
{
	take_count(s->fd);
	return look_oom(w, s, SIGN, event);
}

static int on_oom_v2(struct cgroup_watch *w, struct source *s, struct husk_event *event)
{
	return look_oom(w, s, SIGN, event);
}

static int on_timer(struct cgroup_watch *w, struct source *s, struct husk_event *event)
{
	struct source *oom = oom_source(w);
	unsigned int left = w->steps ? w->steps - 1 : 0;

	take_count(s->fd);
	w->steps = left;
	if (!left && set_timer(w, 0) < 0)
		return -errno;
	return oom ? look_oom(w, oom, left ? STEP : FINAL, event) : 0;
}

static int on_frozen(struct cgroup_watch *w, struct source *s, struct husk_event *event)
{
	char text[FILE_MAX];
	int now;

	if (read_file(s->fd, text) < 0) {
		drop(w, s);
		return 0;
	}
	now = find_value(text, "frozen").value == 1;
	if (now == w->frozen)
		return 0;
	w->frozen = now;
	event->type = now ? HUSK_EVENT_FROZEN : HUSK_EVENT_THAWED;
	return 1;
}

static int on_stall(struct cgroup_watch *w, struct source *s, struct husk_event *event)
{
	uint64_t trigger;
	short events;
	int r = aio_poll_next(&w->stalls, &trigger, &events);

	(void)s;
	if (r <= 0 || events & POLLERR || !(events & POLLPRI))
		return r < 0 ? r : 0; /* with an error the cgroup is gone: not asked again */
	r = aio_poll_add(&w->stalls, w->stall_fds[trigger], POLLPRI, trigger);
	event->type = HUSK_EVENT_PRESSURE;
	event->trigger = trigger;
	return r < 0 ? r : 1;
}

static int on_level(struct cgroup_watch *w, struct source *s, struct husk_event *event)
{
	char text[FILE_MAX];

	take_count(s->fd);
	/* the kernel signals also when the cgroup is removed */
	if (read_file(s->file, text) == -ENODEV) {
		drop(w, s);
		return 0;
	}
	event->type = HUSK_EVENT_PRESSURE;
	event->trigger = s->trigger;
	return 1;
}

static int on_exit_of_process(struct cgroup_watch *w, struct source *s, struct husk_event *event)
{
	struct source *oom = oom_source(w);
	int r = 0;

	(void)s;
	if (oom)
		r = look_oom(w, oom, FINAL, event);
	if (r)
		return r;
	for (size_t i = 0; i < w->n; i++)
		(void)epoll_ctl(w->epoll, EPOLL_CTL_DEL, w->sources[i].fd, NULL);
	w->ended = true;
	event->type = HUSK_EVENT_EXIT;
	return 1;
}

int cgroup_watch_next(struct cgroup_watch *w, struct husk_event *event)
{
	static int (*const handlers[SOURCES])(
		struct cgroup_watch *, struct source *, struct husk_event *) = {
		[EXIT] = on_exit_of_process,
		[OOM_V1] = on_oom_v1,
		[OOM_V2] = on_oom_v2,
		[TIMER] = on_timer,
		[FROZEN] = on_frozen,
		[STALL] = on_stall,
		[LEVEL] = on_level,
	};

	while (!w->ended) {
		struct epoll_event ready;
		struct source *s;
		int r = epoll_wait(w->epoll, &ready, 1, 0);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? -errno : 0;
		s = &w->sources[ready.data.u64];
		r = s->fd >= 0 ? handlers[s->kind](w, s, event) : 0;
		if (r)
			return r;
	}
	return 0;
}

int cgroup_watch_fd(const struct cgroup_watch *w)
{
	return w->epoll;
}

/* ---- setting up ---- */

/* Takes over the descriptors. */
static int add_source(struct cgroup_watch *w, struct source source, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.u64 = w->n};

	w->sources[w->n++] = source;
	return epoll_ctl(w->epoll, EPOLL_CTL_ADD, source.fd, &e) < 0 ? -errno : 0;
}

static const struct cgroup_dir *find_dir(const struct cgroup_dirs *dirs, const char *controller)
{
	for (size_t i = 0; i < dirs->n; i++)
		if (controller ? cgroup_dir_has(&dirs->v[i], controller) : dirs->v[i].v2)
			return &dirs->v[i];
	return NULL;
}

static int open_file(const struct cgroup_dir *dir, const char *file, int flags)
{
	auto_free char *path = cgroup_dir_path(dir, file);
	int fd = path ? open(path, flags | O_CLOEXEC) : -1;

	return !path ? -ENOMEM : fd < 0 ? -errno : fd;
}

/* v1: an eventfd that the kernel signals for `file`, which stays open. `level`: what the file wants to know besides. */
static int register_eventfd(
	const struct cgroup_dir *dir, const char *file, const char *level, struct source *ret)
{
	auto_close int fd = -1, event = -1, control = -1;
	auto_free char *line = NULL;
	int r;

	fd = open_file(dir, file, O_RDONLY);
	if (fd < 0)
		return fd;
	control = open_file(dir, "cgroup.event_control", O_WRONLY);
	if (control < 0)
		return control;
	event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event < 0)
		return -errno;
	line = str_printf("%d %d%s%s", event, fd, level ? " " : "", level ? level : "");
	r = line ? io_write_fd(control, line, strlen(line)) : -ENOMEM;
	if (r < 0)
		return r;
	ret->fd = TAKE_FD(event);
	ret->file = TAKE_FD(fd);
	return 0;
}

static int add_timer(struct cgroup_watch *w)
{
	struct source s = {.kind = TIMER, .file = -1};

	s.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	return s.fd < 0 ? -errno : add_source(w, s, EPOLLIN);
}

/* Where the container has its memory controller; without one there is nothing to tell. */
static int add_oom(struct cgroup_watch *w, const struct cgroup_watch_context *c)
{
	const struct cgroup_dir *v1 = find_dir(c->dirs, "memory"), *v2 = find_dir(c->dirs, NULL);
	struct source s = {.kind = v1 ? OOM_V1 : OOM_V2, .fd = -1, .file = -1};
	int r = -ENOENT;

	if (v1)
		r = register_eventfd(v1, "memory.oom_control", NULL, &s);
	else if (v2)
		r = s.fd = open_file(v2, "memory.events", O_RDONLY);
	if (r < 0) {
		if (r != -ENOENT && r != -ENOMEM && r != -EMFILE && r != -ENFILE) {
			log_debug(c->log, "no OOM events: %s, ignoring", errno_text(-r));
			r = -ENOENT;
		}
		return r == -ENOENT ? 0 : r;
	}
	r = add_source(w, s, v1 ? EPOLLIN : EPOLLPRI);
	if (!r)
		r = read_counts(v1 ? s.file : s.fd, &w->told);
	return r ? r : add_timer(w);
}

static int add_frozen(struct cgroup_watch *w, const struct cgroup_watch_context *c)
{
	const struct cgroup_dir *v2 = find_dir(c->dirs, NULL);
	struct source s = {.kind = FROZEN, .file = -1};
	char text[FILE_MAX];
	int r;

	if (!v2)
		return 0;
	s.fd = open_file(v2, "cgroup.events", O_RDONLY);
	if (s.fd < 0)
		return s.fd == -ENOENT || s.fd == -EACCES ? 0 : s.fd;
	r = add_source(w, s, EPOLLPRI);
	if (!r)
		r = read_file(s.fd, text);
	if (!r)
		w->frozen = find_value(text, "frozen").value == 1;
	return r;
}

static const char *const resource_names[] = {
	[HUSK_PRESSURE_MEMORY] = "memory", [HUSK_PRESSURE_CPU] = "cpu", [HUSK_PRESSURE_IO] = "io"};
static const char *const level_names[] = {
	[HUSK_PRESSURE_SOME] = "some",
	[HUSK_PRESSURE_FULL] = "full",
	[HUSK_PRESSURE_LOW] = "low",
	[HUSK_PRESSURE_MEDIUM] = "medium",
	[HUSK_PRESSURE_CRITICAL] = "critical",
};

static int fail_trigger(
	const struct husk_pressure_trigger *t, int r, const char *why, struct husk_error **err)
{
	if (why)
		return fail(err, HUSK_ERROR_UNSUPPORTED, "cannot watch '%s' pressure of '%s': %s",
			level_names[t->level], resource_names[t->resource], why);
	return fail_errno(err, r, "cannot watch '%s' pressure of '%s'", level_names[t->level],
		resource_names[t->resource]);
}

/* A trigger of pressure stall information. */
static int add_stall(struct cgroup_watch *w, const struct cgroup_watch_context *c, size_t i,
	struct husk_error **err)
{
	const struct husk_pressure_trigger *t = &c->triggers[i];
	const struct cgroup_dir *v2 = find_dir(c->dirs, NULL);
	auto_free char *file = str_printf("%s.pressure", resource_names[t->resource]);
	auto_free char *line = str_printf("%s %llu %llu", level_names[t->level],
		(unsigned long long)t->stall_us, (unsigned long long)t->window_us);
	int r;

	if (!file || !line)
		return fail_memory(err);
	if (!v2)
		return fail_trigger(t, 0, "the container has no cgroup2 directory", err);
	r = w->stall_fds[i] = open_file(v2, file, O_RDWR | O_NONBLOCK);
	if (r >= 0)
		r = io_write_fd(r, line, strlen(line) + 1);
	if (r == -ENOENT || r == -EOPNOTSUPP)
		return fail_trigger(t, 0, "this kernel has no pressure stall information", err);
	if (r == -EINVAL)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
			"cannot watch pressure '%s' of '%s': the window must be 500 ms to 10 s, "
			"without CAP_SYS_RESOURCE a multiple of 2 s, and the stall shorter",
			line, resource_names[t->resource]);
	if (!r && w->stalls.fd < 0) {
		r = aio_poll_init(&w->stalls, (unsigned int)c->trigger_count);
		if (!r)
			r = add_source(w,
				(struct source){.kind = STALL, .fd = w->stalls.fd, .file = -1},
				EPOLLIN);
	}
	if (!r)
		r = aio_poll_add(&w->stalls, w->stall_fds[i], POLLPRI, i);
	return r < 0 ? fail_trigger(t, r, NULL, err) : 0;
}

/* A level of v1's memory.pressure_level. */
static int add_level(struct cgroup_watch *w, const struct cgroup_watch_context *c, size_t i,
	struct husk_error **err)
{
	const struct husk_pressure_trigger *t = &c->triggers[i];
	const struct cgroup_dir *v1 = find_dir(c->dirs, "memory");
	struct source s = {.kind = LEVEL, .fd = -1, .file = -1, .trigger = i};
	int r;

	if (t->resource != HUSK_PRESSURE_MEMORY)
		return fail_trigger(t, 0, "only memory has such levels", err);
	if (!v1)
		return fail_trigger(t, 0, "the container has no v1 memory controller", err);
	r = register_eventfd(v1, "memory.pressure_level", level_names[t->level], &s);
	if (!r)
		r = add_source(w, s, EPOLLIN);
	return r < 0 ? fail_trigger(t, r, NULL, err) : 0;
}

static int add_triggers(
	struct cgroup_watch *w, const struct cgroup_watch_context *c, struct husk_error **err)
{
	for (size_t i = 0; i < c->trigger_count; i++) {
		const struct husk_pressure_trigger *t = &c->triggers[i];
		int r;

		if ((size_t)t->resource >= ARRAY_LEN(resource_names) ||
			(size_t)t->level >= ARRAY_LEN(level_names))
			return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
				"trigger %zu has an unknown resource or level", i);
		r = t->level <= HUSK_PRESSURE_FULL ? add_stall(w, c, i, err)
						   : add_level(w, c, i, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int cgroup_watch_new(const struct cgroup_watch_context *c, int *pidfd, struct cgroup_watch **ret,
	struct husk_error **err)
{
	struct cgroup_watch *w =
		calloc(1, sizeof *w + (SOURCES + c->trigger_count) * sizeof w->sources[0]);
	int r;

	if (w)
		w->stall_fds = calloc(c->trigger_count + 1, sizeof *w->stall_fds);
	if (!w || !w->stall_fds) {
		free(w);
		return fail_memory(err);
	}
	w->trigger_count = c->trigger_count;
	memset(w->stall_fds, 0xff, c->trigger_count * sizeof *w->stall_fds);
	w->stalls = (struct aio_poll)AIO_POLL_INIT;
	w->epoll = epoll_create1(EPOLL_CLOEXEC);
	r = w->epoll < 0 ? -errno
			 : add_source(w,
				   (struct source){.kind = EXIT, .fd = TAKE_FD(*pidfd), .file = -1},
				   EPOLLIN);
	if (!r)
		r = add_oom(w, c);
	if (!r)
		r = add_frozen(w, c);
	if (r < 0)
		fail_errno(err, r, "cannot watch the container's cgroups");
	else
		r = add_triggers(w, c, err);
	if (r < 0)
		cgroup_watch_free(w);
	else
		*ret = w;
	return r;
}

void cgroup_watch_free(struct cgroup_watch *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->n; i++) {
		if (w->sources[i].kind != STALL)
			fd_close(w->sources[i].fd);
		fd_close(w->sources[i].file);
	}
	aio_poll_done(&w->stalls);
	for (size_t i = 0; i < w->trigger_count; i++)
		fd_close(w->stall_fds[i]);
	fd_close(w->epoll);
	free(w->stall_fds);
	free(w);
}
