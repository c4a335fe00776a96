// SPDX-License-Identifier: Apache-2.0
/*
 * The rows of `resources`. A byte limit of -1 means "no limit"; nothing below that has a meaning.
 */
#include <oci/resources.h>
#include <base/attr.h>
#include <base/text.h>

#include <inttypes.h>
#include <string.h>

#include <schema/schema.h>

#define LIMIT RANGE(-1, INT64_MAX)

static int memory_check(const void *object, const struct schema_at *at)
{
	const struct oci_memory *m = object;
	struct schema_at swap = schema_member(at, "swap");

	/* swap counts memory and swap together; 0 counts as unset, as engines send it */
	if (m->limit.value <= 0 || m->swap.value <= 0 || m->swap.value >= m->limit.value)
		return 0;
	return schema_problem(
		&swap, "must not be smaller than limit (%" PRId64 ")", m->limit.value);
}

/* ^[1-9][0-9]*[KMG]B$ */
static bool is_page_size(const char *s)
{
	size_t n = strspn(s, "0123456789");

	return n && *s != '0' && s[n] && strchr("KMG", s[n]) && s[n + 1] == 'B' && !s[n + 2];
}

static bool is_file_name(const char *s)
{
	return *s && !strchr(s, '/') && strcmp(s, ".") && strcmp(s, "..");
}

/* The core's files give orders (cgroup.kill, cgroup.procs), but for these. */
static bool is_limit(const char *file)
{
	static const char *const core[] = {
		"cgroup.max.depth", "cgroup.max.descendants", "cgroup.pressure"};

	if (!text_after(file, "cgroup."))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(core); i++)
		if (text_equal(file, core[i]))
			return true;
	return false;
}

static int resources_check(const void *object, const struct schema_at *at)
{
	const struct oci_resources *r = object;
	struct schema_at unified = schema_member(at, "unified");

	list_for_each (pair, &r->unified) {
		struct schema_at here = schema_member(&unified, pair->name);
		int bad = 0;

		if (!is_file_name(pair->name))
			bad = schema_problem(&here, "'%s' is not a file name", pair->name);
		else if (!is_limit(pair->name))
			bad = schema_problem(
				&here, "'%s' is no limit, but controls the cgroup", pair->name);
		if (bad < 0)
			return bad;
	}
	return 0;
}

/* clang-format off */
#define S struct oci_memory
static const struct schema_field memory_fields[] = {
	I64(S, limit,                "limit", LIMIT),
	I64(S, reservation,          "reservation", LIMIT),
	I64(S, swap,                 "swap", LIMIT),
	I64(S, kernel,               "kernel", LIMIT, DEPRECATED),
	I64(S, kernel_tcp,           "kernelTCP", LIMIT, DEPRECATED),
	U64(S, swappiness,           "swappiness", RANGE(0, 100)),
	BOOL(S, disable_oom_killer,  "disableOOMKiller"),
	BOOL(S, use_hierarchy,       "useHierarchy"),
	BOOL(S, check_before_update, "checkBeforeUpdate"),
	{}
};
const struct schema_type oci_memory_type = TYPE(S, "memory", memory_fields, .check = memory_check);
#undef S

#define CPU_LIST ACCEPT(oci_text_cpu_list, "must be a list like 0-3,7")
#define S struct oci_cpu
static const struct schema_field cpu_fields[] = {
	U64(S, shares,           "shares"),
	I64(S, quota,            "quota"),
	U64(S, burst,            "burst"),
	U64(S, period,           "period"),
	I64(S, realtime_runtime, "realtimeRuntime"),
	U64(S, realtime_period,  "realtimePeriod"),
	STRING(S, cpus,          "cpus", CPU_LIST),
	STRING(S, mems,          "mems", CPU_LIST),
	I64(S, idle,             "idle", RANGE(0, 1)),
	{}
};
static const struct schema_type oci_cpu_type = TYPE(S, "cpu", cpu_fields);
#undef S

#define S struct oci_pids
static const struct schema_field pids_fields[] = {
	I64(S, limit, "limit", REQUIRED),
	{}
};
static const struct schema_type oci_pids_type = TYPE(S, "pids", pids_fields);
#undef S

#define S struct oci_hugepage_limit
static const struct schema_field hugepage_limit_fields[] = {
	STRING(S, page_size, "pageSize", ACCEPT(is_page_size, "must be a page size like 2MB"), REQUIRED),
	U64(S, limit,        "limit", REQUIRED),
	{}
};
static const struct schema_type oci_hugepage_limit_type =
	TYPE(S, "hugepage limit", hugepage_limit_fields);
#undef S

#define S struct oci_interface_priority
static const struct schema_field interface_priority_fields[] = {
	STRING(S, name,  "name", REQUIRED),
	U64(S, priority, "priority", RANGE(0, UINT32_MAX), REQUIRED),
	{}
};
static const struct schema_type oci_interface_priority_type =
	TYPE(S, "interface priority", interface_priority_fields);
#undef S

#define S struct oci_network
static const struct schema_field network_fields[] = {
	U64(S, class_id,    "classID", RANGE(0, UINT32_MAX)),
	LIST(S, priorities, "priorities", oci_interface_priority),
	{}
};
static const struct schema_type oci_network_type = TYPE(S, "network", network_fields);
#undef S

#define S struct oci_rdma
static const struct schema_field rdma_fields[] = {
	U64(S, hca_handles, "hcaHandles", RANGE(0, UINT32_MAX)),
	U64(S, hca_objects, "hcaObjects", RANGE(0, UINT32_MAX)),
	{}
};
static const struct schema_type oci_rdma_type = TYPE(S, "rdma", rdma_fields);
#undef S

#define S struct oci_resources
static const struct schema_field resources_fields[] = {
	LIST(S, devices,         "devices", oci_device_rule),
	OBJECT(S, memory,        "memory", oci_memory),
	OBJECT(S, cpu,           "cpu", oci_cpu),
	OBJECT(S, pids,          "pids", oci_pids),
	OBJECT(S, block_io,      "blockIO", oci_block_io),
	LIST(S, hugepage_limits, "hugepageLimits", oci_hugepage_limit),
	OBJECT(S, network,       "network", oci_network),
	MAP(S, rdma,             "rdma", oci_rdma),
	STRING_MAP(S, unified,   "unified"),
	{}
};
const struct schema_type oci_resources_type =
	TYPE(S, "resources", resources_fields, .check = resources_check);
#undef S
/* clang-format on */
