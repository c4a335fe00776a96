// SPDX-License-Identifier: Apache-2.0
/* Hooks that succeed, fail, flood, hang; in a host program with odd signals and descriptors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <hook/hook.h>
#include <base/mem.h>
#include <base/str.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h> /* last: it has a macro fail() */

static char *said; /* by the error of the last run, or NULL */
static enum husk_error_code code;

static int run_with(const char *script, uint64_t timeout, const char *cwd, const char *state)
{
	const char *const args[] = {"sh", "-c", script, NULL}, *const env[] = {
								       "PATH=/bin:/usr/bin", NULL};
	struct husk_error *err = NULL;
	int r = hook_run(
		&(struct hook){"/hooks/x/0", "/bin/sh", args, env, timeout}, cwd, state, &err);

	free(said);
	said = err ? strdup(husk_error_message(err)) : NULL;
	if (err) {
		code = husk_error_code(err);
		assert_string_equal(husk_error_pointer(err), "/hooks/x/0");
	}
	husk_error_free(err);
	assert_int_equal(r < 0, said != NULL);
	return r;
}

static int run(const char *script)
{
	return run_with(script, 0, "/", "{}");
}

#define PREFIX "/hooks/x/0: hook '/bin/sh' "

static void test_outcomes(void **state)
{
	(void)state;
	assert_int_equal(run("exit 0"), 0);
	assert_true(run("echo a >&2; echo b >&2; exit 3") < 0);
	assert_string_equal(said, PREFIX "exited with status 3: a; b");
	assert_int_equal(code, HUSK_ERROR_HOOK);
	assert_true(run("kill -TERM $$") < 0);
	assert_string_equal(said, PREFIX "was killed by signal 15");
	assert_true(run_with("sleep 100 & sleep 100", 1, "/", "{}") < 0);
	assert_string_equal(said, PREFIX "did not end within its timeout of 1 s");
	assert_int_equal(code, HUSK_ERROR_TIMEOUT);
}

static void test_state_and_directory(void **state)
{
	(void)state;
	assert_int_equal(
		run_with("test \"$(cat)\" = hello && test \"$(pwd)\" = /usr", 0, "/usr", "hello"),
		0);
	assert_int_equal(run_with("test \"$(pwd)\" = /", 0, "/no/such/directory", ""), 0);
}

static void test_missing(void **state)
{
	const char *const none[] = {NULL}, *const args[] = {"x", NULL};
	struct husk_error *err = NULL;

	(void)state;
	assert_int_equal(
		hook_run(&(struct hook){"/a", "/no/such", args, none, 0}, "/", "", &err), -ENOENT);
	assert_string_equal(husk_error_message(err),
		"/a: hook '/no/such' cannot be run: no such file or directory");
	husk_error_free(err);
}

static void test_flood(void **state)
{
	(void)state;
	assert_int_equal(run("dd if=/dev/zero bs=100000 count=20 2>/dev/null; dd if=/dev/zero "
			     "bs=100000 count=20 >&2"),
		0);
	assert_true(
		run("dd if=/dev/zero bs=100000 count=1 >&2 2>/dev/null; printf end >&2; exit 1") <
		0);
	assert_true(strlen(said) < TAIL_MAX + 100);
	assert_string_equal(said + strlen(said) - 4, "?end");
}

/* Its stdout stays open in what it leaves behind. */
static void test_daemon(void **state)
{
	(void)state;
	assert_int_equal(run_with("sleep 3 & exit 0", 2, "/", "{}"), 0);
}

/* Signals: ours stay ours, the hook's are at their default. */
static void test_signals(void **state)
{
	sigset_t odd, before, now;

	(void)state;
	sigemptyset(&odd);
	sigaddset(&odd, SIGUSR1);
	sigprocmask(SIG_BLOCK, &odd, &before);
	signal(SIGUSR2, SIG_IGN);
	/* cat's own: the shell ignores some for itself */
	assert_int_equal(run("cat /proc/self/status | grep -q 'SigBlk:.0000000000000000' && "
			     "cat /proc/self/status | grep -q 'SigIgn:.000000000000000[04]'"),
		0);
	sigprocmask(SIG_SETMASK, &before, &now);
	assert_true(sigismember(&now, SIGUSR1));
	assert_ptr_equal(signal(SIGUSR2, SIG_DFL), SIG_IGN);
}

static void test_descriptors(void **state)
{
	int open_one = dup2(1, 50); /* not O_CLOEXEC */

	(void)state;
	assert_int_equal(
		run("for n in 3 4 5 6 7 8 9 50; do test -e /proc/$$/fd/$n && exit 1; done; exit 0"),
		0);
	close(open_one);
}

/* The kernel then reaps the hook; that is not taken for success. */
static void test_ignored_sigchld(void **state)
{
	(void)state;
	signal(SIGCHLD, SIG_IGN);
	assert_true(run("exit 0") < 0);
	assert_string_equal(
		said, PREFIX "ended, but its exit status was taken by another waitpid()");
	signal(SIGCHLD, SIG_DFL);
}

/* What was cut off at the front may begin within a character. */
static void test_words(void **state)
{
	struct husk_error *err = NULL;

	(void)state;
	(void)hook_fail(
		&err, "/a", "/x", (struct outcome){OUTCOME_EXITED, 1}, "\x82\x83g\x1b[1m\tb\r\n\n");
	assert_string_equal(husk_error_message(err), "/a: hook '/x' exited with status 1: g?[1m b");
	husk_error_free(err);
}

static void test_tail(void **state)
{
	static struct tail t;
	char text[TAIL_MAX + 1];

	(void)state;
	assert_int_equal(tail_text(&t, text), 0);
	tail_add(&t, "a\0b", 3);
	assert_int_equal(tail_text(&t, text), 3);
	assert_string_equal(text, "a?b");
	for (int i = 0; i < TAIL_MAX - 1; i++)
		tail_add(&t, i ? "x" : "y", 1);
	assert_int_equal(tail_text(&t, text), TAIL_MAX);
	assert_memory_equal(text, "byxx", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_state_and_directory),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_daemon),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_ignored_sigchld),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_tail),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	free(said);
	return r;
}
