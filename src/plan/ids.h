/* SPDX-License-Identifier: Apache-2.0 */
/* User and group ids across the border of a user namespace: questions that planners and the parent both ask. */
#ifndef HUSK_PLAN_IDS_H
#define HUSK_PLAN_IDS_H

#include <stdbool.h>
#include <stdint.h>
#include <oci/linux.h>
#include <plan/plan.h>

/* Does the id of the container stand for one of the host? */
bool ids_mapped(const struct oci_id_mappings *mappings, uint32_t container_id);
/*
 * Does the kernel demand setgroups(2) to be denied: an ordinary user whose gid_map is just his own group, written
 * without newgidmap? Whoever writes the maps must ask the same question.
 */
bool ids_setgroups_denied(const struct oci_linux *l, const struct plan_host *host);

#endif
