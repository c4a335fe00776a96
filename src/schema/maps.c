// SPDX-License-Identifier: Apache-2.0
/*
 * Maps: JSON objects whose names are data. In memory a list in the order of the text; a few dozen
 * members at most in real life, so a linear search serves merge, equal and set. Two maps with the
 * same members are equal in any order.
 */
#include <schema/kind.h>
#include <json/pointer.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <base/array.h>
#include <base/mem.h>
#include <base/text.h>

static bool map_is_set(const void *member)
{
	return ((const struct schema_any_list *)member)->v != NULL;
}

/*
 * A new element at the end, zeroed, with that key (both kinds of elements begin with it), or NULL.
 */
static void *map_add(struct schema_any_list *map, size_t size, const char *key)
{
	char *copy = strdup(key);
	void *grown = copy ? array_grow(map->v, map->n, size) : NULL;
	char *slot;

	if (!grown) {
		free(copy);
		return NULL;
	}
	map->v = grown;
	slot = (char *)grown + map->n++ * size;
	memset(slot, 0, size);
	*(schema_any_string *)slot = copy;
	return slot;
}

static void *map_find(const struct schema_any_list *map, size_t size, const char *key)
{
	for (size_t i = 0; i < map->n; i++) {
		char *slot = (char *)map->v + i * size;

		if (text_equal(*(schema_any_string *)slot, key))
			return slot;
	}
	return NULL;
}

/* What both kinds of maps do first. Returns 1 when there is a map. */
static int map_begin(const struct schema_field *f, const struct json *value, size_t size,
	struct schema_any_list *map, const struct schema_at *at)
{
	if (json_kind(value) != JSON_OBJECT)
		return schema_mismatch(at, "an object", value);
	if (!json_length(value) && f->flags & F_NONEMPTY)
		return schema_problem(at, "must not be empty");
	map->v = array_grow(NULL, 0, size);
	return map->v ? 1 : schema_no_memory(at);
}

/* ---- string to string ---- */

enum { PAIR = sizeof(struct schema_any_pair) };

static int pair_add(struct schema_any_list *map, const char *name, const char *value)
{
	struct schema_any_pair *pair = map_add(map, PAIR, name);

	if (!pair)
		return -ENOMEM;
	pair->value = strdup(value);
	return pair->value ? 0 : -ENOMEM;
}

static int string_map_parse(const struct schema_field *f, const struct json *value, void *member,
	const struct schema_at *at)
{
	int r;

	r = map_begin(f, value, PAIR, member, at);
	if (r <= 0)
		return r;
	for (struct json_member m = json_first(value); m.name; m = json_next(m)) {
		struct schema_at here = schema_member(at, m.name);
		const char *text = json_string(m.value);

		r = 0;
		if (!*m.name)
			r = schema_problem(&here, "the name must not be empty");
		else if (text)
			r = pair_add(member, m.name, text) < 0 ? schema_no_memory(at) : 0;
		else if (json_kind(m.value) != JSON_NULL)
			r = schema_mismatch(&here, "a string", m.value);
		if (r < 0)
			return r;
	}
	return 0;
}

static void string_map_emit(
	const struct schema_field *f, const void *member, struct json_writer *out)
{
	const struct schema_any_list *map = member;
	const struct schema_any_pair *pairs = map->v;

	(void)f;
	json_begin_object(out);
	for (size_t i = 0; i < map->n; i++) {
		json_write_name(out, pairs[i].name);
		json_write_string(out, pairs[i].value);
	}
	json_end_object(out);
}

static int pair_put(struct schema_any_list *map, const char *name, const char *value)
{
	struct schema_any_pair *pair = map_find(map, PAIR, name);
	char *copy;

	if (!pair)
		return pair_add(map, name, value);
	copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	free(pair->value);
	pair->value = copy;
	return 0;
}

static int string_map_merge(const struct schema_field *f, void *into, const void *from)
{
	const struct schema_any_list *source = from;
	const struct schema_any_pair *pairs = source->v;
	struct schema_any_list *map = into;

	(void)f;
	if (!map->v)
		map->v = array_grow(NULL, 0, PAIR);
	if (!map->v)
		return -ENOMEM;
	for (size_t i = 0; i < source->n; i++)
		if (pair_put(map, pairs[i].name, pairs[i].value) < 0)
			return -ENOMEM;
	return 0;
}

static void string_map_subtract(const struct schema_field *f, void *from, const void *what)
{
	struct schema_any_list *map = from;
	const struct schema_any_list *names = what;
	struct schema_any_pair *pairs = map->v;
	size_t kept = 0;

	(void)f;
	for (size_t i = 0; i < map->n; i++) {
		if (map_find(names, PAIR, pairs[i].name)) {
			free(pairs[i].name);
			free(pairs[i].value);
		} else {
			pairs[kept++] = pairs[i];
		}
	}
	map->n = kept;
}

