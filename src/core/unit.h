/* SPDX-License-Identifier: Apache-2.0 */
/* A container's unit of systemd: found, started, changed and stopped from what is on record. */
#ifndef HUSK_CORE_UNIT_H
#define HUSK_CORE_UNIT_H

#include <base/error.h>
#include <cgroup/devices.h>
#include <cgroup/systemd.h>
#include <core/factory.h>
#include <core/state.h>
#include <oci/spec.h>

/* What a new container will have. */
struct unit {
	struct systemd_unit unit;
	char *path; /* of its cgroup, below the root of each hierarchy */
	bool started;
};

/* Asks the configuration and, for a user, the user's systemd. *ret_record belongs to the state. unit_done() */
int unit_find(struct husk_factory *f, const struct oci_spec *spec, const char *id, struct unit *ret,
	struct state_systemd **ret_record, struct husk_error **err);
void unit_done(struct unit *u);
/*
 * The device rules as properties of the unit, where the devices belong to v1: there systemd writes its own rules anew
 * on each reload. On cgroup2 our program is none of its business. Nothing is added where it need not be.
 */
int unit_devices(const struct cgroup_devices *devices, const struct cgroup_dirs *dirs,
	const struct log *log, struct systemd_properties *ret, struct husk_error **err);
int unit_start(struct husk_factory *f, const struct state_systemd *record,
	const struct systemd_start *start, struct husk_error **err);
int unit_set(struct husk_factory *f, const struct state_systemd *record,
	const struct systemd_properties *properties, struct husk_error **err);
/*
 * Stops it and has systemd forget it. That it cannot be is only logged: systemd may be gone, with a user who has
 * logged out for one, and what then is left of the cgroup is seen when it is removed. NULL record: nothing to do.
 */
void unit_stop(struct husk_factory *f, const struct state_systemd *record);

#endif
