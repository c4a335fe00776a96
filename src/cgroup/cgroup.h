/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a container's cgroups: made, entered, read, emptied, removed - on v1, v2 and both at once. Limits are
 * compiled in knobs.h and written by apply.h. Everything works from a list of directories (kern/cgroupfs.h) that is resolved before
 * anything is made and recorded in the container's state, so that cleaning up needs nothing else.
 */
#ifndef HUSK_CGROUP_CGROUP_H
#define HUSK_CGROUP_CGROUP_H

#include <stdbool.h>
#include <sys/types.h>
#include <base/error.h>
#include <base/log.h>
#include <kern/cgroupfs.h>

struct cgroup_orders;

struct cgroup_context {
	struct cgroup_dirs
		*dirs; /* cgroup_make() notes there what it made; nothing else changes them */
	const struct log *log;
	/* what cgroup_make() is to have controllers for on cgroup2; NULL: nothing in particular */
	const struct cgroup_orders *orders;
	bool all_controllers; /* of cgroup2, asked for or not: nothing else has any here */
	/* joining a cgroup2 that takes no processes (it has cgroups below it with controllers): that of this one; 0: none */
	pid_t beside;
	bool unit; /* systemd makes most of them; those may hold our process when cgroup_make() comes */
	bool best_effort; /* rootless without an explicit path: hierarchies that may not be used are left out */
};

/*
 * Makes the directories (parents too; v1 cpuset.cpus/mems are filled in from above). Refuses a cgroup that already
 * holds processes or is frozen. Notes in each dir what it made; on failure removes it again. Directories that could not be made under
 * best_effort are skipped with a debug line, and later calls skip them as well (they do not exist).
 */
int cgroup_make(const struct cgroup_context *c, struct husk_error **err);
/* Gives the cgroup2 directory, and the files in it that may be delegated, to a user. delegate.c */
int cgroup_delegate(const struct cgroup_context *c, uid_t uid, struct husk_error **err);
/* Moves a process (all its threads) into the directories. */
int cgroup_join(const struct cgroup_context *c, pid_t pid, struct husk_error **err);
/* Is the process in that directory itself? 1 or 0; never fails: who does not know joins once more. */
int cgroup_holds(const struct cgroup_dir *dir, pid_t pid);
/*
 * The fast way in, for a child that is cloned only now. Moving another process makes the kernel wait for an RCU grace
 * period (3 ms and more on an idle machine); CLONE_INTO_CGROUP does not, and neither does a single-threaded process
 * that writes "0" to the `tasks` file of a v1 cgroup (5.10). So: clone3 with `into` (if >= 0), and in the child, before
 * exec, cgroup_entry_enter(). The child's cgroup namespace has to be made after that: CLONE_NEWCGROUP in the clone
 * would take the cgroups of the parent for its root. Where clone3 refuses `into`, clone without and cgroup_join().
 */
struct cgroup_entry {
	int into; /* O_PATH of the cgroup2 directory, or -1 */
	size_t n;
	int *fds; /* O_CLOEXEC */
};

/* Opens what there is; directories left out by cgroup_make() are left out here. Free with cgroup_entry_done(). */
int cgroup_entry_open(
	const struct cgroup_context *c, struct cgroup_entry *ret, struct husk_error **err);
/* Moves the calling, single-threaded process. Async-signal-safe, allocates nothing. 0 or -errno. */
int cgroup_entry_enter(const struct cgroup_entry *entry) nodiscard;
void cgroup_entry_done(struct cgroup_entry *entry);
/*
 * All processes of the container, also in cgroups below its own, in ascending order without doubles, as the caller's
 * pid namespace sees them. The caller frees *ret.
 */
int cgroup_pids(
	const struct cgroup_context *c, pid_t **ret, size_t *ret_n, struct husk_error **err);

/* What holds a container still; a number above 0 is something. */
enum cgroup_frozen {
	CGROUP_THAWED,
	CGROUP_FROZEN, /* its own freezer: all stand still, or somebody asked for it and some do already */
	CGROUP_FROZEN_ABOVE, /* only that of a cgroup above it */
};

/* v1 freezer and cgroup2 alike; never fails: unreadable is thawed. */
enum cgroup_frozen cgroup_is_frozen(const struct cgroup_context *c);
/*
 * Makes every process stand still, also in cgroups below, and returns when they do: 10 s at most, HUSK_ERROR_TIMEOUT
 * when some cannot (a process in an uninterruptible sleep), and then all of them go on. The freezer of cgroup2 is
 * taken where the container's processes are in one, else that of v1. Refused when none is in either, or when the
 * caller itself is.
 */
int cgroup_freeze(const struct cgroup_context *c, struct husk_error **err);
/*
 * Lets them go on, whichever freezer it was, and returns when they do. HUSK_ERROR_BAD_STATE when a cgroup above the
 * container's is frozen: its own is thawed then, but they stand still until that one is, too.
 */
int cgroup_thaw(const struct cgroup_context *c, struct husk_error **err);
/*
 * Sends a signal to every process. SIGKILL uses cgroup.kill where there is one, reaches the frozen, and is repeated until
 * nobody is left; HUSK_ERROR_TIMEOUT after 10 s.
 */
int cgroup_kill(const struct cgroup_context *c, int signal, struct husk_error **err);
/* v1 keeps what is frozen from dying of SIGKILL until it is thawed: thaws it, and leaves cgroup2 alone. */
void cgroup_let_die(const struct cgroup_context *c);
/*
 * Removes the directories and those below them. Waits while the last processes are going (see wait.h); 2 s
 * at most. What is already gone is no error. Parents that husk made and that are
 * empty: see cgroup_make().
 */
int cgroup_remove(const struct cgroup_context *c, struct husk_error **err);

/*
 * For whoever has to give up after cgroup_make(), whether that succeeded or not: kills what is in the directories
 * that it made in this very process, and removes them. cgroup_kill() would be wrong there: a directory that
 * cgroup_make() refused holds somebody else's processes.
 */
int cgroup_undo(const struct cgroup_context *c, struct husk_error **err);

#endif
