// SPDX-License-Identifier: Apache-2.0
/* The emitter. Only what RFC 8259 demands is escaped, so UTF-8 goes out as it came in. */
#include <json/write.h>

#include <inttypes.h>

#include <base/str.h>
#include <json/json.h>

void json_writer_init(struct json_writer *w, struct strbuf *out, int indent)
{
	*w = (struct json_writer){.out = out, .indent = indent};
}

static void new_line(struct json_writer *w)
{
	unsigned int n = w->indent < 0 ? w->depth : w->depth * (unsigned int)w->indent;

	if (!w->indent)
		return;
	strbuf_add_char(w->out, '\n');
	while (n--)
		strbuf_add_char(w->out, w->indent < 0 ? '\t' : ' ');
}

/* Whatever comes between the value before and the one to be written now. */
static void begin_value(struct json_writer *w)
{
	if (w->named) {
		w->named = false;
		return;
	}
	if (w->comma)
		strbuf_add_char(w->out, ',');
	if (w->depth)
		new_line(w);
	w->comma = true;
}

static void begin(struct json_writer *w, char bracket)
{
	begin_value(w);
	strbuf_add_char(w->out, bracket);
	w->depth++;
	w->comma = false;
}

static void end(struct json_writer *w, char bracket)
{
	w->depth--;
	if (w->comma)
		new_line(w);
	strbuf_add_char(w->out, bracket);
	w->comma = true;
}

void json_begin_object(struct json_writer *w)
{
	begin(w, '{');
}

void json_end_object(struct json_writer *w)
{
	end(w, '}');
}

void json_begin_array(struct json_writer *w)
{
	begin(w, '[');
}

void json_end_array(struct json_writer *w)
{
	end(w, ']');
}

static void add_escaped(struct strbuf *out, unsigned char c)
{
	static const char letters[] = {['\b'] = 'b',
		['\t'] = 't',
		['\n'] = 'n',
		['\f'] = 'f',
		['\r'] = 'r',
		['"'] = '"',
		['\\'] = '\\'};

	if (c < sizeof letters && letters[c]) {
		strbuf_add_char(out, '\\');
		strbuf_add_char(out, letters[c]);
	} else {
		strbuf_printf(out, "\\u%04x", c);
	}
}

static void add_quoted(struct strbuf *out, const char *s)
{
	strbuf_add_char(out, '"');
	while (*s) {
		const char *from = s;

		while ((unsigned char)*s >= 0x20 && *s != '"' && *s != '\\')
			s++;
		strbuf_add_bytes(out, from, (size_t)(s - from));
		if (*s)
			add_escaped(out, (unsigned char)*s++);
	}
	strbuf_add_char(out, '"');
}

void json_write_name(struct json_writer *w, const char *name)
{
	begin_value(w);
	add_quoted(w->out, name);
	strbuf_add(w->out, w->indent ? ": " : ":");
	w->named = true;
}

void json_write_string(struct json_writer *w, const char *s)
{
	begin_value(w);
	add_quoted(w->out, s);
}

static void write_bare(struct json_writer *w, const char *s)
{
	begin_value(w);
	strbuf_add(w->out, s);
}

void json_write_bool(struct json_writer *w, bool value)
{
	write_bare(w, value ? "true" : "false");
}

void json_write_null(struct json_writer *w)
{
	write_bare(w, "null");
}

void json_write_i64(struct json_writer *w, int64_t value)
{
	begin_value(w);
	strbuf_printf(w->out, "%" PRId64, value);
}

void json_write_u64(struct json_writer *w, uint64_t value)
{
	begin_value(w);
	strbuf_printf(w->out, "%" PRIu64, value);
}

static void write_members(struct json_writer *w, const struct json *object)
{
	json_begin_object(w);
	for (struct json_member m = json_first(object); m.name; m = json_next(m)) {
		json_write_name(w, m.name);
		json_write_tree(w, m.value);
	}
	json_end_object(w);
}

static void write_items(struct json_writer *w, const struct json *array)
{
	json_begin_array(w);
	for (size_t i = 0; i < json_length(array); i++)
		json_write_tree(w, json_item(array, i));
	json_end_array(w);
}

void json_write_tree(struct json_writer *w, const struct json *value)
{
	switch (json_kind(value)) {
	case JSON_NULL:
		json_write_null(w);
		break;
	case JSON_BOOL:
		json_write_bool(w, json_boolean(value));
		break;
	case JSON_INTEGER:
	case JSON_REAL:
		write_bare(w, json_number_text(value));
		break;
	case JSON_STRING:
		json_write_string(w, json_string(value));
		break;
	case JSON_ARRAY:
		write_items(w, value);
		break;
	case JSON_OBJECT:
		write_members(w, value);
		break;
	}
}
