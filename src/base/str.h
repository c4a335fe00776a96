/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing string. Always NUL-terminated once anything was appended; `text` of an empty buffer is NULL, so use
 * strbuf_text(). Appending after an allocation failed does nothing; check strbuf_failed() once, at the end.
 */
#ifndef HUSK_BASE_STR_H
#define HUSK_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <base/attr.h>

struct strbuf {
	char *text;
	size_t len, room;
	bool failed;
};

#define auto_strbuf auto_(strbuf_done) struct strbuf

void strbuf_done(struct strbuf *b);
void strbuf_add(struct strbuf *b, const char *s);
void strbuf_add_bytes(struct strbuf *b, const void *data, size_t n);
void strbuf_add_char(struct strbuf *b, char c);
void strbuf_printf(struct strbuf *b, const char *format, ...) printf_like(2, 3);
void strbuf_vprintf(struct strbuf *b, const char *format, va_list args) printf_like(2, 0);
/* One part of a JSON Pointer: "~" and "/" are escaped (RFC 6901). */
void strbuf_add_pointer_part(struct strbuf *b, const char *part);
void strbuf_truncate(struct strbuf *b, size_t len);

static inline bool strbuf_failed(const struct strbuf *b)
{
	return b->failed;
}

static inline const char *strbuf_text(const struct strbuf *b)
{
	return b->text ? b->text : "";
}

/* Hands the string over to the caller (who frees it); NULL when an allocation failed. The buffer is empty again. */
char *strbuf_take(struct strbuf *b);

/* Like asprintf(3), but yields the string or NULL. The caller frees it. */
char *str_printf(const char *format, ...) printf_like(1, 2) nodiscard;

#endif
