/* SPDX-License-Identifier: Apache-2.0 */
/* The device controller of v1: its list, and the steps from one list to another. Pure; what writes is devices_apply.c. */
#ifndef HUSK_CGROUP_DEVICES_V1_H
#define HUSK_CGROUP_DEVICES_V1_H

#include <cgroup/devices.h>

struct device_entry {
	uint8_t type, access;
	int64_t major, minor; /* or DEVICE_ANY */
};

/* What the kernel knows: everything is denied but the entries, or everything is allowed but them. */
struct device_list {
	bool allow_all;
	bool unknown; /* with allow_all, devices.list does not show the entries */
	size_t n;
	struct device_entry *v;
};

struct device_step {
	bool allow; /* written to devices.allow, else to devices.deny */
	bool all; /* "a": the entries are gone, and all is allowed or denied */
	struct device_entry entry;
};

struct device_steps {
	bool widens; /* in between more is allowed than before and after */
	size_t n;
	struct device_step *v;
};

/* devices.list. 0, -ENOMEM, or -EBADMSG; on success ret->v is the caller's. */
int cgroup_devices_v1_parse(const char *text, struct device_list *ret) nodiscard;
/*
 * The list that says the same. 0, -ENOMEM, or 1: there is none; then *ret_rule is the rule that takes away from a part
 * of what another one gives to the whole.
 */
int cgroup_devices_v1_list(const struct cgroup_devices *d, struct device_list *ret,
	const struct device_rule **ret_rule) nodiscard;
/* What has to be written, in that order. 0 or -ENOMEM; on success ret->v is the caller's. */
int cgroup_devices_v1_steps(const struct device_list *from, const struct device_list *to,
	struct device_steps *ret) nodiscard;
/* The same entries, in any order? */
bool cgroup_devices_v1_equal(const struct device_list *a, const struct device_list *b);
/* "c 1:3 rw" or "a". NULL when out of memory; the caller frees. */
char *cgroup_devices_v1_line(const struct device_step *step) nodiscard;

#endif
