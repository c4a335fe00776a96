// SPDX-License-Identifier: Apache-2.0
/*
 * The members are rows, in runc's order. Readers of runc's output take a member that is missing for 0, as runc leaves
 * most of those out that are 0 (OMIT_ZERO), but not all (ALWAYS); what runc does not have is there whenever it was read
 * (IF_SET). A group that the container does not have is an empty object.
 */
#include <cli/stats_json.h>
#include <base/attr.h>

#include <stdio.h>

enum omit { OMIT_ZERO, ALWAYS, IF_SET };

struct json_row {
	const char *key;
	size_t offset; /* of a struct husk_value */
	enum omit omit;
};

#define CPU(member) offsetof(struct husk_cpu_stats, member)
#define CPUSET(member) offsetof(struct husk_cpuset_stats, member)
#define COUNTER(member) offsetof(struct husk_memory_counter, member)
#define EVENTS(member) offsetof(struct husk_memory_events, member)
#define MEMORY(member) offsetof(struct husk_memory_stats, member)
#define PIDS(member) offsetof(struct husk_pids_stats, member)
#define RDT(member) offsetof(struct husk_rdt_stats, member)

/* clang-format off */
static const struct json_row throttling_rows[] = {
	{"periods",		CPU(periods)},
	{"throttledPeriods",	CPU(throttled_periods)},
	{"throttledTime",	CPU(throttled_time)},
	{},
};

static const struct json_row burst_rows[] = {
	{"burstsPeriods",	CPU(burst_periods),	IF_SET},
	{"burstTime",		CPU(burst_time),	IF_SET},
	{},
};

static const struct json_row usage_rows[] = {
	{"kernel",		CPU(kernel),		ALWAYS},
	{"user",		CPU(user),		ALWAYS},
	{},
};

static const struct json_row cpuset_flag_rows[] = {
	{"mem_hardwall",	CPUSET(mem_hardwall),		ALWAYS},
	{"mem_exclusive",	CPUSET(mem_exclusive),		ALWAYS},
	{"memory_migrate",	CPUSET(memory_migrate),		ALWAYS},
	{"memory_spread_page",	CPUSET(memory_spread_page),	ALWAYS},
	{"memory_spread_slab",	CPUSET(memory_spread_slab),	ALWAYS},
	{"memory_pressure",	CPUSET(memory_pressure),	ALWAYS},
	{"sched_load_balance",	CPUSET(sched_load_balance),	ALWAYS},
	{},
};

static const struct json_row counter_rows[] = {
	{"limit",		COUNTER(limit),		ALWAYS},
	{"usage",		COUNTER(usage)},
	{"max",			COUNTER(max_usage)},
	{"failcnt",		COUNTER(fail_count),	ALWAYS},
	{},
};

static const struct json_row memory_event_rows[] = {
	{"low",			EVENTS(low),		IF_SET},
	{"high",		EVENTS(high),		IF_SET},
	{"max",			EVENTS(max),		IF_SET},
	{"oom",			EVENTS(oom),		IF_SET},
	{"oomKill",		EVENTS(oom_kill),	IF_SET},
	{"oomGroupKill",	EVENTS(oom_group_kill),	IF_SET},
	{},
};

static const struct json_row memory_rows[] = {
	{"useHierarchy",	MEMORY(use_hierarchy),	IF_SET},
	{},
};

static const struct json_row pids_rows[] = {
	{"current",		PIDS(current)},
	{"limit",		PIDS(limit)},
	{"peak",		PIDS(peak),		IF_SET},
	{"maxEvents",		PIDS(max_events),	IF_SET},
	{},
};

static const struct json_row l3_rows[] = {
	{"min_cbm_bits",	RDT(l3_min_cbm_bits)},
	{"num_closids",		RDT(l3_num_closids)},
	{},
};

static const struct json_row mb_rows[] = {
	{"bandwidth_gran",	RDT(mb_bandwidth_gran)},
	{"delay_linear",	RDT(mb_delay_linear)},
	{"min_bandwidth",	RDT(mb_min_bandwidth)},
	{"num_closids",		RDT(mb_num_closids)},
	{},
};

struct counter_row {
	const char *key;
	size_t offset; /* of a struct husk_memory_counter */
	bool ours; /* runc has it not */
};

static const struct counter_row memory_counters[] = {
	{"usage",	MEMORY(usage)},
	{"swap",	MEMORY(swap)},
	{"kernel",	MEMORY(kernel)},
	{"kernelTCP",	MEMORY(kernel_tcp)},
	{"swapOnly",	MEMORY(swap_only),	true},
	{"zswap",	MEMORY(zswap),		true},
};

