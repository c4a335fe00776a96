/* SPDX-License-Identifier: Apache-2.0 */
/* Signals by name or number, and which of them `husk run` hands on. */
#ifndef HUSK_CLI_SIGNALS_H
#define HUSK_CLI_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <base/attr.h>

/* "9", "KILL", "SIGKILL", "rtmin+3", any case. 0 (no signal, only the check) is allowed. Returns 0 or -EINVAL. */
int signal_parse(const char *text, int *ret) nodiscard;
/* The signals a foreground command takes in itself: to hand on, or for its own use (SIGCHLD, SIGWINCH, SIGPIPE). */
void signal_taken(sigset_t *set);
/* Is this one for the container's process? */
bool signal_is_forwarded(int signal);
/* Would it end a program by default, as a wish of the user or the system? */
bool signal_is_farewell(int signal);

#endif
