// SPDX-License-Identifier: Apache-2.0
/* A program (kern/spawn.h) with the state as its standard input, and two pipes of which the end is kept. */
#include <hook/hook.h>
#include <base/fd.h>
#include <kern/spawn.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LAST_OUTPUT_MAX = 1 << 20 };

struct run {
	const struct hook *hook;
	struct spawn spawn;
	pid_t pid;
	int pidfd;
	int out, err; /* our ends of the pipes */
	struct tail tail_out, tail_err;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What is there; the entry is closed when there will be no more. */
static ssize_t take(struct pollfd *p, struct tail *tail)
{
	char block[4096];
	ssize_t n = read(p->fd, block, sizeof block);

	if (n > 0)
		tail_add(tail, block, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		p->fd = -1;
	return n;
}

/* Until its first process ends; what that left running keeps the pipes, and may. -ETIMEDOUT or 0. */
static int watch(struct run *run, int64_t deadline)
{
	struct pollfd p[] = {{run->out, POLLIN, 0}, {run->err, POLLIN, 0}, {run->pidfd, POLLIN, 0}};
	struct tail *tails[] = {&run->tail_out, &run->tail_err};
	ssize_t left = LAST_OUTPUT_MAX;
	int n;

	do {
		int64_t wait = deadline ? MIN(MAX(deadline - now_ms(), 0), INT32_MAX) : -1;

		n = poll(p, ARRAY_LEN(p), (int)wait);
		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; n > 0 && i < 2; i++)
			if (p[i].revents)
				(void)take(&p[i], tails[i]);
		if (n == 0 && now_ms() >= deadline)
			return -ETIMEDOUT;
	} while (n <= 0 || !p[2].revents);
	for (int i = 0; i < 2; i++)
		for (ssize_t got = 1; p[i].fd >= 0 && got > 0 && left > 0; left -= got)
			got = take(&p[i], tails[i]);
	return 0;
}

static struct outcome finish(const struct run *run, int watched)
{
	struct outcome outcome;

	if (watched < 0)
		spawn_kill(run->pid, run->pidfd);
	outcome = spawn_reap(run->pidfd);
	if (watched == -ETIMEDOUT)
		return (struct outcome){
			OUTCOME_TIMEOUT, (int32_t)MIN(run->hook->timeout, INT32_MAX)};
	return watched < 0 ? (struct outcome){OUTCOME_NOT_RUN, -watched} : outcome;
}

static void run_done(struct run *run)
{
	for (int i = 0; i < 3; i++)
		fd_close(run->spawn.stdio[i]);
	fd_close(run->out);
	fd_close(run->err);
	fd_close(run->pidfd);
}

static int prepare(struct run *run, const char *state)
{
	int r = spawn_input(state, strlen(state), &run->spawn.stdio[0]);

	if (!r)
		r = spawn_pipe(&run->out, &run->spawn.stdio[1]);
	if (!r)
		r = spawn_pipe(&run->err, &run->spawn.stdio[2]);
	return r;
}

int hook_run(const struct hook *hook, const char *cwd, const char *state, struct husk_error **err)
{
	auto_(run_done) struct run run = {
		.hook = hook,
		.spawn = {.program = -1,
			.path = hook->path,
			.args = hook->args,
			.env = hook->env,
			.cwd = cwd,
			.stdio = {-1, -1, -1}},
		.pidfd = -1,
		.out = -1,
		.err = -1,
	};
	int64_t timeout = (int64_t)MIN(hook->timeout, INT32_MAX) * 1000;
	char output[TAIL_MAX + 1];
	struct outcome outcome;
	int r = prepare(&run, state);

	if (!r)
		r = spawn_start(&run.spawn, &run.pid, &run.pidfd);
	if (r < 0)
		return hook_fail(
			err, hook->at, hook->path, (struct outcome){OUTCOME_NOT_RUN, -r}, "");
	for (int i = 1; i < 3; i++)
		run.spawn.stdio[i] = fd_close(run.spawn.stdio[i]);
	outcome = finish(&run, watch(&run, timeout ? now_ms() + timeout : 0));
	if (outcome_good(outcome))
		return 0;
	(void)tail_text(run.tail_err.total ? &run.tail_err : &run.tail_out, output);
	return hook_fail(err, hook->at, hook->path, outcome, output);
}
