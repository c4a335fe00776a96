// SPDX-License-Identifier: Apache-2.0
/* The rows of `process`. Ids are 32 bits without 4294967295, which the kernel takes for "no id". */
#include <oci/process.h>

#include <inttypes.h>
#include <string.h>

#include <base/text.h>
#include <schema/schema.h>

/* clang-format off */
const struct name_value oci_ioprio_classes[] = {
	{"IOPRIO_CLASS_RT",   OCI_IOPRIO_CLASS_RT},
	{"IOPRIO_CLASS_BE",   OCI_IOPRIO_CLASS_BE},
	{"IOPRIO_CLASS_IDLE", OCI_IOPRIO_CLASS_IDLE},
	{}
};

const struct name_value oci_sched_policies[] = {
	{"SCHED_OTHER",    OCI_SCHED_OTHER},
	{"SCHED_FIFO",     OCI_SCHED_FIFO},
	{"SCHED_RR",       OCI_SCHED_RR},
	{"SCHED_BATCH",    OCI_SCHED_BATCH},
	{"SCHED_ISO",      OCI_SCHED_ISO},
	{"SCHED_IDLE",     OCI_SCHED_IDLE},
	{"SCHED_DEADLINE", OCI_SCHED_DEADLINE},
	{}
};

const struct name_value oci_sched_flags[] = {
	{"SCHED_FLAG_RESET_ON_FORK",  OCI_SCHED_FLAG_RESET_ON_FORK},
	{"SCHED_FLAG_RECLAIM",        OCI_SCHED_FLAG_RECLAIM},
	{"SCHED_FLAG_DL_OVERRUN",     OCI_SCHED_FLAG_DL_OVERRUN},
	{"SCHED_FLAG_KEEP_POLICY",    OCI_SCHED_FLAG_KEEP_POLICY},
	{"SCHED_FLAG_KEEP_PARAMS",    OCI_SCHED_FLAG_KEEP_PARAMS},
	{"SCHED_FLAG_UTIL_CLAMP_MIN", OCI_SCHED_FLAG_UTIL_CLAMP_MIN},
	{"SCHED_FLAG_UTIL_CLAMP_MAX", OCI_SCHED_FLAG_UTIL_CLAMP_MAX},
	{}
};
/* clang-format on */

#define ID_RANGE RANGE(0, UINT32_MAX - 1)

