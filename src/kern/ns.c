// SPDX-License-Identifier: Apache-2.0
/* The namespace table (namespaces(7)). A new kind is one row. */
#include <kern/ns.h>

#include <linux/sched.h>

#ifndef CLONE_NEWTIME /* <linux/sched.h> before 5.6 */
#define CLONE_NEWTIME 0x00000080
#endif

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
