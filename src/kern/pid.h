/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes without races: a pid is only a number that is used again, so a process is held by a pidfd, or remembered
 * as pid + start time + boot id. All functions return 0 (or what is documented) or -errno.
 */
#ifndef HUSK_KERN_PID_H
#define HUSK_KERN_PID_H

#include <stdint.h>
#include <sys/types.h>
#include <base/attr.h>

/* A descriptor (O_CLOEXEC) of the process, or -errno: -ESRCH when there is none. */
int pid_open(pid_t pid) nodiscard;
/* Sends a signal through a pidfd; -ESRCH when the process is gone (also when it is a zombie that was reaped). */
int pid_signal(int pidfd, int signal) nodiscard;
/* Waits until the process ended: 1, or 0 after timeout_ms (-1: for ever). Does not reap. */
int pid_wait(int pidfd, int timeout_ms) nodiscard;
/* The process id behind a pidfd; -ESRCH when it was reaped, -EXDEV when it is in no pid namespace of ours. */
int pid_of_fd(int pidfd, pid_t *ret) nodiscard;

struct pid_stat {
	char state; /* as in /proc/PID/stat: R S D T t Z X I ... */
	pid_t parent; /* 0 when it is outside of our pid namespace */
	uint64_t start_time; /* clock ticks since boot */
};

/* One open and one read of /proc/PID/stat; -ESRCH when there is no such process. */
int pid_read_stat(pid_t pid, struct pid_stat *ret) nodiscard;
/* 1 while `pid` is the process that started at `start_time` and has not ended (a zombie has), else 0, or -errno. */
int pid_is_still(pid_t pid, uint64_t start_time) nodiscard;
/* The id of this boot, 36 characters; the caller frees it. */
int pid_boot_id(char **ret) nodiscard;

#endif
