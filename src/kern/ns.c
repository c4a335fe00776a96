// SPDX-License-Identifier: Apache-2.0
/* The namespace table; opening a namespace file without trusting that it is one (ioctl_ns(2)). */
#include <kern/ns.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <unistd.h>

#ifndef CLONE_NEWTIME /* <linux/sched.h> before 5.6 */
#define CLONE_NEWTIME 0x00000080
#endif

enum { MAGIC_NSFS = 0x6e736673 };

const struct ns_kind ns_kinds[] = {
	{"user", "user", CLONE_NEWUSER},
	{"ipc", "ipc", CLONE_NEWIPC},
	{"uts", "uts", CLONE_NEWUTS},
	{"network", "net", CLONE_NEWNET},
	{"pid", "pid", CLONE_NEWPID},
	{"mount", "mnt", CLONE_NEWNS},
	{"cgroup", "cgroup", CLONE_NEWCGROUP},
	{"time", "time", CLONE_NEWTIME},
	{},
};

const struct ns_kind *ns_kind_of(uint64_t flag)
{
	for (const struct ns_kind *kind = ns_kinds; kind->name; kind++)
		if (kind->flag == flag)
			return kind;
	return NULL;
}

int ns_open(const char *path, uint64_t flag, int *ret_fd)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct statfs fs;
	int r;

	if (fd < 0)
		return -errno;
	/* The ioctl is asked of nsfs only: on a device node the same number could mean something else. */
	if (fstatfs(fd, &fs) < 0)
		r = -errno;
	else if ((unsigned long)fs.f_type != MAGIC_NSFS ||
		 (uint64_t)ioctl(fd, NS_GET_NSTYPE) != flag)
		r = -EINVAL;
	else
		r = 0;
	if (r < 0)
		close(fd);
	else
		*ret_fd = fd;
	return r;
}
