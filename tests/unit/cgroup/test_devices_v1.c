// SPDX-License-Identifier: Apache-2.0
/*
 * The device controller of v1, as a model of what the kernel does (security/device_cgroup.c), and the steps from one
 * list to another: the end is exact, and nothing in between allows what neither allows or denies what both allow.
 */
#include "device_rules.h"

#include <stdio.h>

#include <base/str.h>
#include <cgroup/devices_v1.h>

enum { ENTRIES_MAX = 256 };

struct kernel {
	bool allow_all;
	size_t n;
	struct device_entry v[ENTRIES_MAX];
};

static uint8_t letters(const char *s)
{
	uint8_t access = 0;

	for (; *s; s++) {
		assert_true(strchr("rwm", *s));
		access |= *s == 'r' ? DEVICE_READ : *s == 'w' ? DEVICE_WRITE : DEVICE_MKNOD;
	}
	return access;
}

static struct device_entry read_entry(const char *line)
{
	char type, major[12], minor[12], access[4];

	assert_int_equal(
		sscanf(line, "%c %11[0-9*]:%11[0-9*] %3s", &type, major, minor, access), 4);
	assert_true(type == 'b' || type == 'c');
	return (struct device_entry){.type = type == 'b' ? DEVICE_BLOCK : DEVICE_CHAR,
		.access = letters(access),
		.major = *major == '*' ? DEVICE_ANY : atoi(major),
		.minor = *minor == '*' ? DEVICE_ANY : atoi(minor)};
}

static void kernel_add(struct kernel *k, struct device_entry e)
{
	for (size_t i = 0; i < k->n; i++)
		if (k->v[i].type == e.type && k->v[i].major == e.major &&
			k->v[i].minor == e.minor) {
			k->v[i].access |= e.access;
			return;
		}
	assert_true(k->n < ENTRIES_MAX);
	k->v[k->n++] = e;
}

static void kernel_remove(struct kernel *k, struct device_entry e)
{
	size_t n = 0;

	for (size_t i = 0; i < k->n; i++) {
		struct device_entry *o = &k->v[i];

		if (o->type == e.type && o->major == e.major && o->minor == e.minor)
			o->access &= (uint8_t)~e.access;
		if (o->access)
			k->v[n++] = *o;
	}
	k->n = n;
}

static void kernel_write(struct kernel *k, const struct device_step *step)
{
	auto_free char *line = cgroup_devices_v1_line(step);

	assert_non_null(line);
	if (*line == 'a')
		*k = (struct kernel){.allow_all = step->allow};
	else if (k->allow_all == step->allow)
		kernel_remove(k, read_entry(line));
	else
		kernel_add(k, read_entry(line));
}

static bool kernel_allows(
	const struct kernel *k, uint8_t type, uint32_t major, uint32_t minor, uint8_t access)
{
	for (size_t i = 0; i < k->n; i++) {
		const struct device_entry *e = &k->v[i];

		if (e->type != type || (e->major != DEVICE_ANY && e->major != major) ||
			(e->minor != DEVICE_ANY && e->minor != minor))
			continue;
		if (k->allow_all ? access & e->access : !(access & ~e->access))
			return !k->allow_all;
	}
	return k->allow_all;
}

/* As devices.list shows it, read back. */
static void kernel_list(const struct kernel *k, struct device_list *ret)
{
	auto_strbuf text = {};

	if (k->allow_all)
		strbuf_add(&text, "a *:* rwm\n");
	for (size_t i = 0; i < k->n && !k->allow_all; i++) {
		const struct device_entry *e = &k->v[i];

		cgroup_device_text(&text, e->type, e->major, e->minor, e->access);
		strbuf_add_char(&text, '\n');
	}
	assert_int_equal(cgroup_devices_v1_parse(strbuf_text(&text), ret), 0);
}

/* What no step may break: `old` and `new` are what was and will be allowed. */
static void check_between(const struct kernel *now, const struct kernel *old,
	const struct rules *new_rules, int round)
{
	for_each_device(type, major, minor)
	{
		uint8_t wanted = naive_access(new_rules, type, major, minor);

		for (uint8_t access = 1; access <= DEVICE_ACCESS; access++) {
			bool before = kernel_allows(old, type, major, minor, access);
			bool after = !(access & ~wanted);
			bool is = kernel_allows(now, type, major, minor, access);

			if (is ? !before && !after : before && after)
				fail_msg("round %d: %u %u:%u %u is %d, was %d, will be %d", round,
					type, major, minor, access, is, before, after);
		}
	}
}

static void check_exact(const struct kernel *k, const struct rules *rules, int round)
{
	for_each_device(type, major, minor)
	{
		uint8_t wanted = naive_access(rules, type, major, minor);

		for (uint8_t access = 1; access <= DEVICE_ACCESS; access++)
			if (kernel_allows(k, type, major, minor, access) != !(access & ~wanted))
				fail_msg(
					"round %d: %u %u:%u %u", round, type, major, minor, access);
	}
}

