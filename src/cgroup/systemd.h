/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cgroups that systemd makes: the container is a transient unit, a scope (or a slice) of its own, and its cgroup is
 * the unit's. cgroupsPath is "SLICE:PREFIX:NAME". Names, paths and properties are pure; what talks to systemd runs
 * the program husk-bus (src/bus), so that no library for D-Bus ever comes into our host program, and a bus that hangs
 * cannot hang us. Documents: org.freedesktop.systemd1(5), systemd.resource-control(5), systemd's
 * CGROUP_DELEGATION.md and CONTROL_GROUP_INTERFACE.md. Oldest systemd: 247.
 */
#ifndef HUSK_CGROUP_SYSTEMD_H
#define HUSK_CGROUP_SYSTEMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <base/attr.h>
#include <base/error.h>
#include <base/log.h>
#include <oci/types.h>

/* ---- properties of a unit ---- */

/* Value: GVariant text ("true", "uint64 5", "'text'", "[('/dev/null', 'rwm')]"). Both are owned by the list. */
struct systemd_property {
	char *name, *value;
};

struct systemd_properties {
	size_t n;
	struct systemd_property *v;
};

/* Appends one. 0 or -ENOMEM. */
int systemd_property_add(struct systemd_properties *list, const char *name, const char *format, ...)
	printf_like(3, 4) nodiscard;
void systemd_properties_done(struct systemd_properties *list);
#define auto_properties auto_(systemd_properties_done) struct systemd_properties

/* Text as GVariant text: quoted, with escapes. NULL when out of memory; the caller frees it. */
char *systemd_quote(const char *text) nodiscard;

/*
 * The annotations "org.systemd.property.NAME". A NAME that ends in "Sec" is a time in seconds and becomes NAMEUSec in
 * microseconds. What cannot be a property is an error at the annotation.
 */
int systemd_annotations(const struct oci_string_map *annotations, struct systemd_properties *ret,
	struct husk_error **err);

/* One device that is allowed; a number of -1 is any. */
struct systemd_device {
	char type; /* 'b', 'c', or 'a': both */
	int64_t major, minor;
	const char *access; /* of "rwm" */
};

/*
 * DevicePolicy and DeviceAllow for exactly these; for v1, where systemd writes the rules anew on each reload. systemd
 * knows all devices of a major number only by the name of their driver: `proc_devices` is the text of /proc/devices.
 * Rules it cannot express are left out and logged. 0 or -ENOMEM.
 */
int systemd_devices(const struct systemd_device *rules, size_t n, const char *proc_devices,
	const struct log *log, struct systemd_properties *ret) nodiscard;

/* ---- the unit ---- */

struct systemd_unit {
	char *name; /* "husk-ID.scope", or "NAME.slice" */
	char *slice; /* "system.slice"; "-.slice" is the root */
	bool user; /* of the user manager */
};

/*
 * What cgroupsPath asks for; NULL or "" is ":husk:ID", and an absent slice system.slice, or user.slice of the user
 * manager. Errors are at /linux/cgroupsPath.
 */
int systemd_unit_find(const char *cgroups_path, const char *id, bool user, struct systemd_unit *ret,
	struct husk_error **err);
void systemd_unit_done(struct systemd_unit *unit);
bool systemd_unit_is_slice(const char *name);
/*
 * The unit's cgroup below `root`, that of the manager ("" or "/": the root of the hierarchy): slices are nested by
 * their names, a-b.slice is in a.slice. The caller frees it; NULL when out of memory.
 */
char *systemd_unit_path(const struct systemd_unit *unit, const char *root) nodiscard;

/* ---- talking to systemd ---- */

struct systemd_bus {
	int program; /* husk-bus, ready to be executed */
	bool user; /* the user manager, not the system's */
	const char *runtime_dir,
		*address; /* of a user: XDG_RUNTIME_DIR, DBUS_SESSION_BUS_ADDRESS; or NULL */
};

/* The cgroup of the user manager itself; the caller frees *ret. */
int systemd_user_root(const struct systemd_bus *bus, char **ret, struct husk_error **err);

struct systemd_start {
	const struct systemd_unit *unit;
	const char *id;
	pid_t pid; /* goes into the unit; a slice takes none: then the caller has to move it */
	bool v2; /* the memory, cpu and io controllers are those of cgroup2 */
	const struct systemd_properties *properties; /* besides those that every unit of ours has */
};

/* Makes the unit and waits until it is there: its cgroups have been made then, and the process is in them. */
int systemd_unit_start(
	const struct systemd_bus *bus, const struct systemd_start *start, struct husk_error **err);
/* Changes properties of the running unit; they do not outlive it. */
int systemd_unit_set(const struct systemd_bus *bus, const char *name,
	const struct systemd_properties *properties, struct husk_error **err);
/* Ends the unit and has systemd forget it, also when it failed. No error when there is no such unit. */
int systemd_unit_stop(const struct systemd_bus *bus, const char *name, struct husk_error **err);

#endif
