/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container uses, read from its cgroups - v1, v2 or both, each controller where the container has it - from
 * its network namespace and its resctrl group. One call reads it all in one pass, and only what is asked for.
 *
 * What this kernel or this container does not have is absent: a group is NULL, a value is not set, a list has no
 * elements. 0 is always a number that was read. Groups begin with their size and may grow at their end in later
 * versions; struct husk_value, the elements of lists and the structs inside of groups do not.
 */
#ifndef HUSK_STATS_H
#define HUSK_STATS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <husk/container.h>
#include <husk/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What to read. Since 0.1. */
enum husk_stats_part {
	HUSK_STATS_CPU = 1 << 0,
	HUSK_STATS_CPUSET = 1 << 1,
	HUSK_STATS_MEMORY = 1 << 2,
	HUSK_STATS_NUMA = 1 << 3, /* memory by node; only together with MEMORY */
	HUSK_STATS_PIDS = 1 << 4,
	HUSK_STATS_IO = 1 << 5,
	HUSK_STATS_HUGETLB = 1 << 6,
	HUSK_STATS_RDMA = 1 << 7,
	HUSK_STATS_MISC = 1 << 8,
	HUSK_STATS_NETWORK = 1 << 9,
	HUSK_STATS_RDT = 1 << 10,
	HUSK_STATS_ALL = (1 << 11) - 1
};

/* The value of a limit that is none, where the kernel says "max" (v2). Since 0.1. */
#define HUSK_UNLIMITED UINT64_MAX

/* A number, if it is there. Since 0.1. */
struct husk_value {
	int set;
	uint64_t value;
};

/* Since 0.1. */
struct husk_named_value {
	const char *name;
	uint64_t value;
};

/* A line of pressure stall information; averages in hundredths of a percent, total in microseconds. Since 0.1. */
struct husk_pressure_line {
	int set;
	unsigned int avg10, avg60, avg300;
	uint64_t total;
};
/* Since 0.1. */
struct husk_pressure {
	struct husk_pressure_line some, full;
};

/* Times in nanoseconds. Since 0.1. */
struct husk_cpu_stats {
	size_t size;
	struct husk_value total, kernel, user;
	size_t percpu_count, percpu_kernel_count, percpu_user_count; /* v1 only */
	const uint64_t *percpu, *percpu_kernel, *percpu_user;
	struct husk_value periods, throttled_periods, throttled_time;
	struct husk_value burst_periods, burst_time;
	struct husk_pressure pressure;
};

/* CPUs and nodes: on v1 those configured, on v2 those effective. All but them: v1 only. Since 0.1. */
struct husk_cpuset_stats {
	size_t size;
	size_t cpu_count, mem_count;
	const unsigned int *cpus, *mems;
	struct husk_value cpu_exclusive, mem_exclusive, mem_hardwall;
	struct husk_value memory_migrate, memory_spread_page, memory_spread_slab, memory_pressure;
	struct husk_value sched_load_balance;
	struct husk_value sched_relax_domain_level; /* an int64_t: -1 is "as the system has it" */
};

/* In bytes. Since 0.1. */
struct husk_memory_counter {
	struct husk_value usage, max_usage, fail_count, limit;
};

/* Since 0.1. */
struct husk_numa_node {
	unsigned int node;
	uint64_t pages;
};
/* Since 0.1. */
struct husk_numa_pages {
	struct husk_value total; /* pages */
	size_t node_count;
	const struct husk_numa_node *nodes;
};
/* Since 0.1. */
struct husk_numa_stats {
	struct husk_numa_pages total, file, anon, unevictable;
};

/* How often it happened. v1 has oom_kill alone. Since 0.1. */
struct husk_memory_events {
	struct husk_value low, high, max, oom, oom_kill, oom_group_kill;
};

/* Since 0.1. */
struct husk_memory_stats {
	size_t size;
	struct husk_memory_counter usage;
	struct husk_memory_counter swap; /* memory and swap, on v2 too */
	struct husk_memory_counter swap_only; /* v2 */
	struct husk_memory_counter kernel, kernel_tcp;
	struct husk_memory_counter zswap; /* v2: usage and limit */
	struct husk_value cache; /* bytes */
	struct husk_value use_hierarchy; /* 0 or 1 */
	struct husk_memory_events events;
	struct husk_numa_stats numa, numa_hierarchical; /* on v2 both are the same */
	size_t raw_count;
	const struct husk_named_value *raw; /* memory.stat as it is */
	struct husk_pressure pressure;
};

