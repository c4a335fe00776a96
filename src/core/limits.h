/* SPDX-License-Identifier: Apache-2.0 */
/* `linux.resources` of a container: compiled for its cgroups, saved beside its state when `update` changes them. */
#ifndef HUSK_CORE_LIMITS_H
#define HUSK_CORE_LIMITS_H

#include <base/error.h>
#include <base/log.h>
#include <cgroup/devices.h>
#include <cgroup/knobs.h>
#include <oci/resources.h>

struct limits_input {
	const struct oci_resources *all; /* what the container is to have */
	const struct oci_resources *asked; /* what of it is to be written */
	const struct cgroup_dirs *dirs;
	bool systemd; /* a unit has them */
	const struct log *log;
};

/* The device rules, with those every container gets; `r` may be NULL. cgroup_devices_done() in any case. */
int limits_devices(
	const struct oci_resources *r, struct cgroup_devices *ret, struct husk_error **err);
/* cgroup_compile() with what this host's cgroup2 hierarchy has. cgroup_orders_done() in any case. */
int limits_compile(
	const struct limits_input *in, struct cgroup_orders *ret, struct husk_error **err);

/*
 * The resources of a container as they are now: those of its configuration, or what `update` made of them. Owned by
 * the caller: schema_free(&oci_resources_type, ...). Never NULL.
 */
int limits_load(int dir, const char *id, struct oci_resources **ret, struct husk_error **err);
int limits_save(int dir, const char *id, const struct oci_resources *r, struct husk_error **err);

#endif
