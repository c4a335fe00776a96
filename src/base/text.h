/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about strings that need no memory. */
#ifndef HUSK_BASE_TEXT_H
#define HUSK_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static inline bool text_equal(const char *a, const char *b)
{
	return !strcmp(a, b);
}

/* What follows `prefix` in s, or NULL when s does not begin with it. */
static inline const char *text_after(const char *s, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(s, prefix, n) ? NULL : s + n;
}

/* Damerau-free edit distance; strings over 63 bytes count as far apart. */
size_t text_distance(const char *a, const char *b);
/* Does s, which is valid UTF-8, begin with one of the controls U+0080 to U+009F, of two bytes? */
bool text_is_c1(const char *s);
/* Is s valid UTF-8 (RFC 3629: no surrogates, no overlong forms)? */
bool text_is_utf8(const char *s, size_t n);
/* How many bytes at the beginning of s are valid UTF-8: n when all are. */
size_t text_utf8_prefix(const char *s, size_t n);

#endif