struct io_row {
	const char *key;
	size_t offset; /* of a struct husk_io_list */
};

#define IO(member) offsetof(struct husk_io_stats, member)
static const struct io_row io_rows[] = {
	{"ioServiceBytesRecursive",	IO(service_bytes)},
	{"ioServicedRecursive",		IO(serviced)},
	{"ioQueueRecursive",		IO(queued)},
	{"ioServiceTimeRecursive",	IO(service_time)},
	{"ioWaitTimeRecursive",		IO(wait_time)},
	{"ioMergedRecursive",		IO(merged)},
	{"ioTimeRecursive",		IO(time)},
	{"sectorsRecursive",		IO(sectors)},
	{"ioCostUsage",			IO(cost_usage)},
	{"ioCostWait",			IO(cost_wait)},
	{"ioCostIndebt",		IO(cost_indebt)},
	{"ioCostIndelay",		IO(cost_indelay)},
};
/* clang-format on */

/* ---- pieces ---- */

static const void *at(const void *group, size_t offset)
{
	return (const char *)group + offset;
}

static void add_value(struct json_out *j, const char *key, const struct husk_value *v, enum omit o)
{
	if (o == ALWAYS || (v->set && (o == IF_SET || v->value)))
		json_uint(j, key, v->set ? v->value : 0);
}

static void add_rows(struct json_out *j, const struct json_row *rows, const void *group)
{
	for (; rows->key; rows++)
		add_value(j, rows->key, at(group, rows->offset), rows->omit);
}

static void add_object(
	struct json_out *j, const char *key, const struct json_row *rows, const void *group)
{
	json_open(j, key, '{');
	add_rows(j, rows, group);
	json_close(j, '}');
}

static bool is_any_set(const struct json_row *rows, const void *group)
{
	for (; rows->key; rows++)
		if (((const struct husk_value *)at(group, rows->offset))->set)
			return true;
	return false;
}

/* Only if one of them was read. */
static void add_ours(
	struct json_out *j, const char *key, const struct json_row *rows, const void *group)
{
	if (is_any_set(rows, group))
		add_object(j, key, rows, group);
}

static void add_numbers(struct json_out *j, const char *key, const uint64_t *v, size_t n)
{
	if (!n)
		return;
	json_open(j, key, '[');
	for (size_t i = 0; i < n; i++)
		json_uint(j, NULL, v[i]);
	json_close(j, ']');
}

static void add_ids(struct json_out *j, const char *key, const unsigned int *v, size_t n)
{
	if (!n)
		return;
	json_open(j, key, '[');
	for (size_t i = 0; i < n; i++)
		json_uint(j, NULL, v[i]);
	json_close(j, ']');
}

static void add_text(struct json_out *j, const char *key, const char *text)
{
	if (text && *text)
		out_json_string(j, key, text);
}

static void add_pressure_line(
	struct json_out *j, const char *key, const struct husk_pressure_line *p)
{
	if (!p->set)
		return;
	json_open(j, key, '{');
	json_hundredths(j, "avg10", p->avg10);
	json_hundredths(j, "avg60", p->avg60);
	json_hundredths(j, "avg300", p->avg300);
	json_uint(j, "total", p->total);
	json_close(j, '}');
}

static void add_pressure(struct json_out *j, const struct husk_pressure *p)
{
	if (!p->some.set && !p->full.set)
		return;
	json_open(j, "psi", '{');
	add_pressure_line(j, "some", &p->some);
	add_pressure_line(j, "full", &p->full);
	json_close(j, '}');
}

/* ---- groups: what is between their braces ---- */

static void add_cpu(struct json_out *j, const void *group)
{
	const struct husk_cpu_stats *s = group;

	json_open(j, "usage", '{');
	add_value(j, "total", &s->total, OMIT_ZERO);
	add_numbers(j, "percpu", s->percpu, s->percpu_count);
	add_numbers(j, "percpu_kernel", s->percpu_kernel, s->percpu_kernel_count);
	add_numbers(j, "percpu_user", s->percpu_user, s->percpu_user_count);
	add_rows(j, usage_rows, s);
	json_close(j, '}');
	add_object(j, "throttling", throttling_rows, s);
	add_pressure(j, &s->pressure);
	add_ours(j, "burst", burst_rows, s);
}

static void add_cpuset(struct json_out *j, const void *group)
{
	const struct husk_cpuset_stats *s = group;

	add_ids(j, "cpus", s->cpus, s->cpu_count);
	add_value(j, "cpu_exclusive", &s->cpu_exclusive, ALWAYS);
	add_ids(j, "mems", s->mems, s->mem_count);
	add_rows(j, cpuset_flag_rows, s);
	json_int(j, "sched_relax_domain_level", (int64_t)s->sched_relax_domain_level.value);
}

