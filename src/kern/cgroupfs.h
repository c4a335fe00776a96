/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where this machine's cgroup hierarchies are, and where the calling process stands in them. No mountinfo is read in
 * the common case: statfs(2) of /sys/fs/cgroup tells v2, and /proc/self/cgroup lists the v1 hierarchies, whose
 * customary mount points are verified by statfs; /proc/self/mountinfo is the fallback. Kernel documents:
 * admin-guide/cgroup-v1/cgroups.rst, admin-guide/cgroup-v2.rst.
 */
#ifndef HUSK_KERN_CGROUPFS_H
#define HUSK_KERN_CGROUPFS_H

#include <stdbool.h>
#include <base/array.h>

enum cgroup_mode {
	CGROUP_NONE, /* nothing mounted */
	CGROUP_V1, /* v1 hierarchies only */
	CGROUP_HYBRID, /* v1 hierarchies and a cgroup2 mount beside them */
	CGROUP_V2, /* cgroup2 at /sys/fs/cgroup */
};

struct cgroup_hierarchy {
	char *controllers; /* "cpu,cpuacct", "name=systemd"; "" for cgroup2 */
	char *mount_point; /* "/sys/fs/cgroup/cpu,cpuacct" */
	char *own_path; /* of the calling process, "/" at the root of its cgroup namespace */
	bool v2;
};

struct cgroup_layout {
	enum cgroup_mode mode;
	LIST_OF(struct cgroup_hierarchy) hierarchies; /* as in /proc/self/cgroup; cgroup2 last */
};

/* Looks around. Returns 0 or -errno; *ret is to be freed with cgroup_layout_done(). */
int cgroup_layout_detect(struct cgroup_layout *ret) nodiscard;
void cgroup_layout_done(struct cgroup_layout *layout);

/* One container's directory in one hierarchy. */
struct cgroup_dir {
	char *controllers;
	char *mount_point;
	char *path; /* below mount_point, begins with '/' */
	bool v2;
	bool made; /* cgroup_make() made the directory itself: it did not exist */
	unsigned int
		made_parents; /* how many levels above it cgroup_make() made, too; to be saved in the state */
};

struct cgroup_dirs {
	size_t n;
	struct cgroup_dir *v;
};

/*
 * The directories of a container: pure. An absolute cgroups_path counts from each hierarchy's root, a relative one
 * from the caller's own cgroup, of cgroup2 from the one above that: a cgroup that has processes, us for one, hands no
 * controllers down. NULL or "" is the id (relative). ".." cannot leave the root. 0 or -ENOMEM.
 */
int cgroup_dirs_resolve(const struct cgroup_layout *layout, const char *cgroups_path,
	const char *id, struct cgroup_dirs *ret) nodiscard;
void cgroup_dirs_done(struct cgroup_dirs *dirs);

#endif
