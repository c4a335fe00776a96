// SPDX-License-Identifier: Apache-2.0
/* Statistics of a resctrl that is a directory tree. */
#include <base/io.h>
#include <base/mem.h>
#include <base/path.h>
#include <base/str.h>
#include <rdt/rdt.h>

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static char root[32];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int make_root(void **state)
{
	(void)state;
	strcpy(root, "/tmp/husk-rdt-XXXXXX");
	return !mkdtemp(root);
}

static int remove_root(void **state)
{
	(void)state;
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* With all directories above it. */
static void put(const char *name, const char *text)
{
	auto_free char *path = path_join(root, name);

	for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		(void)mkdir(path, 0755);
		*slash = '/';
	}
	assert_int_equal(io_replace_at(AT_FDCWD, path, text, strlen(text), 0644), 0);
}

static void test_all(void **state)
{
	auto_free char *group = str_printf("%s/g", root),
		       *monitor = str_printf("%s/mon_groups/c", group);
	const struct rdt rdt = {.root = root, .group = group, .monitor = monitor};
	struct husk_rdt_stats s = {};
	struct arena a = {};

	(void)state;
	put("info/L3/cbm_mask", "fffff\n");
	put("info/L3/min_cbm_bits", "1\n");
	put("info/L3/num_closids", "16\n");
	put("info/MB/bandwidth_gran", "10\n");
	put("info/MB/delay_linear", "1\n");
	put("info/MB/min_bandwidth", "11\n");
	put("info/MB/num_closids", "8\n");
	put("schemata", "    MB:0=100;1=100\n    L3:0=fffff;1=fffff\n");
	put("g/schemata", "    MB:0=20;1=100\n    L3:0=ff;1=fffff\n");
	put("g/mon_groups/c/mon_data/mon_L3_01/llc_occupancy", "4096\n");
	put("g/mon_groups/c/mon_data/mon_L3_01/mbm_total_bytes", "Unavailable\n");
	put("g/mon_groups/c/mon_data/mon_L3_00/llc_occupancy", "1\n");
	put("g/mon_groups/c/mon_data/mon_L3_00/mbm_total_bytes", "2\n");
	put("g/mon_groups/c/mon_data/mon_L3_00/mbm_local_bytes", "3\n");
	put("g/mon_groups/c/mon_data/other/llc_occupancy", "3\n");
	assert_int_equal(rdt_stats(&rdt, &a, &s), 0);
	assert_string_equal(s.l3_cbm_mask, "fffff");
	assert_int_equal(s.l3_min_cbm_bits.value, 1);
	assert_int_equal(s.l3_num_closids.value, 16);
	assert_int_equal(s.mb_bandwidth_gran.value, 10);
	assert_int_equal(s.mb_delay_linear.value, 1);
	assert_int_equal(s.mb_min_bandwidth.value, 11);
	assert_int_equal(s.mb_num_closids.value, 8);
	assert_string_equal(s.l3_schema_root, "L3:0=fffff;1=fffff");
	assert_string_equal(s.mb_schema_root, "MB:0=100;1=100");
	assert_string_equal(s.l3_schema, "L3:0=ff;1=fffff");
	assert_string_equal(s.mb_schema, "MB:0=20;1=100");
	assert_int_equal(s.schemata_count, 2);
	assert_string_equal(s.schemata[1], "L3:0=ff;1=fffff");
	assert_int_equal(s.domain_count, 2);
	assert_int_equal(s.domains[0].domain, 0);
	assert_int_equal(s.domains[0].mbm_local_bytes.value, 3);
	assert_int_equal(s.domains[1].llc_occupancy.value, 4096);
	assert_int_equal(s.domains[1].mbm_total_bytes.set, 0);
	arena_done(&a);
}

static void test_nothing(void **state)
{
	const struct rdt rdt = {.root = root, .group = (char[]){"/nonexistent"}};
	struct husk_rdt_stats s = {}, empty = {};
	struct arena a = {};

	(void)state;
	assert_int_equal(rdt_stats(&rdt, &a, &s), 0);
	assert_memory_equal(&s, &empty, sizeof s);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all, make_root, remove_root),
		cmocka_unit_test_setup_teardown(test_nothing, make_root, remove_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
