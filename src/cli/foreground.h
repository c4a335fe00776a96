/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's process in the foreground: husk stands in for it. Signals that husk gets go to the process, the terminal
 * is relayed, orphans are reaped, and the process's end is husk's.
 *
 *	auto_foreground fg = FOREGROUND_INIT;
 *	foreground_begin(&fg, SUBREAPER, err);		// before the process exists: no signal is lost
 *	husk_container_run(..., &process, err);
 *	foreground_wait(&fg, process, &status, err);
 */
#ifndef HUSK_CLI_FOREGROUND_H
#define HUSK_CLI_FOREGROUND_H

#include <signal.h>
#include <base/attr.h>
#include <husk/process.h>

struct foreground {
	int signals; /* signalfd, -1 before foreground_begin() */
	sigset_t before; /* the mask to put back */
};
#define FOREGROUND_INIT       \
	{                     \
		.signals = -1 \
	}

enum foreground_flags {
	FOREGROUND_SUBREAPER = 1, /* orphans of the container become husk's children */
};

int foreground_begin(struct foreground *fg, enum foreground_flags flags, struct husk_error **err);
/* *ret_status is the exit status of the process, or 128 + signal. */
int foreground_wait(struct foreground *fg, struct husk_process *process, int *ret_status,
	struct husk_error **err);
void foreground_end(struct foreground *fg);
#define auto_foreground auto_(foreground_end) struct foreground

#endif
