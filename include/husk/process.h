/* SPDX-License-Identifier: Apache-2.0 */
/* A process started by this program in a container: its IDs, its console, its end. */
#ifndef HUSK_PROCESS_H
#define HUSK_PROCESS_H

#include <sys/types.h>
#include <husk/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct husk_process;

/* Process ID in the caller's pid namespace. Since 0.1. */
pid_t husk_process_pid(const struct husk_process *process);
/* A pidfd that becomes readable when the process ends; owned by the object. Since 0.1. */
int husk_process_pidfd(const struct husk_process *process);
/*
 * The master of the process's terminal, or -1 when it has none or it went to a console socket. Belongs to the
 * object. Since 0.1.
 */
int husk_process_console(const struct husk_process *process);
/*
 * Waits for the end and reaps the process. *ret_status is the exit status, or 128 + signal. Returns 0, or < 0 with
 * HUSK_ERROR_SYSTEM (ECHILD when someone else reaped it). Since 0.1.
 */
int husk_process_wait(struct husk_process *process, int *ret_status, struct husk_error **err);
struct husk_process *husk_process_ref(struct husk_process *process);
/* NULL is allowed; returns NULL. The process itself goes on. Since 0.1. */
struct husk_process *husk_process_unref(struct husk_process *process);

#ifdef __cplusplus
}
#endif

#endif
