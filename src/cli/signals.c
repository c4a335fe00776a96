// SPDX-License-Identifier: Apache-2.0
/*
 * The signal table. SIGTTIN and SIGTTOU keep their default action so that husk in the background stops like any
 * program; faults of husk's own (SIGSEGV...) are its own. SIGURG belongs to sockets, nobody forwards it.
 */
#include <cli/signals.h>
#include <base/parse.h>
#include <base/text.h>

#include <errno.h>
#include <stdint.h>
#include <strings.h>

enum signal_use { FORWARD, OWN, LEAVE };

struct signal_row {
	const char *name;
	int number;
	enum signal_use use;
};

/* clang-format off */
static const struct signal_row signals[] = {
	{"HUP", SIGHUP, FORWARD},	{"INT", SIGINT, FORWARD},	{"QUIT", SIGQUIT, FORWARD},
	{"ILL", SIGILL, LEAVE},		{"TRAP", SIGTRAP, LEAVE},	{"ABRT", SIGABRT, FORWARD},
	{"IOT", SIGABRT, FORWARD},	{"BUS", SIGBUS, LEAVE},		{"FPE", SIGFPE, LEAVE},
	{"KILL", SIGKILL, LEAVE},	{"USR1", SIGUSR1, FORWARD},	{"SEGV", SIGSEGV, LEAVE},
	{"USR2", SIGUSR2, FORWARD},	{"PIPE", SIGPIPE, OWN},		{"ALRM", SIGALRM, FORWARD},
	{"TERM", SIGTERM, FORWARD},	{"STKFLT", SIGSTKFLT, FORWARD},	{"CHLD", SIGCHLD, OWN},
	{"CLD", SIGCHLD, OWN},		{"CONT", SIGCONT, FORWARD},	{"STOP", SIGSTOP, LEAVE},
	{"TSTP", SIGTSTP, FORWARD},	{"TTIN", SIGTTIN, LEAVE},	{"TTOU", SIGTTOU, LEAVE},
	{"URG", SIGURG, LEAVE},		{"XCPU", SIGXCPU, FORWARD},	{"XFSZ", SIGXFSZ, FORWARD},
	{"VTALRM", SIGVTALRM, FORWARD},	{"PROF", SIGPROF, FORWARD},	{"WINCH", SIGWINCH, OWN},
	{"IO", SIGIO, FORWARD},		{"POLL", SIGIO, FORWARD},	{"PWR", SIGPWR, FORWARD},
	{"SYS", SIGSYS, LEAVE},
};
/* clang-format on */

/* "RTMIN", "RTMIN+n", "RTMAX", "RTMAX-n". */
static int parse_realtime(const char *text, int *ret)
{
	bool from_end = !strncasecmp(text, "RTMAX", 5);
	uint32_t n = 0;

	if (!from_end && strncasecmp(text, "RTMIN", 5) != 0)
		return -EINVAL;
	text += 5;
	if (*text) {
		if (*text != (from_end ? '-' : '+') || parse_u32(text + 1, 10, &n) < 0)
			return -EINVAL;
	}
	if (n > (uint32_t)(SIGRTMAX - SIGRTMIN))
		return -EINVAL;
	*ret = from_end ? SIGRTMAX - (int)n : SIGRTMIN + (int)n;
	return 0;
}

int signal_parse(const char *text, int *ret)
{
	uint32_t number;

	if (parse_u32(text, 10, &number) == 0) {
		if (number >= _NSIG)
			return -EINVAL;
		*ret = (int)number;
		return 0;
	}
	if (!strncasecmp(text, "SIG", 3))
		text += 3;
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		if (!strcasecmp(signals[i].name, text)) {
			*ret = signals[i].number;
			return 0;
		}
	return parse_realtime(text, ret);
}

static enum signal_use use_of(int signal)
{
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		if (signals[i].number == signal)
			return signals[i].use;
	return signal >= SIGRTMIN && signal <= SIGRTMAX ? FORWARD : LEAVE;
}

void signal_taken(sigset_t *set)
{
	sigemptyset(set);
	for (int i = 1; i < _NSIG; i++)
		if (use_of(i) != LEAVE)
			sigaddset(set, i);
}

bool signal_is_forwarded(int signal)
{
	return use_of(signal) == FORWARD;
}

bool signal_is_farewell(int signal)
{
	return signal == SIGHUP || signal == SIGINT || signal == SIGQUIT || signal == SIGTERM;
}
