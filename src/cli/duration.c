// SPDX-License-Identifier: Apache-2.0
/* A sum of numbers with units. What is finer than a nanosecond is cut off. */
#include <cli/duration.h>
#include <base/error.h>
#include <base/text.h>

#include <ctype.h>
#include <errno.h>

struct unit {
	const char *name;
	uint64_t ns;
};

/* Longer names before those they begin with. */
static const struct unit units[] = {
	{"ns", 1},
	{"us", 1000},
	{"\xc2\xb5s", 1000}, /* micro sign */
	{"\xce\xbcs", 1000}, /* Greek mu */
	{"ms", 1000000},
	{"s", 1000000000},
	{"m", UINT64_C(60) * 1000000000},
	{"h", UINT64_C(3600) * 1000000000},
};

/* One number with its unit; *s moves behind it. */
static int parse_part(const char **s, uint64_t *ret)
{
	const char *start = *s, *whole_end, *point;
	uint64_t value = 0, rest = 0;

	for (; isdigit((unsigned char)**s); ++*s)
		if (__builtin_mul_overflow(value, 10U, &value) ||
			__builtin_add_overflow(value, (uint64_t)(**s - '0'), &value))
			return -ERANGE;
	whole_end = *s;
	point = **s == '.' ? (*s)++ : NULL;
	while (point && isdigit((unsigned char)**s))
		++*s;
	if (whole_end == start && (!point || *s == point + 1))
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		const char *after = text_after(*s, units[i].name);
		uint64_t scale = units[i].ns;

		if (!after)
			continue;
		for (const char *digit = point ? point + 1 : *s; digit < *s && scale; digit++) {
			rest += (uint64_t)(*digit - '0') * scale / 10;
			scale /= 10;
		}
		*s = after;
		if (__builtin_mul_overflow(value, units[i].ns, &value) ||
			__builtin_add_overflow(value, rest, ret))
			return -ERANGE;
		return 0;
	}
	return -EINVAL;
}

int duration_parse(const char *text, uint64_t *ret)
{
	uint64_t sum = 0, part;

	text += *text == '+';
	if (text_equal(text, "0")) {
		*ret = 0;
		return 0;
	}
	if (!*text)
		return -EINVAL;
	while (*text) {
		int r = parse_part(&text, &part);

		if (r < 0)
			return r;
		if (__builtin_add_overflow(sum, part, &sum) || sum > INT64_MAX)
			return -ERANGE;
	}
	*ret = sum;
	return 0;
}

int duration_interval(const char *text, uint64_t other, uint64_t *ret, struct husk_error **err)
{
	uint64_t value = other;

	if (text && *text != '-' && duration_parse(text, &value) < 0)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
			"invalid value \"%s\" for flag -interval: parse error", text);
	if (!value || (text && *text == '-'))
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
			"duration interval must be greater than 0");
	*ret = value;
	return 0;
}
