// SPDX-License-Identifier: Apache-2.0
/* Output. Everything is collected and written once, so that a reader sees all of it or an error, never a half. */
#include <cli/out.h>
#include <base/array.h>
#include <base/error.h>
#include <base/text.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

/* Length of the UTF-8 sequence at s with n bytes left, 0 when there is none. */
static size_t sequence(const char *s, size_t n)
{
	for (size_t len = 1; len <= 4 && len <= n; len++)
		if (text_is_utf8(s, len))
			return len;
	return 0;
}

static void quote(struct strbuf *out, const char *s)
{
	static const char special[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
	size_t n = strlen(s);

	strbuf_add_char(out, '"');
	while (n) {
		unsigned char c = (unsigned char)*s;
		const char *escape = strchr(special, c);
		size_t len = sequence(s, n);

		if (escape)
			strbuf_printf(out, "\\%c", letter[escape - special]);
		else if (c < 0x20 || c == 0x7f)
			strbuf_printf(out, "\\u%04x", c);
		else if (len && text_is_c1(s)) /* a terminal may obey it */
			strbuf_printf(out, "\\u%04x", (unsigned char)s[1]);
		else if (len)
			strbuf_add_bytes(out, s, len);
		else
			strbuf_add(out, "\xef\xbf\xbd");
		s += len ? len : 1;
		n -= len ? len : 1;
	}
	strbuf_add_char(out, '"');
}

static void new_line(struct json_out *j)
{
	if (j->indent)
		strbuf_printf(j->out, "\n%*s", (int)(j->indent * j->depth), "");
}

/* What stands before a value: comma, line, key. */
static void before(struct json_out *j, const char *key)
{
	if (j->filled)
		strbuf_add_char(j->out, ',');
	if (j->depth)
		new_line(j);
	if (key) {
		quote(j->out, key);
		strbuf_add(j->out, j->indent ? ": " : ":");
	}
	j->filled = true;
}

void json_open(struct json_out *j, const char *key, char bracket)
{
	before(j, key);
	strbuf_add_char(j->out, bracket);
	j->depth++;
	j->filled = false;
}

void json_close(struct json_out *j, char bracket)
{
	j->depth--;
	if (j->filled)
		new_line(j);
	strbuf_add_char(j->out, bracket);
	j->filled = true;
}

void out_json_string(struct json_out *j, const char *key, const char *value)
{
	before(j, key);
	quote(j->out, value);
}

void json_int(struct json_out *j, const char *key, int64_t value)
{
	before(j, key);
	strbuf_printf(j->out, "%" PRId64, value);
}

void json_uint(struct json_out *j, const char *key, uint64_t value)
{
	before(j, key);
	strbuf_printf(j->out, "%" PRIu64, value);
}

void json_hundredths(struct json_out *j, const char *key, uint64_t value)
{
	before(j, key);
	strbuf_printf(j->out, "%" PRIu64 ".%02u", value / 100, (unsigned int)(value % 100));
}

void json_nothing(struct json_out *j, const char *key)
{
	before(j, key);
	strbuf_add(j->out, "null");
}

int table_add(struct table_out *t, const char *cell)
{
	struct strv list = {t->n, t->cell};
	int r = strv_add(&list, cell);

	t->n = list.n;
	t->cell = list.v;
	return r;
}

static size_t column_width(const struct table_out *t, size_t column)
{
	size_t width = TABLE_COLUMN_MIN;

	for (size_t i = column; i < t->n; i += t->columns)
		width = MAX(width, strlen(t->cell[i]) + TABLE_GAP);
	return width;
}

void table_print(const struct table_out *t, struct strbuf *out)
{
	for (size_t i = 0; i < t->n; i++) {
		size_t column = i % t->columns;

		if (column + 1 == t->columns)
			strbuf_printf(out, "%s\n", t->cell[i]);
		else
			strbuf_printf(out, "%-*s", (int)column_width(t, column), t->cell[i]);
	}
}

void table_done(struct table_out *t)
{
	strv_done(&(struct strv){t->n, t->cell});
	*t = (struct table_out){};
}

int out_write(const char *text, size_t n)
{
	while (n) {
		ssize_t w = write(STDOUT_FILENO, text, n);

		if (w < 0 && errno == EAGAIN)
			(void)!poll(
				&(struct pollfd){.fd = STDOUT_FILENO, .events = POLLOUT}, 1, -1);
		else if (w < 0 && errno != EINTR)
			return -errno;
		text += MAX(w, 0);
		n -= (size_t)MAX(w, 0);
	}
	return 0;
}

static int print(const char *text, size_t n, const char *end, struct husk_error **err)
{
	int r = out_write(text, n);

	if (r == 0)
		r = out_write(end, strlen(end));
	return r < 0 ? fail_errno(err, r, "cannot write to standard output") : 0;
}

int out_print(const struct strbuf *out, struct husk_error **err)
{
	if (strbuf_failed(out))
		return fail_memory(err);
	return print(strbuf_text(out), out->len, "", err);
}

int out_print_text(const char *text, struct husk_error **err)
{
	size_t n = strlen(text);

	return print(text, n, n && text[n - 1] == '\n' ? "" : "\n", err);
}
