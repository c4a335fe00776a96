// SPDX-License-Identifier: Apache-2.0
/*
 * What the distribution's libjson-c.a and libseccomp.a want of glibc and musl does not have,
 * for the command as a static musl program. That archives compiled against glibc run on musl
 * rests on what both have from elsewhere, on 64 bit: struct stat, flags and errno from the
 * kernel, va_list from the C ABI; FILE and locale_t are only pointers to them. What is left are
 * names, of three kinds:
 *
 *  - __X_chk, the fortified X: glibc's headers make a call of X into it and add the room of the
 *    destination. It is checked here as there: who would write beyond it ends here.
 *  - __isoc23_X (glibc 2.38 and later): X that also reads 0b101, if asked for base 0 or 2.
 *  - arc4random, which json-c 0.17 takes for the seed of its tables where libc has it.
 *
 * And four that musl has, answered more shortly: json-c makes and frees a locale for each text
 * it parses, so that a number has no comma. The command never sets one: it is always "C". musl's
 * own take a page from the kernel each time, which costs more than the parsing.
 *
 * The list is closed: with another name missing nothing links, and meson.build keeps to glibc.
 * The unit tests run on musl too (test-musl-*).
 */
#include <locale.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <syslog.h>

/* Nobody includes these: the archives were compiled with glibc's declarations. */
/* clang-format off */
void *__memcpy_chk(void *to, const void *from, size_t n, size_t room);
char *__strcpy_chk(char *to, const char *from, size_t room);
char *__strcat_chk(char *to, const char *from, size_t room);
int __vsnprintf_chk(char *to, size_t n, int flag, size_t room, const char *format, va_list args);
int __snprintf_chk(char *to, size_t n, int flag, size_t room, const char *format, ...);
int __vasprintf_chk(char **ret, int flag, const char *format, va_list args);
int __vfprintf_chk(FILE *file, int flag, const char *format, va_list args);
int __fprintf_chk(FILE *file, int flag, const char *format, ...);
void __vsyslog_chk(int priority, int flag, const char *format, va_list args);
long __isoc23_strtol(const char *s, char **end, int base);
long long __isoc23_strtoll(const char *s, char **end, int base);
unsigned long long __isoc23_strtoull(const char *s, char **end, int base);
uint32_t arc4random(void);
/* clang-format on */

static void need(size_t n, size_t room)
{
	if (n > room)
		abort();
}

void *__memcpy_chk(void *to, const void *from, size_t n, size_t room)
{
	need(n, room);
	return memcpy(to, from, n);
}

char *__strcpy_chk(char *to, const char *from, size_t room)
{
	return __memcpy_chk(to, from, strlen(from) + 1, room);
}

char *__strcat_chk(char *to, const char *from, size_t room)
{
	size_t len = strlen(to);

	need(len, room);
	__strcpy_chk(to + len, from, room - len);
	return to;
}

int __vsnprintf_chk(char *to, size_t n, int flag, size_t room, const char *format, va_list args)
{
	(void)flag;
	need(n, room);
	return vsnprintf(to, n, format, args);
}

int __snprintf_chk(char *to, size_t n, int flag, size_t room, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = __vsnprintf_chk(to, n, flag, room, format, args);
	va_end(args);
	return r;
}

int __vasprintf_chk(char **ret, int flag, const char *format, va_list args)
{
	(void)flag;
	return vasprintf(ret, format, args);
}

int __vfprintf_chk(FILE *file, int flag, const char *format, va_list args)
{
	(void)flag;
	return vfprintf(file, format, args);
}

int __fprintf_chk(FILE *file, int flag, const char *format, ...)
{
	va_list args;
	int r;

	va_start(args, format);
	r = __vfprintf_chk(file, flag, format, args);
	va_end(args);
	return r;
}

void __vsyslog_chk(int priority, int flag, const char *format, va_list args)
{
	(void)flag;
	vsyslog(priority, format, args);
}

long __isoc23_strtol(const char *s, char **end, int base)
{
	return strtol(s, end, base);
}

long long __isoc23_strtoll(const char *s, char **end, int base)
{
	return strtoll(s, end, base);
}

unsigned long long __isoc23_strtoull(const char *s, char **end, int base)
{
	return strtoull(s, end, base);
}

/* Early at boot it waits for the first entropy, as glibc's does. */
uint32_t arc4random(void)
{
	uint32_t value;

	while (getrandom(&value, sizeof value, 0) != sizeof value)
		;
	return value;
}

static char c_locale; /* only its address is used */

locale_t newlocale(int mask, const char *name, locale_t base)
{
	(void)mask, (void)name, (void)base;
	return (locale_t)&c_locale;
}

locale_t duplocale(locale_t locale)
{
	return locale;
}

locale_t uselocale(locale_t locale)
{
	(void)locale;
	return (locale_t)&c_locale;
}

void freelocale(locale_t locale)
{
	(void)locale;
}
