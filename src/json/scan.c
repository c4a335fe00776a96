// SPDX-License-Identifier: Apache-2.0
/*
 * One pass over the text, no memory but for the rare integer beyond 64 bits: json-c would saturate
 * such a one, so it gets the mark JSON_BIG_MARK behind it, which makes json-c keep it as text
 * (json.c takes the mark off again). Nesting is a stack of one bit per level. Errors name line and
 * column; both are counted only when there is one.
 */
#include <json/scan.h>
#include <json/json.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <base/error.h>
#include <base/mem.h>
#include <base/text.h>

/* One member name of the second look, for duplicates. */
struct name {
	size_t object; /* running number of the object */
	const char *at; /* of its opening quote */
	char *text; /* without escapes */
};

enum { BIG_DIGITS = 19 }; /* shorter integers fit in 64 bits with either sign */

struct scan {
	const char *start, *at, *end;
	struct json_scan *out;
	struct husk_error **err;
	const char *copied; /* up to here the text is in out->fixed */
	uint64_t objects; /* bit per level: 1 object, 0 array */
	unsigned int depth;
	struct name *name_list; /* NULL in the first look */
	size_t object_ids[JSON_DEPTH_MAX], last_object;
};

bool json_is_big(const char *text, size_t n)
{
	bool negative = n && *text == '-';
	uint64_t value = 0;

	for (size_t i = negative; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
			return true;
	}
	return negative && value > (uint64_t)INT64_MAX + 1;
}

static cold int bad(const struct scan *s, const char *at, const char *what)
{
	size_t line = 1, column = 1;

	for (const char *p = s->start; p < at; p++) {
		column++;
		if (*p == '\n') {
			line++;
			column = 1;
		}
	}
	return fail(
		s->err, HUSK_ERROR_INVALID_CONFIG, "line %zu column %zu: %s", line, column, what);
}

static void skip_space(struct scan *s)
{
	while (s->at < s->end &&
		(*s->at == ' ' || *s->at == '\n' || *s->at == '\t' || *s->at == '\r'))
		s->at++;
}

static int hex4(const char *p, const char *end)
{
	int value = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i], low = (char)(c | 0x20);

		if (c >= '0' && c <= '9')
			value = value << 4 | (c - '0');
		else if (low >= 'a' && low <= 'f')
			value = value << 4 | (low - 'a' + 10);
		else
			return -1;
	}
	return value;
}

/* At the 'u' of an escape; steps behind it. */
static int scan_unicode(struct scan *s)
{
	const char *from = s->at - 1;
	int c = hex4(s->at + 1, s->end);

	if (c < 0)
		return bad(s, from, "\\u must be followed by four hexadecimal digits");
	if (!c)
		return bad(s, from, "strings must not contain NUL");
	s->at += 5;
	if (c >= 0xdc00 && c <= 0xdfff)
		return bad(s, from, "a low surrogate without a high one before it");
	if (c < 0xd800 || c > 0xdbff)
		return 0;
	if (s->end - s->at < 6 || s->at[0] != '\\' || s->at[1] != 'u')
		return bad(s, from, "a high surrogate without a low one behind it");
	c = hex4(s->at + 2, s->end);
	if (c < 0xdc00 || c > 0xdfff)
		return bad(s, from, "a high surrogate without a low one behind it");
	s->at += 6;
	return 0;
}

static int scan_escape(struct scan *s)
{
	const char *from = s->at++;

	if (s->at == s->end)
		return bad(s, s->at, "a string without its closing quote");
	if (*s->at == 'u')
		return scan_unicode(s);
	if (!*s->at || !strchr("\"\\/bfnrt", *s->at))
		return bad(s, from, "unknown escape");
	s->at++;
	return 0;
}

/* At the closing quote; steps behind it. */
static int check_utf8(struct scan *s, const char *from)
{
	size_t n = (size_t)(s->at - from), good = text_utf8_prefix(from, n);

	if (good < n)
		return bad(s, from + good, "not valid UTF-8");
	s->at++;
	return 0;
}

