// SPDX-License-Identifier: Apache-2.0
/*
 * Types of values. A pattern is a signature with open places: `N` a number, `S` a string, `*` anything. Patterns are
 * unified from the leaves up; the result goes down again, and each leaf is checked against the type it got.
 */
#include <base/gvariant_type.h>
#include <base/mem.h>
#include <base/str.h>
#include <base/text.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS "ynqiuxthd"
#define STRINGS "sog"
#define BASIC "b" NUMBERS STRINGS
enum { SIGNATURE_MAX = 255, NESTING_MAX = 32 };

/* ---- signatures ---- */

/* Behind one complete type (or pattern), or NULL. `open`: patterns, too. */
static const char *type_end(const char *s, bool open, int depth)
{
	if (!*s || depth > NESTING_MAX)
		return NULL;
	if (strchr(BASIC "v", *s) || (open && strchr("NS*", *s)))
		return s + 1;
	if (*s == 'a' && s[1] == '{') {
		const char *key = s + 2;

		if (!*key || !strchr(open ? BASIC "NS*" : BASIC, *key))
			return NULL;
		s = type_end(key + 1, open, depth + 1);
		return s && *s == '}' ? s + 1 : NULL;
	}
	if (*s == 'a')
		return type_end(s + 1, open, depth + 1);
	if (open && *s == '{') {
		s = type_end(s + 1, open, depth + 1);
		s = s ? type_end(s, open, depth + 1) : NULL;
		return s && *s == '}' ? s + 1 : NULL;
	}
	if (*s != '(' || s[1] == ')')
		return NULL;
	for (s++; s && *s != ')';)
		s = type_end(s, open, depth + 1);
	return s ? s + 1 : NULL;
}

bool gvariant_is_type(const char *s)
{
	const char *end = strlen(s) <= SIGNATURE_MAX ? type_end(s, false, 0) : NULL;

	return end && !*end;
}

/* Any number of complete types. */
static bool is_signature(const char *s)
{
	if (strlen(s) > SIGNATURE_MAX)
		return false;
	while (s && *s)
		s = type_end(s, false, 0);
	return s;
}

static bool is_object_path(const char *s)
{
	if (*s != '/' || !s[1])
		return *s == '/';
	while (*s == '/') {
		size_t n = strspn(s + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					 "0123456789_");

		if (!n)
			return false;
		s += n + 1;
	}
	return !*s;
}

/* ---- patterns ---- */

static bool covers(char open, char c)
{
	const char *set = open == 'N' ? NUMBERS "N" : STRINGS "S";

	return (open == 'N' || open == 'S') && strchr(set, c);
}

static void copy_type(const char **from, struct strbuf *out)
{
	const char *end = type_end(*from, true, 0);

	if (!end)
		end = *from + 1; /* too deep: the check of the whole refuses it */
	strbuf_add_bytes(out, *from, (size_t)(end - *from));
	*from = end;
}

/* One type of each, laid over each other. False: they cannot be the same. */
static bool unify(const char **a, const char **b, struct strbuf *out)
{
	if (!**a || !**b)
		return false;
	if (**a == '*' || **b == '*') {
		const char **open = **a == '*' ? a : b;

		++*open;
		copy_type(open == a ? b : a, out);
		return true;
	}
	if (covers(**a, **b) || covers(**b, **a) || (**a == **b && !strchr("a({", **a))) {
		strbuf_add_char(out, covers(**a, **b) ? **b : **a);
		++*a, ++*b;
		return true;
	}
	if (**a != **b)
		return false;
	strbuf_add_char(out, **a);
	++*a, ++*b;
	if ((*a)[-1] == 'a')
		return unify(a, b, out);
	while (**a && !strchr(")}", **a))
		if (!unify(a, b, out))
			return false;
	if (**a != **b)
		return false;
	strbuf_add_char(out, **a);
	++*a, ++*b;
	return true;
}

