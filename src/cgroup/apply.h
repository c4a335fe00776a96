/* SPDX-License-Identifier: Apache-2.0 */
/* Writing the files that knobs.c compiled, and putting back what they had. */
#ifndef HUSK_CGROUP_APPLY_H
#define HUSK_CGROUP_APPLY_H

#include <cgroup/cgroup.h>
#include <cgroup/knobs.h>

struct cgroup_old_value {
	char *path, *value;
	bool lines; /* each line is a write of its own */
};

/* What files had before, in the order in which they were written. */
struct cgroup_old {
	size_t n;
	struct cgroup_old_value *v;
	bool only_look; /* while cgroup_remember() is at work */
};

/* What the files have that cgroup_apply() would write; nothing is written. 0 or -ENOMEM. */
int cgroup_remember(const struct cgroup_orders *orders, struct cgroup_old *old) nodiscard;

/*
 * Writes the files. With `old` (else NULL) what they had is remembered there, and what has the value already is left
 * alone. On failure what was written stays: cgroup_restore(). Errors name the property and what to do about it.
 */
int cgroup_apply(const struct cgroup_context *c, const struct cgroup_orders *orders,
	struct cgroup_old *old, struct husk_error **err);
/* Puts back; what cannot be is logged. Done with `old` after that: cgroup_old_done(). */
void cgroup_restore(const struct cgroup_context *c, struct cgroup_old *old);
void cgroup_old_done(struct cgroup_old *old);

/* memory.checkBeforeUpdate, where it is set: is less in use than the new limits? memory_check.c */
int cgroup_check_memory(const struct cgroup_context *c, const struct oci_resources *all,
	const struct oci_resources *asked, struct husk_error **err);

/* ---- explain.c ---- */

/* Why it could not be written, and what helps. Always < 0. */
int cgroup_fail_write(const struct cgroup_write *w, int r, struct husk_error **err);

/* ---- enable.c ---- */

/*
 * Has a new cgroup2 directory its controllers? If not, they are enabled from the top down: all that there are on v2,
 * in hybrid layouts only those the context's orders need (the others are none of our business there). What cannot be
 * enabled shows when a file is missing. In a threaded cgroup the directory becomes threaded, too, if the orders allow.
 */
int cgroup_enable(
	const struct cgroup_context *c, const struct cgroup_dir *dir, struct husk_error **err);

#endif
