// SPDX-License-Identifier: Apache-2.0
/* Exact numbers from text; strtol is not used because it accepts blanks, signs and half a number. */
#include <base/parse.h>

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 99;
}

/* Parses digits up to *end; at least one is needed. */
static int parse_digits(const char *s, int base, uint64_t *ret, const char **end)
{
	uint64_t value = 0;
	const char *p = s;

	for (int d; (d = digit_value(*p)) < base; p++)
		if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
			__builtin_add_overflow(value, (uint64_t)d, &value))
			return -ERANGE;
	if (p == s)
		return -EINVAL;
	*ret = value;
	*end = p;
	return 0;
}

int parse_u64(const char *s, int base, uint64_t *ret)
{
	const char *end = s;
	uint64_t value;
	int r = parse_digits(s, base, &value, &end);

	if (r < 0)
		return r;
	if (*end)
		return -EINVAL;
	*ret = value;
	return 0;
}

int parse_u32(const char *s, int base, uint32_t *ret)
{
	uint64_t value;
	int r = parse_u64(s, base, &value);

	if (r < 0)
		return r;
	if (value > UINT32_MAX)
		return -ERANGE;
	*ret = (uint32_t)value;
	return 0;
}

int parse_i64(const char *s, int64_t *ret)
{
	bool negative = *s == '-';
	uint64_t value;
	int r = parse_u64(s + negative, 10, &value);

	if (r < 0)
		return r;
	if (value > (uint64_t)INT64_MAX + negative)
		return -ERANGE;
	*ret = negative ? (int64_t)(0 - value) : (int64_t)value;
	return 0;
}

int parse_size(const char *s, uint64_t *ret)
{
	static const char units[] = "bkmgtp";
	const char *end = s, *unit = NULL;
	unsigned int shift = 0;
	uint64_t value;
	int r = parse_digits(s, 10, &value, &end);

	if (r < 0)
		return r;
	if (*end) {
		unit = strchr(units, tolower((unsigned char)*end));
		if (!unit || (end[1] && (unit == units || (strcasecmp(end + 1, "b") &&
								  strcasecmp(end + 1, "ib")))))
			return -EINVAL;
		shift = (unsigned int)(unit - units) * 10;
	}
	if (shift && value > UINT64_MAX >> shift)
		return -ERANGE;
	*ret = value << shift;
	return 0;
}
