// SPDX-License-Identifier: Apache-2.0
/*
 * tests/knobs/CASE.json is a `resources` object; CASE.txt what becomes of it on v1, on v2, in a hybrid layout where
 * cgroup2 has memory and pids, and with systemd on v1 and v2: files, values, properties, warnings, or the error.
 * HUSK_GOLDEN_UPDATE=1 writes the files instead; then read the diff.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cgroup/convert.h>
#include <cgroup/knobs.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/text.h>
#include <schema/schema.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h> /* last: it has a macro fail() */

enum { FILE_MAX = 1 << 20 };

#define V1(name)                                                                    \
	{                                                                           \
		(char *)(name), (char *)"/sys/" name, (char *)"/c", false, false, 0 \
	}
#define V2                                                                       \
	{                                                                        \
		(char *)"", (char *)"/sys/unified", (char *)"/c", true, false, 0 \
	}

static struct cgroup_dir v1_dirs[] = {V1("cpu,cpuacct"), V1("cpuset"), V1("memory"), V1("pids"),
	V1("blkio"), V1("hugetlb"), V1("net_cls,net_prio"), V1("rdma"), V1("name=systemd")};
static struct cgroup_dir v2_dirs[] = {V2};
static struct cgroup_dir hybrid_dirs[] = {V1("cpu"), V1("cpuset"), V1("blkio"), V2};

static const struct layout {
	const char *name;
	struct cgroup_dirs dirs;
	const char *controllers;
	bool systemd;
} layouts[] = {
	{"v1", {ARRAY_LEN(v1_dirs), v1_dirs}, "", false},
	{"v2", {ARRAY_LEN(v2_dirs), v2_dirs}, "cpuset cpu io memory hugetlb pids rdma misc", false},
	{"hybrid", {ARRAY_LEN(hybrid_dirs), hybrid_dirs}, "memory pids", false},
	{"systemd v1", {ARRAY_LEN(v1_dirs), v1_dirs}, "", true},
	{"systemd v2", {ARRAY_LEN(v2_dirs), v2_dirs}, "cpuset cpu io memory hugetlb pids rdma misc",
		true},
};

static const char *knobs_dir(void)
{
	return "tests/knobs";
}

static void hear(void *data, enum husk_log_level level, const char *message)
{
	(void)level;
	strbuf_printf(data, "warning: %s\n", message);
}

static struct oci_resources *parse(const char *json, size_t n)
{
	struct husk_error *err = NULL;
	void *r = NULL;

	if (schema_read(&oci_resources_type, json, n, &r, &err) < 0)
		fail_msg("%s", husk_error_message(err));
	return r;
}

static void compile(const struct layout *l, const struct oci_resources *all,
	const struct oci_resources *asked, struct strbuf *out)
{
	struct cgroup_orders orders = {};
	struct husk_error *err = NULL;
	const struct log log = {.write = hear, .data = out, .level = HUSK_LOG_WARNING};
	struct cgroup_wishes wishes = {.all = all,
		.asked = asked,
		.dirs = &l->dirs,
		.v2_controllers = l->controllers,
		.systemd = l->systemd,
		.log = &log};

	strbuf_printf(out, "[%s]\n", l->name);
	if (cgroup_compile(&wishes, &orders, &err) < 0) {
		strbuf_printf(out, "error: %s\n", husk_error_message(err));
		assert_non_null(husk_error_pointer(err));
		husk_error_free(err);
	} else {
		cgroup_orders_text(&orders, out);
	}
	cgroup_orders_done(&orders);
}

static void check_case(const char *name)
{
	struct strbuf out = {};
	char *path = str_printf("%s/%s.json", knobs_dir(), name), *json = NULL, *want = NULL;
	struct oci_resources *r;
	size_t n;

	assert_int_equal(io_read_at(AT_FDCWD, path, FILE_MAX, &json, &n), 0);
	r = parse(json, n);
	for (size_t i = 0; i < ARRAY_LEN(layouts); i++)
		compile(&layouts[i], r, r, &out);
	schema_free(&oci_resources_type, r);
	free(path);
	path = str_printf("%s/%s.txt", knobs_dir(), name);
	if (getenv("HUSK_GOLDEN_UPDATE"))
		assert_int_equal(
			io_replace_at(AT_FDCWD, path, strbuf_text(&out), out.len, 0644), 0);
	if (io_read_at(AT_FDCWD, path, FILE_MAX, &want, NULL) < 0)
		fail_msg("%s is missing", path);
	if (!text_equal(want, strbuf_text(&out)))
		fail_msg("%s: got\n%s", path, strbuf_text(&out));
	free(want);
	free(json);
	free(path);
	strbuf_done(&out);
}

