// SPDX-License-Identifier: Apache-2.0
/* Statistics of v1 hierarchies; what is missing, what is garbage, what is huge. */
#include "stats_fixture.h"

static void check_v1_cpu(const struct husk_cpu_stats *s)
{
	assert_int_equal(s->size, sizeof *s);
	assert_value(s->total, 123456789);
	assert_value(s->user, 50000000);
	assert_value(s->kernel, 70000000);
	assert_int_equal(s->percpu_count, 3);
	assert_int_equal(s->percpu[2], 300);
	assert_int_equal(s->percpu_user_count, 3);
	assert_int_equal(s->percpu_kernel_count, 3);
	assert_int_equal(s->percpu_user[1], 3);
	assert_int_equal(s->percpu_kernel[2], 6);
	assert_value(s->periods, 11);
	assert_value(s->throttled_periods, 12);
	assert_value(s->throttled_time, 13);
	assert_value(s->burst_periods, 14);
	assert_value(s->burst_time, 15);
	assert_int_equal(s->pressure.some.set, 0);
}

static void check_v1_cpuset(const struct husk_cpuset_stats *s)
{
	assert_int_equal(s->cpu_count, 4);
	assert_int_equal(s->cpus[2], 2);
	assert_int_equal(s->cpus[3], 7);
	assert_int_equal(s->mem_count, 2);
	assert_int_equal(s->mems[1], 3);
	assert_value(s->cpu_exclusive, 1);
	assert_value(s->mem_exclusive, 0);
	assert_value(s->mem_hardwall, 1);
	assert_value(s->memory_migrate, 1);
	assert_value(s->memory_spread_page, 0);
	assert_value(s->memory_spread_slab, 1);
	assert_value(s->memory_pressure, 42);
	assert_value(s->sched_load_balance, 1);
	assert_value(s->sched_relax_domain_level, UINT64_MAX);
}

static void check_v1_memory(const struct husk_memory_stats *s)
{
	assert_counter(&s->usage, 1, 2, 3, 9223372036854771712U);
	assert_counter(&s->swap, 5, 6, 7, 8);
	assert_counter(&s->kernel, 9, 10, 11, 12);
	assert_counter(&s->kernel_tcp, 13, 14, 15, 16);
	assert_absent(s->swap_only.usage);
	assert_absent(s->zswap.usage);
	assert_value(s->cache, 4096);
	assert_value(s->use_hierarchy, 1);
	assert_value(s->events.oom_kill, 17);
	assert_absent(s->events.oom);
	assert_int_equal(s->raw_count, 3);
	assert_string_equal(s->raw[2].name, "total_cache");
	assert_int_equal(s->raw[2].value, 5000);
	assert_value(s->numa.total.total, 15);
	assert_int_equal(s->numa.total.node_count, 2);
	assert_int_equal(s->numa.total.nodes[1].node, 1);
	assert_int_equal(s->numa.total.nodes[1].pages, 3);
	assert_value(s->numa.file.total, 5);
	assert_value(s->numa.anon.total, 9);
	assert_value(s->numa.unevictable.total, 1);
	assert_value(s->numa_hierarchical.total.total, 25);
	assert_value(s->numa_hierarchical.anon.total, 18);
	assert_int_equal(s->numa_hierarchical.file.nodes[0].pages, 6);
	assert_value(s->numa_hierarchical.unevictable.total, 1);
}

static void check_v1_io(const struct husk_io_stats *s)
{
	assert_int_equal(s->service_bytes.count, 3);
	assert_entry(&s->service_bytes, 1, 8, 16, "Write", 200);
	assert_int_equal(s->serviced.count, 2);
	assert_entry(&s->serviced, 0, 8, 16, "Read", 1);
	assert_entry(&s->queued, 0, 8, 0, "Read", 4);
	assert_entry(&s->service_time, 0, 8, 0, "Read", 5);
	assert_entry(&s->wait_time, 0, 8, 0, "Read", 6);
	assert_entry(&s->merged, 0, 8, 0, "Read", 7);
	assert_entry(&s->time, 0, 8, 0, "", 8);
	assert_entry(&s->sectors, 1, 253, 3, "", 10);
	assert_int_equal(s->cost_usage.count, 0);
}

static void check_v1_hugetlb(const struct husk_hugetlb_stats *s)
{
	bool first = text_equal(s->entries[0].page_size, "2MB");

	assert_int_equal(s->count, 2);
	assert_counter(&s->entries[!first].usage, 2097152, 4194304, 1, 8388608);
	assert_counter(&s->entries[!first].reserved, 5, 6, 7, 8);
	assert_string_equal(s->entries[first].page_size, "1GB");
	assert_value(s->entries[first].usage.usage, 0);
	assert_absent(s->entries[first].usage.limit);
}

static void test_v1(void **state)
{
	const struct husk_stats *s;

	(void)state;
	make_v1();
	s = look(HUSK_STATS_ALL);
	check_v1_cpu(s->cpu);
	check_v1_cpuset(s->cpuset);
	check_v1_memory(s->memory);
	assert_value(s->pids->current, 3);
	assert_value(s->pids->limit, HUSK_UNLIMITED);
	assert_value(s->pids->max_events, 4);
	assert_absent(s->pids->peak);
	check_v1_io(s->io);
	check_v1_hugetlb(s->hugetlb);
	check_named(s->rdma, s->misc);
	assert_null(s->network);
	assert_null(s->rdt);
}

