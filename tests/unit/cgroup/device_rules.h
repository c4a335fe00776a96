/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random device rules over few numbers, so that they meet, and what they mean, found the slow way: for each kind of
 * access the last rule that matches.
 */
#ifndef HUSK_TESTS_CGROUP_DEVICE_RULES_H
#define HUSK_TESTS_CGROUP_DEVICE_RULES_H

#include <base/mem.h>
#include <base/parse.h>
#include <base/text.h>
#include <cgroup/devices.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

enum { NUMBERS = 5, RULES_MAX = 12 }; /* numbers 1 to 4 are named, 5 never is */

#define for_each_number(n) for (uint32_t n = 1; n <= NUMBERS; n++)
#define for_each_device(type, major, minor)                                \
	for (uint8_t type = DEVICE_BLOCK; (type) <= DEVICE_CHAR; (type)++) \
	for_each_number(major) for_each_number(minor)

struct rules {
	struct oci_device_rule v[RULES_MAX];
	size_t n;
};

/* xorshift: the same tests each time. */
__attribute__((unused)) static uint32_t dice(uint32_t *seed, uint32_t sides)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed % sides;
}

__attribute__((unused)) static struct opt_i64 random_number(uint32_t *seed)
{
	uint32_t n = dice(seed, NUMBERS + 1);

	/* absent, -1, or one of those that are named */
	return (struct opt_i64){.set = n > 0, .value = n > 1 ? (int64_t)n - 1 : -1};
}

__attribute__((unused)) static void random_rules(uint32_t *seed, struct rules *ret)
{
	static char *const access[] = {NULL, (char *)"m", (char *)"r", (char *)"mr", (char *)"w",
		(char *)"wm", (char *)"rw", (char *)"rwm", (char *)"rwm", (char *)"rwm"};
	static const int types[] = {OCI_DEVICE_CHAR, OCI_DEVICE_BLOCK, OCI_DEVICE_ALL};

	bool lines = !dice(seed, 3); /* only "1:*" and "*:1", which cross each other */

	ret->n = dice(seed, RULES_MAX + 1);
	for (size_t i = 0; i < ret->n; i++)
		ret->v[i] = (struct oci_device_rule){
			.allow = {true, dice(seed, 3) > 0},
			.type = {dice(seed, 8) > 0, types[dice(seed, 3)]},
			.major = random_number(seed),
			.minor = random_number(seed),
			.access = access[dice(seed, ARRAY_LEN(access))],
		};
	for (size_t i = 0; i < ret->n && lines; i++)
		*(dice(seed, 2) ? &ret->v[i].major : &ret->v[i].minor) = (struct opt_i64){};
	if (ret->n && !dice(seed, 3)) /* a privileged container's */
		ret->v[0] = (struct oci_device_rule){.allow = {true, true}};
}

__attribute__((unused)) static bool matches(struct opt_i64 pattern, uint32_t number)
{
	return !pattern.set || pattern.value == -1 || pattern.value == number;
}

__attribute__((unused)) static uint8_t naive_access(
	const struct rules *rules, uint8_t type, uint32_t major, uint32_t minor)
{
	static const char letters[] = "mrw"; /* bit 0, 1, 2 */
	uint8_t access = 0;

	for (size_t bit = 0; bit < 3; bit++) {
		bool allowed = false;

		for (size_t i = 0; i < rules->n; i++) {
			const struct oci_device_rule *r = &rules->v[i];
			bool kind = !r->type.set || r->type.value == OCI_DEVICE_ALL ||
				    (r->type.value == OCI_DEVICE_BLOCK) == (type == DEVICE_BLOCK);
			bool right = !r->access || strchr(r->access, letters[bit]);

			if (kind && right && matches(r->major, major) && matches(r->minor, minor))
				allowed = r->allow.value;
		}
		access |= (uint8_t)(allowed << bit);
	}
	return access;
}

__attribute__((unused)) static void parse_rules(struct rules *ret, const char *const *texts)
{
	for (ret->n = 0; texts[ret->n]; ret->n++) {
		struct husk_error *err = NULL;

		assert_true(ret->n < RULES_MAX);
		if (cgroup_device_rule_parse(texts[ret->n], &ret->v[ret->n], &err) < 0)
			fail_msg("%s", husk_error_message(err));
	}
}

__attribute__((unused)) static void free_rules(struct rules *rules)
{
	for (size_t i = 0; i < rules->n; i++)
		free(rules->v[i].access);
	rules->n = 0;
}

#endif
