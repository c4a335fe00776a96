// SPDX-License-Identifier: Apache-2.0
/*
 * Limits carried out on a tree of plain files, /c of a v1 hierarchy and of cgroup2, behind a kernel that is false: it
 * refuses what the true one refuses, so that every order of old and new values can be tried.
 *
 * wrap: io_write_at
 */
#include <base/io.h>
#include <base/mem.h>
#include <base/parse.h>
#include <base/str.h>
#include <base/text.h>
#include <cgroup/apply.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h> /* last: it has a macro fail() */

#define NONE "rbps=max wbps=max riops=max wiops=max"

static struct {
	char top[32];
	struct cgroup_dir dirs[2]; /* v1, v2 */
	struct cgroup_dirs list;
	struct cgroup_context context;
	struct log log;
	struct strbuf done, logged;
	const char *refuse; /* a write "FILE=TEXT" that contains it; */
	int why; /* with this -errno */
} m;

int __wrap_io_write_at(int dirfd, const char *path, const char *text);

/* ---- the false kernel ---- */

static void put(const char *file, const char *text)
{
	auto_free char *path = str_printf("%s/%s", m.top, file);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static char *get(const char *file)
{
	auto_free char *path = str_printf("%s/%s", m.top, file);
	char *text = NULL;

	assert_int_equal(io_read_at(AT_FDCWD, path, 4096, &text, NULL), 0);
	return text;
}

static void expect(const char *file, const char *want)
{
	auto_free char *text = get(file);

	if (!text_equal(text, want))
		fail_msg("%s is '%s', not '%s'", file, text, want);
}

static int64_t number(const char *file)
{
	auto_free char *text = get(file);

	return strtoll(text, NULL, 10);
}

/* Memory is never above memory and swap; a quota is not above a hundred periods here. */
static bool does_not_fit(const char *file, const char *text)
{
	int64_t n = strtoll(text, NULL, 10);

	if (text_equal(file, "v1/c/memory.limit_in_bytes"))
		return n > number("v1/c/memory.memsw.limit_in_bytes");
	if (text_equal(file, "v1/c/memory.memsw.limit_in_bytes"))
		return n < number("v1/c/memory.limit_in_bytes");
	if (text_equal(file, "v1/c/cpu.cfs_quota_us"))
		return n > number("v1/c/cpu.cfs_period_us") * 100;
	if (text_equal(file, "v1/c/cpu.cfs_period_us"))
		return number("v1/c/cpu.cfs_quota_us") > n * 100;
	return false;
}

/* A file with a line for each key that somebody set. */
static void put_line(const char *file, const char *text)
{
	auto_free char *now = get(file);
	auto_strbuf out = {};
	size_t key = strcspn(text, " ");

	for (const char *p = now; *p;) {
		size_t n = strcspn(p, "\n");

		if (strncmp(p, text, key + 1) != 0)
			strbuf_printf(&out, "%.*s\n", (int)n, p);
		p += n + (p[n] == '\n');
	}
	if (!strstr(text, NONE))
		strbuf_printf(&out, "%s\n", text);
	put(file, strbuf_text(&out));
}

int __wrap_io_write_at(int dirfd, const char *path, const char *text)
{
	const char *file = path + strlen(m.top) + 1;
	auto_free char *line = str_printf("%s=%s\n", file, text);

	assert_int_equal(dirfd, AT_FDCWD);
	if (access(path, F_OK) < 0)
		return -errno;
	strbuf_add(&m.done, line);
	if (m.refuse && strstr(line, m.refuse))
		return m.why;
	if (does_not_fit(file, text))
		return -EINVAL;
	if (strstr(file, "io.max"))
		put_line(file, text);
	else
		put(file, text);
	return 0;
}

/* ---- around it ---- */

static void hear(void *data, enum husk_log_level level, const char *message)
{
	(void)data;
	(void)level;
	strbuf_printf(&m.logged, "%s\n", message);
}

static int prepare(void **state)
{
	static const char *const at[] = {"v1", "v1/c", "v2", "v2/c"};

	(void)state;
	memset(&m, 0, sizeof m);
	strcpy(m.top, "/tmp/husk-apply-XXXXXX");
	assert_non_null(mkdtemp(m.top));
	for (size_t i = 0; i < ARRAY_LEN(at); i++) {
		auto_free char *path = str_printf("%s/%s", m.top, at[i]);

		assert_int_equal(mkdir(path, 0755), 0);
	}
	for (size_t i = 0; i < 2; i++)
		m.dirs[i] = (struct cgroup_dir){
			.controllers = (char *)(uintptr_t)(i ? "" : "memory,cpu,cpuset"),
			.mount_point = str_printf("%s/v%zu", m.top, i + 1),
			.path = (char *)(uintptr_t) "/c",
			.v2 = i,
		};
	m.list = (struct cgroup_dirs){.n = 2, .v = m.dirs};
	m.log = (struct log){.write = hear, .level = HUSK_LOG_DEBUG};
	m.context = (struct cgroup_context){.dirs = &m.list, .log = &m.log};
	return 0;
}

static int tidy(void **state)
{
	auto_free char *command = str_printf("rm -r '%s'", m.top);

	(void)state;
	free(m.dirs[0].mount_point);
	free(m.dirs[1].mount_point);
	strbuf_done(&m.done);
	strbuf_done(&m.logged);
	return system(command); /* NOLINT: the path is ours */
}

enum { V1, V2 };

/* Nothing of it is freed by those who get it. */
static struct cgroup_write order(int where, const char *file, const char *value, unsigned int flags)
{
	return (struct cgroup_write){
		.dir = &m.dirs[where],
		.file = (char *)(uintptr_t)file,
		.value = (char *)(uintptr_t)value,
		.at = (char *)(uintptr_t) "/linux/resources/x",
		.flags = flags,
	};
}

/* 0, or the message, which is then looked for. `group`: all of them belong together. */
static void apply(struct cgroup_write *v, size_t n, unsigned int group, struct cgroup_old *old,
	const char *message)
{
	struct cgroup_orders orders = {.writes = {.n = n, .v = v}};
	auto_error *err = NULL;
	int r;

	for (size_t i = 0; i < n; i++)
		v[i].group = group;
	r = cgroup_apply(&m.context, &orders, old, &err);
	if (r < 0 && !message)
		fail_msg("%s", husk_error_message(err));
	assert_int_equal(r < 0, message != NULL);
	if (message && !strstr(husk_error_message(err), message))
		fail_msg("'%s' is not in '%s'", message, husk_error_message(err));
}

static void restore(struct cgroup_old *old)
{
	cgroup_restore(&m.context, old);
	cgroup_old_done(old);
	assert_int_equal(old->n, 0);
}

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

/* ---- why not ---- */

static void test_reasons(void **state)
{
	struct cgroup_write v2 = order(V2, "memory.max", "5", 0),
			    swap = order(V2, "memory.swap.max", "5", 0),
			    v1 = order(V1, "memory.limit_in_bytes", "5", 0);

	(void)state;
	v2.controller = "memory";
	put("v2/cgroup.controllers", "cpu memory\n");
	put("v2/cgroup.procs", "1\n");
	put("v2/c/cgroup.controllers", "cpu\n");
	put("v2/c/cgroup.procs", "");
	apply(&v2, 1, 0, NULL,
		"the controller 'memory' is not enabled in cgroup '/c': it ends at '/', it could "
		"not be enabled there; ");
	put("v2/c/cgroup.controllers", "cpu memory\n");
	apply(&swap, 1, 0, NULL, "(is swap accounting off? boot with swapaccount=1)");
	put("v1/c/memory.limit_in_bytes", "max");
	put("v1/c/memory.memsw.limit_in_bytes", "90");
	put("v1/c/memory.usage_in_bytes", "70\n");
	put("v1/c/memory.max_usage_in_bytes", "80\n");
	m.refuse = "limit_in_bytes=5";
	m.why = -EBUSY;
	apply(&v1, 1, 0, NULL,
		"unable to set memory limit to 5 (current usage: 70, peak usage: 80)");
	m.dirs[V1].path = (char *)(uintptr_t) "/gone";
	apply(&v1, 1, 0, NULL, "container could not join or create cgroup '");
}

/* Half way down somebody sits in the way. */
static void test_reason_is_a_process(void **state)
{
	struct cgroup_write w = order(V2, "pids.max", "5", 0);
	auto_free char *below = str_printf("%s/v2/c/d", m.top);

	(void)state;
	assert_int_equal(mkdir(below, 0755), 0);
	put("v2/c/cgroup.controllers", "pids\n");
	put("v2/c/cgroup.procs", "17\n");
	put("v2/c/d/cgroup.controllers", "\n");
	m.dirs[V2].path = (char *)(uintptr_t) "/c/d";
	apply(&w, 1, 0, NULL, "it ends at '/c', there are processes in it, and then");
}

/* ---- controllers ---- */

static void enable(const char *want)
{
	auto_error *err = NULL;

	strbuf_done(&m.done);
	if (cgroup_enable(&m.context, &m.dirs[V2], &err) < 0)
		fail_msg("%s", husk_error_message(err));
	assert_string_equal(strbuf_text(&m.done), want);
}

static void set_up_controllers(void)
{
	put("v2/cgroup.controllers", "cpu io memory perf_event\n");
	put("v2/cgroup.subtree_control", "");
	put("v2/c/cgroup.controllers", "cpu\n");
	put("v2/c/cgroup.subtree_control", "");
	put("v2/c/cgroup.type", "domain\n");
}

static void test_enable_all(void **state)
{
	(void)state;
	set_up_controllers();
	enable("");
	m.context.all_controllers = true;
	enable("v2/cgroup.subtree_control=+io +memory +perf_event\n");
	m.refuse = "+perf_event";
	m.why = -ENOENT;
	enable("v2/cgroup.subtree_control=+io +memory +perf_event\n"
	       "v2/cgroup.subtree_control=+io\nv2/cgroup.subtree_control=+memory\n"
	       "v2/cgroup.subtree_control=+perf_event\n");
	m.why = -EBUSY; /* one by one would make a threaded domain of it */
	enable("v2/cgroup.subtree_control=+io +memory +perf_event\n");
}

/* Beside v1, only what a file needs: by its controller, or by its name. */
static void test_enable_what_is_needed(void **state)
{
	struct cgroup_write v[] = {order(V2, "io.max", "", 0), order(V1, "memory.x", "", 0)};
	struct cgroup_orders orders = {.writes = {.n = 2, .v = v}};

	(void)state;
	set_up_controllers();
	/* in memory of its own size: a longer name of a controller must not look behind it */
	v[0].file = strdup("io.max");
	m.context.orders = &orders;
	enable("v2/cgroup.subtree_control=+io\n");
	v[1].dir = &m.dirs[V2];
	v[1].controller = "memory";
	enable("v2/cgroup.subtree_control=+io +memory\n");
	free(v[0].file);
}

static void test_enable_below_a_threaded_one(void **state)
{
	struct cgroup_write w = order(V2, "memory.max", "5", 0);
	struct cgroup_orders orders = {.writes = {.n = 1, .v = &w}};
	auto_error *err = NULL;

	(void)state;
	set_up_controllers();
	put("v2/c/cgroup.type", "domain invalid\n");
	m.context.orders = &orders;
	w.controller = "memory";
	assert_true(cgroup_enable(&m.context, &m.dirs[V2], &err) < 0);
	assert_non_null(strstr(husk_error_message(err), "below a threaded one: that has only cpu"));
	put("v2/c/cgroup.controllers", "\n");
	w.controller = "cpu";
	enable("v2/cgroup.subtree_control=+cpu\nv2/c/cgroup.type=threaded\n");
}

/* ---- checkBeforeUpdate ---- */

static void test_memory_check(void **state)
{
	static const struct {
		bool check;
		int64_t limit, swap;
		const char *at; /* NULL: goes */
	} rows[] = {
		{true, 101, 0, NULL},
		{true, 100, 0, "/linux/resources/memory/limit"},
		{true, -1, -1, NULL},
		{true, 200, 251, NULL},
		{true, 200, 250, "/linux/resources/memory/swap"},
		{false, 10, 0, NULL},
	};

	(void)state;
	put("v2/c/memory.current", "100\n");
	put("v2/c/memory.swap.current", "50\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct oci_memory memory = {.limit = {true, rows[i].limit},
			.swap = {rows[i].swap != 0, rows[i].swap},
			.check_before_update = {true, rows[i].check}};
		struct oci_resources all = {.memory = &memory};
		auto_error *err = NULL;
		int r = cgroup_check_memory(&m.context, &all, &all, &err);

		assert_int_equal(r < 0, rows[i].at != NULL);
		if (r < 0)
			assert_string_equal(husk_error_pointer(err), rows[i].at);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, prepare, tidy)

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
		TEST(test_default_of_a_keyed_file),
		TEST(test_oom_control),
		TEST(test_empty),
		TEST(test_inherit),
		TEST(test_other_file),
		TEST(test_may_be_missing),
		TEST(test_reasons),
		TEST(test_reason_is_a_process),
		TEST(test_enable_all),
		TEST(test_enable_what_is_needed),
		TEST(test_enable_below_a_threaded_one),
		TEST(test_memory_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
