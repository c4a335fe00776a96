// SPDX-License-Identifier: Apache-2.0
/*
 * Files written in every order, and put back.
 *
 * wrap: io_write_at
 */
#include "limits_fixture.h"

/* ---- orders ---- */

/* From every pair to every other, whichever of the files comes first, and back again after a failure. */
static void try_pairs(const char *a, const char *b, const char *const (*pairs)[2], size_t n)
{
	auto_free char *file_a = str_printf("v1/c/%s", a), *file_b = str_printf("v1/c/%s", b);

	for (size_t i = 0; i < n * n * 2; i++) {
		const char *const *from = pairs[i / 2 / n], *const *to = pairs[i / 2 % n];
		struct cgroup_old old = {};
		struct cgroup_write v[] = {order(V1, i % 2 ? b : a, to[i % 2], 0),
			order(V1, i % 2 ? a : b, to[!(i % 2)], 0)};

		put(file_a, from[0]);
		put(file_b, from[1]);
		apply(v, 2, 1, &old, NULL);
		expect(file_a, to[0]);
		expect(file_b, to[1]);
		restore(&old);
		expect(file_a, from[0]);
		expect(file_b, from[1]);
	}
	assert_string_equal(strbuf_text(&m.logged), "");
}

static void test_files_that_fit_only_together(void **state)
{
	static const char *const memory[][2] = {
		{"10", "20"}, {"100", "200"}, {"15", "15"}, {"1000", "5000"}, {"12", "300"}};
	static const char *const quota[][2] = {
		{"1000", "1000"}, {"900000", "9000"}, {"-1", "100"}, {"5000", "50"}};

	(void)state;
	try_pairs(
		"memory.limit_in_bytes", "memory.memsw.limit_in_bytes", memory, ARRAY_LEN(memory));
	try_pairs("cpu.cfs_quota_us", "cpu.cfs_period_us", quota, ARRAY_LEN(quota));
}

/* What does not fit in any order is told; what was written before is found again. */
static void test_refused_in_the_middle(void **state)
{
	struct cgroup_old old = {};
	struct cgroup_write v[] = {order(V1, "pids.max", "60", 0), order(V1, "cpu.shares", "2", 0),
		order(V2, "memory.high", "7", 0)};

	(void)state;
	put("v1/c/pids.max", "50\n");
	put("v1/c/cpu.shares", "1024\n");
	put("v2/c/memory.high", "max\n");
	m.refuse = "memory.high=7";
	m.why = -EINVAL;
	apply(v, 3, 0, &old, "/linux/resources/x: cannot write '7' to ");
	expect("v1/c/pids.max", "60");
	restore(&old);
	expect("v1/c/pids.max", "50\n");
	expect("v1/c/cpu.shares", "1024\n");
	expect("v2/c/memory.high", "max\n");
	assert_string_equal(strbuf_text(&m.logged), "");
}

static void test_group_that_never_fits(void **state)
{
	struct cgroup_old old = {};
	struct cgroup_write v[] = {order(V1, "memory.limit_in_bytes", "70", 0),
		order(V1, "memory.memsw.limit_in_bytes", "50", 0)};

	(void)state;
	put("v1/c/memory.limit_in_bytes", "10");
	put("v1/c/memory.memsw.limit_in_bytes", "60");
	apply(v, 2, 1, &old, "invalid argument");
	restore(&old);
	expect("v1/c/memory.limit_in_bytes", "10");
	expect("v1/c/memory.memsw.limit_in_bytes", "60");
}

/* Somebody else was quicker: each file that cannot be put back is named. */
static void test_stuck(void **state)
{
	struct cgroup_old old = {};
	struct cgroup_write v[] = {order(V1, "a.max", "1", 0), order(V1, "b.max", "1", 0)};

	(void)state;
	put("v1/c/a.max", "5");
	put("v1/c/b.max", "6");
	apply(v, 2, 0, &old, NULL);
	m.refuse = ".max=";
	m.why = -EINVAL;
	restore(&old);
	assert_non_null(strstr(strbuf_text(&m.logged), "cannot put '5' back into '"));
	assert_non_null(strstr(strbuf_text(&m.logged), "cannot put '6' back into '"));
	assert_non_null(strstr(strbuf_text(&m.logged), "invalid argument, ignoring"));
}

static void test_what_is_there_is_not_written(void **state)
{
	struct cgroup_old old = {};
	struct cgroup_write same = order(V2, "cpu.max", "max 100000", 0);

	(void)state;
	put("v2/c/cpu.max", "max 100000\n");
	apply(&same, 1, 0, &old, NULL);
	assert_int_equal(old.n, 0);
	assert_string_equal(strbuf_text(&m.done), "");
	apply(&same, 1, 0, NULL, NULL); /* in a new cgroup nobody looks */
	assert_string_equal(strbuf_text(&m.done), "v2/c/cpu.max=max 100000\n");
}