static void test_golden(void **state)
{
	DIR *dir = opendir(knobs_dir());
	size_t n = 0;

	(void)state;
	assert_non_null(dir);
	for (struct dirent *e; (e = readdir(dir));) {
		size_t len = strlen(e->d_name);
		char *name;

		if (len < 6 || strcmp(e->d_name + len - 5, ".json") != 0)
			continue;
		name = strndup(e->d_name, len - 5);
		check_case(name);
		free(name);
		n++;
	}
	closedir(dir);
	assert_true(n > 40);
}

/* Asked for but absent in all: the kernel's default. */
static void test_unset(void **state)
{
	static const struct {
		const char *asked, *all;
		size_t layout;
		const char *want;
	} rows[] = {
		{"{\"memory\":{\"limit\":1}}", "{}", 0,
			"[v1]\n  /sys/memory/c/memory.limit_in_bytes = -1  # "
			"/linux/resources/memory/limit\n"},
		{"{\"memory\":{\"limit\":1}}", "{}", 1,
			"[v2]\n  /sys/unified/c/memory.max = max  # "
			"/linux/resources/memory/limit\n"},
		{"{\"cpu\":{\"quota\":1}}", "{\"cpu\":{\"period\":50000}}", 1,
			"[v2]\n  /sys/unified/c/cpu.max = max 50000  # "
			"/linux/resources/cpu/quota\n"},
		{"{\"cpu\":{\"shares\":1}}", "{}", 1,
			"[v2]\n  /sys/unified/c/cpu.weight = 100  # /linux/resources/cpu/shares\n"},
		{"{\"cpu\":{\"cpus\":\"1\"}}", "{}", 1,
			"[v2]\n  /sys/unified/c/cpuset.cpus = as above  # "
			"/linux/resources/cpu/cpus\n"},
		{"{\"unified\":{\"memory.high\":\"\"}}", "{}", 1,
			"[v2]\n  /sys/unified/c/memory.high = max  # "
			"/linux/resources/unified/memory.high\n"},
		{"{\"unified\":{\"misc.max\":\"\"}}", "{}", 1,
			"[v2]\nerror: /linux/resources/unified/misc.max: cannot be unset: its "
			"default is not "
			"known, give a value\n"},
		{"{\"cpu\":{\"mems\":\"1\"}}", "{}", 0,
			"[v1]\n  /sys/cpuset/c/cpuset.mems = as above (or mems = as above)  # "
			"/linux/resources/cpu/mems\n"},
		{"{\"memory\":{\"limit\":1,\"reservation\":1},\"cpu\":{\"cpus\":\"1\"}}", "{}", 4,
			"[systemd v2]\n  /sys/unified/c/cpuset.cpus = as above  # "
			"/linux/resources/cpu/cpus\n"
			"  /sys/unified/c/memory.max = max  # /linux/resources/memory/limit\n"
			"  /sys/unified/c/memory.low = 0  # /linux/resources/memory/reservation\n"
			"  AllowedCPUs = @ay []\n  MemoryMax = uint64 18446744073709551615\n"
			"  MemoryLow = uint64 0\n"},
		/* swap counts from the new limit, though only the limit was asked for */
		{"{\"memory\":{\"limit\":1000}}", "{\"memory\":{\"limit\":1000,\"swap\":3000}}", 1,
			"[v2]\n  /sys/unified/c/memory.max = 1000  # "
			"/linux/resources/memory/limit\n"
			"  /sys/unified/c/memory.swap.max = 2000  # "
			"/linux/resources/memory/swap\n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct oci_resources *asked = parse(rows[i].asked, strlen(rows[i].asked)),
				     *all = parse(rows[i].all, strlen(rows[i].all));
		struct strbuf out = {};

		compile(&layouts[rows[i].layout], all, asked, &out);
		assert_string_equal(strbuf_text(&out), rows[i].want);
		strbuf_done(&out);
		schema_free(&oci_resources_type, asked);
		schema_free(&oci_resources_type, all);
	}
}

/* The ends, the defaults, and that more is never less. */
static void test_weights(void **state)
{
	uint64_t last = 0;

	(void)state;
	assert_int_equal(cgroup_cpu_weight(2), 1);
	assert_int_equal(cgroup_cpu_weight(1024), 100);
	assert_int_equal(cgroup_cpu_weight(262144), 10000);
	for (uint64_t shares = 2; shares <= 262144; shares++) {
		uint64_t weight = cgroup_cpu_weight(shares);

		assert_true(weight >= last && weight >= 1 && weight <= 10000);
		last = weight;
	}
	assert_int_equal(cgroup_io_weight(10), 1);
	assert_int_equal(cgroup_io_weight(1000), 10000);
	last = 0;
	for (uint64_t w = 1; w <= UINT16_MAX; w++) {
		assert_true(cgroup_io_weight(w) >= last && cgroup_io_weight(w) <= 10000);
		last = cgroup_io_weight(w);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_unset),
		cmocka_unit_test(test_weights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
