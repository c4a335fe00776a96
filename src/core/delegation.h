/* SPDX-License-Identifier: Apache-2.0 */
/* Whom the cgroup of a container belongs to. */
#ifndef HUSK_CORE_DELEGATION_H
#define HUSK_CORE_DELEGATION_H

#include <stdbool.h>
#include <sys/types.h>
#include <oci/spec.h>

/*
 * The host's uid of the container's root, if the configuration is that of a container which manages cgroups below its
 * own: user and cgroup namespaces of its own, /sys/fs/cgroup writable.
 */
bool delegation_owner(const struct oci_spec *spec, uid_t *ret);

#endif
