/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What parent and husk-init say to each other: one SEQPACKET datagram per message, a header and bytes behind it,
 * descriptors by SCM_RIGHTS. Which message comes when follows from the plan's operations:
 *
 *	parent                                              husk-init
 *	------ the plan (a memfd) and the socket are inherited; FDS if the plan names descriptors ------>
 *	(MAP_IDS)       <---- IDS_WANTED                    unshared its user namespace
 *	                IDS_MAPPED ---->
 *	(FORK)          <---- LAUNCHED + pidfd              the launcher's last word: pid of the container's process
 *	(MOUNT, idmap)  <---- IDMAP_WANTED + tree           a new file system, not attached yet
 *	                IDMAP_DONE ---->
 *	(AWAIT_CGROUP)  CGROUP_READY + tasks files ---->    init moves itself into the v1 cgroups (cgroup2: by clone3)
 *	(RUNTIME_HOOK)  <---- HOOK_WANTED                   the parent runs one in its own namespaces
 *	                HOOK_DONE ---->
 *	(CONSOLE)       <---- CONSOLE + pty master
 *	(SCHEDULER)     <---- SCHEDULER_WANTED              only if a user namespace took init's right to set it
 *	                SCHEDULER_SET ---->
 *	(READY)         <---- CREATED                       set up; with a gate it waits there (core/start.c)
 *	                <---- STARTING                      without a gate: the next thing is execve
 *	(SECCOMP)       <---- LISTENER + descriptor         only if the filter has one: said by a thread without the filter
 *	                LISTENER_TAKEN ---->
 *	                <---- end of file                   execve succeeded
 *	(HOOK)          <---- HOOK_FAILED                   a hook in the container went wrong: a last word too
 *	at any time     <---- ERROR                         the last word of a process that gives up
 *
 * At the gate (a listening unix socket in the state directory) `start` connects and sends START; init answers
 * STARTING on that connection, then LISTENER, ERROR or end of file. A connection that closes without START is only a probe.
 */
#ifndef HUSK_WIRE_SYNC_H
#define HUSK_WIRE_SYNC_H

#include <stdint.h>
#include <kern/outcome.h>

/* clang-format off */
#define SYNC_MESSAGES(X) \
	X(FDS) X(IDS_WANTED) X(IDS_MAPPED) X(LAUNCHED) X(IDMAP_WANTED) X(IDMAP_DONE) X(CGROUP_READY) \
	X(HOOK_WANTED) X(HOOK_DONE) X(HOOK_FAILED) X(CONSOLE) X(SCHEDULER_WANTED) X(SCHEDULER_SET) \
	X(CREATED) X(START) X(STARTING) X(LISTENER) X(LISTENER_TAKEN) X(ERROR)
/* clang-format on */

enum sync_type {
	SYNC_NONE,
#define X(name) SYNC_##name,
	SYNC_MESSAGES(X)
#undef X
};

enum { SYNC_DATA_MAX = 12288, SYNC_FDS_MAX = 16 };

struct sync_header {
	uint32_t type; /* enum sync_type */
	uint32_t size; /* of what follows */
};

struct sync_launched {
	int32_t pid; /* in the parent's pid namespace */
};

/* What went wrong; three NUL-terminated strings follow: subject ("mount 'proc' on '/proc'"), detail, extra. */
struct sync_error {
	uint32_t op; /* index of the operation in the plan; UINT32_MAX: outside of any */
	int32_t errno_value; /* 0: the text says it all */
	uint32_t verbatim; /* 1: the text is the whole message (phrases engines look for) */
};

/*
 * What became of a hook. Three NUL-terminated strings follow: its JSON Pointer, its path, the tail of its output.
 * They stand for themselves: `start` hears this without having the plan.
 */
struct sync_hook_failed {
	struct outcome outcome;
};

#endif
