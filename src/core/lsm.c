// SPDX-License-Identifier: Apache-2.0
/* AppArmor and SELinux of the host, asked for by the labels of a configuration. */
#include <core/lsm.h>
#include <kern/probe.h>
#include <wire/plan.h>

static bool given(const char *s)
{
	return s && *s;
}

int lsm_find(const struct oci_spec *spec, const struct oci_process *process, uint32_t *ret,
	struct husk_error **err)
{
	bool context = process && given(process->selinux_label);
	uint32_t found = 0;
	int r = 0;

	context |= spec->linux && given(spec->linux->mount_label);
	if (process && given(process->apparmor_profile)) {
		r = probe_apparmor();
		if (r < 0)
			return fail_errno(err, r, "cannot find out whether AppArmor is enabled");
		found |= r ? PLAN_LSM_APPARMOR : 0;
	}
	if (context) {
		r = probe_selinux();
		if (r < 0)
			return fail_errno(err, r, "cannot find out whether SELinux is enabled");
		found |= r ? PLAN_LSM_SELINUX : 0;
	}
	*ret = found;
	return 0;
}
