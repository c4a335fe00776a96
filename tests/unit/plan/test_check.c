// SPDX-License-Identifier: Apache-2.0
/*
 * The reader against damaged plans: whatever plan_check() lets pass can be followed without leaving the block (the
 * dump follows everything; ASan watches). And the builder: same input, same bytes; strings stored once.
 */
#include "fixture.h"

#include <plan/builder.h>

static const char config[] =
	"{\"ociVersion\":\"1.2.0\",\"process\":{\"cwd\":\"/\",\"args\":[\"/bin/"
	"sh\",\"-c\",\"true\"],"
	"\"env\":[\"A=1\",\"PATH=/bin\"],\"user\":{\"uid\":1,\"gid\":2,\"additionalGids\":[3,4,5]},"
	"\"capabilities\":{\"bounding\":[\"CAP_KILL\"]},"
	"\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":0,\"hard\":0}]},"
	"\"root\":{\"path\":\"r\"},"
	"\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\"},"
	"{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"options\":[\"ro\"]},"
	"{\"destination\":\"/b\",\"source\":\"/b\",\"options\":[\"rbind\",\"rro\"]}],"
	"\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"user\"},{\"type\":\"time\"},"
	"{\"type\":\"network\",\"path\":\"/run/netns/x\"}],"
	"\"uidMappings\":[{\"containerID\":0,\"hostID\":5,\"size\":9}],"
	"\"gidMappings\":[{\"containerID\":0,\"hostID\":5,\"size\":9}],"
	"\"timeOffsets\":{\"monotonic\":{\"secs\":1}},\"sysctl\":{\"net.x\":\"1\"},"
	"\"maskedPaths\":[\"/m\"]}}";

static void make(struct fixture *f)
{
	fixture_init(f);
	fixture_cgroups(f, CGROUP_HYBRID);
	if (fixture_plan(f, config, sizeof config - 1) < 0)
		fail_msg("%s", husk_error_message(f->error));
}

/* Checks a copy that ends where the plan ends, and follows it when it passes. */
static bool follow(const void *bytes, size_t size)
{
	const struct plan_dump_extra none = {};
	auto_free void *copy = malloc(size ? size : 1);
	auto_strbuf out = {};

	assert_non_null(copy);
	memcpy(copy, bytes, size);
	if (plan_check(copy, size) < 0)
		return false;
	assert_int_equal(plan_dump(copy, &none, &out), 0);
	return true;
}

static void test_flips(void **state)
{
	static const unsigned char masks[] = {0x01, 0x80, 0xff, 0x7f, 0x10};
	size_t passed = 0, refused = 0;
	struct fixture f;
	unsigned char *bytes;

	(void)state;
	make(&f);
	bytes = (unsigned char *)f.plan.header;
	for (size_t i = 0; i < f.plan.size; i++)
		for (size_t m = 0; m < ARRAY_LEN(masks); m++) {
			bytes[i] ^= masks[m];
			if (follow(bytes, f.plan.size))
				passed++;
			else
				refused++;
			bytes[i] ^= masks[m];
		}
	assert_true(follow(bytes, f.plan.size));
	/* Both happen: letters of a string may change, offsets may not. */
	assert_true(passed > 1000);
	assert_true(refused > 500);
	fixture_done(&f);
}

static void test_cut(void **state)
{
	struct fixture f;

	(void)state;
	make(&f);
	for (size_t n = 0; n < f.plan.size; n++)
		assert_false(follow(f.plan.header, n));
	fixture_done(&f);
}

static void test_header(void **state)
{
	const uint32_t hostile[] = {
		0, 1, 7, 63, 64, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff};
	struct fixture f;
	uint32_t *words;

	(void)state;
	make(&f);
	words = (uint32_t *)f.plan.header;
	for (size_t i = 0; i < sizeof *f.plan.header / 4; i++)
		for (size_t h = 0; h < ARRAY_LEN(hostile); h++) {
			uint32_t was = words[i];

			words[i] = hostile[h];
			(void)follow(words,
				f.plan.size); /* either answer is fine, as long as nobody crashes */
			words[i] = was;
		}
	fixture_done(&f);
}

static void test_same_bytes(void **state)
{
	struct fixture a, b;

	(void)state;
	make(&a);
	make(&b);
	assert_int_equal(a.plan.size, b.plan.size);
	assert_memory_equal(a.plan.header, b.plan.header, a.plan.size);
	fixture_done(&a);
	fixture_done(&b);
}

static void test_builder(void **state)
{
	const char *const many[] = {"a", "b", "a", ""};
	struct builder b = {};
	struct plan plan = {};
	struct husk_error *err = NULL;
	struct plan_list list;

	(void)state;
	assert_int_equal(builder_str(&b, NULL), 0);
	assert_int_equal(builder_str(&b, ""), 0);
	list = builder_list(&b, many, ARRAY_LEN(many));
	for (int i = 0; i < 5000; i++) /* the table grows several times */
		assert_int_equal(
			builder_strf(&b, "string %d", i), builder_strf(&b, "string %d", i));
	assert_int_equal(builder_blob(&b, "12345", 5).offset, 0);
	assert_int_equal(builder_blob(&b, "x", 1).offset, 8);
	builder_op_at(&b, PLAN_HOSTNAME, "/mounts/%d", 7)->name.name =
		builder_str(&b, "string 4999");
	assert_int_equal(builder_seal(&b, &plan, &err), 0);
	assert_int_equal(plan_check(plan.header, plan.size), 0);
	assert_string_equal(plan_item(plan.header, list, 2), "a");
	assert_string_equal(plan_item(plan.header, list, 3), "");
	assert_string_equal(
		plan_string(plan.header, plan_ops(plan.header)->name.name), "string 4999");
	assert_string_equal(plan_string(plan.header, plan_ops(plan.header)->at), "/mounts/7");
	plan_done(&plan);
	builder_done(&b);
}

static void test_empty(void **state)
{
	struct builder b = {};
	struct plan plan = {};

	(void)state;
	assert_int_equal(builder_seal(&b, &plan, NULL), 0);
	assert_int_equal(plan_check(plan.header, plan.size), 0);
	plan_done(&plan);
	plan_done(&plan);
	builder_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flips),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_same_bytes),
		cmocka_unit_test(test_builder),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