/* The largest list that says nothing wrong; if that does not say all, none does. */
static bool can_be_said(const struct rules *rules, bool allow_all)
{
	struct kernel k = {.allow_all = allow_all};

	for (uint8_t type = DEVICE_BLOCK; type <= DEVICE_CHAR; type++)
		for (int64_t x = 0; x < NUMBERS * NUMBERS; x++) {
			struct device_entry e = {type, DEVICE_ACCESS, x / NUMBERS, x % NUMBERS};

			e.major = e.major ? e.major : DEVICE_ANY;
			e.minor = e.minor ? e.minor : DEVICE_ANY;
			for_each_number(major) for_each_number(
				minor) if ((e.major == DEVICE_ANY || e.major == major) &&
					   (e.minor == DEVICE_ANY || e.minor == minor)) e.access &=
				(uint8_t)(naive_access(rules, type, major, minor) ^
					  (allow_all ? DEVICE_ACCESS : 0));
			kernel_add(&k, e);
		}
	for_each_device(type, major,
		minor) for (uint8_t access = 1; access <= DEVICE_ACCESS;
			    access++) if (kernel_allows(&k, type, major, minor, access) !=
					  !(access & ~naive_access(rules, type, major,
							     minor))) return false;
	return true;
}

/* Random rules that v1 has words for, as a list; each that it has no words for is checked to have none. */
static void random_list(uint32_t *seed, struct rules *rules, struct device_list *ret)
{
	for (;;) {
		const struct device_rule *rule = NULL;
		struct cgroup_devices d = {};
		int r;

		random_rules(seed, rules);
		assert_int_equal(cgroup_devices_add(&d, rules->v, rules->n), 0);
		r = cgroup_devices_v1_list(&d, ret, &rule);
		assert_true(r >= 0);
		assert_int_equal(!r, can_be_said(rules, false) || can_be_said(rules, true));
		assert_true(!r || rule);
		cgroup_devices_done(&d);
		if (!r)
			return;
	}
}

static void walk(struct kernel *k, const struct device_list *from, const struct device_list *to,
	const struct rules *rules, int round)
{
	const struct kernel old = *k;
	struct device_steps steps;
	bool anew = from->allow_all != to->allow_all || from->unknown;

	assert_int_equal(cgroup_devices_v1_steps(from, to, &steps), 0);
	assert_int_equal(steps.widens, anew && to->allow_all && to->n);
	list_for_each (step, &steps) {
		kernel_write(k, step);
		assert_true(!step->all || anew);
		if (anew) /* "a", then one exception after the other */
			assert_int_equal(step->allow == to->allow_all, step->all);
		else
			check_between(k, &old, rules, round);
	}
	free(steps.v);
	check_exact(k, rules, round);
}

static void test_random(void **state)
{
	uint32_t seed = 3;
	size_t modes[2][2] = {};

	(void)state;
	for (int round = 0; round < 6000; round++) {
		struct device_list old, new, shown, now;
		struct kernel k = {.allow_all = dice(&seed, 2)};
		struct rules rules;

		/* from what a new cgroup has, the first list; then the second */
		random_list(&seed, &rules, &old);
		kernel_list(&k, &shown);
		walk(&k, &shown, &old, &rules, round);
		kernel_list(&k, &now);
		assert_true(old.allow_all ? now.unknown : cgroup_devices_v1_equal(&now, &old));
		random_list(&seed, &rules, &new);
		modes[old.allow_all][new.allow_all]++;
		walk(&k, old.allow_all ? &old : &now, &new, &rules, round);
		free(now.v);
		free(old.v);
		free(new.v);
	}
	for (int i = 0; i < 4; i++)
		assert_true(modes[i / 2][i % 2] > 100);
}

/* A list that somebody else wrote, in which entries may contradict each other: never wider than need be, and exact. */
static void test_foreign(void **state)
{
	uint32_t seed = 11;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		struct device_list now, new;
		struct device_steps steps;
		struct kernel k = {}, old;
		struct rules rules;

		for (uint32_t n = dice(&seed, 10); n; n--) {
			struct opt_i64 major = random_number(&seed), minor = random_number(&seed);

			kernel_add(&k, (struct device_entry){.type = (uint8_t)(1 + dice(&seed, 2)),
					       .access = (uint8_t)(1 + dice(&seed, 7)),
					       .major = opt_i64_or(major, DEVICE_ANY),
					       .minor = opt_i64_or(minor, DEVICE_ANY)});
		}
		do {
			random_list(&seed, &rules, &new);
		} while (new.allow_all && (free(new.v), true));
		old = k;
		kernel_list(&k, &now);
		assert_int_equal(cgroup_devices_v1_steps(&now, &new, &steps), 0);
		list_for_each (step, &steps) {
			kernel_write(&k, step);
			for_each_device(type, major, minor) for (uint8_t access = 1;
								 access <= DEVICE_ACCESS; access++)
				assert_true(!kernel_allows(&k, type, major, minor, access) ||
					    kernel_allows(&old, type, major, minor, access) ||
					    !(access & ~naive_access(&rules, type, major, minor)));
		}
		check_exact(&k, &rules, round);
		free(steps.v);
		free(now.v);
		free(new.v);
	}
}

