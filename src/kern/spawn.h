/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running another program beside ours: one clone (CLONE_VM and CLONE_VFORK: nothing is copied, we sleep until the
 * exec), a session of its own so that all of it can be killed, and death with us. Safe in threaded programs: what runs
 * between clone and exec is raw system calls, and nobody else's child is touched. The host program has to leave ours
 * alone too: no waitpid(-1), no ignored SIGCHLD.
 */
#ifndef HUSK_KERN_SPAWN_H
#define HUSK_KERN_SPAWN_H

#include <stddef.h>
#include <sys/types.h>
#include <base/attr.h>
#include <kern/outcome.h>

struct spawn {
	int program; /* descriptor to execute, or -1: */
	const char *path;
	const char *const *args, *const *env; /* NULL-terminated; exactly what it gets */
	const char *cwd; /* "/" where it is gone */
	int stdio[3]; /* all above 2: spawn_lift() */
};

/* Signals are at their default, and no other descriptor is open. *ret_pidfd belongs to the caller. 0 or -errno. */
int spawn_start(const struct spawn *s, pid_t *ret_pid, int *ret_pidfd) nodiscard;
/* Kills all of it. Only before spawn_reap(): until then the number is still its. */
void spawn_kill(pid_t pid, int pidfd);
/* Waits for its end and reaps it. */
struct outcome spawn_reap(int pidfd);

/* Moves a descriptor out of the way of standard input, output and error. 0 or -errno. */
int spawn_lift(int *fd) nodiscard;
/* A pipe for what it writes: we read without waiting; its end blocks, as programs expect. 0 or -errno. */
int spawn_pipe(int *ret_ours, int *ret_theirs) nodiscard;
/* A file in memory for it to read: nobody has to write while it does. 0 or -errno. */
int spawn_input(const void *data, size_t n, int *ret) nodiscard;

#endif
