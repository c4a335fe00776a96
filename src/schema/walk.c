// SPDX-License-Identifier: Apache-2.0
/* The loops over a type's rows. What a row does is its kind's affair. */
#include <schema/kind.h>
#include <json/pointer.h>

#include <stdlib.h>
#include <string.h>

static void *member_of(const struct schema_field *f, void *object)
{
	return (char *)object + f->offset;
}

static const void *const_member_of(const struct schema_field *f, const void *object)
{
	return (const char *)object + f->offset;
}

/* Starts behind the row found last: texts mostly follow the order of the rows, or nearly so. */
static const struct schema_field *find(
	const struct schema_type *type, const char *name, const struct schema_field *last)
{
	if (last && last[1].name && !strcmp(last[1].name, name))
		return &last[1];
	for (const struct schema_field *f = type->fields; f->name; f++)
		if (!strcmp(f->name, name))
			return f;
	return NULL;
}

static int required(const struct schema_type *type, uint64_t seen, const struct schema_at *at)
{
	int r = 0;

	for (const struct schema_field *f = type->fields; r >= 0 && f->name; f++) {
		struct schema_at here = schema_member(at, f->name);

		if (f->flags & F_REQUIRED && !(seen & UINT64_C(1) << (f - type->fields)))
			r = schema_problem(&here, "is required");
	}
	return r;
}

static int check_whole(const struct schema_type *type, const void *object, uint64_t seen,
	size_t problems_before, const struct schema_at *at)
{
	int r = required(type, seen, at);

	if (r < 0 || !type->check || at->report->problems > problems_before)
		return r;
	return type->check(object, at);
}

int schema_parse(const struct schema_type *type, const struct json *tree, void *object,
	const struct schema_at *at)
{
	size_t problems = at->report->problems;
	const struct schema_field *last = NULL;
	uint64_t seen = 0;

	if (json_kind(tree) != JSON_OBJECT)
		return schema_mismatch(at, "an object", tree);
	for (struct json_member m = json_first(tree); m.name; m = json_next(m)) {
		const struct schema_field *f = find(type, m.name, last);
		struct schema_at here = schema_member(at, m.name);
		int r;

		if (!f) {
			schema_unknown(type, &here);
			continue;
		}
		last = f;
		if (json_kind(m.value) == JSON_NULL)
			continue;
		seen |= UINT64_C(1) << (f - type->fields);
		if (f->flags & F_DEPRECATED)
			schema_note(&here, "deprecated");
		r = f->kind->parse(f, m.value, member_of(f, object), &here);
		if (r < 0)
			return r;
	}
	return check_whole(type, object, seen, problems, at);
}

int schema_check(const struct schema_type *type, const void *object, const struct schema_at *at)
{
	size_t problems = at->report->problems;
	uint64_t seen = 0;

	for (const struct schema_field *f = type->fields; f->name; f++) {
		struct schema_at here = schema_member(at, f->name);
		const void *member = const_member_of(f, object);
		int r = 0;

		if (!f->kind->is_set(member))
			continue;
		seen |= UINT64_C(1) << (f - type->fields);
		if (f->kind->check)
			r = f->kind->check(f, member, &here);
		if (r < 0)
			return r;
	}
	return check_whole(type, object, seen, problems, at);
}

void schema_emit(const struct schema_type *type, const void *object, struct json_writer *out)
{
	json_begin_object(out);
	for (const struct schema_field *f = type->fields; f->name; f++) {
		const void *member = const_member_of(f, object);

		if (!f->kind->is_set(member))
			continue;
		json_write_name(out, f->name);
		f->kind->emit(f, member, out);
	}
	json_end_object(out);
}

int schema_merge(const struct schema_type *type, void *into, const void *from)
{
	for (const struct schema_field *f = type->fields; f->name; f++) {
		const void *member = const_member_of(f, from);
		int r;

		if (!f->kind->is_set(member))
			continue;
		r = f->kind->merge(f, member_of(f, into), member);
		if (r < 0)
			return r;
	}
	return 0;
}

void schema_subtract(const struct schema_type *type, void *from, const void *what)
{
	for (const struct schema_field *f = type->fields; f->name; f++) {
		const void *member = const_member_of(f, what);

		if (!f->kind->is_set(member))
			continue;
		if (f->kind->subtract)
			f->kind->subtract(f, member_of(f, from), member);
		else
			f->kind->done(f, member_of(f, from));
	}
}

bool schema_is_empty(const struct schema_type *type, const void *object)
{
	for (const struct schema_field *f = type->fields; f->name; f++)
		if (f->kind->is_set(const_member_of(f, object)))
			return false;
	return true;
}

bool schema_equal(const struct schema_type *type, const void *a, const void *b)
{
	for (const struct schema_field *f = type->fields; f->name; f++) {
		const void *x = const_member_of(f, a), *y = const_member_of(f, b);
		bool set = f->kind->is_set(x);

		if (set != f->kind->is_set(y) || (set && !f->kind->equal(f, x, y)))
			return false;
	}
	return true;
}

void schema_done(const struct schema_type *type, void *object)
{
	for (const struct schema_field *f = type->fields; f->name; f++)
		f->kind->done(f, member_of(f, object));
}

void schema_free(const struct schema_type *type, void *object)
{
	if (!object)
		return;
	schema_done(type, object);
	free(object);
}

int schema_set_below(const struct schema_type *type, void *object, const char *rest,
	const char *text, const struct schema_at *at)
{
	char *name = json_pointer_step(&rest);
	const struct schema_field *f;
	struct schema_at here;
	int r;

	if (!name)
		return schema_no_memory(at);
	here = schema_member(at, name);
	f = find(type, name, NULL);
	if (!f)
		r = schema_problem(&here, "unknown property");
	else if (!f->kind->set)
		r = schema_problem(&here, "cannot be set from text");
	else
		r = f->kind->set(f, member_of(f, object), rest, text, &here);
	free(name);
	return r;
}
