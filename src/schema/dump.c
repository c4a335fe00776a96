// SPDX-License-Identifier: Apache-2.0
/*
 * The listing of a type: one line per property, "pointer<TAB>kind<TAB>details". '*' stands for an
 * index or a name.
 */
#include <schema/kind.h>

#include <inttypes.h>

#include <base/str.h>

static void add_range(const struct schema_field *f, struct strbuf *out)
{
	if (!f->ranged)
		return;
	if (f->kind == &schema_kind_i64)
		strbuf_printf(out, " %" PRId64 "..%" PRId64, (int64_t)f->min, (int64_t)f->max);
	else
		strbuf_printf(out, " %" PRIu64 "..%" PRIu64, f->min, f->max);
}

static void add_details(const struct schema_field *f, struct strbuf *out)
{
	static const struct name_value flags[] = {{" required", F_REQUIRED},
		{" deprecated", F_DEPRECATED}, {" not empty", F_NONEMPTY}, {}};

	add_range(f, out);
	if (f->kind == &schema_kind_enum || f->kind == &schema_kind_enums)
		for (const struct name_value *name = f->names; name->name; name++)
			strbuf_printf(out, "%c%s", name == f->names ? ' ' : '|', name->name);
	if (f->wanted)
		strbuf_printf(out, " %s", f->wanted);
	for (const struct name_value *flag = flags; flag->name; flag++)
		if (f->flags & flag->value)
			strbuf_add(out, flag->name);
}

static const struct schema_type *type_below(const struct schema_field *f)
{
	if (f->kind == &schema_kind_object || f->kind == &schema_kind_list ||
		f->kind == &schema_kind_map)
		return f->type;
	return NULL;
}

static void dump_below(const struct schema_type *type, const char *prefix, struct strbuf *out)
{
	for (const struct schema_field *f = type->fields; f->name; f++) {
		auto_strbuf pointer = {};

		strbuf_printf(&pointer, "%s/%s", prefix, f->name);
		strbuf_printf(out, "%s\t%s\t", strbuf_text(&pointer), f->kind->name);
		add_details(f, out);
		strbuf_add_char(out, '\n');
		if (!type_below(f))
			continue;
		if (f->kind != &schema_kind_object)
			strbuf_add(&pointer, "/*");
		dump_below(type_below(f), strbuf_text(&pointer), out);
	}
}

void schema_dump(const struct schema_type *type, struct strbuf *out)
{
	dump_below(type, "", out);
}