/* Lays `b` over *a, which is replaced. 0, -EINVAL or -ENOMEM. */
static int unify_whole(char **a, const char *b)
{
	auto_strbuf out = {};
	const char *x = *a, *y = b;
	char *text;

	if (!unify(&x, &y, &out) || *x || *y)
		return -EINVAL;
	text = strbuf_take(&out);
	if (!text)
		return -ENOMEM;
	free(*a);
	*a = text;
	return 0;
}

static bool has_fraction(const char *number)
{
	const char *s = number + (*number == '-' || *number == '+');

	return text_after(s, "inf") || text_after(s, "nan") ||
	       (!text_after(s, "0x") && !text_after(s, "0X") && strpbrk(s, ".eE"));
}

static int find_pattern(struct gvariant *v, char **ret);

/* The pattern that all items of an array share. */
static int array_pattern(struct gvariant *v, char **ret)
{
	auto_free char *common = strdup(v->text ? "{**}" : "*");
	int r = common ? 0 : -ENOMEM;

	list_for_each (item, &v->items) {
		auto_free char *one = NULL;

		if (!r)
			r = find_pattern(item, &one);
		if (!r)
			r = unify_whole(&common, one);
	}
	if (r < 0)
		return r;
	*ret = str_printf("a%s", common);
	return *ret ? 0 : -ENOMEM;
}

static int sequence_pattern(struct gvariant *v, const char *begin, const char *end, char **ret)
{
	auto_strbuf out = {};
	int r = 0;

	strbuf_add(&out, begin);
	list_for_each (item, &v->items) {
		auto_free char *one = NULL;

		if (!r)
			r = find_pattern(item, &one);
		if (!r)
			strbuf_add(&out, one);
	}
	strbuf_add(&out, end);
	if (r < 0)
		return r;
	*ret = strbuf_take(&out);
	return *ret ? 0 : -ENOMEM;
}

static int own_pattern(struct gvariant *v, char **ret)
{
	static const char *const simple[] = {
		[GVARIANT_BOOL] = "b",
		[GVARIANT_STRING] = "S",
		[GVARIANT_BYTES] = "ay",
		[GVARIANT_VARIANT] = "v",
	};

	switch (v->kind) {
	case GVARIANT_ARRAY:
		return array_pattern(v, ret);
	case GVARIANT_TUPLE:
		return sequence_pattern(v, "(", ")", ret);
	case GVARIANT_ENTRY:
		return sequence_pattern(v, "{", "}", ret);
	case GVARIANT_NUMBER:
		*ret = strdup(has_fraction(v->text) ? "d" : "N");
		break;
	case GVARIANT_BOOL:
	case GVARIANT_STRING:
	case GVARIANT_BYTES:
	case GVARIANT_VARIANT:
		*ret = strdup(simple[v->kind]);
		break;
	}
	return *ret ? 0 : -ENOMEM;
}

static int find_pattern(struct gvariant *v, char **ret)
{
	auto_free char *own = NULL;
	int r = own_pattern(v, &own);

	if (!r && v->type)
		r = unify_whole(&own, v->type);
	if (!r)
		*ret = TAKE_PTR(own);
	return r;
}

/* ---- down the tree ---- */

struct whole {
	const char *text;
	struct husk_error **err;
};

static int wrong(const struct whole *w, const char *what, const struct gvariant *v)
{
	return fail(w->err, HUSK_ERROR_INVALID_CONFIG, "%s%s%s%s in '%s'", v->text ? "'" : "",
		v->text ? v->text : "", v->text ? "' " : "", what, w->text);
}

int gvariant_integer(const char *text, bool *ret_negative, uint64_t *ret)
{
	const char *s = text + (*text == '-' || *text == '+');
	unsigned int base = 10;
	uint64_t n = 0;

	if (has_fraction(text))
		return -EINVAL;
	if (*s == '0' && s[1]) {
		base = (s[1] | 32) == 'x' ? 16 : 8;
		s += base == 16 ? 2 : 1;
	}
	for (; *s; s++) {
		unsigned int digit =
			*s <= '9' ? (unsigned int)(*s - '0') : (unsigned int)((*s | 32) - 'a') + 10;

		if (digit >= base)
			return -EINVAL;
		if (__builtin_mul_overflow(n, base, &n) || __builtin_add_overflow(n, digit, &n))
			return -ERANGE;
	}
	*ret_negative = *text == '-';
	*ret = n;
	return 0;
}

