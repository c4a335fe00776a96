/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing the id maps of a new user namespace: directly where the kernel lets us, else through newuidmap(1) and
 * newgidmap(1), which check /etc/subuid and /etc/subgid. user_namespaces(7).
 */
#ifndef HUSK_KERN_IDMAP_H
#define HUSK_KERN_IDMAP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <base/attr.h>
#include <base/str.h>

struct idmap_range {
	uint32_t container, host, size;
};

struct idmap {
	size_t n;
	const struct idmap_range *v;
};

/*
 * Writes uid_map, gid_map and, where it has to be, "deny" to setgroups (CVE-2014-8989) of a process that is in a new
 * user namespace whose parent is ours. An empty map is left unwritten. Returns 0 or -errno; then `detail` (may be
 * NULL) says what was refused, in the words of the helper program if one was asked. Safe in threaded programs.
 */
int idmap_write(pid_t pid, const struct idmap *uids, const struct idmap *gids,
	struct strbuf *detail) nodiscard;

/* The map of an ordinary user who has no other ids: 0 inside is the caller outside. */
struct idmap_range idmap_own_uid(void);
struct idmap_range idmap_own_gid(void);

#endif
