/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the systemd driver share. */
#ifndef HUSK_CGROUP_SYSTEMD_CALL_H
#define HUSK_CGROUP_SYSTEMD_CALL_H

#include <cgroup/systemd.h>

/* The signature of a property, or NULL: only its text tells. */
const char *systemd_signature(const char *property);
/* Appends what every unit of ours has. 0 or -ENOMEM. */
int systemd_common_properties(const struct systemd_start *start, struct systemd_properties *ret)
	nodiscard;

#endif
