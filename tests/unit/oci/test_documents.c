// SPDX-License-Identifier: Apache-2.0
/* The other documents: process for exec, state, features, and the versions we take. */
#include <base/error.h>
#include <base/mem.h>
#include <oci/features.h>
#include <oci/process.h>
#include <oci/state.h>
#include <oci/version.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void test_version(void **state)
{
	static const char *const good[] = {"1.0.0", "1.0.2-dev", "1.3.0+dev", "1.0.0-rc5",
		"1.2.1-rc.1+build.7", "1.99.0", "1.0.0-0a.b-c"};
	static const char *const malformed[] = {"", "1", "1.0", "1.0.", "1.0.0.0", "1.0.x",
		"v1.0.0", "01.0.0", "1.00.0", "1.0.0-", "1.0.0+", "1.0.0-a..b", "1.0.0+a+b",
		" 1.0.0", "1.0.0 ", "-1.0.0", "1..0"};
	static const char *const other[] = {"0.5.0-dev", "2.0.0", "10.0.0", "11.0.0"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_int_equal(oci_version_check(good[i]), OCI_VERSION_OK);
	for (size_t i = 0; i < ARRAY_LEN(malformed); i++)
		assert_int_equal(oci_version_check(malformed[i]), OCI_VERSION_MALFORMED);
	for (size_t i = 0; i < ARRAY_LEN(other); i++)
		assert_int_equal(oci_version_check(other[i]), OCI_VERSION_OTHER_MAJOR);
	assert_int_equal(oci_version_check(OCI_VERSION_MIN), OCI_VERSION_OK);
	assert_int_equal(oci_version_check(OCI_VERSION_MAX), OCI_VERSION_OK);
}

static void test_process(void **state)
{
	static const char text[] = "{\"user\":{\"uid\":1,\"gid\":4294967294,\"umask\":63,"
				   "\"additionalGids\":[5]},\"args\":[\"sh\",\"\"],"
				   "\"cwd\":\"/"
				   "\",\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"flags\":["
				   "\"SCHED_FLAG_RECLAIM\"],"
				   "\"runtime\":9223372036854775807,\"deadline\":"
				   "9223372036854775807},\"ioPriority\":{\"class\":"
				   "\"IOPRIO_CLASS_IDLE\"}}";
	struct oci_process *process = NULL;
	auto_free char *out = NULL;
	auto_error *err = NULL;

	(void)state;
	assert_int_equal(oci_process_parse(text, strlen(text), &process, NULL), 0);
	assert_int_equal(process->scheduler->policy.value, OCI_SCHED_DEADLINE);
	assert_int_equal(process->scheduler->flags.v[0], OCI_SCHED_FLAG_RECLAIM);
	assert_int_equal(process->io_priority->class.value, OCI_IOPRIO_CLASS_IDLE);
	assert_int_equal(process->user->additional_gids.v[0], 5);
	assert_int_equal(oci_process_emit(process, 0, &out, NULL), 0);
	assert_string_equal(out, text);
	oci_process_free(process);
	process = NULL;
	assert_true(oci_process_parse("{\"args\":[]}", 11, &process, &err) < 0);
	assert_null(process);
	assert_string_equal(husk_error_message(err), "/cwd: is required");
}

static void test_state(void **state)
{
	static const char text[] =
		"{\n\t\"ociVersion\": \"1.3.0\",\n\t\"id\": \"c1\",\n\t\"status\": "
		"\"paused\",\n\t\"pid\": 0,"
		"\n\t\"bundle\": \"/b\",\n\t\"annotations\": {\n\t\t\"k\": \"v\"\n\t}\n}";
	static const struct {
		const char *text, *message;
	} bad[] = {
		{"{\"ociVersion\":\"1.0.0\",\"id\":\"x\",\"status\":\"running\"}",
			"/bundle: is required"},
		{"{\"status\":\"dead\"}", "/status: unknown value 'dead', must be one of: "
					  "creating, created, running, "
					  "stopped, paused"},
		{"{\"pid\":-1}", "/pid: must be between 0 and 2147483647, is -1"},
	};
	struct oci_state *s = NULL;
	auto_free char *out = NULL;

	(void)state;
	assert_int_equal(oci_state_parse(text, strlen(text), &s, NULL), 0);
	assert_int_equal(s->status.value, OCI_STATUS_PAUSED);
	assert_true(s->pid.set && !s->pid.value);
	assert_int_equal(oci_state_emit(s, -1, &out, NULL), 0);
	assert_string_equal(out, text);
	oci_state_free(s);
	s = NULL;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		auto_error *err = NULL;

		assert_true(oci_state_parse(bad[i].text, strlen(bad[i].text), &s, &err) < 0);
		assert_string_equal(husk_error_message(err), bad[i].message);
	}
	assert_null(s);
}

static void test_features(void **state)
{
	static const char text[] = "{\"ociVersionMin\":\"1.0.0\",\"ociVersionMax\":\"1.3.0\","
				   "\"hooks\":[\"prestart\"],\"linux\":{"
				   "\"cgroup\":{\"v1\":true,\"rdma\":false},\"intelRdt\":{"
				   "\"enabled\":true,\"schemata\":true,\"monitoring\":false},"
				   "\"memoryPolicy\":{\"modes\":[\"MPOL_BIND\"],\"flags\":[]},"
				   "\"mountExtensions\":{\"idmap\":{\"enabled\":true}},"
				   "\"netDevices\":{\"enabled\":true}},"
				   "\"potentiallyUnsafeConfigAnnotations\":[\"bundle\"]}";
	struct oci_features *f = NULL;
	auto_free char *out = NULL;
	auto_error *err = NULL;

	(void)state;
	assert_int_equal(oci_features_parse(text, strlen(text), &f, NULL), 0);
	assert_true(opt_true(f->linux->mount_extensions->idmap->enabled));
	assert_int_equal(oci_features_emit(f, 0, &out, NULL), 0);
	assert_string_equal(out, text);
	oci_features_free(f);
	f = NULL;
	assert_true(oci_features_parse("{\"hooks\":[1]}", 13, &f, &err) < 0);
	assert_string_equal(husk_error_message(err), "/hooks/0: must be a string, is an integer");
	assert_null(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_state),
		cmocka_unit_test(test_features),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
