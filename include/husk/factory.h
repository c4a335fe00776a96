/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A factory is where containers live: a state directory, a log sink, and what was found out about this kernel.
 * Everything hangs from one; the library has no globals. A factory may be used by many threads at once.
 */
#ifndef HUSK_FACTORY_H
#define HUSK_FACTORY_H

#include <stddef.h>
#include <husk/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct husk_factory;

/* Since 0.1. */
enum husk_log_level { HUSK_LOG_ERROR, HUSK_LOG_WARNING, HUSK_LOG_INFO, HUSK_LOG_DEBUG };

/* Receives one line of log, without a newline. May be called from any thread that uses the factory. Since 0.1. */
typedef void husk_log_fn(void *data, enum husk_log_level level, const char *message);

/* Since 0.1. */
enum husk_rootless { HUSK_ROOTLESS_AUTO, HUSK_ROOTLESS_NO, HUSK_ROOTLESS_YES };

/*
 * Who makes the cgroups of new containers: husk, by files; systemd, whose units they are then, with cgroupsPath
 * "SLICE:PREFIX:NAME" (HUSK_ERROR_UNSUPPORTED where husk was built without); nobody: they stay in their caller's, and
 * a configuration with limits is refused. Since 0.1.
 */
enum husk_cgroup_manager {
	HUSK_CGROUP_MANAGER_CGROUPFS,
	HUSK_CGROUP_MANAGER_SYSTEMD,
	HUSK_CGROUP_MANAGER_DISABLED
};

/* Set size to sizeof(struct husk_factory_options), everything else to zero, then what you want. Since 0.1. */
struct husk_factory_options {
	size_t size;
	const char *root; /* state directory, made with mode 0711 when missing; NULL: "/run/husk" */
	husk_log_fn *log; /* NULL: no log */
	void *log_data; /* handed to log */
	enum husk_log_level log_level;
	enum husk_rootless
		rootless; /* AUTO: yes unless the effective user may manage cgroups (euid 0 outside a user namespace) */
	enum husk_cgroup_manager
		cgroup_manager; /* of new containers; others have theirs on record */
	/*
	 * Where the user's own systemd is: XDG_RUNTIME_DIR and DBUS_SESSION_BUS_ADDRESS, or NULL. It is asked instead
	 * of the system's unless the effective user is root and both are NULL.
	 */
	const char *runtime_dir, *bus_address;
};

/* Opens (and if need be makes) the state directory. The caller unrefs *ret. Since 0.1. */
int husk_factory_new(const struct husk_factory_options *options, struct husk_factory **ret,
	struct husk_error **err);
/* Takes one more reference. Since 0.1. */
struct husk_factory *husk_factory_ref(struct husk_factory *factory);
/* Gives a reference back; the last one closes everything. NULL is allowed. Returns NULL. Since 0.1. */
struct husk_factory *husk_factory_unref(struct husk_factory *factory);

/*
 * The IDs of all containers, sorted, as a NULL-terminated array in one block to free(3); *ret_n may be NULL.
 * Since 0.1.
 */
int husk_factory_list(
	struct husk_factory *factory, char ***ret, size_t *ret_n, struct husk_error **err);

/*
 * The features document (OCI runtime-spec features.md) as JSON text to free(3), 4-space indent. Since 0.1.
 */
int husk_factory_features(struct husk_factory *factory, char **ret_json, struct husk_error **err);

#ifdef __cplusplus
}
#endif

#endif
