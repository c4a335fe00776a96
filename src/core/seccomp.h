/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seccomp outside of the plan: what the kernel lacks, compiled filters kept for the next container with the same
 * profile, and the agent that SCMP_ACT_NOTIFY asks.
 */
#ifndef HUSK_CORE_SECCOMP_H
#define HUSK_CORE_SECCOMP_H

#include <base/error.h>
#include <core/factory.h>
#include <core/state.h>
#include <oci/state.h>
#include <plan/plan.h>

/* Where filters lie below the state directory: no container can be called so. */
#define SECCOMP_CACHE "seccomp@cache"

/* Is the kernel able to install a filter of that profile? NULL is. */
int seccomp_check_kernel(const struct oci_seccomp *profile, struct husk_error **err);

/* Compiles, or finds what was compiled before (seccomp_cache.c). Its data is the factory. */
int seccomp_cached_filter(void *factory, const struct oci_seccomp *profile, const struct log *log,
	void **ret, size_t *ret_size, struct husk_error **err);

/* ---- the agent (seccomp_agent.c) ---- */

/* Is there a socket at the path? For a container that is only created, and will connect when it is started. */
int seccomp_agent_check(const struct oci_seccomp *profile, struct husk_error **err);
int seccomp_agent_connect(const char *path, int *ret_fd, struct husk_error **err);

struct seccomp_agent_message {
	const struct state *state;
	enum oci_status status; /* of the container */
	pid_t container_pid,
		pid; /* the container's first process, and the one that has the filter */
	const char *metadata; /* or NULL */
};
/* Sends one ContainerProcessState and the listener, and hangs up: agents may read to the end before they answer. */
int seccomp_agent_send(int *connection, int listener, const struct seccomp_agent_message *m,
	struct husk_error **err);

#endif
