// SPDX-License-Identifier: Apache-2.0
/* Kinds that hold one value: bool, i64, u64, enum, string, raw. */
#include <schema/kind.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <base/parse.h>
#include <base/str.h>
#include <base/text.h>

/* ---- opt_*: a flag, then the value; nothing to free ---- */

static bool opt_is_set(const void *member)
{
	return *(const bool *)member;
}

/* clang-format off */
#define OPT_VERBS(kind)                                                                            \
	static int kind##_merge(const struct schema_field *f, void *into, const void *from)        \
	{                                                                                          \
		(void)f;                                                                           \
		*(struct opt_##kind *)into = *(const struct opt_##kind *)from;                     \
		return 0;                                                                          \
	}                                                                                          \
	static bool kind##_equal(const struct schema_field *f, const void *a, const void *b)       \
	{                                                                                          \
		(void)f;                                                                           \
		return ((const struct opt_##kind *)a)->value == ((const struct opt_##kind *)b)->value; \
	}                                                                                          \
	static void kind##_done(const struct schema_field *f, void *member)                        \
	{                                                                                          \
		(void)f;                                                                           \
		*(struct opt_##kind *)member = (struct opt_##kind){};                              \
	}
OPT_VERBS(bool)
OPT_VERBS(i64)
OPT_VERBS(u64)
OPT_VERBS(enum)
/* clang-format on */

/* A pointer of schema_set() must end at a value that has nothing below it. */
static int no_rest(const char *rest, const struct schema_at *at)
{
	return *rest ? schema_problem(at, "has no members") : 0;
}

static int bool_parse(const struct schema_field *f, const struct json *value, void *member,
	const struct schema_at *at)
{
	(void)f;
	if (json_kind(value) != JSON_BOOL)
		return schema_mismatch(at, "a boolean", value);
	*(struct opt_bool *)member = (struct opt_bool){true, json_boolean(value)};
	return 0;
}

static void bool_emit(const struct schema_field *f, const void *member, struct json_writer *out)
{
	(void)f;
	json_write_bool(out, ((const struct opt_bool *)member)->value);
}

static int bool_set(const struct schema_field *f, void *member, const char *rest, const char *text,
	const struct schema_at *at)
{
	bool yes = text_equal(text, "true");

	(void)f;
	if (!yes && !text_equal(text, "false"))
		return schema_problem(at, "must be true or false, is '%s'", text);
	*(struct opt_bool *)member = (struct opt_bool){true, yes};
	return no_rest(rest, at);
}

/* ---- numbers ---- */

enum side { BELOW, ABOVE };

static cold int out_of_range(const struct schema_field *f, bool is_signed, enum side side,
	const char *text, const struct schema_at *at)
{
	uint64_t lo = is_signed ? (uint64_t)INT64_MIN : 0, hi = is_signed ? INT64_MAX : UINT64_MAX;
	bool open_above = f->ranged && f->max == hi;

	if (!is_signed && *text == '-')
		return schema_problem(at, "must not be negative, is %s", text);
	if (f->ranged) {
		lo = f->min;
		hi = f->max;
	}
	if (is_signed && open_above && side == BELOW)
		return schema_problem(at, "must be at least %" PRId64 ", is %s", (int64_t)lo, text);
	if (is_signed)
		return schema_problem(at, "must be between %" PRId64 " and %" PRId64 ", is %s",
			(int64_t)lo, (int64_t)hi, text);
	return schema_problem(
		at, "must be between %" PRIu64 " and %" PRIu64 ", is %s", lo, hi, text);
}

/* For a number that does not even fit the C type. */
static enum side side_of(const char *text)
{
	return *text == '-' ? BELOW : ABOVE;
}

static int i64_check(const struct schema_field *f, const void *member, const struct schema_at *at)
{
	int64_t value = ((const struct opt_i64 *)member)->value;
	auto_strbuf text = {};

	if (!f->ranged || (value >= (int64_t)f->min && value <= (int64_t)f->max))
		return 0;
	strbuf_printf(&text, "%" PRId64, value);
	return out_of_range(
		f, true, value < (int64_t)f->min ? BELOW : ABOVE, strbuf_text(&text), at);
}

static int i64_parse(const struct schema_field *f, const struct json *value, void *member,
	const struct schema_at *at)
{
	struct opt_i64 *v = member;
	int r;

	r = json_i64(value, &v->value);
	if (r == -ERANGE)
		return out_of_range(
			f, true, side_of(json_number_text(value)), json_number_text(value), at);
	if (r < 0)
		return schema_mismatch(at, "an integer", value);
	v->set = true;
	return i64_check(f, v, at);
}

static void i64_emit(const struct schema_field *f, const void *member, struct json_writer *out)
{
	(void)f;
	json_write_i64(out, ((const struct opt_i64 *)member)->value);
}

static int i64_set(const struct schema_field *f, void *member, const char *rest, const char *text,
	const struct schema_at *at)
{
	struct opt_i64 v = {.set = true};
	int r;

	r = parse_i64(text, &v.value);
	if (r == -ERANGE)
		return out_of_range(f, true, side_of(text), text, at);
	if (r < 0)
		return schema_problem(at, "must be an integer, is '%s'", text);
	r = i64_check(f, &v, at);
	if (r < 0)
		return r;
	*(struct opt_i64 *)member = v;
	return no_rest(rest, at);
}

int schema_check_u64(const struct schema_field *f, uint64_t value, const struct schema_at *at)
{
	auto_strbuf text = {};

	if (!f->ranged || (value >= f->min && value <= f->max))
		return 0;
	strbuf_printf(&text, "%" PRIu64, value);
	return out_of_range(f, false, value < f->min ? BELOW : ABOVE, strbuf_text(&text), at);
}

static int u64_check(const struct schema_field *f, const void *member, const struct schema_at *at)
{
	return schema_check_u64(f, ((const struct opt_u64 *)member)->value, at);
}

/* Returns 1 and the value when it may be used; 0 when a sink took a problem. */
int schema_read_u64(const struct schema_field *f, const struct json *value, uint64_t *ret,
	const struct schema_at *at)
{
	uint64_t number = 0;
	int r;

	r = json_u64(value, &number);
	if (r == -ERANGE)
		return out_of_range(
			f, false, side_of(json_number_text(value)), json_number_text(value), at);
	if (r < 0)
		return schema_mismatch(at, "an integer", value);
	r = schema_check_u64(f, number, at);
	if (r < 0)
		return r;
	*ret = number;
	return 1;
}

static int u64_parse(const struct schema_field *f, const struct json *value, void *member,
	const struct schema_at *at)
{
	struct opt_u64 *v = member;
	int r;

	r = schema_read_u64(f, value, &v->value, at);
	v->set = r > 0;
	return r < 0 ? r : 0;
}

static void u64_emit(const struct schema_field *f, const void *member, struct json_writer *out)
{
	(void)f;
	json_write_u64(out, ((const struct opt_u64 *)member)->value);
}

static int u64_set(const struct schema_field *f, void *member, const char *rest, const char *text,
	const struct schema_at *at)
{
	struct opt_u64 v = {.set = true};
	int r;

	r = parse_u64(text, 10, &v.value);
	if (r == -ERANGE || (r < 0 && *text == '-' && parse_i64(text, &(int64_t){0}) >= 0))
		return out_of_range(f, false, side_of(text), text, at);
	if (r < 0)
		return schema_problem(at, "must be an integer, is '%s'", text);
	r = schema_check_u64(f, v.value, at);
	if (r < 0)
		return r;
	*(struct opt_u64 *)member = v;
	return no_rest(rest, at);
}

/* ---- enums ---- */

enum { NAMES_WORTH_LISTING = 10 };

int schema_unknown_name(const struct schema_field *f, const char *name, const struct schema_at *at)
{
	const struct name_value *near = table_nearest(f->names, name);
	auto_strbuf all = {};
	size_t n = 0;

	if (near)
		return schema_problem_near(at, near->name, "unknown value '%s'", name);
	for (; f->names[n].name; n++)
		strbuf_printf(&all, "%s%s", n ? ", " : "", f->names[n].name);
	if (n > NAMES_WORTH_LISTING)
		return schema_problem(at, "unknown value '%s'", name);
	return schema_problem(
		at, "unknown value '%s', must be one of: %s", name, strbuf_text(&all));
}

static int enum_from(
	const struct schema_field *f, const char *name, void *member, const struct schema_at *at)
{
	const struct name_value *row = table_find(f->names, name);

	if (!row && !*name && f->flags & F_EMPTY_ABSENT)
		return 0;
	if (!row)
		return schema_unknown_name(f, name, at);
	*(struct opt_enum *)member = (struct opt_enum){true, (int)row->value};
	return 0;
}

static int enum_parse(const struct schema_field *f, const struct json *value, void *member,
	const struct schema_at *at)
{
	const char *name = json_string(value);

	if (!name)
		return schema_mismatch(at, "a string", value);
	return enum_from(f, name, member, at);
}

static int enum_check(const struct schema_field *f, const void *member, const struct schema_at *at)
{
	int value = ((const struct opt_enum *)member)->value;

	if (table_find_value(f->names, (uint64_t)value))
		return 0;
	return schema_problem(at, "has no name for value %d", value);
}

static void enum_emit(const struct schema_field *f, const void *member, struct json_writer *out)
{
	const struct opt_enum *v = member;

	json_write_string(out, table_name(f->names, (uint64_t)v->value, ""));
}

static int enum_set(const struct schema_field *f, void *member, const char *rest, const char *text,
	const struct schema_at *at)
{
	int r = enum_from(f, text, member, at);

	return r < 0 ? r : no_rest(rest, at);
}

/* ---- strings ---- */

static bool string_is_set(const void *member)
{
	return *(const schema_any_string *)member != NULL;
}

int schema_check_string(const struct schema_field *f, const char *s, const struct schema_at *at)
{
	if (!*s && f->flags & F_NONEMPTY)
		return schema_problem(at, "must not be empty");
	if (f->accept && !f->accept(s))
		return schema_problem(at, "%s, is '%s'", f->wanted, s);
	return 0;
}

static int string_check(
	const struct schema_field *f, const void *member, const struct schema_at *at)
{
	return schema_check_string(f, *(const schema_any_string *)member, at);
}

static int string_replace(void *member, const char *text)
{
	schema_any_string *v = member;
	char *copy = strdup(text);

	if (!copy)
		return -ENOMEM;
	free(*v);
	*v = copy;
	return 0;
}

static int string_parse(const struct schema_field *f, const struct json *value, void *member,
	const struct schema_at *at)
{
	const char *text = json_string(value);

	if (!text)
		return schema_mismatch(at, "a string", value);
	if (string_replace(member, text) < 0)
		return schema_no_memory(at);
	return schema_check_string(f, text, at);
}

static void string_emit(const struct schema_field *f, const void *member, struct json_writer *out)
{
	(void)f;
	json_write_string(out, *(const schema_any_string *)member);
}

static int string_merge(const struct schema_field *f, void *into, const void *from)
{
	(void)f;
	return string_replace(into, *(const schema_any_string *)from);
}

static bool string_equal(const struct schema_field *f, const void *a, const void *b)
{
	(void)f;
	return text_equal(*(const schema_any_string *)a, *(const schema_any_string *)b);
}

static void string_done(const struct schema_field *f, void *member)
{
	schema_any_string *v = member;

	(void)f;
	free(*v);
	*v = NULL;
}

static int string_set(const struct schema_field *f, void *member, const char *rest,
	const char *text, const struct schema_at *at)
{
	int r = schema_check_string(f, text, at);

	if (r < 0)
		return r;
	return string_replace(member, text) < 0 ? schema_no_memory(at) : no_rest(rest, at);
}

/* ---- raw: an object kept as compact text ---- */

static int raw_parse(const struct schema_field *f, const struct json *value, void *member,
	const struct schema_at *at)
{
	struct json_writer w;
	auto_strbuf text = {};

	(void)f;
	if (json_kind(value) != JSON_OBJECT)
		return schema_mismatch(at, "an object", value);
	json_writer_init(&w, &text, 0);
	json_write_tree(&w, value);
	*(schema_any_string *)member = strbuf_take(&text);
	return string_is_set(member) ? 0 : schema_no_memory(at);
}

static void raw_emit(const struct schema_field *f, const void *member, struct json_writer *out)
{
	const char *text = *(const schema_any_string *)member;
	struct json *tree = NULL;

	(void)f;
	if (json_parse(text, strlen(text), &tree, NULL) < 0)
		out->out->failed = true; /* our own text: memory is short */
	else
		json_write_tree(out, tree);
	json_free(tree);
}

const struct schema_kind schema_kind_bool = {
	.name = "bool",
	.is_set = opt_is_set,
	.parse = bool_parse,
	.emit = bool_emit,
	.merge = bool_merge,
	.equal = bool_equal,
	.done = bool_done,
	.set = bool_set,
};

const struct schema_kind schema_kind_i64 = {
	.name = "i64",
	.is_set = opt_is_set,
	.parse = i64_parse,
	.check = i64_check,
	.emit = i64_emit,
	.merge = i64_merge,
	.equal = i64_equal,
	.done = i64_done,
	.set = i64_set,
};

const struct schema_kind schema_kind_u64 = {
	.name = "u64",
	.is_set = opt_is_set,
	.parse = u64_parse,
	.check = u64_check,
	.emit = u64_emit,
	.merge = u64_merge,
	.equal = u64_equal,
	.done = u64_done,
	.set = u64_set,
};

const struct schema_kind schema_kind_enum = {
	.name = "enum",
	.is_set = opt_is_set,
	.parse = enum_parse,
	.check = enum_check,
	.emit = enum_emit,
	.merge = enum_merge,
	.equal = enum_equal,
	.done = enum_done,
	.set = enum_set,
};

const struct schema_kind schema_kind_string = {
	.name = "string",
	.is_set = string_is_set,
	.parse = string_parse,
	.check = string_check,
	.emit = string_emit,
	.merge = string_merge,
	.equal = string_equal,
	.done = string_done,
	.set = string_set,
};

const struct schema_kind schema_kind_raw = {
	.name = "raw",
	.is_set = string_is_set,
	.parse = raw_parse,
	.emit = raw_emit,
	.merge = string_merge,
	.equal = string_equal,
	.done = string_done,
};