static int check_number(const struct whole *w, const struct gvariant *v)
{
	static const struct {
		char type;
		uint64_t most, least; /* least: how far below 0 */
	} ranges[] = {
		{'y', UINT8_MAX, 0},
		{'n', INT16_MAX, (uint64_t)INT16_MAX + 1},
		{'q', UINT16_MAX, 0},
		{'i', INT32_MAX, (uint64_t)INT32_MAX + 1},
		{'h', INT32_MAX, (uint64_t)INT32_MAX + 1},
		{'u', UINT32_MAX, 0},
		{'x', INT64_MAX, (uint64_t)INT64_MAX + 1},
		{'t', UINT64_MAX, 0},
	};
	uint64_t n = 0;
	bool negative = false;
	int r;

	if (*v->type == 'd')
		return 0;
	r = gvariant_integer(v->text, &negative, &n);
	if (r == -EINVAL)
		return wrong(w, "is not an integer", v);
	for (size_t i = 0; !r && i < ARRAY_LEN(ranges); i++)
		if (ranges[i].type == *v->type && n > (negative ? ranges[i].least : ranges[i].most))
			r = -ERANGE;
	return r < 0 ? wrong(w, "is out of range", v) : 0;
}

static int check_leaf(const struct whole *w, const struct gvariant *v)
{
	if (v->kind == GVARIANT_NUMBER)
		return check_number(w, v);
	if (v->kind != GVARIANT_STRING)
		return 0;
	if (*v->type == 'o' && !is_object_path(v->text))
		return wrong(w, "is not an object path", v);
	if (*v->type == 'g' && !is_signature(v->text))
		return wrong(w, "is not a signature", v);
	return 0;
}

static int assign(const struct whole *w, struct gvariant *v, const char *type, size_t n);

static int assign_items(const struct whole *w, struct gvariant *v)
{
	const char *at = v->type + 1;

	list_for_each (item, &v->items) {
		const char *end = type_end(at, true, 0);
		int r = end ? assign(w, item, at, (size_t)(end - at)) : wrong(w, "too deep", v);

		if (r < 0)
			return r;
		if (v->kind != GVARIANT_ARRAY)
			at = end;
	}
	return 0;
}

static int assign(const struct whole *w, struct gvariant *v, const char *type, size_t n)
{
	free(v->type);
	v->type = strndup(type, n);
	if (!v->type)
		return fail_memory(w->err);
	if (v->kind == GVARIANT_VARIANT)
		return gvariant_set_type(v->items.v, NULL, w->text, w->err);
	return v->items.n ? assign_items(w, v) : check_leaf(w, v);
}

/* What nothing decides has a usual type. */
static void close_pattern(char *pattern)
{
	for (; *pattern; pattern++)
		*pattern = *pattern == 'N' ? 'i' : *pattern == 'S' ? 's' : *pattern;
}

int gvariant_set_type(
	struct gvariant *v, const char *type, const char *text, struct husk_error **err)
{
	const struct whole w = {text, err};
	auto_free char *pattern = NULL;
	int r = find_pattern(v, &pattern);

	if (!r && type)
		r = unify_whole(&pattern, type);
	if (r == -ENOMEM)
		return fail_memory(err);
	if (r < 0 && pattern)
		return fail(err, HUSK_ERROR_INVALID_CONFIG, "'%s' is of type '%s', not '%s'", text,
			pattern, type);
	if (r < 0)
		return fail(err, HUSK_ERROR_INVALID_CONFIG, "the types of '%s' do not agree", text);
	close_pattern(pattern);
	if (strchr(pattern, '*'))
		return fail(err, HUSK_ERROR_INVALID_CONFIG,
			"the type of '%s' cannot be told: it needs '@TYPE' before it", text);
	if (!gvariant_is_type(pattern))
		return fail(err, HUSK_ERROR_INVALID_CONFIG, "D-Bus has no type '%s' ('%s')",
			pattern, text);
	return assign(&w, v, pattern, strlen(pattern));
}
