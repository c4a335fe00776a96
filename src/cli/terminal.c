// SPDX-License-Identifier: Apache-2.0
/*
 * Raw mode is whole, output processing too: the container's terminal already turns \n into \r\n, so its bytes pass
 * as they are. Only standard input is made raw: where input comes from elsewhere, ^C has to go on meaning husk.
 */
#include <cli/terminal.h>

#include <sys/ioctl.h>
#include <unistd.h>

void terminal_raw(struct terminal *t)
{
	struct termios raw;

	if (!t->raw && tcgetattr(STDIN_FILENO, &t->before) < 0)
		return; /* not a terminal */
	raw = t->before;
	cfmakeraw(&raw);
	t->raw = !tcsetattr(STDIN_FILENO, TCSANOW, &raw) || t->raw;
}

void terminal_done(struct terminal *t)
{
	if (t->raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &t->before);
	t->raw = false;
}

void terminal_copy_size(int master)
{
	struct winsize size;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (!ioctl(fd, TIOCGWINSZ, &size)) {
			(void)ioctl(
				master, TIOCSWINSZ, &size); /* the container may be gone already */
			return;
		}
}
