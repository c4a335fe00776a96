/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The `process` object: what runs, as whom, with which limits. Also the file given to `exec
 * --process`.
 */
#ifndef HUSK_OCI_PROCESS_H
#define HUSK_OCI_PROCESS_H

#include <base/table.h>
#include <oci/types.h>

struct husk_error;

enum oci_ioprio_class {
	OCI_IOPRIO_CLASS_RT = 1, /* the kernel's values */
	OCI_IOPRIO_CLASS_BE = 2,
	OCI_IOPRIO_CLASS_IDLE = 3,
};

enum oci_sched_policy { /* the kernel's values */
	OCI_SCHED_OTHER = 0,
	OCI_SCHED_FIFO = 1,
	OCI_SCHED_RR = 2,
	OCI_SCHED_BATCH = 3,
	OCI_SCHED_ISO = 4,
	OCI_SCHED_IDLE = 5,
	OCI_SCHED_DEADLINE = 6,
};

enum oci_sched_flag { /* the kernel's bits */
	OCI_SCHED_FLAG_RESET_ON_FORK = 0x01,
	OCI_SCHED_FLAG_RECLAIM = 0x02,
	OCI_SCHED_FLAG_DL_OVERRUN = 0x04,
	OCI_SCHED_FLAG_KEEP_POLICY = 0x08,
	OCI_SCHED_FLAG_KEEP_PARAMS = 0x10,
	OCI_SCHED_FLAG_UTIL_CLAMP_MIN = 0x20,
	OCI_SCHED_FLAG_UTIL_CLAMP_MAX = 0x40,
};

extern const struct name_value oci_ioprio_classes[], oci_sched_policies[], oci_sched_flags[];

struct oci_console_size {
	struct opt_u64 height, width;
};

struct oci_user {
	struct opt_u64 uid, gid; /* at most 4294967294 */
	struct opt_u64 umask;
	LIST_OF(uint32_t) additional_gids;
	char *username;
};

/* Names as given ("CAP_CHOWN"); who resolves them decides about unknown ones. */
struct oci_capabilities {
	struct strv bounding, permitted, effective, inheritable, ambient;
};

struct oci_rlimit {
	char *type; /* "RLIMIT_..." */
	struct opt_u64 soft, hard;
};

struct oci_scheduler {
	struct opt_enum policy; /* enum oci_sched_policy */
	struct opt_i64 nice, priority;
	LIST_OF(int) flags; /* enum oci_sched_flag */
	struct opt_u64 runtime, deadline, period;
};

struct oci_io_priority {
	struct opt_enum class; /* enum oci_ioprio_class */
	struct opt_i64 priority;
};

struct oci_exec_cpu_affinity {
	char *initial, *final;
};

struct oci_process {
	struct opt_bool terminal;
	struct oci_console_size *console_size;
	struct oci_user *user;
	struct strv args;
	char *command_line; /* Windows */
	struct strv env;
	char *cwd; /* required, absolute */
	struct oci_capabilities *capabilities;
	LIST_OF(struct oci_rlimit) rlimits;
	struct opt_bool no_new_privileges;
	char *apparmor_profile;
	struct opt_i64 oom_score_adj;
	struct oci_scheduler *scheduler;
	char *selinux_label;
	struct oci_io_priority *io_priority;
	struct oci_exec_cpu_affinity *exec_cpu_affinity;
};

extern const struct schema_type oci_process_type;

int oci_process_parse(const char *json, size_t n, struct oci_process **ret, struct husk_error **err)
	nodiscard;
int oci_process_emit(const struct oci_process *process, int indent, char **ret,
	struct husk_error **err) nodiscard;
void oci_process_free(struct oci_process *process);

#endif
