/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal husk itself runs on: raw while a container's terminal is relayed, its size handed on. */
#ifndef HUSK_CLI_TERMINAL_H
#define HUSK_CLI_TERMINAL_H

#include <stdbool.h>
#include <termios.h>

struct terminal {
	bool raw; /* `before` is to be put back */
	struct termios before;
};

/* Makes standard input raw if it is a terminal; otherwise does nothing. Also after SIGCONT, to do it again. */
void terminal_raw(struct terminal *t);
/* Puts back what was. */
void terminal_done(struct terminal *t);
#define auto_terminal auto_(terminal_done) struct terminal
/* Gives the pty behind `master` the size of the first of descriptors 0 to 2 that is a terminal. */
void terminal_copy_size(int master);

#endif
