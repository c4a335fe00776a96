// SPDX-License-Identifier: Apache-2.0
/* One system call that older libcs have no name for. */
#include <kern/sched.h>

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(
	sizeof(struct sched_values) == 56, "the kernel's second version of struct sched_attr");

int sched_set_values(int pid, const struct sched_values *values)
{
	return syscall(SYS_sched_setattr, pid, values, 0) < 0 ? -errno : 0;
}
