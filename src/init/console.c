// SPDX-License-Identifier: Apache-2.0
/*
 * The terminal: a pty of the container's own devpts. The slave comes from the master (TIOCGPTPEER), never by a path
 * in the image, and is bound on /dev/console by descriptor (CVE-2025-52565, CVE-2026-88264).
 */
#include <init/init.h>

#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/stat.h>

enum { TIOCSCTTY_ = 0x540E, TIOCSWINSZ_ = 0x5414, TIOCSPTLCK_ = 0x40045431, TIOCGPTPEER_ = 0x5441 };
enum { DEVPTS_MAGIC = 0x1cd1, O_RDWR_NOCTTY_CLOEXEC = O_RDWR | O_NOCTTY | O_CLOEXEC };

static int open_master(struct init *init)
{
	uint64_t fs[16]; /* struct statfs: the first word is f_type */
	struct statx st;
	char path[32];
	size_t len = 0;
	int where = resolve_open(init, "/dev/pts/ptmx", RESOLVE_NOTHING, RESOLVE_LAST_NOFOLLOW);
	long fd;

	if (where < 0)
		return fault(init, where, "open /dev/pts/ptmx",
			"a terminal needs a devpts mount on /dev/pts");
	if (sys(fstatfs, where, fs) || fs[0] != DEVPTS_MAGIC ||
		sys(statx, where, "", AT_EMPTY_PATH, STATX_TYPE, &st) || !S_ISCHR(st.stx_mode) ||
		st.stx_rdev_major != 5 || st.stx_rdev_minor != 2) {
		close_fd(where);
		return fault(init, -EINVAL, "check /dev/pts/ptmx",
			"it is not the multiplexer of a devpts");
	}
	/* from O_PATH to a real descriptor of the very same file, through the trusted procfs */
	(void)text_add(path, sizeof path, &len, "self/fd/");
	(void)text_add_number(path, sizeof path, &len, (unsigned long)where);
	fd = sys(openat, init->proc, path, O_RDWR_NOCTTY_CLOEXEC, 0);
	close_fd(where);
	return fd < 0 ? fault(init, fd, "open /dev/pts/ptmx", NULL) : (int)fd;
}

static int open_slave(struct init *init, int master, const struct plan_console *c)
{
	struct {
		uint16_t row, col, xpixel, ypixel;
	} size = {.row = (uint16_t)c->height, .col = (uint16_t)c->width};
	int unlock = 0;
	long slave, r = sys(ioctl, master, TIOCSPTLCK_, &unlock);

	if (r < 0)
		return fault(init, r, "ioctl(TIOCSPTLCK)", NULL);
	slave = sys(ioctl, master, TIOCGPTPEER_, O_RDWR_NOCTTY_CLOEXEC);
	if (slave < 0)
		return fault(init, slave, "ioctl(TIOCGPTPEER)", NULL);
	r = sys(fchown, slave, c->uid, -1);
	if (!r && (c->height || c->width))
		r = sys(ioctl, master, TIOCSWINSZ_, &size);
	if (r < 0) {
		close_fd((int)slave);
		return fault(init, r, "set up the terminal", NULL);
	}
	return (int)slave;
}

static int bind_console(struct init *init, int slave)
{
	int target = resolve_open(init, "/dev/console", RESOLVE_FILE, RESOLVE_LAST_NOFOLLOW), r;
	struct statx st;
	long tree;

	if (target < 0)
		return fault(init, target, "open /dev/console", NULL);
	r = (int)sys(statx, target, "", AT_EMPTY_PATH, STATX_TYPE, &st);
	if (!r && S_ISLNK(st.stx_mode))
		r = fault(init, -ELOOP, "open /dev/console", "it is a symbolic link");
	if (!r) {
		tree = sys(
			open_tree, slave, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
		r = tree < 0 ? fault(init, tree, "open_tree", NULL)
			     : tree_attach(init, (int)tree, target);
		close_fd((int)tree);
	}
	close_fd(target);
	return r;
}

/* The slave becomes stdin, stdout, stderr and the controlling terminal of our session. */
static int take_terminal(struct init *init, int slave)
{
	long r = 0;

	for (int fd = 0; r >= 0 && fd < 3; fd++)
		r = sys(dup3, slave, fd, 0);
	if (r >= 0)
		r = sys(ioctl, 0, TIOCSCTTY_, 0);
	return r < 0 ? fault(init, r, "take the terminal", NULL) : 0;
}

int init_console(struct init *init, const struct plan_op *op)
{
	int master = open_master(init), slave, r;

	if (master < 0)
		return master;
	slave = open_slave(init, master, &op->console);
	r = slave < 0 ? slave : 0;
	if (!r && op->console.mount)
		r = bind_console(init, slave);
	if (!r)
		r = sync_send(init, SYNC_CONSOLE, NULL, 0, master);
	if (!r)
		r = take_terminal(init, slave);
	close_fd(slave);
	close_fd(master);
	return r;
}

/* So that the process may reopen /dev/stdout. What cannot be chowned is left as it is. */
int init_stdio_owner(struct init *init, const struct plan_op *op)
{
	struct statx st;

	(void)init;
	for (int fd = 0; fd < 3; fd++) {
		if (sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_UID, &st))
			continue;
		if ((S_ISCHR(st.stx_mode) && st.stx_rdev_major == 1 && st.stx_rdev_minor == 3) ||
			st.stx_uid == op->stdio_owner.uid)
			continue;
		(void)sys(fchown, fd, op->stdio_owner.uid, -1);
	}
	return 0;
}
