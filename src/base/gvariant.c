// SPDX-License-Identifier: Apache-2.0
/*
 * The reader. Two passes: the text becomes a tree, whose nodes have patterns, types with open places (`N` any number,
 * `S` any kind of string, `*` anything); then a pattern and the wanted type are laid over each other, and what is
 * decided goes down the tree (gvariant_type.c).
 */
#include <base/gvariant.h>
#include <base/gvariant_type.h>
#include <base/mem.h>
#include <base/str.h>
#include <base/text.h>

#include <errno.h>
#include <string.h>

enum { DEPTH_MAX = 32 }; /* of D-Bus */

struct scan {
	const char *start, *at;
	int depth;
	struct husk_error **err;
};

/* The words before a value that name its type. */
static const char *const keywords[][2] = {
	{"boolean", "b"},
	{"byte", "y"},
	{"int16", "n"},
	{"uint16", "q"},
	{"int32", "i"},
	{"uint32", "u"},
	{"int64", "x"},
	{"uint64", "t"},
	{"handle", "h"},
	{"double", "d"},
	{"string", "s"},
	{"objectpath", "o"},
	{"signature", "g"},
};

void gvariant_done(struct gvariant *v)
{
	list_for_each (item, &v->items)
		gvariant_done(item);
	free(v->items.v);
	free(v->type);
	free(v->text);
	*v = (struct gvariant){};
}

static int wrong(const struct scan *s, const char *what)
{
	return fail(s->err, HUSK_ERROR_INVALID_CONFIG, "%s at byte %zu of '%s'", what,
		(size_t)(s->at - s->start), s->start);
}

static void skip_blanks(struct scan *s)
{
	s->at += strspn(s->at, " \t\r\n");
}

/* The character, if it is next behind blanks. */
static bool take(struct scan *s, char c)
{
	skip_blanks(s);
	if (*s->at != c)
		return false;
	s->at++;
	return true;
}

static size_t word_length(const char *s)
{
	size_t n = 0;

	while ((s[n] >= 'a' && s[n] <= 'z') || (n && s[n] >= '0' && s[n] <= '9'))
		n++;
	return n;
}

static bool word_is(const char *s, size_t n, const char *word)
{
	return strlen(word) == n && !strncmp(s, word, n);
}

static int set_text(struct gvariant *v, enum gvariant_kind kind, const char *s, size_t n)
{
	v->kind = kind;
	v->text = strndup(s, n);
	v->len = n;
	return v->text ? 0 : -ENOMEM;
}