/* ---- the way back of files that say more than a value ---- */

static void test_keys(void **state)
{
	static const struct {
		const char *before, *value;
		unsigned int flags;
	} rows[] = {
		{"", "8:0 rbps=5", CGROUP_WRITE_KEYED},
		{"8:0 rbps=9 wbps=3\n", "8:0 rbps=5", CGROUP_WRITE_KEYED},
		{"8:16 rbps=9\n", "8:1 rbps=5", CGROUP_WRITE_KEYED},
		{"8:16 rbps=9\n8:1 wbps=3\n", "8:0 rbps=5\n8:32 rbps=6",
			CGROUP_WRITE_KEYED | CGROUP_WRITE_LINES},
		{"8:0 rbps=9\n", "8:16 rbps=5\n8:0 rbps=6",
			CGROUP_WRITE_KEYED | CGROUP_WRITE_LINES},
		{"8:0 rbps=9\n", "\n8:16 rbps=5\n\n", CGROUP_WRITE_KEYED | CGROUP_WRITE_LINES},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cgroup_old old = {};
		struct cgroup_write w = order(V2, "io.max", rows[i].value, rows[i].flags);
		auto_free char *now = NULL;

		w.reset = NONE;
		put("v2/c/io.max", rows[i].before);
		apply(&w, 1, 0, &old, NULL);
		now = get("v2/c/io.max");
		assert_false(text_equal(now, rows[i].before));
		restore(&old);
		expect("v2/c/io.max", rows[i].before);
	}
}

/* The first line is in when the second is refused. */
static void test_second_line_is_refused(void **state)
{
	struct cgroup_old old = {};
	struct cgroup_write w = order(
		V2, "io.max", "8:0 rbps=5\n9:9 rbps=5", CGROUP_WRITE_KEYED | CGROUP_WRITE_LINES);

	(void)state;
	w.reset = NONE;
	put("v2/c/io.max", "");
	m.refuse = "9:9 rbps=5";
	m.why = -ENODEV;
	apply(&w, 1, 0, &old, "cannot write '8:0 rbps=5;9:9 rbps=5' to ");
	expect("v2/c/io.max", "8:0 rbps=5\n");
	restore(&old);
	expect("v2/c/io.max", "");
	assert_string_equal(strbuf_text(&m.logged), "");
	/* what was not put in is not taken out: there may be no such key */
	assert_null(strstr(strbuf_text(&m.done), "9:9 rbps=max"));
}

/* A file of which no keys are known gets all that it said. */
static void test_lines_without_keys(void **state)
{
	struct cgroup_old old = {};
	struct cgroup_write w = order(V2, "misc.max", "b 3\nc 4", CGROUP_WRITE_LINES);

	(void)state;
	put("v2/c/misc.max", "a 1\nb 2\n");
	apply(&w, 1, 0, &old, NULL);
	strbuf_done(&m.done);
	m.refuse = "a 1";
	m.why = -EPERM;
	cgroup_restore(&m.context, &old);
	cgroup_old_done(&old);
	assert_non_null(strstr(strbuf_text(&m.done), "misc.max=a 1\nv2/c/misc.max=b 2\n"));
	assert_non_null(strstr(strbuf_text(&m.logged), "operation not permitted, ignoring"));
}

static void test_default_of_a_keyed_file(void **state)
{
	struct cgroup_old old = {};
	struct cgroup_write w =
		order(V2, "io.weight", "300", CGROUP_WRITE_KEYED | CGROUP_WRITE_LINES);

	(void)state;
	w.reset = "default";
	put("v2/c/io.weight", "default 150\n8:0 70\n");
	apply(&w, 1, 0, &old, NULL);
	restore(&old);
	assert_non_null(strstr(strbuf_text(&m.done), "v2/c/io.weight=default 150\n"));
}

/* The lines below that of the default are orders of their own, which the kernel takes one at a time. */
static void test_default_alone(void **state)
{
	struct cgroup_old old = {};
	struct cgroup_write w = order(V2, "io.weight", "300", 0);

	(void)state;
	put("v2/c/io.weight", "default 150\n8:0 70\n");
	apply(&w, 1, 0, &old, NULL);
	restore(&old);
	expect("v2/c/io.weight", "default 150");
}

