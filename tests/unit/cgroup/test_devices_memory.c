// SPDX-License-Identifier: Apache-2.0
/*
 * Memory runs out at each allocation in turn on the way from device rules to what the kernel gets: that is said, and
 * nothing leaks or is half done (the sanitizers watch).
 * wrap: malloc calloc realloc strdup
 */
#include "device_rules.h"

#include <cgroup/device_prog.h>
#include <cgroup/devices_v1.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *s);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *s);

static long countdown = -1; /* allocations until the one that fails; < 0: none does */

static bool fails(void)
{
	return countdown >= 0 && countdown-- == 0;
}

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

char *__wrap_strdup(const char *s)
{
	return fails() ? NULL : __real_strdup(s);
}

static struct rules rules;

static int way(struct cgroup_devices *d, struct bpf_code *code, struct device_list lists[2],
	struct device_steps *steps)
{
	static const char before[] = "c *:* m\nb 1:3 rw\nc *:3 r\nc 8:* w\nb *:* m\nc 136:* rw\n";
	const struct device_rule *rule;
	int r = cgroup_devices_compile(rules.v, rules.n, d);

	if (!r)
		r = cgroup_devices_add(d, rules.v, rules.n);
	if (!r)
		r = cgroup_device_program(d, code);
	if (!r)
		r = cgroup_devices_v1_list(d, &lists[0], &rule);
	if (!r)
		r = cgroup_devices_v1_parse(before, &lists[1]);
	if (!r)
		r = cgroup_devices_v1_steps(&lists[1], &lists[0], steps);
	list_for_each (step, steps) {
		auto_free char *line = r ? NULL : cgroup_devices_v1_line(step);

		if (!r && !line)
			r = -ENOMEM;
	}
	return r;
}

static bool once(long n)
{
	struct device_list lists[2] = {};
	struct device_steps steps = {};
	struct cgroup_devices d = {};
	struct bpf_code code = {};
	bool came;
	int r;

	countdown = n;
	r = way(&d, &code, lists, &steps);
	came = countdown < 0;
	countdown = -1;
	assert_int_equal(r, came ? -ENOMEM : 0);
	free(steps.v);
	free(lists[0].v);
	free(lists[1].v);
	free(code.v);
	cgroup_devices_done(&d);
	return came;
}

static void test_exhausted(void **state)
{
	static const char *const texts[] = {"c *:3 rm", "c 8:* rw", "b 7:7 r", "b *:9 w", NULL};
	long n = 0;

	(void)state;
	parse_rules(&rules, texts);
	while (once(n))
		n++;
	assert_in_range(n, 20, 500);
	free_rules(&rules);
}

static void test_rule(void **state)
{
	struct oci_device_rule rule;
	struct husk_error *err = NULL;
	int r;

	(void)state;
	countdown = 0;
	r = cgroup_device_rule_parse("c 1:3 rw", &rule, &err);
	countdown = -1;
	assert_int_equal(r, -ENOMEM);
	assert_int_equal(husk_error_code(err), HUSK_ERROR_NO_MEMORY);
	husk_error_free(err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exhausted),
		cmocka_unit_test(test_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