static void add_utf8(struct strbuf *out, uint32_t c)
{
	if (c < 0x80) {
		strbuf_add_char(out, (char)c);
		return;
	}
	if (c < 0x800) {
		strbuf_add_char(out, (char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			strbuf_add_char(out, (char)(0xe0 | c >> 12));
		} else {
			strbuf_add_char(out, (char)(0xf0 | c >> 18));
			strbuf_add_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
		}
		strbuf_add_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
	}
	strbuf_add_char(out, (char)(0x80 | (c & 0x3f)));
}

/* `most` digits of that base at most, `least` at least. False: there are none, or it is no character. */
static bool take_code(struct scan *s, int base, int least, int most, uint32_t *ret)
{
	uint32_t c = 0;
	int n = 0;

	for (; n < most; n++, s->at++) {
		const char digit = *s->at;
		int value = digit >= '0' && digit <= '9'		 ? digit - '0'
			    : (digit | 32) >= 'a' && (digit | 32) <= 'f' ? (digit | 32) - 'a' + 10
									 : 16;

		if (value >= base)
			break;
		c = c * (uint32_t)base + (uint32_t)value;
	}
	*ret = c;
	return n >= least && c;
}

/* Behind a backslash. */
static bool take_escape(struct scan *s, bool bytes, struct strbuf *out)
{
	static const char from[] = "abfnrtv", to[] = "\a\b\f\n\r\t\v";
	const char *known = *s->at ? strchr(from, *s->at) : NULL;
	uint32_t c;

	if (known) {
		strbuf_add_char(out, to[known - from]);
	} else if (bytes && *s->at >= '0' && *s->at <= '7') {
		if (!take_code(s, 8, 1, 3, &c) || c > 255)
			return false;
		strbuf_add_char(out, (char)c);
		return true;
	} else if (!bytes && (*s->at == 'u' || *s->at == 'U')) {
		int digits = *s->at++ == 'u' ? 4 : 8;

		if (!take_code(s, 16, digits, digits, &c) || c > 0x10ffff ||
			(c & ~0x7ffu) == 0xd800)
			return false;
		add_utf8(out, c);
		return true;
	} else if (*s->at != '\n') {
		if (!*s->at)
			return false;
		strbuf_add_char(out, *s->at);
	}
	s->at++;
	return true;
}

static int parse_string(struct scan *s, enum gvariant_kind kind, struct gvariant *ret)
{
	bool bytes = kind == GVARIANT_BYTES;
	const char quote = *s->at++;
	auto_strbuf text = {};

	while (*s->at != quote) {
		if (!*s->at)
			return wrong(s, "a string does not end");
		if (*s->at != '\\') {
			strbuf_add_char(&text, *s->at++);
			continue;
		}
		s->at++;
		if (!take_escape(s, bytes, &text))
			return wrong(s, "not an escape");
	}
	s->at++;
	if (!bytes && !text_is_utf8(strbuf_text(&text), text.len))
		return wrong(s, "a string that is not UTF-8");
	ret->kind = kind;
	ret->len = text.len;
	ret->text = text.len ? strbuf_take(&text) : strdup("");
	return ret->text ? 0 : fail_memory(s->err);
}

static bool is_number_char(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '+' ||
	       c == '-' || c == '.';
}

/* Digits, of which there must be one, with a fraction and an exponent; or a whole number of another base. */
static bool is_number(const char *s, size_t n)
{
	size_t i = n && (*s == '-' || *s == '+'), digits = 0;

	if (n - i == 3 && (!strncmp(s + i, "inf", 3) || !strncmp(s + i, "nan", 3)))
		return true;
	if (n - i > 2 && s[i] == '0' && (s[i + 1] | 32) == 'x')
		return strspn(s + i + 2, "0123456789abcdefABCDEF") >= n - i - 2;
	for (; i < n && s[i] >= '0' && s[i] <= '9'; i++)
		digits++;
	if (i < n && s[i] == '.')
		for (i++; i < n && s[i] >= '0' && s[i] <= '9'; i++)
			digits++;
	if (!digits || i == n)
		return digits;
	if ((s[i] | 32) != 'e')
		return false;
	i++;
	i += i < n && (s[i] == '-' || s[i] == '+');
	return i < n && strspn(s + i, "0123456789") >= n - i;
}

static int parse_number(struct scan *s, struct gvariant *ret)
{
	size_t n = 0;

	while (is_number_char(s->at[n]))
		n++;
	if (!is_number(s->at, n))
		return wrong(s, "not a number");
	if (set_text(ret, GVARIANT_NUMBER, s->at, n) < 0)
		return fail_memory(s->err);
	s->at += n;
	return 0;
}

static int parse_value(struct scan *s, struct gvariant *ret);

static int add_item(struct scan *s, struct gvariant *to)
{
	struct gvariant *item = list_add(&to->items);

	return item ? parse_value(s, item) : fail_memory(s->err);
}

/* What stands between `[` or `(` and its end; a tuple of one has a comma behind it. */
static int parse_items(struct scan *s, enum gvariant_kind kind, char end, struct gvariant *ret)
{
	int r;

	s->at++;
	ret->kind = kind;
	while (!take(s, end)) {
		if (ret->items.n && !take(s, ','))
			return wrong(s, "a comma is missing");
		if (kind == GVARIANT_TUPLE && ret->items.n == 1 && take(s, end))
			return 0;
		r = add_item(s, ret);
		if (r < 0)
			return r;
		skip_blanks(s);
		if (kind == GVARIANT_TUPLE && ret->items.n == 1 && *s->at != ',')
			return wrong(s, "a comma is missing");
	}
	if (kind == GVARIANT_TUPLE && !ret->items.n)
		return wrong(s, "D-Bus has no empty tuple");
	return 0;
}

/* One `KEY: VALUE`, or with a comma the entry that is a value of its own. */
static int parse_entry(struct scan *s, struct gvariant *ret, char *separator)
{
	int r;

	ret->kind = GVARIANT_ENTRY;
	r = add_item(s, ret);
	if (r < 0)
		return r;
	skip_blanks(s);
	if (*s->at != ':' && *s->at != ',')
		return wrong(s, "a colon is missing");
	if (*separator && *s->at != *separator)
		return wrong(s, "a colon is missing");
	*separator = *s->at++;
	return add_item(s, ret);
}

static int parse_dictionary(struct scan *s, struct gvariant *ret)
{
	char separator = '\0';
	int r;

	s->at++;
	ret->kind = GVARIANT_ARRAY;
	if (take(s, '}')) {
		ret->text = strdup("{"); /* an empty array of anything would be more than it is */
		return ret->text ? 0 : fail_memory(s->err);
	}
	for (;;) {
		struct gvariant *entry = list_add(&ret->items);

		r = entry ? parse_entry(s, entry, &separator) : fail_memory(s->err);
		if (r < 0)
			return r;
		if (take(s, '}'))
			break;
		if (separator == ',' || !take(s, ','))
			return wrong(s, "a closing brace is missing");
	}
	if (separator == ',') { /* no dictionary around it */
		struct gvariant entry = *ret->items.v;

		free(ret->items.v);
		*ret = entry;
	}
	return 0;
}

static int parse_variant(struct scan *s, struct gvariant *ret)
{
	int r;

	s->at++;
	ret->kind = GVARIANT_VARIANT;
	r = add_item(s, ret);
	if (r < 0)
		return r;
	return take(s, '>') ? 0 : wrong(s, "'>' is missing");
}

/* `@TYPE VALUE` or `KEYWORD VALUE`. */
static int parse_typed(struct scan *s, const char *type, size_t n, struct gvariant *ret)
{
	auto_free char *name = strndup(type, n);
	int r;

	if (!name)
		return fail_memory(s->err);
	if (!gvariant_is_type(name))
		return wrong(s, "not a type of D-Bus");
	r = parse_value(s, ret);
	if (r < 0)
		return r;
	if (ret->type && !text_equal(ret->type, name))
		return wrong(s, "two types for one value");
	free(ret->type);
	ret->type = TAKE_PTR(name);
	return 0;
}

static int parse_word(struct scan *s, struct gvariant *ret)
{
	const char *word = s->at;
	size_t n = word_length(word);

	if (word_is(word, n, "true") || word_is(word, n, "false")) {
		s->at += n;
		return set_text(ret, GVARIANT_BOOL, word, n) < 0 ? fail_memory(s->err) : 0;
	}
	if (word_is(word, n, "inf") || word_is(word, n, "nan"))
		return parse_number(s, ret);
	for (size_t i = 0; i < ARRAY_LEN(keywords); i++)
		if (word_is(word, n, keywords[i][0])) {
			s->at += n;
			return parse_typed(s, keywords[i][1], 1, ret);
		}
	return wrong(s, "not a value");
}

static int parse_value(struct scan *s, struct gvariant *ret)
{
	size_t n;
	int r;

	skip_blanks(s);
	if (s->depth >= DEPTH_MAX)
		return wrong(s, "too deep");
	s->depth++;
	if (*s->at == '[') {
		r = parse_items(s, GVARIANT_ARRAY, ']', ret);
	} else if (*s->at == '(') {
		r = parse_items(s, GVARIANT_TUPLE, ')', ret);
	} else if (*s->at == '{') {
		r = parse_dictionary(s, ret);
	} else if (*s->at == '<') {
		r = parse_variant(s, ret);
	} else if (*s->at == '\'' || *s->at == '"') {
		r = parse_string(s, GVARIANT_STRING, ret);
	} else if (*s->at == 'b' && (s->at[1] == '\'' || s->at[1] == '"')) {
		s->at++;
		r = parse_string(s, GVARIANT_BYTES, ret);
	} else if (*s->at == '@') {
		const char *type = ++s->at;

		n = strcspn(type, " \t\r\n");
		s->at += n;
		r = parse_typed(s, type, n, ret);
	} else if (*s->at >= 'a' && *s->at <= 'z') {
		r = parse_word(s, ret);
	} else {
		r = parse_number(s, ret);
	}
	s->depth--;
	return r;
}

int gvariant_parse(
	const char *text, const char *type, struct gvariant *ret, struct husk_error **err)
{
	struct scan s = {.start = text, .at = text, .err = err};
	auto_gvariant v = {};
	int r = parse_value(&s, &v);

	if (r < 0)
		return r;
	skip_blanks(&s);
	if (*s.at)
		return wrong(&s, "something follows the value");
	r = gvariant_set_type(&v, type, text, err);
	if (r < 0)
		return r;
	*ret = v;
	v = (struct gvariant){};
	return 0;
}
