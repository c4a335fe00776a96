/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cgroups of a container that is being made: found and compiled before anything is made, then made partly before
 * its process exists (cgroup2, so that it is cloned into it), partly beside it (v1, limits), and by systemd, which needs
 * a process to begin with, right after it exists.
 */
#ifndef HUSK_CORE_NEW_CGROUPS_H
#define HUSK_CORE_NEW_CGROUPS_H

#include <base/error.h>
#include <cgroup/cgroup.h>
#include <cgroup/devices.h>
#include <cgroup/knobs.h>
#include <core/factory.h>
#include <core/launch.h>
#include <core/state.h>
#include <core/unit.h>
#include <oci/spec.h>

struct new_cgroups {
	struct husk_factory *factory;
	const struct plan_host *host;
	const struct oci_spec *spec;
	const char *id;
	struct state *state; /* what delete needs of it is noted there */

	struct cgroup_dirs dirs;
	struct cgroup_dirs v1,
		v2; /* views of `dirs`: cgroup2 comes last and is needed before the clone */
	struct cgroup_entry entry_v1, entry_v2;
	struct cgroup_orders orders;
	struct cgroup_devices devices;
	struct unit unit; /* when state->systemd is set */
};
#define NEW_CGROUPS_INIT                                            \
	{                                                           \
		.entry_v1 = {.into = -1}, .entry_v2 = {.into = -1}, \
	}

/* Directories, unit, limits: everything that can be wrong with them. Makes nothing. */
int new_cgroups_find(struct new_cgroups *g, struct husk_error **err);
/* Before the clone; entry_v2.into is what to clone into. */
int new_cgroups_before(struct new_cgroups *g, struct husk_error **err);
/* While husk-init is at work. */
int new_cgroups_beside(struct new_cgroups *g, struct husk_error **err);
/* The process exists; afterwards it only has to enter entry_v1 by itself. */
int new_cgroups_joined(struct new_cgroups *g, const struct launch *l, struct husk_error **err);
/* Takes back what was made. */
void new_cgroups_undo(struct new_cgroups *g);
void new_cgroups_done(struct new_cgroups *g);

#endif
