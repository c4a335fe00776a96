// SPDX-License-Identifier: Apache-2.0
/*
 * Before and after the writes: which controllers are handed down, what is in use, and why something was refused.
 *
 * wrap: io_write_at
 */
#include "limits_fixture.h"

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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_reasons),
		TEST(test_reason_is_a_process),
		TEST(test_enable_all),
		TEST(test_enable_what_is_needed),
		TEST(test_enable_below_a_threaded_one),
		TEST(test_memory_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
