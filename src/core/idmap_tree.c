// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel has two words for every refusal of an id-mapped mount, EINVAL and EPERM; the text here says what they
 * mean for this one, and which file system it is.
 */
#include <core/idmap_tree.h>
#include <base/mem.h>
#include <kern/idmap_mount.h>

#include <errno.h>
#include <string.h>

static const char *reason(int r)
{
	switch (r) {
	case -ENOSYS:
		return "id-mapped mounts need mount_setattr (Linux 5.12)";
	case -EPERM:
		return "it is id-mapped already, or the file system belongs to another user "
		       "namespace";
	default:
		return errno_text(-r);
	}
}

int idmap_tree(const struct idmap_request *q, struct husk_error **err)
{
	int r = idmap_mount(q->tree, q->userns, q->all);
	auto_free char *found = r == -EINVAL && !q->type ? mount_type_of(q->subject) : NULL;
	const char *type = q->type ? q->type : found ? found : "unknown";

	if (!r)
		return 0;
	if (r == -EINVAL)
		return fail_full(err, HUSK_ERROR_SYSTEM, EINVAL, q->at,
			"%s: cannot id-map '%s': the file system '%s'%s does not support id-mapped "
			"mounts%s",
			q->at, q->subject, type, q->all ? " or one mounted below it" : "",
			strcmp(type, "overlay") ? "" : ", only its layers can be id-mapped");
	return fail_full(err, HUSK_ERROR_SYSTEM, -r, q->at, "%s: cannot id-map '%s': %s", q->at,
		q->subject, reason(r));
}
