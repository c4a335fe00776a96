/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of `exec`. */
#ifndef HUSK_CORE_EXEC_H
#define HUSK_CORE_EXEC_H

#include <base/error.h>
#include <husk/container.h>
#include <kern/cgroupfs.h>

struct container_now;
struct oci_process;
struct oci_user;

/* Applies the options to a process object, and checks that there is something to run. `now`: for names of users. */
int exec_process_change(struct oci_process *p, const struct husk_exec_options *o,
	const struct container_now *now, struct husk_error **err);
/* Sets user and groups from "NAME|UID[:GROUP|:GID]"; names are those of the container. */
int exec_user(struct oci_user *user, const char *text, const struct container_now *now,
	struct husk_error **err);
/* Moves the directories to the sub-cgroups asked for: "[controller[,controller]:]path", below the container's. */
int exec_cgroups(struct cgroup_dirs *dirs, const char *const *paths, struct husk_error **err);

#endif