static bool string_map_equal(const struct schema_field *f, const void *a, const void *b)
{
	const struct schema_any_list *x = a, *y = b;
	const struct schema_any_pair *pairs = x->v;

	(void)f;
	for (size_t i = 0; i < x->n && x->n == y->n; i++) {
		const struct schema_any_pair *other = map_find(y, PAIR, pairs[i].name);

		if (!other || !text_equal(other->value, pairs[i].value))
			return false;
	}
	return x->n == y->n;
}

static void string_map_done(const struct schema_field *f, void *member)
{
	struct schema_any_list *map = member;
	struct schema_any_pair *pairs = map->v;

	(void)f;
	for (size_t i = 0; i < map->n; i++) {
		free(pairs[i].name);
		free(pairs[i].value);
	}
	free(map->v);
	map->n = 0;
	map->v = NULL;
}

static int string_map_set(const struct schema_field *f, void *member, const char *rest,
	const char *text, const struct schema_at *at)
{
	auto_free char *name = NULL;

	(void)f;
	if (!*rest)
		return schema_problem(at, "needs the name of a member");
	name = json_pointer_step(&rest);
	if (!name)
		return schema_no_memory(at);
	if (!*name || *rest)
		return schema_problem(at, "'%s%s' is not the name of a member", name, rest);
	return pair_put(member, name, text) < 0 ? schema_no_memory(at) : 0;
}

/* ---- string to object ---- */

static int map_parse(const struct schema_field *f, const struct json *value, void *member,
	const struct schema_at *at)
{
	int r;

	r = map_begin(f, value, f->type->size, member, at);
	if (r <= 0)
		return r;
	for (struct json_member m = json_first(value); m.name; m = json_next(m)) {
		struct schema_at here = schema_member(at, m.name);
		void *slot;

		if (json_kind(m.value) == JSON_NULL)
			continue;
		slot = map_add(member, f->type->size, m.name);
		if (!slot)
			return schema_no_memory(at);
		r = *m.name ? schema_parse(f->type, m.value, slot, &here)
			    : schema_problem(&here, "the name must not be empty");
		if (r < 0)
			return r;
	}
	return 0;
}

static int map_check(const struct schema_field *f, const void *member, const struct schema_at *at)
{
	const struct schema_any_list *map = member;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < map->n; i++) {
		char *slot = (char *)map->v + i * f->type->size;
		struct schema_at here = schema_member(at, *(schema_any_string *)slot);

		r = schema_check(f->type, slot, &here);
	}
	return r;
}

static void map_emit(const struct schema_field *f, const void *member, struct json_writer *out)
{
	const struct schema_any_list *map = member;

	json_begin_object(out);
	for (size_t i = 0; i < map->n; i++) {
		char *slot = (char *)map->v + i * f->type->size;

		json_write_name(out, *(schema_any_string *)slot);
		schema_emit(f->type, slot, out);
	}
	json_end_object(out);
}

static int map_merge(const struct schema_field *f, void *into, const void *from)
{
	const struct schema_any_list *source = from;
	struct schema_any_list *map = into;

	if (!map->v)
		map->v = array_grow(NULL, 0, f->type->size);
	if (!map->v)
		return -ENOMEM;
	for (size_t i = 0; i < source->n; i++) {
		char *other = (char *)source->v + i * f->type->size;
		const char *key = *(schema_any_string *)other;
		void *slot = map_find(map, f->type->size, key);

		if (!slot)
			slot = map_add(map, f->type->size, key);
		if (!slot || schema_merge(f->type, slot, other) < 0)
			return -ENOMEM;
	}
	return 0;
}

static bool map_equal(const struct schema_field *f, const void *a, const void *b)
{
	const struct schema_any_list *x = a, *y = b;

	for (size_t i = 0; i < x->n && x->n == y->n; i++) {
		char *slot = (char *)x->v + i * f->type->size;
		void *other = map_find(y, f->type->size, *(schema_any_string *)slot);

		if (!other || !schema_equal(f->type, slot, other))
			return false;
	}
	return x->n == y->n;
}

static void map_done(const struct schema_field *f, void *member)
{
	struct schema_any_list *map = member;

	for (size_t i = 0; i < map->n; i++) {
		char *slot = (char *)map->v + i * f->type->size;

		free(*(schema_any_string *)slot);
		schema_done(f->type, slot);
	}
	free(map->v);
	map->n = 0;
	map->v = NULL;
}

const struct schema_kind schema_kind_string_map = {
	.name = "string map",
	.is_set = map_is_set,
	.parse = string_map_parse,
	.emit = string_map_emit,
	.merge = string_map_merge,
	.subtract = string_map_subtract,
	.equal = string_map_equal,
	.done = string_map_done,
	.set = string_map_set,
};

const struct schema_kind schema_kind_map = {
	.name = "map",
	.is_set = map_is_set,
	.parse = map_parse,
	.check = map_check,
	.emit = map_emit,
	.merge = map_merge,
	.equal = map_equal,
	.done = map_done,
};
