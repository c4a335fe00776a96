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
	/* as in struct cgroup_wishes */
	void (*refused)(void *data, const struct husk_error *error);
};

/* What a container has: `linux.resources`, and what `update --device` added behind those rules every container gets. */
struct limits {
	struct oci_resources *resources; /* never NULL */
	LIST_OF(struct oci_device_rule) devices;
};

void limits_done(struct limits *l);
/*
 * The device rules of a configuration (NULL: none) with those every container gets; limits_devices() with those that
 * were added as well. cgroup_devices_done() in any case.
 */
int limits_devices_of(
	const struct oci_resources *r, struct cgroup_devices *ret, struct husk_error **err);
int limits_devices(const struct limits *l, struct cgroup_devices *ret, struct husk_error **err);
/* cgroup_compile() with what this host's cgroup2 hierarchy has. cgroup_orders_done() in any case. */
int limits_compile(
	const struct limits_input *in, struct cgroup_orders *ret, struct husk_error **err);

/* As they are now: those of its configuration, or what `update` made of them. limits_done() after success. */
int limits_load(int dir, const char *id, struct limits *ret, struct husk_error **err);
int limits_save(int dir, const char *id, const struct limits *l, struct husk_error **err);

#endif
