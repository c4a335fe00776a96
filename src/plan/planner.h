/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the planners share: the input, what was derived from it, and the plan that grows. One planner is one function
 * that looks at a part of the configuration and adds operations; build.c calls them in the order in which the
 * operations will be done. Planners that can refuse return 0 or < 0 with an error set, the others are void.
 */
#ifndef HUSK_PLAN_PLANNER_H
#define HUSK_PLAN_PLANNER_H

#include <stdbool.h>
#include <plan/builder.h>
#include <plan/plan.h>

struct planner {
	const struct plan_create_input *create; /* NULL in a plan for exec */
	const struct plan_exec_input *exec; /* NULL in a plan for create */
	const struct oci_spec *spec;
	const struct oci_linux *linux_; /* never NULL */
	const struct oci_process *process;
	const struct plan_host *host;
	const struct log *log;
	const char *id;
	const char *mount_label; /* linux.mountLabel if SELinux can do something with it, or NULL */
	uint64_t ns_new, ns_joined; /* CLONE_NEW* */
	uint32_t uid, gid; /* process.user */
	uint32_t lsm; /* enum plan_lsm_kind: those at work on this host */
	bool cgroup_awaited; /* AWAIT_CGROUP is in the plan */
	struct plan_identity caps; /* process.capabilities: the five sets */
	struct builder b;
};

/* Is there such a namespace besides the runtime's: new or joined? */
static inline bool has_namespace(const struct planner *p, uint64_t flag)
{
	return (p->ns_new | p->ns_joined) & flag;
}

/* A string that says something. */
static inline bool given(const char *s)
{
	return s && *s;
}

/* namespaces.c */
void plan_find_namespaces(struct planner *p);
int plan_check_net_devices(const struct planner *p, struct husk_error **err);
void plan_stage(struct planner *p);
void plan_exec_stage(struct planner *p);
void plan_names(struct planner *p);
void plan_time_offsets(struct planner *p);
void plan_await_cgroup(struct planner *p);

/* ids.c */
int plan_check_ids(struct planner *p, struct husk_error **err);
void plan_become(struct planner *p);
void plan_identity(struct planner *p, const struct plan_identity *caps);

/* mounts.c, cgroup_mounts.c, notify.c */
struct mount_options;
struct mount_item {
	const struct oci_mount *mount;
	size_t index; /* in `mounts` */
	const char *target; /* clean and absolute */
	const struct mount_options *options;
};
int plan_mounts(struct planner *p, struct husk_error **err);
int plan_cgroup_mount(struct planner *p, const struct mount_item *item, struct husk_error **err);
/* The operation for one mount: target, options and pointer are filled in. */
struct plan_op *plan_mount_op(struct planner *p, const struct mount_item *item);
/* Where a bind mount comes from: the path, or a tree that the parent opens. */
void plan_bind_source(struct planner *p, struct plan_op *op, const char *source);
void plan_notify(struct planner *p);

/* rootfs.c */
int plan_root(struct planner *p, struct husk_error **err);
void plan_make_cwd(struct planner *p);
void plan_enter_root(struct planner *p);
int plan_restrict(struct planner *p, struct husk_error **err);

/* devices.c */
void plan_devices(struct planner *p);

/* process.c */
void plan_oom_score(struct planner *p);
int plan_rlimits(struct planner *p, struct husk_error **err);
void plan_keyring(struct planner *p);
void plan_console(struct planner *p);
int plan_personality(struct planner *p, struct husk_error **err);
/* Everything from the limits to execve. */
int plan_tail(struct planner *p, struct husk_error **err);

/* sched.c */
void plan_io_priority(struct planner *p);
/* Before the cgroup of the container (initial) and in it (final); exec only. */
void plan_cpu_affinity_initial(struct planner *p);
void plan_cpu_affinity_final(struct planner *p);
int plan_memory_policy(struct planner *p, struct husk_error **err);
void plan_scheduler(struct planner *p);

/* idmap.c: the user namespace that a mount is to be id-mapped with; *ret stays as it is where it is not to be */
int plan_idmap(struct planner *p, const struct mount_item *item, plan_fd_ref *ret,
	struct husk_error **err);

/* lsm.c: refuses labels that nobody would enforce; the label of a new file system; what the program is confined to */
int plan_check_labels(struct planner *p, struct husk_error **err);
void plan_label(struct planner *p, struct plan_op *op, const char *type);
void plan_lsm(struct planner *p);

/* caps.c: fills the five sets */
int plan_caps(struct planner *p, struct plan_identity *ret, struct husk_error **err);

/* sysctl.c */
int plan_sysctls(struct planner *p, struct husk_error **err);

/* seccomp.c */
int plan_seccomp(struct planner *p, struct husk_error **err);
/* After READY, right before the program? */
bool plan_seccomp_comes_last(const struct planner *p);
/* Adds the capability that the filter will need, if it comes last all the same. */
void plan_seccomp_keep_right(const struct planner *p, struct plan_identity *caps);

/* hooks.c */
int plan_create_hooks(struct planner *p, struct husk_error **err);
int plan_start_hooks(struct planner *p, struct husk_error **err);

/* rdt.c: what of intelRdt can be wrong on every host; the rest is done by the runtime (rdt/) */
int plan_check_rdt(struct planner *p, struct husk_error **err);

#endif