static void list_of(const char *const *texts, struct rules *rules, struct device_list *ret)
{
	const struct device_rule *rule;
	struct cgroup_devices d = {};

	parse_rules(rules, texts);
	assert_int_equal(cgroup_devices_add(&d, rules->v, rules->n), 0);
	assert_int_equal(cgroup_devices_v1_list(&d, ret, &rule), 0);
	cgroup_devices_done(&d);
}

/* c 1:3 may be read all the time, first by the one entry, then by the other, and both change in two steps. */
static void test_crossing(void **state)
{
	static const char *const before[] = {"c *:3 rw", "c 1:* w", NULL};
	static const char *const after[] = {"c *:3 m", "c 1:* rm", NULL};
	struct rules old_rules, new_rules;
	struct device_list old, new, none = {};
	struct kernel k = {};

	(void)state;
	list_of(before, &old_rules, &old);
	list_of(after, &new_rules, &new);
	walk(&k, &none, &old, &old_rules, 0);
	walk(&k, &old, &new, &new_rules, 1);
	walk(&k, &new, &old, &old_rules, 2);
	free(old.v);
	free(new.v);
	free_rules(&old_rules);
	free_rules(&new_rules);
}

/* The same again needs no write, and one rule more only that. */
static void test_minimal(void **state)
{
	static const char *const texts[] = {"c 1:* r", "b 8:0 rw", "c 240:7 w", NULL};
	struct cgroup_devices a, b;
	const struct device_rule *rule;
	struct device_list from, to;
	struct device_steps steps;
	auto_free char *line = NULL;
	struct rules rules;

	(void)state;
	parse_rules(&rules, texts);
	assert_int_equal(cgroup_devices_compile(rules.v, 2, &a), 0);
	assert_int_equal(cgroup_devices_compile(rules.v, 3, &b), 0);
	assert_int_equal(cgroup_devices_v1_list(&a, &from, &rule), 0);
	assert_int_equal(cgroup_devices_v1_list(&b, &to, &rule), 0);
	assert_int_equal(cgroup_devices_v1_steps(&from, &from, &steps), 0);
	assert_int_equal(steps.n, 0);
	assert_int_equal(cgroup_devices_v1_steps(&from, &to, &steps), 0);
	assert_int_equal(steps.n, 1);
	line = cgroup_devices_v1_line(&steps.v[0]);
	assert_string_equal(
		line, "c 240:7 wm"); /* v1 wants one entry that allows all of an access */
	assert_true(steps.v[0].allow);
	free(steps.v);
	free(from.v);
	free(to.v);
	cgroup_devices_done(&a);
	cgroup_devices_done(&b);
	free_rules(&rules);
}

static void test_no_words(void **state)
{
	static const struct {
		const char *rules[6];
		size_t origin;
	} rows[] = {
		{{"deny a *:* rwm", "c 1:* rw", "deny c 1:6 w", "c 4:* r"}, 2},
		{{"c 7:* rw", "c 9:9 rw", "deny c 7:1 r", "deny c 9:9 r"}, 2},
		{{"c *:* rw", "deny c 5:* w", "c 5:6 w"}, 1},
		{{"a *:* rwm", "deny c 5:* w", "c 5:6 w"}, 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct device_rule *rule = NULL;
		struct cgroup_devices d;
		struct device_list list;
		struct rules rules;

		parse_rules(&rules, rows[i].rules);
		assert_int_equal(cgroup_devices_compile(rules.v, rules.n, &d), 0);
		assert_int_equal(cgroup_devices_v1_list(&d, &list, &rule), 1);
		assert_non_null(rule);
		assert_int_equal(rule->origin, rows[i].origin);
		cgroup_devices_done(&d);
		free_rules(&rules);
	}
}

static void test_parse(void **state)
{
	static const char *const bad[] = {"x", "c 1:3", "c 1 3 rw", "c 1:3 rx", "d 1:3 rw",
		"c :3 r", "c 1: r", "c 4294967296:1 r", "c -1:1 r", "a 1:3 rw",
		"a *:* rwm\nc 1:3 r\n", "c 1:3 rw\n\x01", "cc 1:3 r", " c 1:3 r", "c 1:3 r w"};
	struct device_list list;

	(void)state;
	assert_int_equal(cgroup_devices_v1_parse("", &list), 0);
	assert_true(!list.allow_all && !list.n);
	assert_int_equal(cgroup_devices_v1_parse("a *:* rwm\n", &list), 0);
	assert_true(list.allow_all && list.unknown);
	assert_int_equal(
		cgroup_devices_v1_parse("c 1:3 rwm\nb *:7 m\nc 9:9 \nb 4294967294:* w\n", &list),
		0);
	assert_int_equal(list.n, 3); /* one has no access and means nothing */
	assert_true(list.v[0].major == 1 && list.v[1].major == DEVICE_ANY && list.v[1].minor == 7);
	assert_int_equal(list.v[1].access, DEVICE_MKNOD);
	free(list.v);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (cgroup_devices_v1_parse(bad[i], &list) != -EBADMSG)
			fail_msg("'%s' was taken", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_crossing),
		cmocka_unit_test(test_minimal),
		cmocka_unit_test(test_no_words),
		cmocka_unit_test(test_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
