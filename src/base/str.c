// SPDX-License-Identifier: Apache-2.0
/* The growing string. */
#include <base/str.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void strbuf_done(struct strbuf *b)
{
	free(b->text);
	*b = (struct strbuf){};
}

/* Makes room for n more bytes and the final NUL. */
static bool strbuf_reserve(struct strbuf *b, size_t n)
{
	size_t need = b->len + n + 1, room = b->room ? b->room : 64;
	char *grown;

	if (b->failed || n > SIZE_MAX / 4) {
		b->failed = true;
		return false;
	}
	if (need <= b->room)
		return true;
	while (room < need)
		room *= 2;
	grown = realloc(b->text, room);
	if (!grown) {
		b->failed = true;
		return false;
	}
	b->text = grown;
	b->room = room;
	return true;
}

void strbuf_add_bytes(struct strbuf *b, const void *data, size_t n)
{
	if (!strbuf_reserve(b, n))
		return;
	if (n)
		memcpy(b->text + b->len, data, n);
	b->len += n;
	b->text[b->len] = '\0';
}

void strbuf_add(struct strbuf *b, const char *s)
{
	strbuf_add_bytes(b, s, strlen(s));
}

void strbuf_add_char(struct strbuf *b, char c)
{
	strbuf_add_bytes(b, &c, 1);
}

void strbuf_vprintf(struct strbuf *b, const char *format, va_list args)
{
	va_list again;
	int n;

	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (n < 0 || !strbuf_reserve(b, (size_t)n)) {
		b->failed = true;
		return;
	}
	vsnprintf(b->text + b->len, (size_t)n + 1, format, args);
	b->len += (size_t)n;
}

void strbuf_printf(struct strbuf *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	strbuf_vprintf(b, format, args);
	va_end(args);
}

void strbuf_add_pointer_part(struct strbuf *b, const char *part)
{
	for (; *part; part++)
		if (*part == '~' || *part == '/')
			strbuf_add(b, *part == '~' ? "~0" : "~1");
		else
			strbuf_add_char(b, *part);
}

void strbuf_truncate(struct strbuf *b, size_t len)
{
	if (len < b->len) {
		b->len = len;
		b->text[len] = '\0';
	}
}

char *strbuf_take(struct strbuf *b)
{
	char *text;

	if (!b->text)
		strbuf_add(b, "");
	text = b->failed ? NULL : TAKE_PTR(b->text);
	strbuf_done(b);
	return text;
}

char *str_printf(const char *format, ...)
{
	struct strbuf b = {};
	va_list args;

	va_start(args, format);
	strbuf_vprintf(&b, format, args);
	va_end(args);
	return strbuf_take(&b);
}