static bool is_rlimit_name(const char *s)
{
	const char *rest = text_after(s, "RLIMIT_");

	return rest && *rest && !rest[strspn(rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")];
}

static int rlimit_check(const void *object, const struct schema_at *at)
{
	const struct oci_rlimit *l = object;

	if (l->soft.value <= l->hard.value)
		return 0;
	return schema_problem(at, "soft limit %" PRIu64 " is above the hard limit %" PRIu64,
		l->soft.value, l->hard.value);
}

static int duplicate_rlimits(const struct oci_process *p, const struct schema_at *at)
{
	struct schema_at list = schema_member(at, "rlimits");
	int r = 0;

	for (size_t i = 1; r >= 0 && i < p->rlimits.n; i++) {
		struct schema_at item = schema_index(&list, i), type = schema_member(&item, "type");

		for (size_t j = 0; j < i; j++) {
			/* with a sink there may be entries that lack a type */
			if (!p->rlimits.v[i].type || !p->rlimits.v[j].type ||
				!text_equal(p->rlimits.v[i].type, p->rlimits.v[j].type))
				continue;
			r = schema_problem(&type, "'%s' occurs twice", p->rlimits.v[i].type);
			break;
		}
	}
	return r;
}

/* --- the scheduler: what sched_setattr(2) refuses, or would take no notice of */

static bool has_flag(const struct oci_scheduler *s, int wanted)
{
	list_for_each (flag, &s->flags)
		if (*flag == wanted)
			return true;
	return false;
}

static int priority_check(const struct oci_scheduler *s, const struct schema_at *at)
{
	bool realtime = s->policy.value == OCI_SCHED_FIFO || s->policy.value == OCI_SCHED_RR;
	struct schema_at here = schema_member(at, "priority");
	int64_t priority = opt_i64_or(s->priority, 0);

	if (!realtime && priority)
		return schema_problem(&here, "is for SCHED_FIFO and SCHED_RR only");
	if (realtime && !has_flag(s, OCI_SCHED_FLAG_KEEP_PARAMS) && (priority < 1 || priority > 99))
		return schema_problem(&here, "must be between 1 and 99 for %s, is %" PRId64,
			table_name(oci_sched_policies, (uint64_t)s->policy.value, ""), priority);
	return 0;
}

static int nice_check(const struct oci_scheduler *s, const struct schema_at *at)
{
	bool fair = s->policy.value == OCI_SCHED_OTHER || s->policy.value == OCI_SCHED_BATCH;
	struct schema_at here = schema_member(at, "nice");
	int64_t nice = opt_i64_or(s->nice, 0);

	if (nice < -20 || nice > 19)
		return schema_problem(&here, "must be between -20 and 19, is %" PRId64, nice);
	if (nice && !fair)
		return schema_problem(&here, "is for SCHED_OTHER and SCHED_BATCH only");
	return 0;
}

/* What the numbers of SCHED_DEADLINE must be (sched(7)): 1024 <= runtime <= deadline <= period. */
static int deadline_order(const struct oci_scheduler *s, const struct schema_at *at)
{
	uint64_t runtime = opt_u64_or(s->runtime, 0), deadline = opt_u64_or(s->deadline, 0),
		 period = opt_u64_or(s->period, 0);
	struct schema_at at_runtime = schema_member(at, "runtime"),
			 at_deadline = schema_member(at, "deadline"),
			 at_period = schema_member(at, "period");

	if (runtime < 1024)
		return schema_problem(&at_runtime,
			"must be at least 1024 (nanoseconds) for SCHED_DEADLINE, is %" PRIu64,
			runtime);
	if (deadline < runtime || deadline > INT64_MAX)
		return schema_problem(&at_deadline,
			"must be between the runtime (%" PRIu64 ") and %" PRId64 ", is %" PRIu64,
			runtime, INT64_MAX, deadline);
	if (period && (period < deadline || period > INT64_MAX))
		return schema_problem(&at_period,
			"must be 0 or between the deadline (%" PRIu64 ") and %" PRId64
			", is %" PRIu64,
			deadline, INT64_MAX, period);
	return 0;
}

static int deadline_check(const struct oci_scheduler *s, const struct schema_at *at)
{
	const struct {
		const char *name;
		struct opt_u64 value;
	} rows[] = {{"runtime", s->runtime}, {"deadline", s->deadline}, {"period", s->period}};
	int r = 0;

	if (s->policy.value == OCI_SCHED_DEADLINE)
		return has_flag(s, OCI_SCHED_FLAG_KEEP_PARAMS) ? 0 : deadline_order(s, at);
	for (size_t i = 0; r >= 0 && i < ARRAY_LEN(rows); i++) {
		struct schema_at here = schema_member(at, rows[i].name);

		if (opt_u64_or(rows[i].value, 0))
			r = schema_problem(&here, "is for SCHED_DEADLINE only");
	}
	return r;
}

static int scheduler_check(const void *object, const struct schema_at *at)
{
	struct schema_at policy = schema_member(at, "policy");
	const struct oci_scheduler *s = object;
	int r;

	if (!s->policy.set || has_flag(s, OCI_SCHED_FLAG_KEEP_POLICY))
		return 0; /* the numbers belong to the policy that the runtime was started with */
	if (s->policy.value == OCI_SCHED_ISO)
		return schema_problem(&policy, "SCHED_ISO is a name without a scheduler: no Linux "
					       "has it");
	r = priority_check(s, at);
	if (r >= 0)
		r = nice_check(s, at);
	return r < 0 ? r : deadline_check(s, at);
}

static int process_check(const void *object, const struct schema_at *at)
{
	return duplicate_rlimits(object, at);
}

/* clang-format off */
#define S struct oci_console_size
static const struct schema_field console_size_fields[] = {
	U64(S, height, "height", RANGE(0, UINT16_MAX), REQUIRED),
	U64(S, width,  "width",  RANGE(0, UINT16_MAX), REQUIRED),
	{}
};
static const struct schema_type oci_console_size_type =
	TYPE(S, "console size", console_size_fields);
#undef S

#define S struct oci_user
static const struct schema_field user_fields[] = {
	U64(S, uid,              "uid",            ID_RANGE),
	U64(S, gid,              "gid",            ID_RANGE),
	U64(S, umask,            "umask",          RANGE(0, 0777)),
	U32S(S, additional_gids, "additionalGids", ID_RANGE),
	STRING(S, username,      "username"),
	{}
};
static const struct schema_type oci_user_type = TYPE(S, "user", user_fields);
#undef S

#define S struct oci_capabilities
static const struct schema_field capabilities_fields[] = {
	STRV(S, bounding,    "bounding"),
	STRV(S, effective,   "effective"),
	STRV(S, inheritable, "inheritable"),
	STRV(S, permitted,   "permitted"),
	STRV(S, ambient,     "ambient"),
	{}
};
static const struct schema_type oci_capabilities_type =
	TYPE(S, "capabilities", capabilities_fields);
#undef S

#define S struct oci_rlimit
static const struct schema_field rlimit_fields[] = {
	STRING(S, type, "type", ACCEPT(is_rlimit_name, "must be a name like RLIMIT_NOFILE"), REQUIRED),
	U64(S, hard,    "hard", REQUIRED),
	U64(S, soft,    "soft", REQUIRED),
	{}
};
static const struct schema_type oci_rlimit_type =
	TYPE(S, "rlimit", rlimit_fields, .check = rlimit_check);
#undef S

#define S struct oci_scheduler
static const struct schema_field scheduler_fields[] = {
	ENUM(S, policy,  "policy",   oci_sched_policies, REQUIRED),
	I64(S, nice,     "nice",     RANGE(INT32_MIN, INT32_MAX)),
	I64(S, priority, "priority", RANGE(INT32_MIN, INT32_MAX)),
	ENUMS(S, flags,  "flags",    oci_sched_flags),
	U64(S, runtime,  "runtime"),
	U64(S, deadline, "deadline"),
	U64(S, period,   "period"),
	{}
};
static const struct schema_type oci_scheduler_type = 
	TYPE(S, "scheduler", scheduler_fields, .check = scheduler_check);
#undef S

#define S struct oci_io_priority
static const struct schema_field io_priority_fields[] = {
	ENUM(S, class,   "class",    oci_ioprio_classes, REQUIRED),
	I64(S, priority, "priority", RANGE(0, 7)),
	{}
};
static const struct schema_type oci_io_priority_type = TYPE(S, "io priority", io_priority_fields);
#undef S

#define CPU_LIST ACCEPT(oci_text_cpus, "must be a list of CPUs like 0-3,7")
#define S struct oci_exec_cpu_affinity
static const struct schema_field exec_cpu_affinity_fields[] = {
	STRING(S, initial, "initial", CPU_LIST),
	STRING(S, final,   "final",   CPU_LIST),
	{}
};
static const struct schema_type oci_exec_cpu_affinity_type =
	TYPE(S, "CPU affinity", exec_cpu_affinity_fields);
#undef S

#define S struct oci_process
static const struct schema_field process_fields[] = {
	BOOL(S, terminal,            "terminal"),
	OBJECT(S, console_size,      "consoleSize", oci_console_size),
	OBJECT(S, user,              "user", oci_user),
	STRV(S, args,                "args"),
	STRING(S, command_line,      "commandLine"),
	STRV(S, env,                 "env"),
	STRING(S, cwd,               "cwd", ACCEPT(oci_text_absolute, "must be an absolute path"), REQUIRED),
	OBJECT(S, capabilities,      "capabilities", oci_capabilities),
	LIST(S, rlimits,             "rlimits", oci_rlimit),
	BOOL(S, no_new_privileges,   "noNewPrivileges"),
	STRING(S, apparmor_profile,  "apparmorProfile"),
	I64(S, oom_score_adj,        "oomScoreAdj", RANGE(-1000, 1000)),
	OBJECT(S, scheduler,         "scheduler", oci_scheduler),
	STRING(S, selinux_label,     "selinuxLabel"),
	OBJECT(S, io_priority,       "ioPriority", oci_io_priority),
	OBJECT(S, exec_cpu_affinity, "execCPUAffinity", oci_exec_cpu_affinity),
	{}
};
const struct schema_type oci_process_type =
	TYPE(S, "process", process_fields, .check = process_check);
#undef S
/* clang-format on */

int oci_process_parse(const char *json, size_t n, struct oci_process **ret, struct husk_error **err)
{
	void *process;
	int r;

	r = schema_read(&oci_process_type, json, n, &process, err);
	if (r >= 0)
		*ret = process;
	return r;
}

int oci_process_emit(
	const struct oci_process *process, int indent, char **ret, struct husk_error **err)
{
	return schema_write(&oci_process_type, process, indent, ret, err);
}

void oci_process_free(struct oci_process *process)
{
	schema_free(&oci_process_type, process);
}
