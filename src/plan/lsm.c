// SPDX-License-Identifier: Apache-2.0
/*
 * AppArmor and SELinux. A label for the process is confinement somebody relies on: where nobody would enforce it there
 * is no container. A label for mounts says what a policy is to find on files; without a policy it means nothing.
 */
#include <plan/planner.h>

#include <base/mem.h>
#include <base/text.h>

static int not_enabled(
	const char *at, const char *label, const char *module, struct husk_error **err)
{
	return fail_full(err, HUSK_ERROR_UNSUPPORTED, 0, at,
		"%s: cannot confine the process to '%s': %s is not enabled on this host", at, label,
		module);
}

/* "unconfined" is what a process is that nobody confines. */
static bool is_confining(const char *profile)
{
	return given(profile) && !text_equal(profile, "unconfined");
}

int plan_check_labels(struct planner *p, struct husk_error **err)
{
	const struct oci_process *process = p->process;

	if (is_confining(process->apparmor_profile) && !(p->lsm & PLAN_LSM_APPARMOR))
		return not_enabled(
			"/process/apparmorProfile", process->apparmor_profile, "AppArmor", err);
	if (given(process->selinux_label) && !(p->lsm & PLAN_LSM_SELINUX))
		return not_enabled("/process/selinuxLabel", process->selinux_label, "SELinux", err);
	if (!p->create || !given(p->linux_->mount_label))
		return 0;
	if (p->lsm & PLAN_LSM_SELINUX)
		p->mount_label = p->linux_->mount_label;
	else
		log_warning(
			p->log, "linux.mountLabel: SELinux is not enabled on this host, ignoring");
	return 0;
}

/*
 * The kernel labels what is in proc, sysfs and control groups by itself; it mounts the file system of message queues
 * with the IPC namespace, too early for an option.
 */
void plan_label(struct planner *p, struct plan_op *op, const char *type)
{
	static const char *const own[] = {"proc", "sysfs", "cgroup", "cgroup2"};

	if (!p->mount_label || op->mount.flags & PLAN_MOUNT_REMOUNT)
		return;
	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		if (text_equal(type, own[i]))
			return;
	op->mount.label = builder_str(&p->b, p->mount_label);
	if (text_equal(type, "mqueue"))
		op->mount.flags |= PLAN_MOUNT_LABEL_FILE;
}

static void confine(struct planner *p, const char *at, const char *label, enum plan_lsm_kind kind)
{
	struct plan_op *op;

	if (!given(label) || !(p->lsm & kind))
		return;
	op = builder_op_at(&p->b, PLAN_LSM_EXEC, "%s", at);
	op->lsm.label = builder_str(&p->b, label);
	op->lsm.kind = kind;
}

/*
 * While we still have our rights, and before a seccomp filter or no_new_privs could be in the way. It comes to be with
 * the next execve, which is a hook's or the program's: neither runs unconfined.
 */
void plan_lsm(struct planner *p)
{
	confine(p, "/process/apparmorProfile", p->process->apparmor_profile, PLAN_LSM_APPARMOR);
	confine(p, "/process/selinuxLabel", p->process->selinux_label, PLAN_LSM_SELINUX);
}
