/* SPDX-License-Identifier: Apache-2.0 */
/* The container handle, its lock, and how its status is found out. */
#ifndef HUSK_CORE_CONTAINER_H
#define HUSK_CORE_CONTAINER_H

#include <stdbool.h>
#include <base/error.h>
#include <cgroup/cgroup.h>
#include <core/state.h>
#include <husk/container.h>

struct husk_container {
	_Atomic unsigned int refs;
	struct husk_factory *factory; /* a reference */
	char *id;
	int dir; /* of the container's state; stays valid after the container is gone */
};

/* Takes over *dir. */
int container_new(struct husk_factory *factory, const char *id, int *dir,
	struct husk_container **ret, struct husk_error **err);

/*
 * The lock of a container is flock(2) on its directory; whoever changes it holds it, and it goes with the holder.
 * Returns HUSK_ERROR_NOT_FOUND when the container was deleted while we waited. *ret_lock: close to unlock.
 */
int container_lock(const struct husk_container *c, int *ret_lock, struct husk_error **err);

/* State from disk and the status derived from the living process. `pidfd` (may be NULL): -1 when there is none. */
struct container_now {
	struct state state;
	enum husk_status status;
	int pidfd;
};
int container_look(
	const struct husk_container *c, struct container_now *ret, struct husk_error **err);
void container_now_done(struct container_now *now);
#define auto_now auto_(container_now_done) struct container_now

/* Cgroup directories of a state, as cgroup/ wants them. */
struct container_cgroups {
	struct cgroup_dirs dirs;
	struct cgroup_context context;
};
int container_cgroups(const struct husk_container *c, const struct state *s,
	struct container_cgroups *ret, struct husk_error **err);
void container_cgroups_done(struct container_cgroups *g);
#define auto_cgroups auto_(container_cgroups_done) struct container_cgroups

/* Kills its first process, if there is one, and waits for its end (destroy.c). */
int container_kill(
	const struct husk_container *c, const struct container_now *now, struct husk_error **err);

/* Removes everything below the state directory and itself. */
int container_remove_directory(
	struct husk_factory *f, const char *id, int dir, struct husk_error **err);

#endif
