// SPDX-License-Identifier: Apache-2.0
/* The relay over a real pseudo-terminal: nothing is lost, ends are told, nobody waits for the dead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <cli/relay.h>
#include <base/fd.h>

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

struct setup {
	int in[2], out[2], master, slave, wake[2];
	struct relay *relay;
};

static int set_up(void **state)
{
	struct setup *s = calloc(1, sizeof *s);
	struct termios mode;

	*state = s;
	signal(SIGPIPE, SIG_IGN);
	if (!s || pipe2(s->in, O_CLOEXEC) || pipe2(s->out, O_CLOEXEC) ||
		pipe2(s->wake, O_CLOEXEC) || openpty(&s->master, &s->slave, NULL, NULL, NULL))
		return -1;
	tcgetattr(s->slave, &mode);
	mode.c_oflag &= ~(tcflag_t)OPOST;
	mode.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(s->slave, TCSANOW, &mode);
	s->relay = relay_new(s->in[0], s->out[1], s->master);
	return s->relay ? 0 : -1;
}

static int tear_down(void **state)
{
	struct setup *s = *state;

	relay_free(s->relay);
	for (int i = 0; i < 2; i++) {
		fd_close(s->in[i]);
		fd_close(s->out[i]);
		fd_close(s->wake[i]);
	}
	fd_close(s->master);
	fd_close(s->slave);
	free(s);
	return 0;
}

/* Turns the loop until nothing happens for a moment. */
static void turn(struct setup *s)
{
	struct pollfd fds[RELAY_FDS];

	for (;;) {
		relay_want(s->relay, fds);
		if (poll(fds, RELAY_FDS, 50) <= 0)
			return;
		relay_move(s->relay, fds);
	}
}

static bool never(int fd)
{
	(void)fd;
	return false;
}

static bool always(int fd)
{
	(void)fd;
	return true;
}

/* Reads n counted bytes from the other end of standard output. */
static void expect_count(int fd, size_t n)
{
	unsigned char block[4096];
	size_t got = 0;

	while (got < n) {
		ssize_t r = read(fd, block, sizeof block);

		assert_true(r > 0);
		for (ssize_t i = 0; i < r; i++, got++)
			assert_int_equal(block[i], got % 251);
	}
	assert_int_equal(got, n);
}

/* A writer that fills the terminal and ends at once; the reader is slow. */
static void output_is_complete_after_the_end(void **state)
{
	enum { TOTAL = 200000 };
	struct setup *s = *state;
	pid_t writer, pump;
	int status;

	writer = fork();
	if (writer == 0) {
		static unsigned char data[TOTAL];

		for (size_t i = 0; i < TOTAL; i++)
			data[i] = (unsigned char)(i % 251);
		for (size_t at = 0; at < TOTAL;) {
			ssize_t n = write(s->slave, data + at, TOTAL - at);

			if (n < 0)
				_exit(1);
			at += (size_t)n;
		}
		_exit(0);
	}
	fd_close(s->slave);
	s->slave = -1;
	pump = fork();
	if (pump == 0) {
		struct pollfd fds[RELAY_FDS];

		while (!s->relay->hung_up) {
			relay_want(s->relay, fds);
			if (poll(fds, RELAY_FDS, -1) > 0)
				relay_move(s->relay, fds);
		}
		relay_finish(s->relay, s->wake[0], never);
		_exit(0);
	}
	fd_close(s->out[1]);
	s->out[1] = -1;
	usleep(100000);
	expect_count(s->out[0], TOTAL);
	assert_int_equal(waitpid(pump, &status, 0), pump);
	assert_int_equal(status, 0);
	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_int_equal(status, 0);
}

static void finish_takes_what_is_left(void **state)
{
	struct setup *s = *state;
	char text[16] = "";

	assert_int_equal(write(s->slave, "last words", 10), 10);
	relay_finish(s->relay, s->wake[0], never); /* the slave is still open: must not wait */
	assert_int_equal(read(s->out[0], text, sizeof text), 10);
	assert_string_equal(text, "last words");
}

static void finish_gives_up_when_told(void **state)
{
	struct setup *s = *state;
	char block[4096] = "";

	fcntl(s->out[1], F_SETFL, O_NONBLOCK);
	while (write(s->out[1], block, sizeof block) > 0)
		; /* nobody reads, the pipe is full */
	fcntl(s->out[1], F_SETFL, 0);
	assert_int_equal(write(s->slave, "x", 1), 1);
	assert_int_equal(write(s->wake[1], "x", 1), 1);
	relay_finish(s->relay, s->wake[0], always);
	assert_int_equal(ring_len(&s->relay->from), 1);
}

static void input_and_its_end(void **state)
{
	struct setup *s = *state;
	char text[16] = "";

	assert_int_equal(write(s->in[1], "line\nhalf", 9), 9);
	turn(s);
	fd_close(s->in[1]);
	s->in[1] = -1;
	turn(s);
	assert_true(s->relay->end_told);
	assert_int_equal(read(s->slave, text, sizeof text), 5);
	assert_memory_equal(text, "line\n", 5);
	assert_int_equal(read(s->slave, text, sizeof text), 4);
	assert_memory_equal(text, "half", 4);
	assert_int_equal(read(s->slave, text, sizeof text), 0); /* end of file */
}

static void output_nobody_reads_is_dropped(void **state)
{
	struct setup *s = *state;

	fd_close(s->out[0]);
	s->out[0] = -1;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(write(s->slave, "lost", 4), 4);
		turn(s);
	}
	assert_true(s->relay->out_dead);
	assert_int_equal(ring_len(&s->relay->from), 0);
}

static void a_hang_up_does_not_spin(void **state)
{
	struct setup *s = *state;
	struct pollfd fds[RELAY_FDS];

	fd_close(s->slave);
	s->slave = -1;
	turn(s);
	assert_true(s->relay->hung_up);
	relay_want(s->relay, fds);
	assert_int_equal(poll(fds, RELAY_FDS, 0), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(output_is_complete_after_the_end),
		TEST(finish_takes_what_is_left),
		TEST(finish_gives_up_when_told),
		TEST(input_and_its_end),
		TEST(output_nobody_reads_is_dropped),
		TEST(a_hang_up_does_not_spin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
