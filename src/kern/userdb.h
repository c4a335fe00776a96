/* SPDX-License-Identifier: Apache-2.0 */
/*
 * passwd(5) and group(5) of a root file system that nobody vouches for: read with bounds, parsed strictly, opened
 * without leaving the root.
 */
#ifndef HUSK_KERN_USERDB_H
#define HUSK_KERN_USERDB_H

#include <stddef.h>
#include <stdint.h>
#include <base/array.h>
#include <base/attr.h>

enum {
	USERDB_FILE_MAX = 4 << 20,
	USERDB_LINE_MAX =
		1
		<< 16, /* longer ones are the group of a large company's everybody, or an attack */
	USERDB_GROUPS_MAX = 65536, /* NGROUPS_MAX */
};

/*
 * The text of a regular file below the directory `root`; symbolic links are resolved inside of it. -ENOENT;
 * -EINVAL: not a regular file; -EFBIG: a bound is passed; -ELOOP where a link cannot be followed safely (Linux
 * before 5.6). Never waits for another side, as opening a FIFO would.
 */
int userdb_read(int root, const char *path, char **ret_text) nodiscard;

struct userdb_user {
	uint32_t uid, gid;
};
/* The first entry of that name. -ENOENT: there is none; -EBADMSG: its ids are not numbers below 2^32 - 1. */
int userdb_find_user(const char *passwd, const char *name, struct userdb_user *ret) nodiscard;
int userdb_find_group(const char *group, const char *name, uint32_t *ret_gid) nodiscard;

struct userdb_groups {
	size_t n;
	uint32_t *v; /* free(3) */
};
/* The groups that list the user as a member; entries that make no sense are passed over. 0, -ENOMEM, -E2BIG. */
int userdb_groups_of(const char *group, const char *user, struct userdb_groups *ret) nodiscard;

#endif