/* Since 0.1. */
struct husk_pids_stats {
	size_t size;
	struct husk_value current, limit;
	struct husk_value peak;
	struct husk_value max_events; /* how often the limit was hit */
};

/* Since 0.1. */
struct husk_io_entry {
	unsigned int major, minor;
	const char *operation; /* "Read", "Write", "Discard", "Total"...; "" where there is none */
	uint64_t value;
};
/* Since 0.1. */
struct husk_io_list {
	size_t count;
	const struct husk_io_entry *entries;
};
/* Since 0.1. */
struct husk_io_stats {
	size_t size;
	struct husk_io_list service_bytes, serviced, queued, service_time, wait_time, merged, time,
		sectors;
	struct husk_io_list cost_usage, cost_wait, cost_indebt, cost_indelay; /* v2, microseconds */
	struct husk_pressure pressure;
};

/* Of one page size. Since 0.1. */
struct husk_hugetlb_entry {
	const char *page_size; /* "2MB" */
	struct husk_memory_counter usage,
		reserved; /* on v2 fail_count is `max` of hugetlb.SIZE.events */
};
/* Since 0.1. */
struct husk_hugetlb_stats {
	size_t size;
	size_t count;
	const struct husk_hugetlb_entry *entries;
};

/* Since 0.1. */
struct husk_rdma_entry {
	const char *device;
	struct husk_value hca_handles, hca_objects;
};
/* Since 0.1. */
struct husk_rdma_stats {
	size_t size;
	size_t current_count, limit_count;
	const struct husk_rdma_entry *current, *limit;
};

/* Since 0.1. */
struct husk_misc_entry {
	const char *resource;
	struct husk_value usage, peak, limit, events; /* events: how often the limit was hit */
};
/* Since 0.1. */
struct husk_misc_stats {
	size_t size;
	size_t count;
	const struct husk_misc_entry *entries;
};

/* Since 0.1. */
struct husk_network_interface {
	const char *name;
	uint64_t rx_bytes, rx_packets, rx_errors, rx_dropped;
	uint64_t tx_bytes, tx_packets, tx_errors, tx_dropped;
};
/* Absent when the network namespace is that of the calling process: then the numbers are not the container's. Since 0.1. */
struct husk_network_stats {
	size_t size;
	size_t count;
	const struct husk_network_interface *interfaces;
};

/* Counters of one cache or memory domain. Since 0.1. */
struct husk_rdt_domain {
	unsigned int domain;
	struct husk_value llc_occupancy, mbm_total_bytes, mbm_local_bytes;
};
/* Absent when the container has no resctrl group. Strings that are not there are NULL. Since 0.1. */
struct husk_rdt_stats {
	size_t size;
	const char *l3_cbm_mask;
	struct husk_value l3_min_cbm_bits, l3_num_closids;
	struct husk_value mb_bandwidth_gran, mb_delay_linear, mb_min_bandwidth, mb_num_closids;
	const char *l3_schema_root, *l3_schema, *mb_schema_root, *mb_schema;
	size_t schemata_count;
	const char *const *schemata; /* the lines of the group's schemata */
	size_t domain_count;
	const struct husk_rdt_domain *domains;
};

/* Since 0.1. */
struct husk_stats {
	size_t size;
	enum husk_status status;
	pid_t pid; /* 0 when stopped */
	uint64_t time; /* CLOCK_MONOTONIC when it was read, in nanoseconds: for rates */
	struct husk_value age; /* of the container's first process, in nanoseconds */
	const struct husk_cpu_stats *cpu;
	const struct husk_cpuset_stats *cpuset;
	const struct husk_memory_stats *memory;
	const struct husk_pids_stats *pids;
	const struct husk_io_stats *io;
	const struct husk_hugetlb_stats *hugetlb;
	const struct husk_rdma_stats *rdma;
	const struct husk_misc_stats *misc;
	const struct husk_network_stats *network;
	const struct husk_rdt_stats *rdt;
};

/*
 * Reads the parts (enum husk_stats_part, or'ed). A container that is not running has whatever its cgroups still say,
 * which may be nothing. The caller frees *ret with husk_stats_free(). Since 0.1.
 */
int husk_container_stats(struct husk_container *container, unsigned int parts,
	struct husk_stats **ret, struct husk_error **err);
/* NULL is allowed. Since 0.1. */
void husk_stats_free(struct husk_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
