/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.intelRdt by the kernel's resctrl file system (Documentation/arch/x86/resctrl.rst): a group is a directory with
 * a share of cache and memory bandwidth (`schemata`) and the processes that have it (`tasks`); a monitoring group below
 * it counts what some of them use. Groups are few, a dozen on most CPUs: what we made is on record and removed again,
 * what others made is not. Nothing of this is looked at unless a configuration asks.
 */
#ifndef HUSK_RDT_RDT_H
#define HUSK_RDT_RDT_H

#include <base/arena.h>
#include <base/array.h>
#include <base/error.h>
#include <base/log.h>
#include <base/opt.h>
#include <husk/stats.h>
#include <oci/rdt.h>
#include <stdbool.h>
#include <sys/types.h>

/* Of one container; in state.json. The directories are absolute. */
struct rdt {
	char *root; /* where resctrl is mounted, and the root group */
	char *group;
	char *monitor; /* NULL: not asked for */
	struct opt_bool own_group, own_monitor; /* not there before: ours to make and to remove */
};

/* Where resctrl is mounted; else the error says whether it could be. */
int rdt_mount_point(char **ret, struct husk_error **err);
/* Held from rdt_find() to the end of rdt_make(), as the kernel's document has it. The caller closes *ret_lock. */
int rdt_lock(const char *root, int *ret_lock, struct husk_error **err);
/* Finds out what is there and what is to be made, and whether an existing group has the shares that are asked for.
 * Changes nothing. */
int rdt_find(const char *root, const struct oci_intel_rdt *wish, const char *id, struct rdt **ret,
	struct husk_error **err);
/* The three of them. The lock is the caller's also after a failure. */
int rdt_prepare(const struct oci_intel_rdt *wish, const char *id, int *ret_lock, struct rdt **ret,
	struct husk_error **err);
/* Makes what is ours, with its shares. What could not be made is not ours any more. */
int rdt_make(struct rdt *rdt, const struct oci_intel_rdt *wish, struct husk_error **err);
/*
 * Other shares for a group that exists. *ret_old is what it had, for rdt_restore(), also when something of it was
 * refused; the caller frees it. NULL: nothing was changed.
 */
int rdt_update(const struct rdt *rdt, const struct oci_intel_rdt *wish, char **ret_old,
	struct husk_error **err);
/* What cannot be put back is logged. */
void rdt_restore(const struct rdt *rdt, const char *old, const struct log *log);
int rdt_join(const struct rdt *rdt, pid_t pid, struct husk_error **err);
/* Removes what is ours and is still there; a group that others have joined stays, with a warning. */
int rdt_remove(const struct rdt *rdt, const struct log *log, struct husk_error **err);
void rdt_free(struct rdt *rdt);

/* ---- stats.c ---- */

/* What the groups say; strings and lists are in the arena. What is not there is absent. 0, -ENOMEM, -EMFILE, -ENFILE. */
int rdt_stats(const struct rdt *rdt, struct arena *arena, struct husk_rdt_stats *ret) nodiscard;

/* ---- schemata.c: "L3:0=ff;1=f0" taken apart ---- */

struct rdt_share {
	char *key; /* "L3:0" */
	char *value;
};
struct rdt_shares {
	size_t n;
	struct rdt_share *v;
};
/* Adds lines; a later value of the same key replaces the earlier one, as if written after it. 0 or -ENOMEM. */
int rdt_shares_add(struct rdt_shares *s, const char *text);
/* The first of `want` that `have` has not, or NULL; *ret_value is what it has instead, or NULL. */
const struct rdt_share *rdt_shares_differ(const char *root, const struct rdt_shares *want,
	const struct rdt_shares *have, const char **ret_value);
void rdt_shares_done(struct rdt_shares *s);

#endif
