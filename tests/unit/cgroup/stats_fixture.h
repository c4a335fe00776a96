/* SPDX-License-Identifier: Apache-2.0 */
/* Made-up cgroup trees in a temporary directory, with every file that statistics come from. */
#ifndef HUSK_TESTS_CGROUP_STATS_FIXTURE_H
#define HUSK_TESTS_CGROUP_STATS_FIXTURE_H

#include <base/fd.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/path.h>
#include <base/str.h>
#include <base/text.h>
#include <cgroup/stats.h>

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

struct file {
	const char *dir, *name, *text;
};

static struct tree {
	char root[32];
	struct cgroup_dir dirs[16];
	struct cgroup_dirs list;
	struct arena arena;
	struct husk_stats stats;
	char *hugepages;
} t;

__attribute__((unused)) static int make_tree(void **state)
{
	(void)state;
	t = (struct tree){.root = "/tmp/husk-stats-XXXXXX", .list.v = t.dirs};
	assert_non_null(mkdtemp(t.root));
	t.hugepages = path_join(t.root, "hugepages");
	return 0;
}

__attribute__((unused)) static int remove_one(
	const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

__attribute__((unused)) static int remove_tree(void **state)
{
	(void)state;
	for (size_t i = 0; i < t.list.n; i++) {
		free(t.dirs[i].controllers);
		free(t.dirs[i].mount_point);
		free(t.dirs[i].path);
	}
	arena_done(&t.arena);
	free(t.hugepages);
	return nftw(t.root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* A hierarchy; "" is cgroup2. Its directory is ROOT/NAME/c. */
__attribute__((unused)) static void add_dir(const char *controllers)
{
	struct cgroup_dir *d = &t.dirs[t.list.n++];
	const char *name = *controllers ? controllers : "unified";
	auto_free char *dir = NULL;

	d->controllers = strdup(controllers);
	d->mount_point = path_join(t.root, name);
	d->path = strdup("/c");
	d->v2 = !*controllers;
	dir = str_printf("%s/c", d->mount_point);
	assert_int_equal(mkdir(d->mount_point, 0755), 0);
	assert_int_equal(mkdir(dir, 0755), 0);
}

__attribute__((unused)) static void put(const char *dir, const char *name, const char *text)
{
	auto_free char *path = str_printf("%s/%s/c/%s", t.root, dir, name);

	assert_int_equal(io_replace_at(AT_FDCWD, path, text, strlen(text), 0644), 0);
}

__attribute__((unused)) static void put_all(const struct file *files)
{
	for (; files->dir; files++)
		put(files->dir, files->name, files->text);
}

__attribute__((unused)) static void make_hugepages(void)
{
	static const char *const sizes[] = {"hugepages-2048kB", "hugepages-1048576kB",
		"hugepages-64kB", "hugepages-x", "other"};

	assert_int_equal(mkdir(t.hugepages, 0755), 0);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		auto_free char *path = path_join(t.hugepages, sizes[i]);

		assert_int_equal(mkdir(path, 0755), 0);
	}
}

__attribute__((unused)) static const struct husk_stats *look(unsigned int parts)
{
	struct husk_error *err = NULL;
	const struct log log = {};
	struct cgroup_stats_context c = {&t.list, &log, &t.arena, t.hugepages};

	arena_done(&t.arena);
	t.stats = (struct husk_stats){};
	if (cgroup_stats(&c, parts, &t.stats, &err) < 0)
		fail_msg("%s", husk_error_message(err));
	return &t.stats;
}

__attribute__((unused)) static void assert_value(struct husk_value v, uint64_t expected)
{
	assert_int_equal(v.set, 1);
	assert_int_equal(v.value, expected);
}

__attribute__((unused)) static void assert_absent(struct husk_value v)
{
	assert_int_equal(v.set, 0);
	assert_int_equal(v.value, 0);
}

__attribute__((unused)) static void assert_counter(const struct husk_memory_counter *c,
	uint64_t usage, uint64_t max, uint64_t failed, uint64_t limit)
{
	assert_value(c->usage, usage);
	assert_value(c->max_usage, max);
	assert_value(c->fail_count, failed);
	assert_value(c->limit, limit);
}

__attribute__((unused)) static void assert_entry(const struct husk_io_list *list, size_t i,
	unsigned int major, unsigned int minor, const char *operation, uint64_t value)
{
	assert_true(i < list->count);
	assert_int_equal(list->entries[i].major, major);
	assert_int_equal(list->entries[i].minor, minor);
	assert_string_equal(list->entries[i].operation, operation);
	assert_int_equal(list->entries[i].value, value);
}

/* clang-format off */
__attribute__((unused)) static const struct file v1_files[] = {
	{"cpu,cpuacct", "cpuacct.usage", "123456789\n"},
	{"cpu,cpuacct", "cpuacct.stat", "user 5\nsystem 7\n"},
	{"cpu,cpuacct", "cpuacct.usage_percpu", "100 200 300 \n"},
	{"cpu,cpuacct", "cpuacct.usage_all", "cpu user system\n0 1 2\n1 3 4\n2 5 6\n"},
	{"cpu,cpuacct", "cpu.stat", "nr_periods 11\nnr_throttled 12\nthrottled_time 13\nnr_bursts 14\nburst_time 15\n"},
	{"cpuset", "cpuset.cpus", "0-2,7\n"},
	{"cpuset", "cpuset.mems", "0,3\n"},
	{"cpuset", "cpuset.cpu_exclusive", "1\n"},
	{"cpuset", "cpuset.mem_exclusive", "0\n"},
	{"cpuset", "cpuset.mem_hardwall", "1\n"},
	{"cpuset", "cpuset.memory_migrate", "1\n"},
	{"cpuset", "cpuset.memory_spread_page", "0\n"},
	{"cpuset", "cpuset.memory_spread_slab", "1\n"},
	{"cpuset", "cpuset.memory_pressure", "42\n"},
	{"cpuset", "cpuset.sched_load_balance", "1\n"},
	{"cpuset", "cpuset.sched_relax_domain_level", "-1\n"},
	{"memory", "memory.usage_in_bytes", "1\n"},
	{"memory", "memory.max_usage_in_bytes", "2\n"},
	{"memory", "memory.failcnt", "3\n"},
	{"memory", "memory.limit_in_bytes", "9223372036854771712\n"},
	{"memory", "memory.memsw.usage_in_bytes", "5\n"},
	{"memory", "memory.memsw.max_usage_in_bytes", "6\n"},
	{"memory", "memory.memsw.failcnt", "7\n"},
	{"memory", "memory.memsw.limit_in_bytes", "8\n"},
	{"memory", "memory.kmem.usage_in_bytes", "9\n"},
	{"memory", "memory.kmem.max_usage_in_bytes", "10\n"},
	{"memory", "memory.kmem.failcnt", "11\n"},
	{"memory", "memory.kmem.limit_in_bytes", "12\n"},
	{"memory", "memory.kmem.tcp.usage_in_bytes", "13\n"},
	{"memory", "memory.kmem.tcp.max_usage_in_bytes", "14\n"},
	{"memory", "memory.kmem.tcp.failcnt", "15\n"},
	{"memory", "memory.kmem.tcp.limit_in_bytes", "16\n"},
	{"memory", "memory.use_hierarchy", "1\n"},
	{"memory", "memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 17\n"},
	{"memory", "memory.stat", "cache 4096\nrss 8192\ntotal_cache 5000\n"},
	{"memory", "memory.numa_stat", "total=15 N0=12 N1=3\nfile=5 N0=5 N1=0\nanon=9 N0=6 N1=3\nunevictable=1 N0=1 N1=0\n"
		"hierarchical_total=25 N0=20 N1=5\nhierarchical_file=6 N0=6 N1=0\nhierarchical_anon=18 N0=13 N1=5\n"
		"hierarchical_unevictable=1 N0=1 N1=0\n"},
	{"pids", "pids.current", "3\n"},
	{"pids", "pids.max", "max\n"},
	{"pids", "pids.events", "max 4\n"},
	{"blkio", "blkio.bfq.io_service_bytes_recursive", "Total 0\n"},
	{"blkio", "blkio.throttle.io_service_bytes_recursive", "8:16 Read 100\n8:16 Write 200\n8:16 Total 300\nTotal 300\n"},
	{"blkio", "blkio.bfq.io_serviced_recursive", "8:16 Read 1\n8:16 Write 2\nTotal 3\n"},
	{"blkio", "blkio.throttle.io_serviced_recursive", "8:16 Read 7\n"},
	{"blkio", "blkio.io_queued_recursive", "8:0 Read 4\n"},
	{"blkio", "blkio.io_service_time_recursive", "8:0 Read 5\n"},
	{"blkio", "blkio.bfq.io_wait_time_recursive", "8:0 Read 6\n"},
	{"blkio", "blkio.io_merged_recursive", "8:0 Read 7\n"},
	{"blkio", "blkio.time_recursive", "8:0 8\n"},
	{"blkio", "blkio.sectors_recursive", "8:0 9\n253:3 10\n"},
	{"hugetlb", "hugetlb.2MB.usage_in_bytes", "2097152\n"},
	{"hugetlb", "hugetlb.2MB.max_usage_in_bytes", "4194304\n"},
	{"hugetlb", "hugetlb.2MB.failcnt", "1\n"},
	{"hugetlb", "hugetlb.2MB.limit_in_bytes", "8388608\n"},
	{"hugetlb", "hugetlb.2MB.rsvd.usage_in_bytes", "5\n"},
	{"hugetlb", "hugetlb.2MB.rsvd.max_usage_in_bytes", "6\n"},
	{"hugetlb", "hugetlb.2MB.rsvd.failcnt", "7\n"},
	{"hugetlb", "hugetlb.2MB.rsvd.limit_in_bytes", "8\n"},
	{"hugetlb", "hugetlb.1GB.usage_in_bytes", "0\n"},
	{"rdma", "rdma.current", "mlx4_0 hca_handle=2 hca_object=2000\nocrdma1 hca_handle=3 hca_object=max\n"},
	{"rdma", "rdma.max", "mlx4_0 hca_handle=4 hca_object=max\n"},
	{"misc", "misc.current", "res_a 3\nres_b 0\n"},
	{"misc", "misc.max", "res_a max\nres_b 4\n"},
	{"misc", "misc.peak", "res_a 10\nres_b 11\n"},
	{"misc", "misc.events", "res_a.max 7\nres_b.max 0\n"},
	{},
};
/* clang-format on */

__attribute__((unused)) static void make_v1(void)
{
	static const char *const hierarchies[] = {"cpu,cpuacct", "cpuset", "memory", "pids",
		"blkio", "hugetlb", "rdma", "misc", "name=systemd"};

	for (size_t i = 0; i < ARRAY_LEN(hierarchies); i++)
		add_dir(hierarchies[i]);
	put_all(v1_files);
	make_hugepages();
}

#define PRESSURE                                                                                 \
	"some avg10=1.23 avg60=45.60 avg300=100.00 total=987654321\nfull avg10=0.00 avg60=0.07 " \
	"avg300=0.00 total=5\n"

/* clang-format off */
__attribute__((unused)) static const struct file v2_files[] = {
	{"unified", "cpu.stat", "usage_usec 10\nuser_usec 6\nsystem_usec 4\nnice_usec 0\ncore_sched.force_idle_usec 0\n"
		"nr_periods 1\nnr_throttled 2\nthrottled_usec 3\nnr_bursts 4\nburst_usec 5\n"},
	{"unified", "cpu.pressure", PRESSURE},
	{"unified", "cpuset.cpus.effective", "0-3\n"},
	{"unified", "cpuset.mems.effective", "0\n"},
	{"unified", "memory.current", "1000\n"},
	{"unified", "memory.peak", "2000\n"},
	{"unified", "memory.max", "3000\n"},
	{"unified", "memory.swap.current", "10\n"},
	{"unified", "memory.swap.peak", "20\n"},
	{"unified", "memory.swap.max", "30\n"},
	{"unified", "memory.swap.events", "high 0\nmax 1\nfail 2\n"},
	{"unified", "memory.zswap.current", "7\n"},
	{"unified", "memory.zswap.max", "max\n"},
	{"unified", "memory.events", "low 1\nhigh 2\nmax 3\noom 4\noom_kill 5\noom_group_kill 6\n"},
	{"unified", "memory.stat", "anon 111\nfile 222\nkernel 333\nsock 4\n"},
	{"unified", "memory.numa_stat", "anon N0=4096 N1=8192\nfile N0=40960 N1=0\nkernel_stack N0=1 N1=2\nunevictable N0=0 N1=4096\n"},
	{"unified", "memory.pressure", PRESSURE},
	{"unified", "pids.current", "5\n"},
	{"unified", "pids.max", "100\n"},
	{"unified", "pids.peak", "9\n"},
	{"unified", "pids.events", "max 1\n"},
	{"unified", "io.stat", "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6 cost.vrate=100.00 cost.usage=7 cost.wait=8 "
		"cost.indebt=9 cost.indelay=10 use_delay=1\n7:0 \n253:1 rbytes=11 wbytes=12 rios=13 wios=14 dbytes=15 dios=16\n"},
	{"unified", "io.pressure", PRESSURE},
	{"unified", "hugetlb.2MB.current", "4194304\n"},
	{"unified", "hugetlb.2MB.max", "max\n"},
	{"unified", "hugetlb.2MB.events", "max 3\n"},
	{"unified", "hugetlb.2MB.rsvd.current", "2097152\n"},
	{"unified", "hugetlb.2MB.rsvd.max", "6291456\n"},
	{"unified", "rdma.current", "mlx4_0 hca_handle=2 hca_object=2000\nocrdma1 hca_handle=3 hca_object=max\n"},
	{"unified", "rdma.max", "mlx4_0 hca_handle=4 hca_object=max\n"},
	{"unified", "misc.current", "res_a 3\nres_b 0\n"},
	{"unified", "misc.max", "res_a max\nres_b 4\n"},
	{"unified", "misc.peak", "res_a 10\nres_b 11\n"},
	{"unified", "misc.events", "res_a.max 7\nres_b.max 0\n"},
	{},
};
/* clang-format on */

__attribute__((unused)) static void make_v2(void)
{
	add_dir("");
	put_all(v2_files);
	make_hugepages();
}

__attribute__((unused)) static void check_named(
	const struct husk_rdma_stats *rdma, const struct husk_misc_stats *misc)
{
	assert_int_equal(rdma->current_count, 2);
	assert_string_equal(rdma->current[1].device, "ocrdma1");
	assert_value(rdma->current[1].hca_handles, 3);
	assert_value(rdma->current[1].hca_objects, HUSK_UNLIMITED);
	assert_int_equal(rdma->limit_count, 1);
	assert_value(rdma->limit[0].hca_handles, 4);
	assert_int_equal(misc->count, 2);
	assert_string_equal(misc->entries[1].resource, "res_b");
	assert_value(misc->entries[0].usage, 3);
	assert_value(misc->entries[0].limit, HUSK_UNLIMITED);
	assert_value(misc->entries[0].peak, 10);
	assert_value(misc->entries[0].events, 7);
	assert_value(misc->entries[1].limit, 4);
	assert_value(misc->entries[1].events, 0);
}

#endif