/* At the opening quote; steps behind the closing one. */
static int scan_string(struct scan *s)
{
	const char *from = s->at++;
	unsigned char high = 0;

	while (s->at < s->end) {
		unsigned char c = (unsigned char)*s->at;
		int r = 0;

		high |= c;
		if (c == '"')
			return high & 0x80 ? check_utf8(s, from + 1) : (s->at++, 0);
		if (c < 0x20)
			return bad(s, s->at, "a control character in a string (must be escaped)");
		if (c == '\\')
			r = scan_escape(s);
		else
			s->at++;
		if (r < 0)
			return r;
	}
	return bad(s, from, "a string without its closing quote");
}

static bool digits(struct scan *s)
{
	const char *from = s->at;

	while (s->at < s->end && *s->at >= '0' && *s->at <= '9')
		s->at++;
	return s->at > from;
}

/* Takes over what came before `upto`, and puts the mark there. */
static void mark_big(struct scan *s, const char *upto)
{
	strbuf_add_bytes(&s->out->fixed, s->copied, (size_t)(upto - s->copied));
	strbuf_add(&s->out->fixed, JSON_BIG_MARK);
	s->copied = upto;
}

static int scan_number(struct scan *s)
{
	const char *from = s->at, *first;
	bool integer = true;

	if (*s->at == '-')
		s->at++;
	first = s->at;
	if (!digits(s))
		return bad(s, from, "a minus sign without a number");
	if (*first == '0' && s->at - first > 1)
		return bad(s, from, "numbers must not begin with 0");
	if (s->at < s->end && *s->at == '.') {
		integer = false;
		s->at++;
		if (!digits(s))
			return bad(s, from, "a number needs digits behind the point");
	}
	if (s->at < s->end && (*s->at | 0x20) == 'e') {
		integer = false;
		s->at++;
		if (s->at < s->end && (*s->at == '+' || *s->at == '-'))
			s->at++;
		if (!digits(s))
			return bad(s, from, "a number needs digits in its exponent");
	}
	if (integer && s->at - first >= BIG_DIGITS && json_is_big(from, (size_t)(s->at - from)))
		mark_big(s, s->at);
	return 0;
}

static int scan_word(struct scan *s)
{
	static const char *const words[] = {"true", "false", "null"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		size_t n = strlen(words[i]);

		if ((size_t)(s->end - s->at) >= n && !memcmp(s->at, words[i], n)) {
			s->at += n;
			return 0;
		}
	}
	if (*s->at == '/' || *s->at == '#')
		return bad(s, s->at, "comments are not allowed");
	if (*s->at == '\'')
		return bad(s, s->at, "strings need double quotes");
	return bad(s, s->at, "expected a value");
}

/*
 * Undoes the escapes of a name that scan_string() took: json-c is asked, as it made the tree's
 * names too.
 */
static char *decode(const char *from, size_t n)
{
	struct json *value = NULL;
	char *text = NULL;

	if (json_parse(from, n, &value, NULL) >= 0)
		text = strdup(json_string(value));
	json_free(value);
	return text;
}

/* Second look only. */
static cold int keep_name(struct scan *s, const char *from)
{
	struct name *name = &s->name_list[s->out->names];

	*name = (struct name){
		s->object_ids[s->depth - 1], from, decode(from, (size_t)(s->at - from))};
	return name->text ? 0 : fail_memory(s->err);
}

/* A name and its colon. */
static int scan_name(struct scan *s)
{
	const char *from;
	int r;

	skip_space(s);
	if (s->at == s->end)
		return bad(s, s->at, "the text ends inside an object");
	if (*s->at == '}')
		return bad(s, s->at, "a comma before the closing brace");
	if (*s->at != '"')
		return bad(s, s->at, "expected a name in double quotes");
	from = s->at;
	r = scan_string(s);
	if (r >= 0 && s->name_list)
		r = keep_name(s, from);
	if (r < 0)
		return r;
	s->out->names++;
	skip_space(s);
	if (s->at == s->end || *s->at != ':')
		return bad(s, s->at, "expected ':' behind the name");
	s->at++;
	return 0;
}

/* Opens an object or array. Returns 1 when it is empty and closed again at once. */
static int scan_open(struct scan *s)
{
	bool object = *s->at == '{';

	if (s->depth == JSON_DEPTH_MAX)
		return bad(s, s->at, "nested deeper than 64 levels");
	s->objects = s->objects << 1 | object;
	s->object_ids[s->depth++] = s->last_object++;
	s->at++;
	skip_space(s);
	if (s->at < s->end && *s->at == (object ? '}' : ']')) {
		s->at++;
		s->depth--;
		s->objects >>= 1;
		return 1;
	}
	return object ? scan_name(s) : 0;
}

