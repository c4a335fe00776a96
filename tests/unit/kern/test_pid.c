// SPDX-License-Identifier: Apache-2.0
/* Processes of our own: one with a nasty name, one that ends, one that is a zombie, one that was reaped. */
#include <base/fd.h>
#include <base/mem.h>
#include <kern/pid.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

/* A child that stops itself once it has its name. */
static pid_t child(const char *name)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_NAME, name);
		raise(SIGSTOP);
		for (;;)
			pause();
	}
	assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
	return pid;
}

static void reap(pid_t pid)
{
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_stat(void **state)
{
	static const char *const names[] = {"plain", ") R 1 1 (", "a b) Z 99", "\n)\n"};
	uint64_t last = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		pid_t pid = child(names[i]);
		struct pid_stat stat;

		assert_int_equal(pid_read_stat(pid, &stat), 0);
		assert_int_equal(stat.state, 'T');
		assert_int_equal(stat.parent, getpid());
		assert_true(stat.start_time >= last && stat.start_time > 0);
		last = stat.start_time;
		kill(pid, SIGKILL);
		reap(pid);
		assert_int_equal(pid_read_stat(pid, &stat), -ESRCH);
	}
}

static void test_still(void **state)
{
	pid_t pid = child("x");
	struct pid_stat stat;
	auto_close int fd = pid_open(pid);

	(void)state;
	assert_int_equal(pid_read_stat(pid, &stat), 0);
	assert_int_equal(pid_is_still(pid, stat.start_time), 1);
	assert_int_equal(pid_is_still(pid, stat.start_time + 1), 0);
	assert_int_equal(pid_is_still(0, stat.start_time), 0);
	assert_int_equal(pid_is_still(-1, stat.start_time), 0);
	kill(pid, SIGKILL);
	assert_int_equal(pid_wait(fd, 5000), 1);
	assert_int_equal(pid_is_still(pid, stat.start_time), 0); /* a zombie */
	reap(pid);
	assert_int_equal(pid_is_still(pid, stat.start_time), 0);
}

static void test_pidfd(void **state)
{
	pid_t pid = child("x"), got = -7;
	auto_close int fd = pid_open(pid);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(pid_of_fd(fd, &got), 0);
	assert_int_equal(got, pid);
	assert_int_equal(pid_signal(fd, 0), 0);
	assert_int_equal(pid_wait(fd, 0), 0);
	assert_int_equal(pid_wait(fd, 10), 0);
	assert_int_equal(pid_signal(fd, SIGKILL), 0);
	assert_int_equal(pid_wait(fd, -1), 1);
	reap(pid);
	assert_int_equal(pid_signal(fd, SIGKILL), -ESRCH);
	got = -7;
	assert_int_equal(pid_of_fd(fd, &got), -ESRCH);
	assert_int_equal(got, -7);
	assert_int_equal(pid_open(pid), -ESRCH);
	assert_int_equal(pid_of_fd(STDIN_FILENO, &got), -EBADF);
	assert_int_equal(pid_of_fd(9999, &got), -EBADF);
	assert_int_equal(pid_wait(9999, 0), -EBADF);
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* A signal handler of the host program neither ends nor prolongs the wait. */
static void test_wait_interrupted(void **state)
{
	struct sigaction action = {.sa_handler = on_alarm};
	struct timespec begin, end;
	pid_t pid = child("x"), alarmer;
	auto_close int fd = pid_open(pid);

	(void)state;
	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	alarmer = fork();
	if (!alarmer)
		for (int i = 0;; i++) {
			nanosleep(&(struct timespec){.tv_nsec = 30000000}, NULL);
			if (kill(getppid(), SIGUSR1) < 0 || i > 8)
				_exit(0);
		}
	clock_gettime(CLOCK_MONOTONIC, &begin);
	assert_int_equal(pid_wait(fd, 150), 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	kill(alarmer, SIGKILL);
	reap(alarmer);
	kill(pid, SIGKILL);
	reap(pid);
	assert_in_range(
		(end.tv_sec - begin.tv_sec) * 1000 + (end.tv_nsec - begin.tv_nsec) / 1000000, 145,
		240);
}

static void test_boot_id(void **state)
{
	auto_free char *a = NULL, *b = NULL;

	(void)state;
	assert_int_equal(pid_boot_id(&a), 0);
	assert_int_equal(pid_boot_id(&b), 0);
	assert_int_equal(strlen(a), 36);
	assert_int_equal(strspn(a, "0123456789abcdef-"), 36);
	assert_string_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stat),
		cmocka_unit_test(test_still),
		cmocka_unit_test(test_pidfd),
		cmocka_unit_test(test_wait_interrupted),
		cmocka_unit_test(test_boot_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
