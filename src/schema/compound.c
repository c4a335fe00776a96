// SPDX-License-Identifier: Apache-2.0
/*
 * Kinds that hold many values: objects, lists, maps. All lists are {n, v} with v not NULL when
 * present, and their room follows the rule of base/array.h, so that code elsewhere may add to what
 * was parsed.
 */
#include <schema/kind.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <base/array.h>
#include <base/text.h>

static bool pointer_is_set(const void *member)
{
	return *(const schema_any_pointer *)member != NULL;
}

static bool list_is_set(const void *member)
{
	return ((const struct schema_any_list *)member)->v != NULL;
}

/* Makes a present list with room for n elements, all zero; n stays 0. */
static int list_make(struct schema_any_list *list, size_t n, size_t size)
{
	size_t room = 4;

	while (room < n)
		room *= 2;
	list->n = 0;
	list->v = calloc(room, size);
	return list->v ? 0 : -ENOMEM;
}

/*
 * What all lists and maps do first: the right JSON kind, not too empty, memory. Returns 1 when
 * there is a list.
 */
static int list_begin(const struct schema_field *f, const struct json *value, enum json_kind kind,
	size_t size, struct schema_any_list *list, const struct schema_at *at)
{
	if (json_kind(value) != kind)
		return schema_mismatch(at, json_kind_text(kind), value);
	if (!json_length(value) && f->flags & F_NONEMPTY)
		return schema_problem(at, "must not be empty");
	return list_make(list, json_length(value), size) < 0 ? schema_no_memory(at) : 1;
}

static int list_check_filled(
	const struct schema_field *f, const void *member, const struct schema_at *at)
{
	const struct schema_any_list *list = member;

	return !list->n && f->flags & F_NONEMPTY ? schema_problem(at, "must not be empty") : 0;
}

static void *element(const struct schema_any_list *list, size_t i, size_t size)
{
	return (char *)list->v + i * size;
}

/* ---- list of strings ---- */

static int strv_parse_item(const struct schema_field *f, const struct json *item, struct strv *list,
	const struct schema_at *at)
{
	const char *text = json_string(item);

	if (!text)
		return schema_mismatch(at, "a string", item);
	if (strv_add(list, text) < 0)
		return schema_no_memory(at);
	return schema_check_string(f, text, at);
}

static int strv_parse(const struct schema_field *f, const struct json *value, void *member,
	const struct schema_at *at)
{
	struct strv *list = member;
	int r;

	r = list_begin(f, value, JSON_ARRAY, sizeof *list->v, member, at);
	for (size_t i = 0; r > 0 && i < json_length(value); i++) {
		struct schema_at here = schema_index(at, i);
		int one = strv_parse_item(f, json_item(value, i), list, &here);

		if (one < 0)
			return one;
	}
	return r < 0 ? r : 0;
}

static int strv_check(const struct schema_field *f, const void *member, const struct schema_at *at)
{
	const struct strv *list = member;
	int r = list_check_filled(f, member, at);

	for (size_t i = 0; r >= 0 && i < list->n; i++) {
		struct schema_at here = schema_index(at, i);

		r = schema_check_string(f, list->v[i], &here);
	}
	return r;
}

static void strv_emit(const struct schema_field *f, const void *member, struct json_writer *out)
{
	const struct strv *list = member;

	(void)f;
	json_begin_array(out);
	list_for_each (s, list)
		json_write_string(out, *s);
	json_end_array(out);
}

static void strv_free(const struct schema_field *f, void *member)
{
	(void)f;
	strv_done(member);
}

static int strv_merge(const struct schema_field *f, void *into, const void *from)
{
	const struct strv *source = from;
	struct strv copy;

	(void)f;
	if (list_make((struct schema_any_list *)&copy, source->n, sizeof *copy.v) < 0)
		return -ENOMEM;
	list_for_each (s, source) {
		if (strv_add(&copy, *s) < 0) {
			strv_done(&copy);
			return -ENOMEM;
		}
	}
	strv_done(into);
	*(struct strv *)into = copy;
	return 0;
}

static bool strv_equal(const struct schema_field *f, const void *a, const void *b)
{
	const struct strv *x = a, *y = b;

	(void)f;
	for (size_t i = 0; i < x->n && x->n == y->n; i++)
		if (!text_equal(x->v[i], y->v[i]))
			return false;
	return x->n == y->n;
}

static int strv_set(const struct schema_field *f, void *member, const char *rest, const char *text,
	const struct schema_at *at)
{
	struct schema_at here = schema_index(at, ((const struct strv *)member)->n);
	int r;

	if (*rest)
		return schema_problem(at, "has no members");
	r = schema_check_string(f, text, &here);
	if (r < 0)
		return r;
	return strv_add(member, text) < 0 ? schema_no_memory(at) : 0;
}

/* ---- lists of numbers and of enums ---- */

