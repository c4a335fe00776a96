/* SPDX-License-Identifier: Apache-2.0 */
/* Scheduling policy of a process, sched_setattr(2). No libc: husk-init sees the structure too. */
#ifndef HUSK_KERN_SCHED_H
#define HUSK_KERN_SCHED_H

#include <stdint.h>
#include <base/attr.h>

/* As the kernel's struct sched_attr since 5.3, which libcs begin to declare for themselves. */
struct sched_values {
	uint32_t size, policy;
	uint64_t flags; /* SCHED_FLAG_* */
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period; /* nanoseconds */
	uint32_t util_min, util_max; /* of 1024 */
};

/* pid 0: the calling thread. 0 or -errno. */
int sched_set_values(int pid, const struct sched_values *values) nodiscard;

#endif
