// SPDX-License-Identifier: Apache-2.0
/* Device rules: their normal form, what it looks like as text, and rules read from text. */
#include "device_rules.h"

#include <base/str.h>

#define DEFAULTS                                                                          \
	"deny a *:* rwm\nallow c *:* m\nallow c 1:3 rw\nallow c 1:5 rw\nallow c 1:7 rw\n" \
	"allow c 1:8 rw\nallow c 1:9 rw\nallow c 5:0 rw\nallow c 5:2 rw\n"                \
	"allow c 10:200 rw\nallow c 136:* rw\nallow b *:* m\n"

static void expect_text(const struct cgroup_devices *d, const char *want)
{
	auto_strbuf text = {};

	cgroup_devices_text(d, &text);
	assert_false(strbuf_failed(&text));
	assert_string_equal(strbuf_text(&text), want);
}

static void test_defaults(void **state)
{
	struct cgroup_devices d;

	(void)state;
	assert_int_equal(cgroup_devices_compile(NULL, 0, &d), 0);
	expect_text(&d, DEFAULTS);
	assert_int_equal(cgroup_devices_access(&d, DEVICE_CHAR, 1, 3), DEVICE_ACCESS);
	assert_int_equal(cgroup_devices_access(&d, DEVICE_BLOCK, 1, 3), DEVICE_MKNOD);
	assert_int_equal(cgroup_devices_access(&d, DEVICE_CHAR, 136, 9), DEVICE_ACCESS);
	assert_int_equal(cgroup_devices_access(&d, DEVICE_CHAR, 1, 1), DEVICE_MKNOD);
	cgroup_devices_done(&d);
}

/* clang-format off */
static const struct {
	const char *rules[RULES_MAX];
	const char *text; /* without the defaults */
} forms[] = {
	{{NULL}, "deny a *:* rwm\n"},
	{{"allow a *:* rwm"}, "allow a *:* rwm\n"},
	{{"a *:* rwm", "deny a *:* rwm"}, "deny a *:* rwm\n"},
	/* what makes no difference is gone */
	{{"deny c 1:3 r", "allow c 1:4 r", "deny c 1:4 rwm"}, "deny a *:* rwm\n"},
	{{"allow c 1:3 r", "allow c 1:* rwm"}, "deny a *:* rwm\nallow c 1:* rwm\n"},
	/* the later rule wins, for what it says */
	{{"allow c 1:* rw", "deny c 1:3 w"}, "deny a *:* rwm\nallow c 1:* rw\ndeny c 1:3 w\n"},
	{{"deny c 1:3 w", "allow c 1:* rw"}, "deny a *:* rwm\nallow c 1:* rw\n"},
	{{"allow c 1:3 r", "allow c 1:3 w"}, "deny a *:* rwm\nallow c 1:3 rw\n"},
	{{"allow a *:* rwm", "deny b 8:* w"}, "allow a *:* rwm\ndeny b 8:* w\n"},
	{{"allow a *:* rwm", "deny b *:* rwm", "deny c 1:1 r"},
		"deny a *:* rwm\nallow c *:* rwm\ndeny c 1:1 r\n"},
	/* a number of "a" counts */
	{{"allow a 1:3 r"}, "deny a *:* rwm\nallow c 1:3 r\nallow b 1:3 r\n"},
	{{"allow c *:3 r", "allow c 1:* w"}, "deny a *:* rwm\nallow c *:3 r\nallow c 1:* w\n"},
	{{"allow c *:3 r", "deny c 1:* r"}, "deny a *:* rwm\nallow c *:3 r\ndeny c 1:3 r\n"},
	{{"allow c 4095:1048575 m"}, "deny a *:* rwm\nallow c 4095:1048575 m\n"},
};
/* clang-format on */

static void test_normal_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct cgroup_devices d = {};
		struct rules rules;

		parse_rules(&rules, forms[i].rules);
		assert_int_equal(cgroup_devices_add(&d, rules.v, rules.n), 0);
		expect_text(&d, forms[i].text);
		assert_int_equal(cgroup_devices_allow_all(&d),
			text_equal(forms[i].text, "allow a *:* rwm\n"));
		cgroup_devices_done(&d);
		free_rules(&rules);
	}
}

/* Numbers that no device has, an unset type, and access that is absent or empty. */
static void test_odd_rules(void **state)
{
	const struct oci_device_rule none[] = {
		{.allow = {true, true}, .major = {true, 4096}},
		{.allow = {true, true}, .minor = {true, UINT32_MAX}},
		{.allow = {true, true}, .major = {true, UINT32_MAX}, .minor = {true, 0}},
	};
	const struct oci_device_rule all[] = {{.allow = {true, true}, .access = (char *)""}};
	const struct oci_device_rule bad[] = {{.allow = {true, true}, .access = (char *)"rx"}};
	struct cgroup_devices d = {};

	(void)state;
	assert_int_equal(cgroup_devices_add(&d, none, ARRAY_LEN(none)), 0);
	expect_text(&d, "deny a *:* rwm\n");
	assert_int_equal(cgroup_devices_add(&d, all, 1), 0);
	expect_text(&d, "allow a *:* rwm\n");
	assert_int_equal(cgroup_devices_add(&d, bad, 1), -EINVAL);
	cgroup_devices_done(&d);
	assert_int_equal(cgroup_devices_compile(bad, 1, &d), -EINVAL);
	assert_false(d.rules.n || d.majors.n);
}

