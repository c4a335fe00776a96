// SPDX-License-Identifier: Apache-2.0
/*
 * The relay. poll(2) and not epoll(7): five descriptors whose interest changes at every turn, and regular files and
 * /dev/null as standard input, which epoll refuses. A descriptor without interest is left out (-1), for otherwise
 * a hang-up would spin.
 *
 * The stdio of this program is shared with others, so its O_NONBLOCK is not ours to set: a terminal is opened a second
 * time for that, and a pipe that is writable takes PIPE_BUF bytes without blocking.
 */
#include <cli/relay.h>
#include <base/fd.h>
#include <base/mem.h>
#include <base/str.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

/* In the order of the pollfd array. */
enum { IN, OUT, MASTER };

/* A process that left children which go on writing shall not keep us: a pty holds less than this. */
enum { FINISH_LIMIT = 256 * 1024 };

struct relay *relay_new(int in, int out, int master)
{
	struct relay *relay = calloc(1, sizeof *relay);
	auto_free char *path = str_printf("/proc/self/fd/%d", out);

	if (!relay || !path) {
		free(relay);
		return NULL;
	}
	relay->in = in;
	relay->out = out;
	relay->master = master;
	relay->own_out = -1;
	relay->in_terminal = isatty(in);
	if (isatty(out))
		relay->own_out = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (relay->own_out >= 0)
		relay->out = relay->own_out;
	(void)fcntl(master, F_SETFL, fcntl(master, F_GETFL) | O_NONBLOCK);
	return relay;
}

void relay_free(struct relay *relay)
{
	if (relay)
		fd_close(relay->own_out);
	free(relay);
}

void relay_free_target(struct relay **relay)
{
	relay_free(*relay);
}

static struct pollfd want(int fd, short events)
{
	return (struct pollfd){.fd = events ? fd : -1, .events = events};
}

void relay_want(const struct relay *relay, struct pollfd fds[RELAY_FDS])
{
	short master = 0;

	if (!relay->hung_up)
		master = (ring_room(&relay->from) ? POLLIN : 0) |
			 (ring_len(&relay->to) ? POLLOUT : 0);
	fds[IN] = want(relay->in,
		!relay->in_ended && !relay->hung_up && ring_room(&relay->to) ? POLLIN : 0);
	fds[OUT] = want(relay->out, ring_len(&relay->from) ? POLLOUT : 0);
	fds[MASTER] = want(relay->master, master);
}

static bool for_now(ssize_t r)
{
	return r == -EAGAIN || r == -EINTR;
}

/*
 * The window is gone. Closing the master says the same to the programs inside, also to a shell that edits its line and
 * would not take an EOF character. The descriptor belongs to the process object: /dev/null takes its place.
 */
static void hang_up(struct relay *relay)
{
	auto_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0 && dup3(null, relay->master, O_CLOEXEC) >= 0)
		relay->hung_up = true;
}

static void move_in(struct relay *relay)
{
	ssize_t r = ring_fill(&relay->to, relay->in);

	if (r > 0 || for_now(r))
		return;
	relay->in_ended = true;
	if (relay->in_terminal)
		hang_up(relay);
}

/*
 * Says end-of-file to a terminal in line mode as a person does, with its EOF character: alone it ends the input,
 * behind half a line it only hands that over, so then twice.
 */
static void tell_end(struct relay *relay)
{
	struct ring *to = &relay->to;
	struct termios mode;
	bool half = to->tail && to->data[(to->tail - 1) & (RING_SIZE - 1)] != '\n';

	if (!relay->in_ended || relay->end_told || ring_len(to))
		return;
	relay->end_told = true;
	if (tcgetattr(relay->master, &mode) < 0 || !(mode.c_lflag & ICANON))
		return;
	for (int i = 0; i <= half; i++)
		if (!ring_add(to, mode.c_cc[VEOF]))
			return; /* cannot be: the ring is empty */
}

static void move_out(struct relay *relay)
{
	ssize_t r =
		ring_drain(&relay->from, relay->out, relay->own_out >= 0 ? RING_SIZE : PIPE_BUF);

	if (r < 0 && !for_now(r))
		relay->out_dead = true;
	if (relay->out_dead)
		ring_clear(&relay->from);
}

/* Returns how many bytes came. */
static size_t take_from_master(struct relay *relay)
{
	ssize_t r = ring_fill(&relay->from, relay->master);

	if (r == 0 || (r < 0 && !for_now(r)))
		relay->hung_up = true; /* EIO: no process has the terminal open */
	if (relay->out_dead)
		ring_clear(&relay->from);
	return r > 0 ? (size_t)r : 0;
}

static void move_master(struct relay *relay, short events)
{
	if (events & POLLHUP)
		ring_clear(&relay->to);
	else if (events & POLLOUT) {
		ssize_t r = ring_drain(&relay->to, relay->master, RING_SIZE);

		if (r < 0 && !for_now(r))
			ring_clear(&relay->to); /* nobody is there to read it */
	}
	if (events & ~POLLOUT && ring_room(&relay->from))
		take_from_master(relay);
}

void relay_move(struct relay *relay, const struct pollfd fds[RELAY_FDS])
{
	if (fds[IN].fd >= 0 && fds[IN].revents)
		move_in(relay);
	if (fds[OUT].fd >= 0 && fds[OUT].revents)
		move_out(relay);
	if (fds[MASTER].fd >= 0 && fds[MASTER].revents)
		move_master(relay, fds[MASTER].revents);
	tell_end(relay);
}

void relay_finish(struct relay *relay, int wake_fd, bool (*stop)(int wake_fd))
{
	size_t room = FINISH_LIMIT;
	bool empty = relay->hung_up;

	/* A read that finds nothing is proof: the kernel flushes what is on its way through the pty before it says so. */
	for (;;) {
		struct pollfd fds[2] = {
			{.fd = relay->out, .events = POLLOUT}, {.fd = wake_fd, .events = POLLIN}};

		if (!empty && ring_room(&relay->from)) {
			size_t n = take_from_master(relay);

			empty = n == 0 || n >= room;
			room -= MIN(n, room);
		}
		if (!ring_len(&relay->from)) {
			if (empty)
				return;
			continue;
		}
		if (poll(fds, ARRAY_LEN(fds), -1) < 0 && errno != EINTR)
			return;
		if (fds[1].revents && stop(wake_fd))
			return;
		if (fds[0].revents)
			move_out(relay);
	}
}
