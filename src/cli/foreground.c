// SPDX-License-Identifier: Apache-2.0
/*
 * Standing in for a process. All signals are blocked and read from a signalfd, so husk never dies of one and always
 * comes to put the terminal back; they are passed on through the pidfd, which cannot hit another process. The library
 * gives processes it starts an empty signal mask, so the blocked one here stays here.
 */
#include <cli/foreground.h>
#include <cli/relay.h>
#include <cli/signals.h>
#include <cli/terminal.h>
#include <base/error.h>
#include <base/fd.h>

#include <errno.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct stand_in {
	int signals, pidfd, console; /* console -1: no terminal to relay */
	pid_t pid;
	struct terminal *terminal;
	struct relay *relay; /* NULL: no terminal to relay */
};

int foreground_begin(struct foreground *fg, enum foreground_flags flags, struct husk_error **err)
{
	sigset_t taken;

	signal_taken(&taken);
	fg->signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fg->signals < 0)
		return fail_errno(err, -errno, "cannot make a signal descriptor");
	sigprocmask(SIG_BLOCK, &taken, &fg->before);
	if (flags & FOREGROUND_SUBREAPER && prctl(PR_SET_CHILD_SUBREAPER, 1L, 0L, 0L, 0L) < 0)
		return fail_errno(err, -errno, "cannot become a child subreaper");
	return 0;
}

void foreground_end(struct foreground *fg)
{
	if (fg->signals < 0)
		return;
	fg->signals = fd_close(fg->signals);
	sigprocmask(SIG_SETMASK, &fg->before, NULL);
}

/* Reaps every dead child but the process itself, whose status is husk_process_wait()'s. */
static void reap_orphans(pid_t spare)
{
	for (;;) {
		siginfo_t info = {};

		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || !info.si_pid)
			return;
		if (info.si_pid == spare)
			return; /* it hides those behind it; they are reaped when it is */
		(void)waitpid(info.si_pid, NULL, WNOHANG);
	}
}

static void take_signal(const struct stand_in *s, int signal)
{
	if (signal == SIGCHLD)
		reap_orphans(s->pid);
	if (signal == SIGWINCH && s->relay)
		terminal_copy_size(s->console);
	if (signal == SIGCONT && s->relay)
		terminal_raw(
			s->terminal); /* the shell that stopped us has taken its own mode back */
	if (signal_is_forwarded(signal))
		/* ESRCH: it has ended meanwhile, which the pidfd tells */
		(void)syscall(SYS_pidfd_send_signal, s->pidfd, signal, NULL, 0);
}

static void take_signals(const struct stand_in *s)
{
	struct signalfd_siginfo info[4];
	ssize_t n;

	do {
		n = read(s->signals, info, sizeof info);
		for (size_t i = 0; n > 0 && i < (size_t)n / sizeof info[0]; i++)
			take_signal(s, (int)info[i].ssi_signo);
	} while (n > 0);
}

/* While the last output is written: does the user want to leave? */
static bool farewell_came(int signals)
{
	struct signalfd_siginfo info;

	while (read(signals, &info, sizeof info) == sizeof info)
		if (signal_is_farewell((int)info.ssi_signo))
			return true;
	return false;
}

/* Until the process ends. */
static int stand_in(const struct stand_in *s, struct husk_error **err)
{
	enum { SIGNALS, PROCESS, RELAY };
	struct pollfd fds[RELAY + RELAY_FDS] = {
		[SIGNALS] = {.fd = s->signals, .events = POLLIN},
		[PROCESS] = {.fd = s->pidfd, .events = POLLIN},
	};
	nfds_t n = s->relay ? ARRAY_LEN(fds) : RELAY;

	for (;;) {
		if (s->relay)
			relay_want(s->relay, fds + RELAY);
		if (poll(fds, n, -1) < 0) {
			if (errno == EINTR)
				continue;
			return fail_errno(err, -errno, "cannot wait for the process");
		}
		if (fds[SIGNALS].revents)
			take_signals(s);
		if (fds[PROCESS].revents)
			break;
		if (s->relay)
			relay_move(s->relay, fds + RELAY);
	}
	if (s->relay)
		relay_finish(s->relay, s->signals, farewell_came);
	return 0;
}

int foreground_wait(struct foreground *fg, struct husk_process *process, int *ret_status,
	struct husk_error **err)
{
	auto_relay *relay = NULL;
	auto_terminal terminal = {};
	struct stand_in s = {
		.signals = fg->signals,
		.pidfd = husk_process_pidfd(process),
		.console = husk_process_console(process),
		.pid = husk_process_pid(process),
		.terminal = &terminal,
	};
	int r;

	if (s.console >= 0) {
		s.relay = relay = relay_new(STDIN_FILENO, STDOUT_FILENO, s.console);
		if (!relay)
			return fail_memory(err);
		terminal_copy_size(s.console);
		terminal_raw(&terminal);
	}
	r = stand_in(&s, err);
	if (r == 0)
		r = husk_process_wait(process, ret_status, err);
	if (r == 0)
		reap_orphans(-1);
	return r < 0 ? r : 0;
}