static void test_only_what_is_asked_for(void **state)
{
	const struct husk_stats *s;

	(void)state;
	make_v1();
	s = look(HUSK_STATS_PIDS | HUSK_STATS_MEMORY);
	assert_non_null(s->pids);
	assert_non_null(s->memory);
	assert_absent(s->memory->numa.total.total);
	assert_null(s->cpu);
	assert_null(s->cpuset);
	assert_null(s->io);
	assert_null(s->hugetlb);
	assert_null(s->rdma);
	assert_null(s->misc);
	s = look(0);
	assert_null(s->pids);
}

/* ---- nothing, garbage, much ---- */

static void test_nothing(void **state)
{
	const struct husk_stats *s = look(HUSK_STATS_ALL), empty = {};

	(void)state;
	assert_memory_equal(s, &empty, sizeof empty);
	add_dir("");
	add_dir("memory");
	s = look(HUSK_STATS_ALL);
	assert_memory_equal(s, &empty, sizeof empty);
	t.dirs[1].path[1] = 'x'; /* a directory that is gone */
	s = look(HUSK_STATS_ALL);
	assert_memory_equal(s, &empty, sizeof empty);
}

/* Numbers that are none are absent, and hide nothing else. */
static void test_garbage(void **state)
{
	static const char *const texts[] = {"", "\n", "\n\n\n", "-1\n", "18446744073709551616\n",
		"x\n", "max max\n", " \t \n", "1x\n", "0x10\n", "= : = :\n", "8:0\n",
		"8:0 rbytes\n", "N0=\n", "file N=1\n", "hca_handle\n", "\xff\xfe\n",
		"some avg10=1 avg60=2 avg300=3 total=4\n",
		"some avg10=1.234 avg60=0.00 avg300=0.00 total=x\n", "1 2 3\n",
		"cpu user system\n5 1 2\n", "9-1\n", "0-99999\n", "some\nfull\n", "oom_kill\noom\n",
		"usage_usec 99999999999999999999\n", "usage_usec 18446744073709551615\n"};

	(void)state;
	for (int v2 = 0; v2 < 2; v2++) {
		t.list.n ? (void)0 : make_v1();
		if (v2) {
			remove_tree(NULL);
			make_tree(NULL);
			make_v2();
		}
		for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
			for (const struct file *f = v2 ? v2_files : v1_files; f->dir; f++)
				put(f->dir, f->name, texts[i]);
			const struct husk_stats *s = look(HUSK_STATS_ALL);

			assert_absent(
				s->memory ? s->memory->events.oom_kill : (struct husk_value){});
			if (s->cpu) {
				assert_int_equal(s->cpu->pressure.some.set, 0);
				assert_absent(s->cpu->user);
			}
			assert_int_equal(s->io ? s->io->service_bytes.count : 0, 0);
			if (s->memory)
				assert_true(s->memory->raw_count <= 1);
		}
	}
}

static char *repeat(const char *format, size_t n)
{
	struct strbuf b = {};

	for (size_t i = 0; i < n; i++) {
		auto_free char *number = str_printf("%zu", i);

		for (const char *c = format; *c; c++)
			*c == '#' ? strbuf_add(&b, number) : strbuf_add_char(&b, *c);
	}
	return strbuf_take(&b);
}

/* Many lines are many entries; what is larger than any kernel writes is not read at all. */
static void test_much(void **state)
{
	auto_free char *io =
		repeat("#:1 rbytes=# wbytes=2 rios=3 wios=4 dbytes=5 dios=6 cost.usage=1\n", 5000);
	auto_free char *raw = repeat("name# 17\n", 20000);
	auto_free char *misc = repeat("res# 1\n", 500);
	auto_free char *too_much = repeat("name# 17\n", 100000);
	const struct husk_stats *s;

	(void)state;
	make_v2();
	put("unified", "io.stat", io);
	put("unified", "memory.stat", raw);
	put("unified", "misc.current", misc);
	s = look(HUSK_STATS_ALL);
	assert_int_equal(s->io->service_bytes.count, 15000);
	assert_entry(&s->io->service_bytes, 14997, 4999, 1, "Read", 4999);
	assert_int_equal(s->io->cost_usage.count, 5000);
	assert_int_equal(s->memory->raw_count, 20000);
	assert_string_equal(s->memory->raw[19999].name, "name19999");
	assert_int_equal(s->misc->count, 500);
	put("unified", "memory.stat", too_much);
	s = look(HUSK_STATS_ALL);
	assert_int_equal(s->memory->raw_count, 0);
	assert_value(s->memory->usage.usage, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_v1, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(
			test_only_what_is_asked_for, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(test_nothing, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(test_garbage, make_tree, remove_tree),
		cmocka_unit_test_setup_teardown(test_much, make_tree, remove_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
