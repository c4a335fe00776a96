// SPDX-License-Identifier: Apache-2.0
/* Statistics of cgroup2, alone and beside v1 hierarchies. */
#include "stats_fixture.h"

static void check_pressure(const struct husk_pressure *p)
{
	assert_int_equal(p->some.set, 1);
	assert_int_equal(p->some.avg10, 123);
	assert_int_equal(p->some.avg60, 4560);
	assert_int_equal(p->some.avg300, 10000);
	assert_int_equal(p->some.total, 987654321);
	assert_int_equal(p->full.set, 1);
	assert_int_equal(p->full.avg60, 7);
	assert_int_equal(p->full.total, 5);
}

static void check_v2_cpu(const struct husk_cpu_stats *s)
{
	assert_value(s->total, 10000);
	assert_value(s->user, 6000);
	assert_value(s->kernel, 4000);
	assert_value(s->periods, 1);
	assert_value(s->throttled_periods, 2);
	assert_value(s->throttled_time, 3000);
	assert_value(s->burst_periods, 4);
	assert_value(s->burst_time, 5000);
	assert_int_equal(s->percpu_count, 0);
	check_pressure(&s->pressure);
}

static void check_v2_memory(const struct husk_memory_stats *s)
{
	assert_value(s->usage.usage, 1000);
	assert_value(s->usage.max_usage, 2000);
	assert_absent(s->usage.fail_count);
	assert_value(s->usage.limit, 3000);
	assert_counter(&s->swap_only, 10, 20, 2, 30);
	assert_value(s->swap.usage, 1010);
	assert_value(s->swap.limit, 3030);
	assert_absent(s->swap.max_usage);
	assert_value(s->kernel.usage, 333);
	assert_absent(s->kernel_tcp.usage);
	assert_value(s->zswap.usage, 7);
	assert_value(s->zswap.limit, HUSK_UNLIMITED);
	assert_value(s->cache, 222);
	assert_value(s->use_hierarchy, 1);
	assert_value(s->events.low, 1);
	assert_value(s->events.high, 2);
	assert_value(s->events.max, 3);
	assert_value(s->events.oom, 4);
	assert_value(s->events.oom_kill, 5);
	assert_value(s->events.oom_group_kill, 6);
	assert_int_equal(s->raw_count, 4);
	check_pressure(&s->pressure);
}

static void check_v2_io(const struct husk_io_stats *s)
{
	assert_int_equal(s->service_bytes.count, 6);
	assert_entry(&s->service_bytes, 0, 8, 0, "Read", 1);
	assert_entry(&s->service_bytes, 2, 8, 0, "Discard", 5);
	assert_entry(&s->service_bytes, 4, 253, 1, "Write", 12);
	assert_int_equal(s->serviced.count, 6);
	assert_entry(&s->serviced, 5, 253, 1, "Discard", 16);
	assert_int_equal(s->cost_usage.count, 1);
	assert_entry(&s->cost_usage, 0, 8, 0, "", 7);
	assert_entry(&s->cost_wait, 0, 8, 0, "", 8);
	assert_entry(&s->cost_indebt, 0, 8, 0, "", 9);
	assert_entry(&s->cost_indelay, 0, 8, 0, "", 10);
	check_pressure(&s->pressure);
}

static void test_v2(void **state)
{
	const struct husk_stats *s;
	const struct husk_numa_stats *n;

	(void)state;
	make_v2();
	s = look(HUSK_STATS_ALL);
	check_v2_cpu(s->cpu);
	assert_int_equal(s->cpuset->cpu_count, 4);
	assert_int_equal(s->cpuset->mem_count, 1);
	assert_absent(s->cpuset->cpu_exclusive);
	check_v2_memory(s->memory);
	n = &s->memory->numa;
	if (sysconf(_SC_PAGESIZE) == 4096) {
		assert_value(n->anon.total, 3);
		assert_int_equal(n->anon.nodes[1].pages, 2);
		assert_value(n->file.total, 10);
		assert_value(n->total.total, 13);
		assert_int_equal(n->total.nodes[1].pages, 2);
		assert_value(n->unevictable.total, 1);
		assert_value(s->memory->numa_hierarchical.total.total, 13);
	}
	assert_value(s->pids->current, 5);
	assert_value(s->pids->limit, 100);
	assert_value(s->pids->peak, 9);
	assert_value(s->pids->max_events, 1);
	check_v2_io(s->io);
	assert_int_equal(s->hugetlb->count, 1);
	assert_string_equal(s->hugetlb->entries[0].page_size, "2MB");
	assert_value(s->hugetlb->entries[0].usage.usage, 4194304);
	assert_value(s->hugetlb->entries[0].usage.limit, HUSK_UNLIMITED);
	assert_value(s->hugetlb->entries[0].usage.fail_count, 3);
	assert_value(s->hugetlb->entries[0].reserved.usage, 2097152);
	assert_value(s->hugetlb->entries[0].reserved.limit, 6291456);
	check_named(s->rdma, s->misc);
}

static void test_v2_without_limits(void **state)
{
	const struct husk_memory_stats *m;

	(void)state;
	make_v2();
	put("unified", "memory.max", "max\n");
	m = look(HUSK_STATS_MEMORY)->memory;
	assert_value(m->usage.limit, HUSK_UNLIMITED);
	assert_value(m->swap.limit, HUSK_UNLIMITED);
	put("unified", "memory.max", "18446744073709551000\n");
	put("unified", "memory.swap.max", "18446744073709551000\n");
	assert_value(look(HUSK_STATS_MEMORY)->memory->swap.limit, HUSK_UNLIMITED);
}

/* ---- both ---- */

/* Each controller is where the container has it; pressure comes from cgroup2 in any case. */
static void test_hybrid(void **state)
{
	const struct husk_stats *s;

	(void)state;
	add_dir("cpuacct");
	add_dir("memory");
	add_dir("");
	put_all((const struct file[]){
		{"cpuacct", "cpuacct.usage", "42\n"},
		{"memory", "memory.usage_in_bytes", "77\n"},
		{"unified", "cpu.stat", "usage_usec 10\nnr_periods 8\n"},
		{"unified", "cpu.pressure", PRESSURE},
		{"unified", "memory.pressure", PRESSURE},
		{"unified", "io.pressure", PRESSURE},
		{"unified", "pids.current", "6\n"},
		{},
	});
	s = look(HUSK_STATS_ALL);
	assert_value(s->cpu->total, 42); /* not cgroup2's */
	assert_value(s->cpu->periods, 8); /* cpu is no v1 hierarchy here */
	check_pressure(&s->cpu->pressure);
	assert_value(s->memory->usage.usage, 77);
	check_pressure(&s->memory->pressure);
	assert_value(s->pids->current, 6);
	/* nothing but pressure is known of I/O */
	check_pressure(&s->io->pressure);
	assert_int_equal(s->io->service_bytes.count, 0);
	assert_null(s->cpuset);
	assert_null(s->hugetlb);
	assert_null(s->rdma);
	assert_null(s->misc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_v2, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(test_v2_without_limits, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(test_hybrid, make_tree, remove_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
