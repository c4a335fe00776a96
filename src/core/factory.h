/* SPDX-License-Identifier: Apache-2.0 */
/* The factory behind <husk/factory.h>: the state directory and what was found out about the host, once. */
#ifndef HUSK_CORE_FACTORY_H
#define HUSK_CORE_FACTORY_H

#include <pthread.h>
#include <stdbool.h>
#include <base/error.h>
#include <base/log.h>
#include <husk/factory.h>
#include <plan/plan.h>

struct husk_factory {
	_Atomic unsigned int refs;
	char *root; /* absolute path of the state directory */
	struct log log;
	enum husk_rootless rootless;
	enum husk_cgroup_manager cgroup_manager; /* of new containers */
	char *runtime_dir, *bus_address; /* of the user's systemd, or NULL */

	pthread_mutex_t lock; /* of what follows, which is found out or made at the first need */
	int root_fd; /* the state directory, or -1 */
	bool host_known;
	struct plan_host host;
	int init_fd; /* the sealed memfd with husk-init, or -1 */
	int bus_fd; /* with husk-bus */
};

/*
 * The state directory; belongs to the factory. With `make` it is made when it is missing, else *ret_fd is then -1:
 * whoever only asks or plans leaves nothing behind.
 */
int factory_root(struct husk_factory *f, bool make, int *ret_fd, struct husk_error **err);
/* Facts of the host for the planners; belongs to the factory. */
int factory_host(struct husk_factory *f, const struct plan_host **ret, struct husk_error **err);
/* Descriptor of the program husk-init, ready for execveat; belongs to the factory. */
int factory_init(struct husk_factory *f, int *ret_fd, struct husk_error **err);
/* The same for husk-bus. HUSK_ERROR_UNSUPPORTED: built without systemd. */
int factory_bus(struct husk_factory *f, int *ret_fd, struct husk_error **err);

#endif
