// SPDX-License-Identifier: Apache-2.0
/* Read from the configuration: nothing says it outright, but a writable cgroup mount that nobody may write to is useless. */
#include <core/delegation.h>
#include <base/text.h>
#include <oci/linux.h>

static bool root_of(const struct oci_linux *l, uid_t *ret)
{
	list_for_each (m, &l->uid_mappings)
		if (m->container_id.value == 0 && m->size.value) {
			*ret = (uid_t)m->host_id.value;
			return true;
		}
	return false;
}

static bool is_writable(const struct oci_mount *m)
{
	list_for_each (option, &m->options)
		if (text_equal(*option, "ro") || text_equal(*option, "rro"))
			return false;
	return true;
}

bool delegation_owner(const struct oci_spec *spec, uid_t *ret)
{
	const struct oci_linux *l = spec->linux;
	bool writable = false;

	if (!l || !oci_linux_new_namespace(l, OCI_NS_USER) ||
		!oci_linux_new_namespace(l, OCI_NS_CGROUP))
		return false;
	list_for_each (m, &spec->mounts)
		if (text_equal(m->destination, "/sys/fs/cgroup") && m->type &&
			(text_equal(m->type, "cgroup") || text_equal(m->type, "cgroup2")))
			writable = is_writable(m);
	return writable && root_of(l, ret);
}
