// SPDX-License-Identifier: Apache-2.0
/*
 * `linux.seccomp` becomes one operation: the compiled filter and the flags to install it with (seccomp(2)).
 *
 * Where it stands: without no_new_privs installing needs CAP_SYS_ADMIN, so that it comes before the process becomes the
 * user. With no_new_privs it needs no right, and comes last. One that notifies comes last in any case, or husk-init
 * itself would wait for the agent's answers; then IDENTITY leaves CAP_SYS_ADMIN, and SECCOMP takes it away.
 */
#include <plan/planner.h>
#include <plan/seccomp_filter.h>

#include <linux/capability.h>
#include <linux/seccomp.h>
#include <base/mem.h>

#ifndef SECCOMP_FILTER_FLAG_SPEC_ALLOW /* kernel headers before 4.17 */
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW (1UL << 2)
#endif

bool plan_seccomp_notifies(const struct oci_seccomp *profile)
{
	if (!profile)
		return false;
	if (profile->default_action.value == OCI_SECCOMP_NOTIFY)
		return true;
	list_for_each (call, &profile->syscalls)
		if (call->action.value == OCI_SECCOMP_NOTIFY)
			return true;
	return false;
}

uint32_t plan_seccomp_flags(const struct oci_seccomp *profile)
{
	uint32_t flags = 0, used = SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW;

	if (!profile->flags.v)
		return SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	for (size_t i = 0; i < profile->flags.n; i++)
		flags |= (uint32_t)profile->flags.v[i];
	if (plan_seccomp_notifies(profile))
		used |= OCI_SECCOMP_FLAG_WAIT_KILLABLE_RECV;
	return flags & used;
}

/* TSYNC is for processes with threads: ours has no other that goes on, so that nothing is left to do for it. */
static void mention_flags(const struct planner *p, const struct oci_seccomp *profile)
{
	for (size_t i = 0; i < profile->flags.n; i++)
		if (profile->flags.v[i] == OCI_SECCOMP_FLAG_WAIT_KILLABLE_RECV &&
			!plan_seccomp_notifies(profile))
			log_warning(p->log,
				"linux.seccomp.flags: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV means "
				"nothing without SCMP_ACT_NOTIFY, ignoring");
}

bool plan_seccomp_comes_last(const struct planner *p)
{
	return opt_true(p->process->no_new_privileges) || plan_seccomp_notifies(p->linux_->seccomp);
}

void plan_seccomp_keep_right(const struct planner *p, struct plan_identity *caps)
{
	uint64_t right = UINT64_C(1) << CAP_SYS_ADMIN;

	if (opt_true(p->process->no_new_privileges) || !plan_seccomp_notifies(p->linux_->seccomp))
		return;
	caps->effective |= right;
	caps->permitted |= right;
}

/* What keep_right() added is given up with the filter. */
static void drop_right(const struct planner *p, struct plan_seccomp *s)
{
	const struct plan_identity *caps = &p->caps;
	struct plan_identity kept = *caps;

	plan_seccomp_keep_right(p, &kept);
	if (kept.effective == caps->effective && kept.permitted == caps->permitted)
		return;
	s->drop = 1;
	s->effective = caps->effective;
	s->permitted = caps->permitted;
	s->inheritable = caps->inheritable;
}

int plan_seccomp(struct planner *p, struct husk_error **err)
{
	const struct oci_seccomp *profile = p->linux_->seccomp;
	const struct plan_seccomp_source *from = p->create ? p->create->seccomp : p->exec->seccomp;
	auto_free void *filter = NULL;
	struct plan_op *op;
	size_t size;
	int r;

	if (!profile)
		return 0;
	if (plan_seccomp_notifies(profile) && !given(profile->listener_path))
		return fail_at(err, "/linux/seccomp/listenerPath",
			"is required, because SCMP_ACT_NOTIFY is used");
	/* create, start and exec may each have another working directory */
	if (plan_seccomp_notifies(profile) && profile->listener_path[0] != '/')
		return fail_at(err, "/linux/seccomp/listenerPath", "'%s' must be an absolute path",
			profile->listener_path);
	mention_flags(p, profile);
	if (from)
		r = from->get(from->data, profile, p->log, &filter, &size, err);
	else
		r = plan_seccomp_filter(profile, p->log, &filter, &size, err);
	if (r < 0)
		return r;
	op = builder_op_at(&p->b, PLAN_SECCOMP, "/linux/seccomp");
	op->seccomp.filter = builder_blob(&p->b, filter, size);
	op->seccomp.flags = plan_seccomp_flags(profile);
	op->seccomp.listener = plan_seccomp_notifies(profile);
	drop_right(p, &op->seccomp);
	return 0;
}
