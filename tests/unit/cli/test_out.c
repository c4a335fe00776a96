// SPDX-License-Identifier: Apache-2.0
/* JSON and tables: exact text, because engines and scripts read it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <cli/out.h>
#include <cli/state.h>

static void strings_are_escaped(void **state)
{
	auto_strbuf out = {};
	struct json_out json = {.out = &out};

	(void)state;
	json_open(&json, NULL, '{');
	out_json_string(&json, "k\"", "a\\b\n\t\r\b\f\x01\x7f/\xc3\xa4\xf0\x9f\x90\x9a");
	out_json_string(&json, "bad", "x\xffy\xc3");
	out_json_string(&json, "c1",
		"\xc2\x9b"
		"31m\xc2\xa0");
	json_close(&json, '}');
	assert_string_equal(strbuf_text(&out),
		"{\"k\\\"\":\"a\\\\b\\n\\t\\r\\b\\f\\u0001\\u007f/\xc3\xa4\xf0\x9f\x90\x9a\","
		"\"bad\":\"x\xef\xbf\xbdy\xef\xbf\xbd\",\"c1\":\"\\u009b31m\xc2\xa0\"}");
}

static void nesting_and_indent(void **state)
{
	auto_strbuf out = {};
	struct json_out json = {.out = &out, .indent = 2};

	(void)state;
	json_open(&json, NULL, '{');
	json_open(&json, "list", '[');
	json_int(&json, NULL, 1);
	json_int(&json, NULL, INT64_MIN);
	json_close(&json, ']');
	json_open(&json, "empty", '{');
	json_close(&json, '}');
	out_json_string(&json, "last", "");
	json_close(&json, '}');
	assert_string_equal(strbuf_text(&out),
		"{\n  \"list\": [\n    1,\n    -9223372036854775808\n  ],\n  \"empty\": {},\n"
		"  \"last\": \"\"\n}");
}

static void a_container_as_runc_prints_it(void **state)
{
	static const char *const names[] = {"a", "b"}, *const values[] = {"1", "2"};
	struct husk_state s = {.size = sizeof s,
		.oci_version = "1.0.2",
		.id = "c1",
		.status = HUSK_STATUS_RUNNING,
		.pid = 42,
		.bundle = "/b",
		.rootfs = "/b/rootfs",
		.created = "2026-01-02T03:04:05.000000006Z",
		.annotation_count = 2,
		.annotation_names = names,
		.annotation_values = values};
	auto_strbuf out = {};
	struct json_out json = {.out = &out};

	(void)state;
	state_json(&json, &s, "root");
	s.annotation_count = 0;
	state_json(&json, &s, "");
	assert_string_equal(strbuf_text(&out),
		"{\"ociVersion\":\"1.0.2\",\"id\":\"c1\",\"pid\":42,\"status\":\"running\","
		"\"bundle\":\"/b\",\"rootfs\":\"/b/rootfs\","
		"\"created\":\"2026-01-02T03:04:05.000000006Z\","
		"\"annotations\":{\"a\":\"1\",\"b\":\"2\"},\"owner\":\"root\"},"
		"{\"ociVersion\":\"1.0.2\",\"id\":\"c1\",\"pid\":42,\"status\":\"running\","
		"\"bundle\":\"/b\",\"rootfs\":\"/b/rootfs\","
		"\"created\":\"2026-01-02T03:04:05.000000006Z\",\"owner\":\"\"}");
}

static void columns_of_a_table(void **state)
{
	auto_strbuf out = {};
	auto_table table = {.columns = 2};

	(void)state;
	assert_int_equal(table_add(&table, "ID"), 0);
	assert_int_equal(table_add(&table, "OWNER"), 0);
	table_print(&table, &out);
	assert_string_equal(strbuf_text(&out), "ID          OWNER\n");
	strbuf_truncate(&out, 0);
	assert_int_equal(table_add(&table, "0123456789abc"), 0);
	assert_int_equal(table_add(&table, "root"), 0);
	table_print(&table, &out);
	assert_string_equal(strbuf_text(&out), "ID              OWNER\n0123456789abc   root\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_are_escaped),
		cmocka_unit_test(nesting_and_indent),
		cmocka_unit_test(a_container_as_runc_prints_it),
		cmocka_unit_test(columns_of_a_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
