/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers. Handles are reference-counted and may be used from any thread; a container's state lives on disk
 * below the factory's root, so other processes see and change it too. Operations that change a container take its
 * lock. Nothing here prints, exits, or changes signal handlers, working directory, umask or stdio of the caller.
 */
#ifndef HUSK_CONTAINER_H
#define HUSK_CONTAINER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <husk/config.h>
#include <husk/error.h>
#include <husk/factory.h>

#ifdef __cplusplus
extern "C" {
#endif

struct husk_container;
struct husk_process;

/* OCI status. Since 0.1. */
enum husk_status {
	HUSK_STATUS_CREATING,
	HUSK_STATUS_CREATED,
	HUSK_STATUS_RUNNING,
	HUSK_STATUS_PAUSED,
	HUSK_STATUS_STOPPED
};
/* "creating", "created", "running", "paused", "stopped". Since 0.1. */
const char *husk_status_name(enum husk_status status);

/*
 * How a process is connected. Set size to sizeof(struct husk_stdio), descriptors to -1 or call HUSK_STDIO_INIT.
 * Without a terminal the process gets in, out and err (-1: those of the calling process). With a terminal the new
 * pseudo-terminal's master goes to console_socket (a path of a listening unix socket) if given, and otherwise to the
 * caller: see husk_process_console(). Since 0.1.
 */
struct husk_stdio {
	size_t size;
	int in, out, err; /* borrowed */
	const char *console_socket; /* NULL: none */
	const char *pidfd_socket; /* NULL: none; receives a pidfd of the process */
	const char *pid_file; /* NULL: none; written atomically once the process exists */
	int preserve_fds; /* this many descriptors from 3 on are left open in the container, by number */
	int listen_fds; /* as many of those were passed by socket activation: sets LISTEN_FDS, LISTEN_PID=1 */
};
#define HUSK_STDIO_INIT                                                       \
	{                                                                     \
		sizeof(struct husk_stdio), -1, -1, -1, NULL, NULL, NULL, 0, 0 \
	}

/* Since 0.1. Zeroed but for size and stdio is a good default. */
struct husk_create_options {
	size_t size;
	const char *id; /* [A-Za-z0-9_+.-]+, at most 255 bytes, not "." or ".." */
	const char *
		notify_socket; /* host path of the sd_notify socket to be reachable in the container; NULL: none */
	int no_pivot; /* MS_MOVE and chroot instead of pivot_root, for a root on a ramdisk */
	int no_new_keyring; /* do not give the container a session keyring of its own */
	struct husk_stdio stdio;
};

/*
 * Creates a container: everything is set up, its process waits for husk_container_start(). On failure nothing is
 * left behind. *ret_container and *ret_process (either may be NULL) are unref'd by the caller. Since 0.1.
 */
int husk_container_create(struct husk_factory *factory, const struct husk_config *config,
	const struct husk_create_options *options, struct husk_container **ret_container,
	struct husk_process **ret_process, struct husk_error **err);
/* Creates and starts in one step, without a stop in between. Since 0.1. */
int husk_container_run(struct husk_factory *factory, const struct husk_config *config,
	const struct husk_create_options *options, struct husk_container **ret_container,
	struct husk_process **ret_process, struct husk_error **err);
/* Starts a created container's process. Since 0.1. */
int husk_container_start(struct husk_container *container, struct husk_error **err);

/* Finds a container. HUSK_ERROR_NOT_FOUND when there is none. The caller unrefs *ret. Since 0.1. */
int husk_container_load(struct husk_factory *factory, const char *id, struct husk_container **ret,
	struct husk_error **err);
struct husk_container *husk_container_ref(struct husk_container *container);
/* NULL is allowed; returns NULL. The container itself goes on. Since 0.1. */
struct husk_container *husk_container_unref(struct husk_container *container);

/* What is known of a container, read afresh at every call. Strings belong to the object. Since 0.1. */
struct husk_state {
	size_t size;
	const char *oci_version;
	const char *id;
	enum husk_status status;
	pid_t pid; /* 0 when stopped */
	const char *bundle; /* absolute */
	const char *rootfs; /* absolute */
	const char *created; /* RFC 3339 with nanoseconds, UTC */
	uid_t owner; /* who created it */
	size_t annotation_count;
	const char *const *annotation_names;
	const char *const *annotation_values;
};
int husk_container_state(
	struct husk_container *container, struct husk_state **ret, struct husk_error **err);
void husk_state_free(struct husk_state *state);

/* Since 0.1. */
struct husk_exec_options {
	size_t size;
	const char *
		process_json; /* an OCI process object; NULL: the container's own, changed by the rows below */
	const char *const *args; /* NULL-terminated; NULL: as in process_json */
	const char *const *env; /* NULL-terminated "K=V" added to the environment; NULL: none */
	const char *cwd; /* NULL: unchanged */
	const char *
		user; /* "UID[:GID]" in decimal, or names that the container's passwd and group have; NULL: unchanged */
	const gid_t *additional_gids;
	size_t additional_gid_count;
	const char *const *
		capabilities; /* NULL-terminated "CAP_...", added to bounding, effective, permitted; NULL: none */
	const char *apparmor_profile; /* NULL: unchanged */
	const char *selinux_label; /* NULL: unchanged */
	int terminal; /* 1: with a terminal; 0: without; -1: as in process_json */
	int no_new_privileges; /* non-zero: set */
	int ignore_paused; /* non-zero: wait in a paused container instead of refusing */
	const char *const *
		cgroups; /* NULL-terminated "[controller[,controller]:]path" below the container's; NULL: none */
	struct husk_stdio stdio;
};

/* Runs one more process in a created or running container. The caller unrefs *ret. Since 0.1. */
int husk_container_exec(struct husk_container *container, const struct husk_exec_options *options,
	struct husk_process **ret, struct husk_error **err);

/*
 * Sends a signal to the container's first process; SIGKILL to a container without its own pid namespace reaches all
 * processes in its cgroup. HUSK_ERROR_NOT_RUNNING when there is no process. With `all`, every process. Since 0.1.
 */
int husk_container_kill(
	struct husk_container *container, int signal, int all, struct husk_error **err);
/*
 * Removes a stopped (or created, then killed) container and all that belongs to it. With `force`, a running one is
 * killed first. Since 0.1.
 */
int husk_container_delete(struct husk_container *container, int force, struct husk_error **err);
/*
 * Stops all processes of a created or running container where they are, and returns when they stand still. After 10 s
 * without that they all go on: HUSK_ERROR_TIMEOUT. HUSK_ERROR_BAD_STATE when it is paused. Since 0.1.
 */
int husk_container_pause(struct husk_container *container, struct husk_error **err);
/* Lets a paused container go on. HUSK_ERROR_BAD_STATE when it is not paused. Since 0.1. */
int husk_container_resume(struct husk_container *container, struct husk_error **err);

/* Set size to sizeof(struct husk_update_options), everything else to zero, then what you want. Since 0.1. */
struct husk_update_options {
	size_t size;
	const char *resources_json; /* an OCI LinuxResources object; NULL: none */
	/*
	 * NULL-terminated: "/memory/limit=536870912" sets a property of the object after resources_json did,
	 * "/memory/limit" takes it back to the kernel's default; NULL: none.
	 */
	const char *const *settings;
	/* NULL-terminated device rules "[allow|deny] TYPE MAJOR:MINOR ACCESS", added to those there are; NULL: none */
	const char *const *devices;
	const char *l3_cache_schema,
		*mem_bw_schema; /* lines of resctrl's schemata; NULL: unchanged */
};
/*
 * Changes the resources of a created, running or paused container. Only what is asked for is written, and only where
 * it differs; if something cannot be set everything has its old value again. What the container has then is
 * remembered. HUSK_ERROR_NOT_RUNNING when it is stopped. Since 0.1.
 */
int husk_container_update(struct husk_container *container,
	const struct husk_update_options *options, struct husk_error **err);
/* Process IDs in the container's cgroup, as the caller's pid namespace sees them; array to free(3). Since 0.1. */
int husk_container_processes(
	struct husk_container *container, pid_t **ret, size_t *ret_n, struct husk_error **err);

#ifdef __cplusplus
}
#endif

#endif
