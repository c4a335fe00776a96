/* SPDX-License-Identifier: Apache-2.0 */
/* Id-mapping a mount that nobody can see yet, and what it means when the kernel refuses. */
#ifndef HUSK_CORE_IDMAP_TREE_H
#define HUSK_CORE_IDMAP_TREE_H

#include <stdbool.h>
#include <base/error.h>

struct idmap_request {
	int tree, userns;
	bool all; /* the mounts below it too */
	const char *subject; /* the source of a bind mount, or where a new file system goes */
	const char *type; /* of the new file system; NULL: the subject is on it */
	const char *at; /* JSON Pointer */
};

int idmap_tree(const struct idmap_request *request, struct husk_error **err);

#endif
