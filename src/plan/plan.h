/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Planners: OCI configuration in, flat plan (wire/plan.h) out. Pure: they read nothing but their input and change
 * nothing; whatever of the host matters is in struct plan_host. The same input gives the same bytes.
 */
#ifndef HUSK_PLAN_PLAN_H
#define HUSK_PLAN_PLAN_H

#include <stdbool.h>
#include <sys/types.h>
#include <base/error.h>
#include <base/log.h>
#include <base/str.h>
#include <kern/cgroupfs.h>
#include <oci/spec.h>
#include <wire/plan.h>

/* What planners may know of the machine; collected by core/host.c, made up by tests. */
struct plan_host {
	uid_t euid;
	gid_t egid;
	bool in_user_namespace; /* of the runtime: device nodes can only be bound */
	bool rootless; /* the runtime may not manage the host's cgroups */
	uint64_t known_capabilities; /* bit set of the capabilities this kernel has */
	struct cgroup_layout cgroups;
	/* mount options are checked against the kernel: open_tree_attr etc. come later */
};

/*
 * Where compiled profiles come from, if not straight from plan_seccomp_filter(): the same contract. What it looks up
 * elsewhere must be what that function would say.
 */
struct plan_seccomp_source {
	int (*get)(void *data, const struct oci_seccomp *profile, const struct log *log, void **ret,
		size_t *ret_size, struct husk_error **err);
	void *data;
};
/* Has the profile SCMP_ACT_NOTIFY, so that its filter has a listener? NULL has not. */
bool plan_seccomp_notifies(const struct oci_seccomp *profile);
/* SECCOMP_FILTER_FLAG_* to install its filter with, without that for the listener. */
uint32_t plan_seccomp_flags(const struct oci_seccomp *profile);

struct plan_create_input {
	const struct oci_spec *spec; /* parsed and checked (oci/check.h) */
	const char *id;
	const char *bundle; /* absolute; root.path is relative to it */
	const struct plan_host *host;
	const struct cgroup_dirs *cgroups;
	const struct log *log; /* warnings for what the spec lets us ignore */
	const struct plan_seccomp_source *seccomp; /* NULL: compile */
	const char *
		notify_socket; /* host path of the sd_notify(3) socket, bound at /run/notify/notify.sock; NULL: none */
	uint32_t
		lsm; /* enum plan_lsm_kind: at work on this host, if the configuration has a label for it */
	bool gate; /* create: wait for start; else run */
	bool no_pivot, no_new_keyring;
	int preserve_fds; /* LISTEN_FDS included */
	int listen_fds; /* > 0: LISTEN_FDS=n and LISTEN_PID=1 are added to the environment */
};

struct plan_exec_input {
	const struct oci_spec *spec; /* as saved at create: namespaces, root, user namespace */
	const struct oci_process *process; /* what to run */
	const struct plan_host *host;
	const struct log *log;
	const struct plan_seccomp_source *seccomp; /* NULL: compile */
	const char *id;
	uint32_t lsm;
	bool no_new_keyring;
	int preserve_fds, listen_fds;
};

/* One block from malloc; bytes are the whole plan and pass plan_check(). */
struct plan {
	struct plan_header *header;
	size_t size;
};

/* Compile. On success the caller frees *ret with plan_done(). Errors name the JSON Pointer. */
int plan_create(const struct plan_create_input *in, struct plan *ret, struct husk_error **err);
int plan_exec(const struct plan_exec_input *in, struct plan *ret, struct husk_error **err);
void plan_done(struct plan *plan);

/* What `husk plan` shows besides the operations. */
struct plan_dump_extra {
	const char *id, *bundle, *rootfs;
	const struct oci_linux *linux_; /* id maps; may be NULL */
	const struct cgroup_dirs *cgroups;
	const struct oci_hooks *hooks; /* those that run after the plan; may be NULL */
};
/* The plan as text for people, one numbered line per operation; flags in words. 0 or -ENOMEM. */
int plan_dump(
	const struct plan_header *plan, const struct plan_dump_extra *extra, struct strbuf *out);

#endif