/*
 * Behind a value: closes what ends here. Returns 1 when another value follows, 0 when the document
 * is done.
 */
static int scan_behind(struct scan *s)
{
	while (s->depth) {
		bool object = s->objects & 1;

		skip_space(s);
		if (s->at == s->end)
			return bad(s, s->at,
				object ? "the text ends inside an object"
				       : "the text ends inside an array");
		if (*s->at == ',') {
			int r;

			s->at++;
			r = object ? scan_name(s) : 0;
			return r < 0 ? r : 1;
		}
		if (*s->at != (object ? '}' : ']'))
			return bad(
				s, s->at, object ? "expected ',' or '}'" : "expected ',' or ']'");
		s->at++;
		s->depth--;
		s->objects >>= 1;
	}
	return 0;
}

static int scan_value(struct scan *s)
{
	skip_space(s);
	if (s->at == s->end)
		return bad(
			s, s->at, s->depth ? "the text ends before a value" : "the text is empty");
	if (*s->at == '"')
		return scan_string(s);
	if (*s->at == '-' || (*s->at >= '0' && *s->at <= '9'))
		return scan_number(s);
	if (*s->at == ']' && s->depth && !(s->objects & 1))
		return bad(s, s->at, "a comma before the closing bracket");
	return scan_word(s);
}

static int scan_document(struct scan *s)
{
	int r;

	for (;;) {
		skip_space(s);
		if (s->at < s->end && (*s->at == '{' || *s->at == '[')) {
			r = scan_open(s);
			if (!r)
				continue; /* a value follows */
		} else {
			r = scan_value(s);
		}
		if (r >= 0)
			r = scan_behind(s);
		if (r <= 0)
			break;
	}
	if (r < 0)
		return r;
	skip_space(s);
	return s->at < s->end ? bad(s, s->at, "something follows the end of the document") : 0;
}

int json_scan(const char *text, size_t n, struct json_scan *ret, struct husk_error **err)
{
	struct json_scan out = {};
	struct scan s = {.start = text,
		.at = text,
		.end = text + n,
		.copied = text,
		.out = &out,
		.err = err};
	int r;

	if (n > JSON_SIZE_MAX)
		return fail(err, HUSK_ERROR_INVALID_CONFIG, "the text is larger than 8 MiB");
	r = scan_document(&s);
	if (r >= 0 && s.copied > text) {
		strbuf_add_bytes(&out.fixed, s.copied, (size_t)(s.end - s.copied));
		if (strbuf_failed(&out.fixed))
			r = fail_memory(err);
	}
	if (r < 0)
		strbuf_done(&out.fixed);
	else
		*ret = out;
	return r;
}

static int name_order(const void *a, const void *b)
{
	const struct name *x = a, *y = b;
	int r;

	if (x->object != y->object)
		return x->object < y->object ? -1 : 1;
	r = strcmp(x->text, y->text);
	return r ? r : x->at < y->at ? -1 : x->at > y->at;
}

static void names_free(struct name *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i].text);
	free(list);
}

int json_scan_duplicate(const char *text, size_t n, size_t names, struct husk_error **err)
{
	struct json_scan out = {};
	struct scan s = {.start = text,
		.at = text,
		.end = text + n,
		.copied = text,
		.out = &out,
		.err = err};
	const struct name *first = NULL;
	auto_free char *what = NULL;
	int r;

	s.name_list = calloc(names + 1, sizeof *s.name_list);
	if (!s.name_list)
		return fail_memory(err);
	r = scan_document(&s);
	if (r < 0)
		goto out;
	strbuf_done(&out.fixed);
	qsort(s.name_list, names, sizeof *s.name_list, name_order);
	for (size_t i = 1; i < names; i++) {
		const struct name *a = &s.name_list[i - 1], *b = &s.name_list[i];

		if (a->object == b->object && !strcmp(a->text, b->text) &&
			(!first || b->at < first->at))
			first = b;
	}
	what = first ? str_printf("the name '%s' occurs twice in one object", first->text) : NULL;
	r = what ? bad(&s, first->at, what) : fail_memory(err);
out:
	names_free(s.name_list, names);
	return r;
}
