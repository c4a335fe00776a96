// SPDX-License-Identifier: Apache-2.0
/* Lists like "0-3,7", digit by digit: nothing is skipped, and no number may overflow into another. */
#include <base/bitlist.h>

#include <errno.h>

static const char *skip_blanks(const char *s)
{
	while (*s == ' ')
		s++;
	return s;
}

/* Digits at *s; moves *s behind them. */
static int take_number(const char **s, uint32_t limit, uint32_t *ret)
{
	const char *p = *s;
	uint64_t value = 0;

	for (; *p >= '0' && *p <= '9'; p++)
		if (value < UINT32_MAX)
			value = value * 10 + (uint64_t)(*p - '0');
	if (p == *s)
		return -EINVAL;
	*s = p;
	if (value >= limit)
		return -ERANGE;
	*ret = (uint32_t)value;
	return 0;
}

static int take_range(const char **s, uint32_t limit, uint64_t *mask)
{
	uint32_t first = 0, last;
	int r = take_number(s, limit, &first);

	last = first;
	if (!r && **s == '-') {
		++*s;
		r = take_number(s, limit, &last);
	}
	if (r < 0)
		return r;
	if (last < first)
		return -EINVAL;
	for (uint32_t i = first; mask && i <= last; i++)
		mask[i / 64] |= UINT64_C(1) << i % 64;
	return 0;
}

int bitlist_parse(const char *s, uint32_t limit, uint64_t *mask)
{
	s = skip_blanks(s);
	if (!*s)
		return 0;
	for (;;) {
		int r = take_range(&s, limit, mask);

		if (r < 0)
			return r;
		s = skip_blanks(s);
		if (!*s)
			return 0;
		if (*s != ',')
			return -EINVAL;
		s = skip_blanks(s + 1);
	}
}
