// SPDX-License-Identifier: Apache-2.0
/* Operations that set one thing of the process or of a namespace by one or two system calls. */
#include <init/init.h>

#include <linux/fcntl.h>
#include <linux/keyctl.h>
#include <linux/prctl.h>
#include <linux/sched.h>

int init_oom_score(struct init *init, const struct plan_op *op)
{
	int32_t value = op->oom_score.value;
	char text[16];
	size_t len = 0;
	int r;

	if (value < 0)
		(void)text_add(text, sizeof text, &len, "-");
	(void)text_add_number(
		text, sizeof text, &len, (unsigned long)(value < 0 ? -(int64_t)value : value));
	r = proc_write(init, "self/oom_score_adj", text);
	return r < 0 ? fault(init, r, "write oom_score_adj", NULL) : 0;
}

int init_rlimit(struct init *init, const struct plan_op *op)
{
	uint64_t limit[2] = {op->rlimit.soft, op->rlimit.hard};
	long r = sys(prlimit64, 0, op->rlimit.resource, limit, NULL);

	return r < 0 ? fault(init, r, "prlimit64", NULL) : 0;
}

int init_keyring(struct init *init, const struct plan_op *op)
{
	/* possessor: all; user: view, read, search, link - search lets exec join it by name */
	enum { PERMISSIONS = 0x3f1b0000 };
	long ring = sys(keyctl, KEYCTL_JOIN_SESSION_KEYRING, str(init, op->keyring.name), 0, 0, 0);
	long r;

	if (ring == -ENOSYS) /* a kernel without keyrings has nothing that could leak */
		return 0;
	if (ring < 0)
		return fault(init, ring, "keyctl(JOIN_SESSION_KEYRING)", NULL);
	r = sys(keyctl, KEYCTL_SETPERM, ring, PERMISSIONS, 0, 0);
	/* EACCES: an existing ring that exec joined; its maker set the permissions */
	return r < 0 && r != -EACCES ? fault(init, r, "keyctl(SETPERM)", NULL) : 0;
}

/* unshare() affects children only; setns() to it takes this process along (exec would from Linux 6.2 on). */
int init_time_offsets(struct init *init, const struct plan_op *op)
{
	const char *text = str(init, op->time.text);
	long r = sys(unshare, CLONE_NEWTIME);
	int fd;

	if (r < 0)
		return fault(init, r, "unshare", NULL);
	if (*text) {
		r = proc_write(init, "self/timens_offsets", text);
		if (r < 0)
			return fault(init, r, "write timens_offsets", NULL);
	}
	r = sys(openat, init->proc, "self/ns/time_for_children", O_RDONLY | O_CLOEXEC, 0);
	if (r < 0)
		return fault(init, r, "open ns/time_for_children", NULL);
	fd = (int)r;
	r = sys(setns, fd, CLONE_NEWTIME);
	close_fd(fd);
	return r < 0 ? fault(init, r, "setns", NULL) : 0;
}

int init_loopback(struct init *init, const struct plan_op *op)
{
	struct {
		char name[16];
		union {
			short flags;
			char room[24];
		};
	} request = {.name = "lo", .flags = 1 /* IFF_UP */};
	long fd = sys(socket, 2 /* AF_INET */, 2 /* SOCK_DGRAM */ | O_CLOEXEC, 0), r;

	(void)op;
	if (fd < 0)
		return fault(init, fd, "socket", NULL);
	r = sys(ioctl, fd, 0x8914 /* SIOCSIFFLAGS */, &request);
	close_fd((int)fd);
	return r < 0 ? fault(init, r, "ioctl(SIOCSIFFLAGS)", NULL) : 0;
}

int init_hostname(struct init *init, const struct plan_op *op)
{
	const char *name = str(init, op->name.name);
	long r = sys(sethostname, name, text_len(name));

	return r < 0 ? fault(init, r, "sethostname", NULL) : 0;
}

int init_domainname(struct init *init, const struct plan_op *op)
{
	const char *name = str(init, op->name.name);
	long r = sys(setdomainname, name, text_len(name));

	return r < 0 ? fault(init, r, "setdomainname", NULL) : 0;
}

int init_sysctl(struct init *init, const struct plan_op *op)
{
	char path[256];
	size_t len = 0;
	int r;

	if (text_add(path, sizeof path, &len, "sys/") ||
		text_add(path, sizeof path, &len, str(init, op->sysctl.key)))
		return fault(init, -ENAMETOOLONG, "open", NULL);
	r = proc_write(init, path, str(init, op->sysctl.value));
	return r < 0 ? fault(init, r, "write", path) : 0;
}

int init_personality(struct init *init, const struct plan_op *op)
{
	long r = sys(personality, op->personality.persona);

	return r < 0 ? fault(init, r, "personality", NULL) : 0;
}

int init_cgroup_ns(struct init *init, const struct plan_op *op)
{
	long r = sys(unshare, CLONE_NEWCGROUP);

	(void)op;
	return r < 0 ? fault(init, r, "unshare", NULL) : 0;
}