/* What is added later wins over the defaults, too. */
static void test_later(void **state)
{
	static const char *const later[] = {"deny c 10:200 rw", NULL};
	struct cgroup_devices d;
	struct rules rules;

	(void)state;
	parse_rules(&rules, later);
	assert_int_equal(cgroup_devices_compile(rules.v, rules.n, &d), 0);
	expect_text(&d, DEFAULTS); /* not from the configuration */
	assert_int_equal(cgroup_devices_add(&d, rules.v, rules.n), 0);
	assert_int_equal(cgroup_devices_access(&d, DEVICE_CHAR, 10, 200), DEVICE_MKNOD);
	cgroup_devices_done(&d);
	free_rules(&rules);
}

/* The text of any normal form, read again line by line, gives the same. */
static void test_text_again(void **state)
{
	uint32_t seed = 7;

	(void)state;
	for (int round = 0; round < 5000; round++) {
		struct cgroup_devices d = {}, again = {};
		auto_strbuf text = {};
		struct rules rules;
		char *rest;

		random_rules(&seed, &rules);
		assert_int_equal(cgroup_devices_add(&d, rules.v, rules.n), 0);
		for_each_device(type, major, minor)
			assert_int_equal(cgroup_devices_access(&d, type, major, minor),
				naive_access(&rules, type, major, minor));
		cgroup_devices_text(&d, &text);
		rest = text.text;
		for (char *line; (line = strsep(&rest, "\n")) && *line;) {
			struct oci_device_rule rule;

			assert_int_equal(cgroup_device_rule_parse(line, &rule, NULL), 0);
			assert_int_equal(cgroup_devices_add(&again, &rule, 1), 0);
			free(rule.access);
			line[strlen(line)] = rest ? '\n' : '\0';
		}
		expect_text(&again, text.text);
		for_each_device(type, major, minor)
			assert_int_equal(cgroup_devices_access(&d, type, major, minor),
				cgroup_devices_access(&again, type, major, minor));
		cgroup_devices_done(&d);
		cgroup_devices_done(&again);
	}
}

static void test_too_many(void **state)
{
	auto_free struct oci_device_rule *rules = calloc(16400, sizeof *rules);
	struct cgroup_devices d;

	(void)state;
	assert_non_null(rules);
	for (int64_t i = 0; i < 16400; i++)
		rules[i] = (struct oci_device_rule){.allow = {true, true},
			.type = {true, OCI_DEVICE_CHAR},
			.major = {true, 1},
			.minor = {true, i}};
	assert_int_equal(cgroup_devices_compile(rules, 16400, &d), -E2BIG);
	assert_int_equal(cgroup_devices_compile(rules, 16300, &d), 0);
	assert_int_equal(d.majors.v[0].minors.n, 16300);
	cgroup_devices_done(&d);
	for (size_t i = 0; i < 400; i++) /* 200 times 200, though only 400 rules */
		*(i % 2 ? &rules[i].major : &rules[i].minor) = (struct opt_i64){};
	for (size_t i = 0; i < 400; i += 2)
		rules[i].major.value = (int64_t)i;
	assert_int_equal(cgroup_devices_compile(rules, 400, &d), -E2BIG);
}

static void test_parse(void **state)
{
	static const char *const good[] = {"c 1:3 rwm", "allow c 1:3 rwm", "deny b 8:* w",
		"a *:* m", "b *:5 mr", "c 0:0 r", "deny c 4095:1048575 rwm"};
	static const char *const bad[] = {"", "c", "allow", "allow ", "c 1:3", "c 1:3 ", "c 1:3 x",
		"c 1:3 rr", "c 1:3 rwmr", "c 1:3 rw ", " c 1:3 rw", "c  1:3 rw", "c 1: 3 rw",
		"c 1 3 rw", "c :3 rw", "c 1: rw", "c -1:3 rw", "c 1:-1 rw", "c +1:3 rw",
		"c 0x1:3 rw", "c 1:3:4 rw", "c *1:3 rw", "c **:3 rw", "u 1:3 rw", "p 1:3 rw",
		"C 1:3 rw", "cc 1:3 rw", "allow allow c 1:3 rw", "deny", "denyc 1:3 r",
		"Deny c 1:3 r", "-c 1:3 r", "c 1:3 RW", "c 1:3\trw", "c 1:3 rw\n", "c 4096:3 rw",
		"c 1:1048576 rw", "c 4294967297:3 rw", "c 1:99999999999999999999 rw"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		struct oci_device_rule rule;

		assert_int_equal(cgroup_device_rule_parse(good[i], &rule, NULL), 0);
		assert_true(rule.allow.set && rule.type.set && rule.major.set && rule.minor.set);
		assert_int_equal(rule.allow.value, *good[i] != 'd');
		free(rule.access);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct oci_device_rule rule;
		struct husk_error *err = NULL;

		if (cgroup_device_rule_parse(bad[i], &rule, &err) >= 0)
			fail_msg("'%s' was taken", bad[i]);
		assert_int_equal(husk_error_code(err), HUSK_ERROR_INVALID_ARGUMENT);
		husk_error_free(err);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_normal_form),
		cmocka_unit_test(test_odd_rules),
		cmocka_unit_test(test_later),
		cmocka_unit_test(test_text_again),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