static void add_counter(struct json_out *j, const char *key, const struct husk_memory_counter *c)
{
	add_object(j, key, counter_rows, c);
}

static void add_pages(struct json_out *j, const char *key, const struct husk_numa_pages *p)
{
	if (!p->total.set)
		return;
	json_open(j, key, '{');
	json_uint(j, "total", p->total.value);
	json_open(j, "nodes", '{');
	for (size_t i = 0; i < p->node_count; i++) {
		char name[16];

		(void)snprintf(name, sizeof name, "%u", p->nodes[i].node);
		json_uint(j, name, p->nodes[i].pages);
	}
	json_close(j, '}');
	json_close(j, '}');
}

static void add_numa(struct json_out *j, const struct husk_numa_stats *s)
{
	add_pages(j, "total", &s->total);
	add_pages(j, "file", &s->file);
	add_pages(j, "anon", &s->anon);
	add_pages(j, "unevictable", &s->unevictable);
}

static void add_memory(struct json_out *j, const void *group)
{
	const struct husk_memory_stats *s = group;

	add_value(j, "cache", &s->cache, OMIT_ZERO);
	for (size_t i = 0; i < ARRAY_LEN(memory_counters); i++) {
		const struct counter_row *row = &memory_counters[i];

		if (!row->ours || is_any_set(counter_rows, at(s, row->offset)))
			add_counter(j, row->key, at(s, row->offset));
	}
	if (s->raw_count)
		json_open(j, "raw", '{');
	for (size_t i = 0; i < s->raw_count; i++)
		json_uint(j, s->raw[i].name, s->raw[i].value);
	if (s->raw_count)
		json_close(j, '}');
	add_pressure(j, &s->pressure);
	add_rows(j, memory_rows, s);
	add_ours(j, "events", memory_event_rows, &s->events);
	if (s->numa.total.total.set || s->numa.file.total.set) {
		json_open(j, "pageUsageByNUMA", '{');
		add_numa(j, &s->numa);
		json_open(j, "hierarchical", '{');
		add_numa(j, &s->numa_hierarchical);
		json_close(j, '}');
		json_close(j, '}');
	}
}

/* runc has no limit where there is none. */
static void add_pids(struct json_out *j, const void *group)
{
	struct husk_pids_stats s = *(const struct husk_pids_stats *)group;

	if (s.limit.value == HUSK_UNLIMITED)
		s.limit.set = 0;
	add_rows(j, pids_rows, &s);
}

