// SPDX-License-Identifier: Apache-2.0
/* Edit distance for "did you mean", and UTF-8 validation (RFC 3629). */
#include <base/text.h>
#include <base/attr.h>

#include <stdint.h>

enum { DISTANCE_MAX = 63 };

size_t text_distance(const char *a, const char *b)
{
	size_t row[DISTANCE_MAX + 1], na = strlen(a), nb = strlen(b);

	if (na > DISTANCE_MAX || nb > DISTANCE_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= nb; j++)
		row[j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			size_t above = row[j], best = MIN(row[j - 1], above) + 1;

			row[j] = MIN(best, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[nb];
}

/* Length of the sequence that starts at s with n bytes left, or 0 when it is not valid. */
static size_t utf8_sequence(const unsigned char *s, size_t n)
{
	uint32_t c = s[0], least;
	size_t len;

	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf)
		len = 2, c &= 0x1f, least = 0x80;
	else if ((c & 0xf0) == 0xe0)
		len = 3, c &= 0x0f, least = 0x800;
	else if (c >= 0xf0 && c <= 0xf4)
		len = 4, c &= 0x07, least = 0x10000;
	else
		return 0;
	if (len > n)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	return c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : len;
}

size_t text_utf8_prefix(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n) {
		size_t len = utf8_sequence((const unsigned char *)s + i, n - i);

		if (!len)
			break;
		i += len;
	}
	return i;
}

bool text_is_c1(const char *s)
{
	return (unsigned char)s[0] == 0xc2 && (unsigned char)s[1] < 0xa0;
}

bool text_is_utf8(const char *s, size_t n)
{
	return text_utf8_prefix(s, n) == n;
}
