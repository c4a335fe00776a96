/* SPDX-License-Identifier: Apache-2.0 */
/* The words in `mounts[].options`: one table for the planner and for `husk features`. */
#ifndef HUSK_PLAN_MOUNT_OPTIONS_H
#define HUSK_PLAN_MOUNT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <base/array.h>
#include <base/str.h>

struct husk_error;

/* What a list of options comes to; as the members of struct plan_mount. */
struct mount_options {
	uint64_t attr_set, attr_clear;
	uint64_t tree_set, tree_clear;
	uint32_t sb_flags;
	uint32_t flags; /* enum plan_mount_flags */
	uint32_t propagation[4];
	bool idmap, idmap_all; /* the mount, or the mounts below it too */
	const char *
		idmap_text; /* crun's "uids=...;gids=..." behind idmap=, part of the option; or NULL */
	size_t idmap_index;
	struct strbuf data; /* what is not in the table: for the file system */
	size_t data_index; /* of the first of these */
};

/* `index` is that of the mount, for pointers. The caller frees ret with mount_options_done(), also on failure. */
int mount_options_parse(const struct strv *options, size_t index, struct mount_options *ret,
	struct husk_error **err) nodiscard;
void mount_options_done(struct mount_options *o);

/* The names of the table, by number; NULL behind the last one. */
const char *mount_option_name(size_t i);

#endif