static void add_io_list(struct json_out *j, const char *key, const struct husk_io_list *list)
{
	if (!list->count)
		return;
	json_open(j, key, '[');
	for (size_t i = 0; i < list->count; i++) {
		const struct husk_io_entry *e = &list->entries[i];

		json_open(j, NULL, '{');
		if (e->major)
			json_uint(j, "major", e->major);
		if (e->minor)
			json_uint(j, "minor", e->minor);
		add_text(j, "op", e->operation);
		if (e->value)
			json_uint(j, "value", e->value);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void add_io(struct json_out *j, const void *group)
{
	const struct husk_io_stats *s = group;

	for (size_t i = 0; i < ARRAY_LEN(io_rows); i++)
		add_io_list(j, io_rows[i].key, at(s, io_rows[i].offset));
	add_pressure(j, &s->pressure);
}

static void add_hugetlb(struct json_out *j, const void *group)
{
	const struct husk_hugetlb_stats *s = group;

	for (size_t i = 0; i < s->count; i++) {
		const struct husk_hugetlb_entry *e = &s->entries[i];

		json_open(j, e->page_size, '{');
		add_value(j, "usage", &e->usage.usage, OMIT_ZERO);
		add_value(j, "max", &e->usage.max_usage, OMIT_ZERO);
		add_value(j, "failcnt", &e->usage.fail_count, ALWAYS);
		add_value(j, "limit", &e->usage.limit, IF_SET);
		if (is_any_set(counter_rows, &e->reserved))
			add_counter(j, "rsvd", &e->reserved);
		json_close(j, '}');
	}
}

static void add_rdt(struct json_out *j, const void *group)
{
	const struct husk_rdt_stats *s = group;

	if (s->l3_cbm_mask || is_any_set(l3_rows, s)) {
		json_open(j, "l3_cache_info", '{');
		add_text(j, "cbm_mask", s->l3_cbm_mask);
		add_rows(j, l3_rows, s);
		json_close(j, '}');
	}
	add_text(j, "l3_cache_schema_root", s->l3_schema_root);
	add_text(j, "l3_cache_schema", s->l3_schema);
	add_ours(j, "mem_bw_info", mb_rows, s);
	add_text(j, "mem_bw_schema_root", s->mb_schema_root);
	add_text(j, "mem_bw_schema", s->mb_schema);
	if (s->schemata_count) {
		json_open(j, "schemata", '[');
		for (size_t i = 0; i < s->schemata_count; i++)
			out_json_string(j, NULL, s->schemata[i]);
		json_close(j, ']');
	}
	if (!s->domain_count)
		return;
	json_open(j, "mbm_stats", '[');
	for (size_t i = 0; i < s->domain_count; i++) {
		json_open(j, NULL, '{');
		add_value(j, "mbm_total_bytes", &s->domains[i].mbm_total_bytes, OMIT_ZERO);
		add_value(j, "mbm_local_bytes", &s->domains[i].mbm_local_bytes, OMIT_ZERO);
		json_close(j, '}');
	}
	json_close(j, ']');
	json_open(j, "cmt_stats", '[');
	for (size_t i = 0; i < s->domain_count; i++) {
		json_open(j, NULL, '{');
		add_value(j, "llc_occupancy", &s->domains[i].llc_occupancy, OMIT_ZERO);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void add_network(struct json_out *j, const struct husk_network_stats *s)
{
	if (!s) {
		json_nothing(j, "network_interfaces");
		return;
	}
	json_open(j, "network_interfaces", '[');
	for (size_t i = 0; i < s->count; i++) {
		const struct husk_network_interface *n = &s->interfaces[i];

		json_open(j, NULL, '{');
		out_json_string(j, "Name", n->name);
		json_uint(j, "RxBytes", n->rx_bytes);
		json_uint(j, "RxPackets", n->rx_packets);
		json_uint(j, "RxErrors", n->rx_errors);
		json_uint(j, "RxDropped", n->rx_dropped);
		json_uint(j, "TxBytes", n->tx_bytes);
		json_uint(j, "TxPackets", n->tx_packets);
		json_uint(j, "TxErrors", n->tx_errors);
		json_uint(j, "TxDropped", n->tx_dropped);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void add_rdma_list(
	struct json_out *j, const char *key, const struct husk_rdma_entry *v, size_t n)
{
	json_open(j, key, '[');
	for (size_t i = 0; i < n; i++) {
		json_open(j, NULL, '{');
		out_json_string(j, "device", v[i].device);
		add_value(j, "hcaHandles", &v[i].hca_handles, IF_SET);
		add_value(j, "hcaObjects", &v[i].hca_objects, IF_SET);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void add_rdma(struct json_out *j, const void *group)
{
	const struct husk_rdma_stats *s = group;

	add_rdma_list(j, "current", s->current, s->current_count);
	add_rdma_list(j, "limit", s->limit, s->limit_count);
}

static void add_misc(struct json_out *j, const void *group)
{
	const struct husk_misc_stats *s = group;

	for (size_t i = 0; i < s->count; i++) {
		const struct husk_misc_entry *e = &s->entries[i];

		json_open(j, e->resource, '{');
		add_value(j, "usage", &e->usage, IF_SET);
		add_value(j, "peak", &e->peak, IF_SET);
		add_value(j, "limit", &e->limit, IF_SET);
		add_value(j, "events", &e->events, IF_SET);
		json_close(j, '}');
	}
}

/* ---- the whole ---- */

static void add_group(struct json_out *j, const char *key, const void *group,
	void (*add)(struct json_out *, const void *))
{
	json_open(j, key, '{');
	if (group)
		add(j, group);
	json_close(j, '}');
}

void stats_json(struct json_out *j, const char *key, const struct husk_stats *s)
{
	json_open(j, key, '{');
	add_group(j, "cpu", s->cpu, add_cpu);
	add_group(j, "cpuset", s->cpuset, add_cpuset);
	add_group(j, "memory", s->memory, add_memory);
	add_group(j, "pids", s->pids, add_pids);
	add_group(j, "blkio", s->io, add_io);
	add_group(j, "hugetlb", s->hugetlb, add_hugetlb);
	add_group(j, "intel_rdt", s->rdt, add_rdt);
	add_network(j, s->network);
	if (s->rdma)
		add_group(j, "rdma", s->rdma, add_rdma);
	if (s->misc)
		add_group(j, "misc", s->misc, add_misc);
	json_close(j, '}');
}
