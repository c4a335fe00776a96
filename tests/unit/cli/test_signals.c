// SPDX-License-Identifier: Apache-2.0
/* Signals as people and engines write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <cli/signals.h>

#include <errno.h>

static void names_and_numbers(void **state)
{
	const struct {
		const char *text;
		int number;
	} cases[] = {{"9", SIGKILL}, {"0", 0}, {"64", 64}, {"KILL", SIGKILL}, {"SIGKILL", SIGKILL},
		{"sigterm", SIGTERM}, {"hup", SIGHUP}, {"SigUsr1", SIGUSR1}, {"IOT", SIGABRT},
		{"CLD", SIGCHLD}, {"POLL", SIGIO}, {"WINCH", SIGWINCH}, {"SYS", SIGSYS},
		{"RTMIN", SIGRTMIN}, {"SIGRTMIN+3", SIGRTMIN + 3}, {"rtmax", SIGRTMAX},
		{"RTMAX-1", SIGRTMAX - 1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int number = -1;

		assert_int_equal(signal_parse(cases[i].text, &number), 0);
		assert_int_equal(number, cases[i].number);
	}
}

static void not_signals(void **state)
{
	static const char *const texts[] = {"", "65", "-9", "+9", "9 ", "SIG", "BOGUS", "RTMIN+",
		"RTMIN-1", "RTMIN+99", "RTMAX+1", "SIGSIGKILL", "4294967305"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		int number = 77;

		assert_int_equal(signal_parse(texts[i], &number), -EINVAL);
		assert_int_equal(number, 77);
	}
}

static void who_gets_them(void **state)
{
	sigset_t taken;

	(void)state;
	signal_taken(&taken);
	for (int i = 1; i < _NSIG; i++)
		if (signal_is_forwarded(i))
			assert_true(sigismember(&taken, i));
	assert_true(signal_is_forwarded(SIGTERM) && signal_is_forwarded(SIGRTMIN + 1));
	assert_false(signal_is_forwarded(SIGCHLD) || signal_is_forwarded(SIGWINCH));
	assert_true(sigismember(&taken, SIGCHLD) && sigismember(&taken, SIGWINCH));
	assert_false(sigismember(&taken, SIGKILL) || sigismember(&taken, SIGSEGV) ||
		     sigismember(&taken, SIGTTOU));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_numbers),
		cmocka_unit_test(not_signals),
		cmocka_unit_test(who_gets_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
