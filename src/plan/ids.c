// SPDX-License-Identifier: Apache-2.0
/*
 * User, groups and id maps: every id the process uses must exist in its user namespace, and supplementary groups
 * are only touched where the kernel lets us (user_namespaces(7), /proc/PID/setgroups).
 */
#include <plan/ids.h>
#include <plan/planner.h>

#include <errno.h>
#include <linux/sched.h>
#include <base/mem.h>

bool ids_mapped(const struct oci_id_mappings *mappings, uint32_t container_id)
{
	list_for_each (m, mappings)
		if (container_id >= m->container_id.value &&
			container_id - m->container_id.value < m->size.value)
			return true;
	return false;
}

bool ids_setgroups_denied(const struct oci_linux *l, const struct plan_host *host)
{
	const struct oci_id_mappings *gids = &l->gid_mappings;

	return host->euid != 0 && oci_linux_namespace(l, OCI_NS_USER) && gids->n == 1 &&
	       gids->v[0].size.value == 1 && gids->v[0].host_id.value == host->egid;
}

static int check_rootless(const struct planner *p, struct husk_error **err)
{
	if (p->host->euid != 0 && !has_namespace(p, CLONE_NEWUSER))
		return fail_at(
			err, "/linux/namespaces", "rootless container requires user namespaces");
	return 0;
}

static int unmapped(const char *at, const char *what, uint32_t id, struct husk_error **err)
{
	return fail_at(err, at, "%s %u is not mapped in the user namespace", what, id);
}

static int check_groups(const struct planner *p, struct husk_error **err)
{
	const struct oci_user *user = p->process->user;
	const struct oci_id_mappings *gids = &p->linux_->gid_mappings;

	if (!user || !user->additional_gids.n)
		return 0;
	if (ids_setgroups_denied(p->linux_, p->host))
		return fail_at(err, "/process/user/additionalGids",
			"cannot set any additional groups in a rootless container");
	for (size_t i = 0; i < user->additional_gids.n; i++) {
		auto_free char *at = NULL;

		if (!gids->n || ids_mapped(gids, user->additional_gids.v[i]))
			continue;
		at = str_printf("/process/user/additionalGids/%zu", i);
		return unmapped(at, "group", user->additional_gids.v[i], err);
	}
	return 0;
}

/* A joined user namespace may come without maps in the configuration; then only the kernel can tell. */
int plan_check_ids(struct planner *p, struct husk_error **err)
{
	const struct oci_id_mappings *uids = &p->linux_->uid_mappings;
	const struct oci_id_mappings *gids = &p->linux_->gid_mappings;

	int r = check_rootless(p, err);

	if (r < 0)
		return r;
	if (!has_namespace(p, CLONE_NEWUSER))
		return 0;
	if (uids->n && !ids_mapped(uids, p->uid))
		return unmapped("/process/user/uid", "user", p->uid, err);
	if (gids->n && !ids_mapped(gids, p->gid))
		return unmapped("/process/user/gid", "group", p->gid, err);
	return check_groups(p, err);
}

/* Root of the user namespace, or the first id there is. */
static uint32_t root_id(const struct oci_id_mappings *mappings)
{
	if (!mappings->n || ids_mapped(mappings, 0))
		return 0;
	return (uint32_t)mappings->v[0].container_id.value;
}

void plan_become(struct planner *p)
{
	builder_op(&p->b, PLAN_BECOME)->become = (struct plan_become){
		.uid = root_id(&p->linux_->uid_mappings),
		.gid = root_id(&p->linux_->gid_mappings),
		.set_groups = !ids_setgroups_denied(p->linux_, p->host),
	};
}

void plan_identity(struct planner *p, const struct plan_identity *caps)
{
	const struct oci_user *user = p->process->user;
	struct plan_op *op = builder_op_at(&p->b, PLAN_IDENTITY, "/process/user");

	op->identity = *caps;
	op->identity.uid = p->uid;
	op->identity.gid = p->gid;
	op->identity.set_groups = !ids_setgroups_denied(p->linux_, p->host);
	if (user)
		op->identity.groups = builder_blob(&p->b, user->additional_gids.v,
			user->additional_gids.n * sizeof *user->additional_gids.v);
}
