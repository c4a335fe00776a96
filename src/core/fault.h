/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places where a test can stop this process to kill it (meson -Dfault_injection=true; nothing otherwise). The
 * environment variable HUSK_FAULT_POINT names one; the process then stops itself with SIGSTOP there.
 */
#ifndef HUSK_CORE_FAULT_H
#define HUSK_CORE_FAULT_H

/* clang-format off */
#define FAULT_POINTS(X) \
	X(create, "directory-made") X(create, "state-written") X(create, "descriptors-open") X(create, "launched") \
	X(create, "unit-started") X(create, "limits-set") X(create, "cgroup-made") X(create, "cgroup-joined") \
	X(create, "pid-recorded") X(create, "net-devices-moved") \
	X(create, "cgroup-ready") X(create, "hook-wanted") X(create, "hook-done") \
	X(create, "ready") X(create, "connected") \
	X(start, "gate-connected") X(start, "start-sent") X(start, "starting") \
	X(start, "poststart") \
	X(exec, "exec-launched") X(exec, "exec-forked") X(exec, "exec-cgroup") X(exec, "exec-ready") \
	X(pause, "freezing") X(update, "update-written") \
	X(delete, "delete-locked") X(delete, "delete-killed") X(delete, "delete-cgroup") X(delete, "delete-state")
/* clang-format on */

#ifdef HUSK_FAULT_INJECTION
void fault_point(const char *name);
#else
static inline void fault_point(const char *name)
{
	(void)name;
}
#endif

#endif
