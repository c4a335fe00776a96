/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is remembered of a container, in <root>/<id>/ (private, but stable across versions): state.json, written before
 * anything is made; process.json once its process exists; config.json as it was at create; the gate's socket `gate`
 * while it is created. Each is written atomically, and once: replacing a file that was just written makes ext4 flush
 * it, which costs more than all the rest. A process is remembered as pid, start time and boot id, so that neither a
 * reused pid nor a state from before a reboot is ever taken for a live container.
 */
#ifndef HUSK_CORE_STATE_H
#define HUSK_CORE_STATE_H

#include <stdbool.h>
#include <base/error.h>
#include <base/opt.h>
#include <kern/cgroupfs.h>
#include <oci/hooks.h>
#include <oci/types.h>
#include <rdt/rdt.h>
#include <schema/schema.h>

#define STATE_FILE "state.json"
#define STATE_PROCESS "process.json"
#define STATE_CONFIG "config.json"
#define STATE_GATE "gate"
#define STATE_CREATING "creating" /* there while create runs hooks, which may ask for the status */

struct state_cgroup {
	char *controllers, *mount_point, *path;
	struct opt_bool v2;
};

/* The seccomp agent, to which `start` connects. */
struct state_agent {
	char *path, *metadata;
};

/* Whose cgroup it has. */
struct state_systemd {
	char *unit;
	struct opt_bool user; /* of the user manager */
	char *runtime_dir; /* where that is, as it was at create; or NULL */
};

/* Absent members: no process was recorded yet. */
struct state_process {
	struct opt_u64 pid, start_time; /* clock ticks since boot */
	char *boot_id;
};

struct state {
	struct opt_u64 version; /* of this format: 1 */
	char *oci_version, *id, *bundle, *rootfs, *created;
	struct opt_u64 owner;
	struct opt_bool shared_pid; /* no pid namespace of its own: killing needs the cgroup */
	struct opt_bool best_effort_cgroup;
	LIST_OF(struct state_cgroup) cgroups;
	struct state_systemd *systemd; /* NULL: systemd does not know of it */
	struct state_agent *seccomp_agent; /* NULL: the filter has no listener */
	struct rdt *rdt; /* NULL: it has none */
	struct oci_string_map annotations;
	struct oci_hooks *hooks; /* poststart and poststop are needed later; NULL: none */
	struct state_process process; /* from its own file */
};

struct husk_config;

/*
 * What is known of a container before anything is made. The hooks stay the configuration's: reset the member before
 * state_done().
 */
int state_begin(struct state *s, const struct husk_config *config, const char *id,
	const struct cgroup_dirs *dirs, struct husk_error **err);
/* Write state.json and process.json below the container's directory. */
int state_save(const struct state *s, int dir, struct husk_error **err);
int state_save_process(const struct state *s, int dir, struct husk_error **err);
/* Reads it; a missing file is a state with nothing but the id (a create that was cut off early). */
int state_load(int dir, const char *id, struct state *ret, struct husk_error **err);
/* Only state.json, for cleaning up when process.json is damaged. */
int state_load_record(int dir, const char *id, struct state *ret, struct husk_error **err);
void state_done(struct state *s);

/* The cgroup directories of a state, for cgroup/. Owned by the caller: cgroup_dirs_done(). */
int state_cgroup_dirs(const struct state *s, struct cgroup_dirs *ret) nodiscard;
int state_set_cgroups(struct state *s, const struct cgroup_dirs *dirs) nodiscard;

#endif
