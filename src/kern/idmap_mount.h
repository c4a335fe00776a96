/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Id-mapped mounts (Linux 5.12): a mount shows the owners of its files through the maps of a user namespace. That
 * namespace needs no process, only a descriptor. mount_setattr(2).
 */
#ifndef HUSK_KERN_IDMAP_MOUNT_H
#define HUSK_KERN_IDMAP_MOUNT_H

#include <stdbool.h>
#include <base/attr.h>
#include <base/str.h>

/*
 * Makes a user namespace with these maps (lines "inside outside count") and stores a descriptor of it (O_CLOEXEC) in
 * *ret. Returns 0 or -errno; then `detail` says which file refused. Safe in threaded programs.
 */
int idmap_namespace(const char *uids, const char *gids, int *ret, struct strbuf *detail) nodiscard;
/* Id-maps a detached mount, or with `all` the whole tree. 0 or -errno: -ENOSYS before Linux 5.12, or where a filter refuses. */
int idmap_mount(int tree, int userns, bool all) nodiscard;
/* The type of the file system that `path` is on ("ext4"), from mountinfo; NULL if it cannot be found out. */
char *mount_type_of(const char *path) nodiscard;

#endif
