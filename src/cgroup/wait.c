// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel holds notifications of cgroup.events back to one in 10 ms, while the file itself is always true: so for
 * that long it is read again in growing steps, and afterwards there is nothing to do but poll.
 */
#include <cgroup/wait.h>
#include <base/fd.h>
#include <base/mem.h>
#include <base/str.h>
#include <kern/pid.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	STEP_FIRST_US = 50,
	STEP_LAST_US = 20000,
	HELD_BACK_US = 10000,
	LIST_AGE_US = 100000,
	EVENTS_SIZE = 256, /* a handful of short lines */
};

uint64_t cgroup_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static struct timespec timespec_of(uint64_t us)
{
	return (struct timespec){
		.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000};
}

/* The next step, each twice as long as the last. */
static uint64_t next_step(struct cgroup_wait *w)
{
	w->step_us = w->step_us ? MIN(w->step_us * 2, (uint64_t)STEP_LAST_US) : STEP_FIRST_US;
	return w->step_us;
}

static uint64_t time_left(const struct cgroup_wait *w)
{
	uint64_t now = cgroup_now_us();

	return now < w->deadline_us ? w->deadline_us - now : 0;
}

bool cgroup_wait_step(struct cgroup_wait *w)
{
	struct timespec t;

	if (!time_left(w))
		return false;
	t = timespec_of(next_step(w));
	(void)nanosleep(&t, NULL); /* woken early is as good */
	return true;
}

static bool has_line(const char *text, const char *line)
{
	const char *found = strstr(text, line);
	size_t n = strlen(line);

	return found && (found == text || found[-1] == '\n') &&
	       (found[n] == '\n' || found[n] == '\0');
}

int cgroup_wait_event(const char *path, const char *line, const struct cgroup_wait *w)
{
	struct cgroup_wait steps = {.deadline_us = w->deadline_us};
	auto_free char *file = str_printf("%s/cgroup.events", path);
	auto_close int fd = -1;

	if (!file)
		return -ENOMEM;
	fd = open(file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLPRI};
		char text[EVENTS_SIZE];
		ssize_t n = pread(fd, text, sizeof text - 1, 0);
		uint64_t left, step;
		struct timespec t;

		if (n < 0)
			return errno == ENODEV ? -ENOENT : -errno; /* removed meanwhile */
		text[n] = '\0';
		if (has_line(text, line))
			return 1;
		left = time_left(w);
		if (!left)
			return 0;
		step = steps.step_us < HELD_BACK_US ? next_step(&steps) : left;
		t = timespec_of(MIN(left, step));
		if (ppoll(&p, 1, &t, NULL) < 0 && errno != EINTR)
			return -errno;
	}
}

int cgroup_wait_pids(const struct pid_list *pids, const struct cgroup_wait *w)
{
	struct cgroup_wait near = {
		.deadline_us = MIN(w->deadline_us, cgroup_now_us() + LIST_AGE_US)};

	/* one after the other: all of them have to end anyway */
	for (size_t i = 0; i < pids->n; i++) {
		auto_close int fd = pid_open(pids->v[i]);
		int r;

		if (fd == -ESRCH)
			continue;
		r = fd < 0 ? fd : pid_wait(fd, (int)((time_left(&near) + 999) / 1000));
		if (r <= 0)
			return r;
	}
	return 1;
}

int cgroup_wait_empty(const char *path, bool v2, const struct cgroup_wait *w)
{
	auto_(pid_list_done) struct pid_list pids = {};
	int r;

	if (v2) {
		r = cgroup_wait_event(path, "populated 0", w);
		return r == -ENOENT ? 1 : r;
	}
	r = cgroup_tree_pids(path, &pids);
	if (r < 0)
		return r == -ENOENT ? 1 : r;
	return cgroup_wait_pids(&pids, w);
}
