// SPDX-License-Identifier: Apache-2.0
/*
 * AppArmor and SELinux: what the next execve confines the process to. It is a line written to a file of the process
 * itself, so that everything hangs on which file that is: the one of the procfs that was opened before anything of
 * the container was in the way, without following links or crossing mounts (CVE-2019-16884, CVE-2025-52881). Unlike
 * other writes there this one never makes us dumpable: the container could already look at us.
 */
#include <init/init.h>

#include <linux/fcntl.h>

/* AppArmor has had a directory of its own since Linux 5.8; a security module that was first may own the other. */
static int open_attribute(struct init *init, uint32_t kind)
{
	int fd = -ENOENT;

	if (kind == PLAN_LSM_APPARMOR)
		fd = proc_open(init, "self/attr/apparmor/exec", O_WRONLY);
	return fd == -ENOENT ? proc_open(init, "self/attr/exec", O_WRONLY) : fd;
}

static const char *reason(uint32_t kind, long r)
{
	if (r == -ENOENT)
		return "the profile is not loaded";
	if (r == -EINVAL)
		return kind == PLAN_LSM_APPARMOR ? "AppArmor does not know such a profile"
						 : "the policy does not know such a context";
	return NULL;
}

int init_lsm_exec(struct init *init, const struct plan_op *op)
{
	uint32_t kind = op->lsm.kind;
	char *text = init->path;
	size_t len = 0;
	int fd = open_attribute(init, kind);
	long r;

	if (fd < 0)
		return fault(init, fd, "open attr/exec", NULL);
	if (kind == PLAN_LSM_APPARMOR)
		(void)text_add(text, sizeof init->path, &len, "exec ");
	r = text_add(text, sizeof init->path, &len, str(init, op->lsm.label)) ? -ENAMETOOLONG : 0;
	if (!r)
		r = sys(write, fd, text, len);
	close_fd(fd);
	if (r >= 0 && (size_t)r != len)
		r = -EIO;
	return r < 0 ? fault(init, r, "write attr/exec", reason(kind, r)) : 0;
}
