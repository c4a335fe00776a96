/* SPDX-License-Identifier: Apache-2.0 */
/* The process handle. */
#ifndef HUSK_CORE_PROCESS_H
#define HUSK_CORE_PROCESS_H

#include <base/error.h>
#include <husk/process.h>

/* Takes over the two descriptors (console may hold -1). */
int process_new(
	pid_t pid, int *pidfd, int *console, struct husk_process **ret, struct husk_error **err);

#endif