/* Where somebody else writes in between (systemd, which rounds) what was there before that counts. */
static void test_remembered(void **state)
{
	struct cgroup_old old = {};
	struct cgroup_write v[] = {order(V2, "cpu.max", "50000 100000", 0),
		order(V2, "io.max", "8:0 rbps=1", CGROUP_WRITE_KEYED | CGROUP_WRITE_LINES),
		order(V1, "none", "1", 0), order(V1, "missing", "7", 0)};

	(void)state;
	v[1].reset = NONE;
	v[3].other_file = strdup("pids.max");
	v[3].other_value = strdup("8");
	put("v2/c/cpu.max", "12345 100000\n");
	put("v2/c/io.max", "8:0 rbps=9 wbps=max riops=max wiops=max\n");
	put("v1/c/pids.max", "5\n");
	assert_int_equal(
		cgroup_remember(&(struct cgroup_orders){.writes = {ARRAY_LEN(v), v}}, &old), 0);
	assert_string_equal(strbuf_text(&m.done), "");
	put("v2/c/cpu.max", "13000 100000\n");
	put("v1/c/pids.max", "8\n");
	restore(&old);
	expect("v2/c/cpu.max", "12345 100000\n");
	assert_non_null(strstr(strbuf_text(&m.done), "v2/c/io.max=8:0 rbps=9 wbps=max"));
	expect("v1/c/pids.max", "5\n");
	free(v[3].other_file);
	free(v[3].other_value);
}

static void test_oom_control(void **state)
{
	struct cgroup_old old = {};
	struct cgroup_write w = order(V1, "memory.oom_control", "1", 0);

	(void)state;
	put("v1/c/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
	apply(&w, 1, 0, &old, NULL);
	restore(&old);
	expect("v1/c/memory.oom_control", "0");
}

/* An empty file is emptied by a line end: a write of nothing does nothing. */
static void test_empty(void **state)
{
	struct cgroup_old old = {};
	struct cgroup_write w = order(V2, "cpuset.cpus", "0", 0);

	(void)state;
	put("v2/c/cpuset.cpus", "");
	apply(&w, 1, 0, &old, NULL);
	restore(&old);
	expect("v2/c/cpuset.cpus", "\n");
}

/* The cpuset above, by the file that says what is in force. */
static void test_inherit(void **state)
{
	struct cgroup_write v[] = {order(V1, "cpuset.cpus", "as above", CGROUP_WRITE_INHERIT),
		order(V2, "cpuset.cpus", "as above", CGROUP_WRITE_INHERIT)};
	struct cgroup_old old = {};

	(void)state;
	put("v1/cpuset.cpus", "0-3\n");
	put("v2/cpuset.cpus", "\n");
	put("v2/cpuset.cpus.effective", "0-1\n");
	put("v1/c/cpuset.cpus", "2\n");
	put("v2/c/cpuset.cpus", "0\n");
	apply(v, 2, 0, &old, NULL);
	expect("v1/c/cpuset.cpus", "0-3");
	expect("v2/c/cpuset.cpus", "0-1");
	restore(&old);
	expect("v1/c/cpuset.cpus", "2\n");
	expect("v2/c/cpuset.cpus", "0\n");
	m.refuse = "cpuset.cpus=0-1";
	m.why = -EINVAL;
	apply(v, 2, 0, &old,
		"/linux/resources/x: cannot take over the value of the cgroup above in ");
	restore(&old);
}

/* ---- files that are not there ---- */

static void test_other_file(void **state)
{
	struct cgroup_write w = order(V2, "io.bfq.weight", "300", 0);

	(void)state;
	w.other_file = (char *)(uintptr_t) "io.weight";
	w.other_value = (char *)(uintptr_t) "2930";
	put("v2/c/io.weight", "default 100\n");
	apply(&w, 1, 0, NULL, NULL);
	expect("v2/c/io.weight", "2930");
	put("v2/c/io.bfq.weight", "100\n");
	apply(&w, 1, 0, NULL, NULL);
	expect("v2/c/io.bfq.weight", "300");
}

static void test_may_be_missing(void **state)
{
	struct cgroup_write v[] = {order(V1, "hugetlb.2MB.rsvd.max", "1", CGROUP_WRITE_OPTIONAL),
		order(V1, "memory.kmem.limit_in_bytes", "1", CGROUP_WRITE_DEPRECATED)};

	(void)state;
	apply(v, 2, 0, NULL, NULL);
	assert_string_equal(strbuf_text(&m.logged),
		"/linux/resources/x: cannot write 'memory.kmem.limit_in_bytes': no such file or "
		"directory, ignoring\n");
	put("v1/c/hugetlb.2MB.rsvd.max", "0");
	m.refuse = "rsvd";
	m.why = -EINVAL;
	apply(v, 1, 0, NULL, "invalid argument"); /* there, and refused, is something else */
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_files_that_fit_only_together),
		TEST(test_refused_in_the_middle),
		TEST(test_group_that_never_fits),
		TEST(test_stuck),
		TEST(test_what_is_there_is_not_written),
		TEST(test_keys),
		TEST(test_second_line_is_refused),
		TEST(test_lines_without_keys),
		TEST(test_default_of_a_keyed_file),
		TEST(test_default_alone),
		TEST(test_remembered),
		TEST(test_oom_control),
		TEST(test_empty),
		TEST(test_inherit),
		TEST(test_other_file),
		TEST(test_may_be_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
