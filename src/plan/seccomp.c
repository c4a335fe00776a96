// SPDX-License-Identifier: Apache-2.0
/* `linux.seccomp` becomes one operation: the compiled filter and the flags to install it with (seccomp(2)). */
#include <plan/planner.h>
#include <plan/seccomp_filter.h>

#include <linux/seccomp.h>
#include <base/mem.h>

#ifndef SECCOMP_FILTER_FLAG_SPEC_ALLOW /* kernel headers before 4.17 */
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW (1UL << 2)
#endif

/*
 * TSYNC is for processes with threads, and ours has one; WAIT_KILLABLE_RECV needs a listener. No flags at all (which
 * is not the same as an empty list) means SPEC_ALLOW, as runc and crun have it: without, every filter costs the
 * speculative store bypass mitigation.
 */
static uint32_t flags_of(const struct oci_seccomp *profile)
{
	uint32_t flags = 0;

	if (!profile->flags.v)
		return SECCOMP_FILTER_FLAG_SPEC_ALLOW;
	for (size_t i = 0; i < profile->flags.n; i++)
		flags |= (uint32_t)profile->flags.v[i];
	return flags & (SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW);
}

int plan_seccomp(struct planner *p, struct husk_error **err)
{
	const struct oci_seccomp *profile = p->linux_->seccomp;
	auto_free void *filter = NULL;
	struct plan_op *op;
	size_t size;
	int r;

	if (!profile)
		return 0;
	r = plan_seccomp_filter(profile, p->log, &filter, &size, err);
	if (r < 0)
		return r;
	op = builder_op_at(&p->b, PLAN_SECCOMP, "/linux/seccomp");
	op->seccomp.filter = builder_blob(&p->b, filter, size);
	op->seccomp.flags = flags_of(profile);
	return 0;
}
