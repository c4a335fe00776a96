// SPDX-License-Identifier: Apache-2.0
/* The few string functions husk-init needs. */
#include <init/init.h>

size_t text_len(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

int text_same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

int text_add(char *buffer, size_t room, size_t *len, const char *s)
{
	for (; *s; s++) {
		if (*len + 1 >= room)
			return -1;
		buffer[(*len)++] = *s;
	}
	buffer[*len] = '\0';
	return 0;
}

int text_add_number(char *buffer, size_t room, size_t *len, unsigned long number)
{
	char digits[24];
	size_t i = sizeof digits - 1;

	digits[i] = '\0';
	do
		digits[--i] = (char)('0' + number % 10);
	while (number /= 10);
	return text_add(buffer, room, len, digits + i);
}