static int u32s_parse(const struct schema_field *f, const struct json *value, void *member,
	const struct schema_at *at)
{
	/* without a range of its own the type is the range */
	struct schema_field element_row = *f;
	struct schema_any_list *list = member;
	int r;

	if (!f->ranged) {
		element_row.ranged = true;
		element_row.max = UINT32_MAX;
	}
	r = list_begin(f, value, JSON_ARRAY, sizeof(uint32_t), list, at);
	for (size_t i = 0; r > 0 && i < json_length(value); i++) {
		struct schema_at here = schema_index(at, i);
		uint64_t number;
		int one = schema_read_u64(&element_row, json_item(value, i), &number, &here);

		if (one < 0)
			return one;
		if (one)
			((uint32_t *)list->v)[list->n++] = (uint32_t)number;
	}
	return r < 0 ? r : 0;
}

static int u32s_check(const struct schema_field *f, const void *member, const struct schema_at *at)
{
	const struct schema_any_list *list = member;
	int r = list_check_filled(f, member, at);

	for (size_t i = 0; r >= 0 && i < list->n; i++) {
		struct schema_at here = schema_index(at, i);

		r = schema_check_u64(f, ((const uint32_t *)list->v)[i], &here);
	}
	return r;
}

static void u32s_emit(const struct schema_field *f, const void *member, struct json_writer *out)
{
	const struct schema_any_list *list = member;

	(void)f;
	json_begin_array(out);
	for (size_t i = 0; i < list->n; i++)
		json_write_u64(out, ((const uint32_t *)list->v)[i]);
	json_end_array(out);
}

static int enums_parse(const struct schema_field *f, const struct json *value, void *member,
	const struct schema_at *at)
{
	struct schema_any_list *list = member;
	int r;

	r = list_begin(f, value, JSON_ARRAY, sizeof(int), list, at);
	for (size_t i = 0; r > 0 && i < json_length(value); i++) {
		struct schema_at here = schema_index(at, i);
		const char *name = json_string(json_item(value, i));
		const struct name_value *row = name ? table_find(f->names, name) : NULL;

		if (row)
			((int *)list->v)[list->n++] = (int)row->value;
		else if (name)
			r = schema_unknown_name(f, name, &here);
		else
			r = schema_mismatch(&here, "a string", json_item(value, i));
		if (r < 0)
			return r;
		r = 1;
	}
	return r < 0 ? r : 0;
}

static void enums_emit(const struct schema_field *f, const void *member, struct json_writer *out)
{
	const struct schema_any_list *list = member;

	json_begin_array(out);
	for (size_t i = 0; i < list->n; i++)
		json_write_string(
			out, table_name(f->names, (uint64_t)((const int *)list->v)[i], ""));
	json_end_array(out);
}

/* Both kinds of numbers have four bytes. */
_Static_assert(sizeof(int) == sizeof(uint32_t), "lists of numbers share their verbs");

static int numbers_merge(const struct schema_field *f, void *into, const void *from)
{
	const struct schema_any_list *source = from;
	struct schema_any_list *list = into, copy;

	(void)f;
	if (list_make(&copy, source->n, sizeof(uint32_t)) < 0)
		return -ENOMEM;
	memcpy(copy.v, source->v, source->n * sizeof(uint32_t));
	copy.n = source->n;
	free(list->v);
	list->n = copy.n;
	list->v = copy.v;
	return 0;
}

static bool numbers_equal(const struct schema_field *f, const void *a, const void *b)
{
	const struct schema_any_list *x = a, *y = b;

	(void)f;
	return x->n == y->n && !memcmp(x->v, y->v, x->n * sizeof(uint32_t));
}

static void numbers_done(const struct schema_field *f, void *member)
{
	struct schema_any_list *list = member;

	(void)f;
	free(list->v);
	list->n = 0;
	list->v = NULL;
}

/* ---- objects ---- */

static int object_make(const struct schema_field *f, void *member)
{
	schema_any_pointer *v = member;

	if (!*v)
		*v = calloc(1, f->type->size);
	return *v ? 0 : -ENOMEM;
}

static int object_parse(const struct schema_field *f, const struct json *value, void *member,
	const struct schema_at *at)
{
	if (json_kind(value) != JSON_OBJECT)
		return schema_mismatch(at, "an object", value);
	if (object_make(f, member) < 0)
		return schema_no_memory(at);
	return schema_parse(f->type, value, *(schema_any_pointer *)member, at);
}

static int object_check(
	const struct schema_field *f, const void *member, const struct schema_at *at)
{
	return schema_check(f->type, *(const schema_any_pointer *)member, at);
}

static void object_emit(const struct schema_field *f, const void *member, struct json_writer *out)
{
	schema_emit(f->type, *(const schema_any_pointer *)member, out);
}

static int object_merge(const struct schema_field *f, void *into, const void *from)
{
	if (object_make(f, into) < 0)
		return -ENOMEM;
	return schema_merge(
		f->type, *(schema_any_pointer *)into, *(const schema_any_pointer *)from);
}

