// SPDX-License-Identifier: Apache-2.0
/* What the compiler may call behind our back. Without libc these are ours; the loops must not become calls again. */
#include <stddef.h>

#ifndef HUSK_HELPER_LIBC

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);

#define no_loop_calls __attribute__((optimize("no-tree-loop-distribute-patterns")))
#ifdef __clang__
#undef no_loop_calls
#define no_loop_calls __attribute__((no_builtin("memcpy", "memset", "memmove", "memcmp")))
#endif

no_loop_calls void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	char *t = to;
	const char *f = from;

	while (n--)
		*t++ = *f++;
	return to;
}

no_loop_calls void *memmove(void *to, const void *from, size_t n)
{
	char *t = to;
	const char *f = from;

	if (t < f)
		return memcpy(to, from, n);
	while (n--)
		t[n] = f[n];
	return to;
}

no_loop_calls void *memset(void *to, int c, size_t n)
{
	char *t = to;

	while (n--)
		*t++ = (char)c;
	return to;
}

no_loop_calls int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

#endif
