/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this module share: one directory, the tree below it, the processes in it. 0 or -errno. */
#ifndef HUSK_CGROUP_DIR_H
#define HUSK_CGROUP_DIR_H

#include <stdbool.h>
#include <sys/types.h>
#include <base/array.h>
#include <base/attr.h>
#include <cgroup/cgroup.h>

struct pid_list {
	size_t n;
	pid_t *v;
	size_t unseen; /* this many more have no number in our pid namespace */
};

void pid_list_done(struct pid_list *list);
bool pid_list_has(const struct pid_list *sorted, pid_t pid);

/* The directory, or with a name the file in it; the caller frees. NULL when out of memory. */
char *cgroup_dir_path(const struct cgroup_dir *dir, const char *file) nodiscard;
/* Does that hierarchy have the controller? Never on v2, where it depends on the directory. */
bool cgroup_dir_has(const struct cgroup_dir *dir, const char *controller);
/* Is the name in a list like that of cgroup.controllers, with blanks between? */
bool cgroup_list_has(const char *list, const char *name);
/* Not allowed here, and the context lets us do without. */
bool cgroup_may_skip(const struct cgroup_context *c, int r);

struct cgroup_visitor {
	/* of each directory, before those in it; what is not 0 ends the walk */
	int (*enter)(int fd, void *data);
	/* of each below the top, after those in it */
	void (*leave)(int parent, const char *name, void *data);
	void *data;
};

/*
 * Walks over `top` and all below it; what vanishes meanwhile is passed over. 0, -errno (-ENOENT: `top` does not exist),
 * or what enter() returned.
 */
int cgroup_walk(const char *top, const struct cgroup_visitor *visitor) nodiscard;
/* Appends the processes of `top` and all below it, unsorted. */
int cgroup_tree_pids(const char *top, struct pid_list *list) nodiscard;
/* The same over all directories, sorted, each once; directories that do not exist are empty. */
int cgroup_all_pids(const struct cgroup_context *c, struct pid_list *ret) nodiscard;

/*
 * Which freezer holds this one directory still, as cgroup_is_frozen() says it. cgroup_dir_frozen_above() is the path of
 * the nearest directory above it that does; NULL: none, or none that is mounted here (or no memory).
 */
enum cgroup_frozen cgroup_dir_is_frozen(const struct cgroup_dir *dir);
char *cgroup_dir_frozen_above(const struct cgroup_dir *dir) nodiscard;

/* The mark on directories that some husk made as the parent of a container's: the last one to leave removes them. */
#define CGROUP_PARENT_MARK "user.husk.parent"

#endif