static void object_subtract(const struct schema_field *f, void *from, const void *what)
{
	schema_any_pointer *v = from;

	if (!*v)
		return;
	schema_subtract(f->type, *v, *(const schema_any_pointer *)what);
	if (schema_is_empty(f->type, *v)) {
		schema_free(f->type, *v);
		*v = NULL;
	}
}

static bool object_equal(const struct schema_field *f, const void *a, const void *b)
{
	return schema_equal(
		f->type, *(const schema_any_pointer *)a, *(const schema_any_pointer *)b);
}

static void object_done(const struct schema_field *f, void *member)
{
	schema_any_pointer *v = member;

	schema_free(f->type, *v);
	*v = NULL;
}

static int object_set(const struct schema_field *f, void *member, const char *rest,
	const char *text, const struct schema_at *at)
{
	if (!*rest)
		return schema_problem(at, "is an object");
	if (object_make(f, member) < 0)
		return schema_no_memory(at);
	return schema_set_below(f->type, *(schema_any_pointer *)member, rest, text, at);
}

/* ---- lists of objects ---- */

static int list_parse(const struct schema_field *f, const struct json *value, void *member,
	const struct schema_at *at)
{
	struct schema_any_list *list = member;
	int r;

	r = list_begin(f, value, JSON_ARRAY, f->type->size, list, at);
	for (size_t i = 0; r > 0 && i < json_length(value); i++) {
		struct schema_at here = schema_index(at, i);
		int one = schema_parse(f->type, json_item(value, i),
			element(list, list->n++, f->type->size), &here);

		if (one < 0)
			return one;
	}
	return r < 0 ? r : 0;
}

static int list_check(const struct schema_field *f, const void *member, const struct schema_at *at)
{
	const struct schema_any_list *list = member;
	int r = list_check_filled(f, member, at);

	for (size_t i = 0; r >= 0 && i < list->n; i++) {
		struct schema_at here = schema_index(at, i);

		r = schema_check(f->type, element(list, i, f->type->size), &here);
	}
	return r;
}

static void list_emit(const struct schema_field *f, const void *member, struct json_writer *out)
{
	const struct schema_any_list *list = member;

	json_begin_array(out);
	for (size_t i = 0; i < list->n; i++)
		schema_emit(f->type, element(list, i, f->type->size), out);
	json_end_array(out);
}

static void list_done(const struct schema_field *f, void *member)
{
	struct schema_any_list *list = member;

	for (size_t i = 0; i < list->n; i++)
		schema_done(f->type, element(list, i, f->type->size));
	numbers_done(f, member);
}

static int list_merge(const struct schema_field *f, void *into, const void *from)
{
	const struct schema_any_list *source = from;
	struct schema_any_list *list = into, copy;

	if (list_make(&copy, source->n, f->type->size) < 0)
		return -ENOMEM;
	for (; copy.n < source->n; copy.n++) {
		void *fresh = element(&copy, copy.n, f->type->size);

		if (schema_merge(f->type, fresh, element(source, copy.n, f->type->size)) < 0) {
			copy.n++; /* what was copied of this one must go, too */
			list_done(f, &copy);
			return -ENOMEM;
		}
	}
	list_done(f, into);
	list->n = copy.n;
	list->v = copy.v;
	return 0;
}

static bool list_equal(const struct schema_field *f, const void *a, const void *b)
{
	const struct schema_any_list *x = a, *y = b;

	for (size_t i = 0; i < x->n && x->n == y->n; i++)
		if (!schema_equal(
			    f->type, element(x, i, f->type->size), element(y, i, f->type->size)))
			return false;
	return x->n == y->n;
}

const struct schema_kind schema_kind_strv = {
	.name = "strings",
	.is_set = list_is_set,
	.parse = strv_parse,
	.check = strv_check,
	.emit = strv_emit,
	.merge = strv_merge,
	.equal = strv_equal,
	.done = strv_free,
	.set = strv_set,
};

const struct schema_kind schema_kind_u32s = {
	.name = "u32s",
	.is_set = list_is_set,
	.parse = u32s_parse,
	.check = u32s_check,
	.emit = u32s_emit,
	.merge = numbers_merge,
	.equal = numbers_equal,
	.done = numbers_done,
};

const struct schema_kind schema_kind_enums = {
	.name = "enums",
	.is_set = list_is_set,
	.parse = enums_parse,
	.check = list_check_filled,
	.emit = enums_emit,
	.merge = numbers_merge,
	.equal = numbers_equal,
	.done = numbers_done,
};

const struct schema_kind schema_kind_object = {
	.name = "object",
	.is_set = pointer_is_set,
	.parse = object_parse,
	.check = object_check,
	.emit = object_emit,
	.merge = object_merge,
	.subtract = object_subtract,
	.equal = object_equal,
	.done = object_done,
	.set = object_set,
};

const struct schema_kind schema_kind_list = {
	.name = "list",
	.is_set = list_is_set,
	.parse = list_parse,
	.check = list_check,
	.emit = list_emit,
	.merge = list_merge,
	.equal = list_equal,
	.done = list_done,
};
