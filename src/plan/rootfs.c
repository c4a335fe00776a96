// SPDX-License-Identifier: Apache-2.0
/*
 * The root file system: propagation before anything is mounted, the way into it, and what is taken away at the end
 * (read-only, masks). Without a mount namespace there is only chroot, and nothing of the host's mounts is touched.
 */
#include <plan/planner.h>

#include <linux/sched.h>
#include <base/mem.h>
#include <base/path.h>
#include <base/text.h>
#include <kern/mount_flags.h>

static const struct {
	uint32_t before; /* of everything, while we set up */
	uint32_t
		after; /* of the new root alone, at the end: mounts below keep what they asked for */
} propagations[] = {
	[OCI_PROPAGATION_PRIVATE] = {MS_PRIVATE, MS_PRIVATE},
	[OCI_PROPAGATION_SHARED] = {MS_SHARED, MS_SHARED},
	[OCI_PROPAGATION_SLAVE] = {MS_SLAVE, MS_SLAVE},
	/* What is unbindable cannot be bound on itself to become a root, so this comes at the end only. */
	[OCI_PROPAGATION_UNBINDABLE] = {MS_PRIVATE, MS_UNBINDABLE},
	[OCI_PROPAGATION_RPRIVATE] = {MS_PRIVATE, MS_PRIVATE},
	[OCI_PROPAGATION_RSHARED] = {MS_SHARED, MS_SHARED},
	[OCI_PROPAGATION_RSLAVE] = {MS_SLAVE, MS_SLAVE},
	[OCI_PROPAGATION_RUNBINDABLE] = {MS_PRIVATE, MS_UNBINDABLE},
};

static char *root_path(const struct planner *p)
{
	const char *path = p->spec->root ? p->spec->root->path : NULL;

	if (p->create && given(path) && *path != '/')
		return path_join(p->create->bundle, path);
	return path_clean(given(path) ? path : "/");
}

int plan_root(struct planner *p, struct husk_error **err)
{
	struct opt_enum how = p->linux_->rootfs_propagation;
	uint32_t before = how.set ? propagations[how.value].before : MS_SLAVE;
	auto_free char *path = NULL;
	struct plan_op *op;

	if (!p->spec->root || !given(p->spec->root->path))
		return fail_at(err, "/root", "is missing");
	if (p->exec && *p->spec->root->path != '/')
		return fail_at(err, "/root/path", "must be absolute here");
	path = root_path(p);
	if (!path)
		return fail_memory(err);
	if (has_namespace(p, CLONE_NEWNS)) {
		op = builder_op_at(
			&p->b, PLAN_PROPAGATION, "%s", how.set ? "/linux/rootfsPropagation" : "");
		op->propagation.path = builder_str(&p->b, "/");
		op->propagation.flags = before | MS_REC;
	}
	op = builder_op_at(&p->b, PLAN_ROOT, "/root/path");
	op->root.path = builder_str(&p->b, path);
	if (!has_namespace(p, CLONE_NEWNS))
		op->root.flags = PLAN_ROOT_NO_NAMESPACE;
	else if (before & MS_SHARED)
		op->root.flags = PLAN_ROOT_PRIVATE_PARENT;
	return 0;
}

void plan_make_cwd(struct planner *p)
{
	const char *cwd = given(p->process->cwd) ? p->process->cwd : "/";

	if (!text_equal(cwd, "/"))
		builder_op_at(&p->b, PLAN_MAKE_CWD, "/process/cwd")->path.path =
			builder_str(&p->b, cwd);
}

void plan_enter_root(struct planner *p)
{
	struct opt_enum how = p->linux_->rootfs_propagation;
	struct plan_op *op = builder_op_at(&p->b, PLAN_ENTER_ROOT, "/root/path");

	if (!has_namespace(p, CLONE_NEWNS)) {
		op->enter_root.mode = PLAN_CHROOT;
		return;
	}
	op->enter_root.mode = p->create->no_pivot ? PLAN_MOVE : PLAN_PIVOT;
	op->enter_root.propagation = how.set ? propagations[how.value].after : 0;
}

static void readonly_paths(struct planner *p, const struct strv *list)
{
	for (size_t i = 0; i < list->n; i++)
		builder_op_at(&p->b, PLAN_READONLY_PATH, "/linux/readonlyPaths/%zu", i)->path.path =
			builder_str(&p->b, list->v[i]);
}

static void masked_paths(struct planner *p, const struct strv *list)
{
	for (size_t i = 0; i < list->n; i++)
		builder_op_at(&p->b, PLAN_MASK, "/linux/maskedPaths/%zu", i)->mask =
			(struct plan_mask){
				.path = builder_str(&p->b, list->v[i]),
				.label = builder_str(&p->b, p->mount_label),
			};
}

/* Inside the new root: what it may not write or see. Sysctls come before /proc/sys turns read-only. */
int plan_restrict(struct planner *p, struct husk_error **err)
{
	bool mounts = has_namespace(p, CLONE_NEWNS);
	bool readonly = p->spec->root && opt_true(p->spec->root->readonly);
	const struct oci_linux *l = p->linux_;
	int r;

	if (!mounts && readonly)
		return fail_at(err, "/root/readonly", "needs a mount namespace");
	if (!mounts && (l->masked_paths.n || l->readonly_paths.n))
		return fail_at(err,
			l->masked_paths.n ? "/linux/maskedPaths" : "/linux/readonlyPaths",
			"unable to restrict sys entries without a private MNT namespace");
	if (readonly)
		builder_op_at(&p->b, PLAN_ROOT_READONLY, "/root/readonly");
	r = plan_sysctls(p, err);
	if (r < 0)
		return r;
	readonly_paths(p, &l->readonly_paths);
	masked_paths(p, &l->masked_paths);
	return 0;
}
