/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of `exec`. */
#ifndef HUSK_CORE_EXEC_H
#define HUSK_CORE_EXEC_H

#include <base/error.h>
#include <husk/container.h>
#include <kern/cgroupfs.h>

struct oci_process;

/* Applies the options to a process object, and checks that there is something to run. */
int exec_process_change(
	struct oci_process *p, const struct husk_exec_options *o, struct husk_error **err);
/* Moves the directories to the sub-cgroups asked for: "[controller[,controller]:]path", below the container's. */
int exec_cgroups(struct cgroup_dirs *dirs, const char *const *paths, struct husk_error **err);

#endif
