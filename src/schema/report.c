// SPDX-License-Identifier: Apache-2.0
/*
 * Where a problem goes: to the error, or to the sink. Pointers are rendered here and nowhere else
 * (RFC 6901).
 */
#include <schema/schema.h>
#include <schema/kind.h>

#include <stdarg.h>
#include <string.h>

#include <base/error.h>
#include <base/str.h>
#include <base/text.h>

struct schema_at schema_root(struct schema_report *report)
{
	return (struct schema_at){.report = report};
}

struct schema_at schema_member(const struct schema_at *up, const char *name)
{
	return (struct schema_at){.report = up->report, .up = up, .name = name};
}

struct schema_at schema_index(const struct schema_at *up, size_t index)
{
	return (struct schema_at){.report = up->report, .up = up, .index = index};
}

void schema_pointer(const struct schema_at *at, struct strbuf *out)
{
	if (!at->up)
		return;
	schema_pointer(at->up, out);
	strbuf_add_char(out, '/');
	if (at->name)
		strbuf_add_pointer_part(out, at->name);
	else
		strbuf_printf(out, "%zu", at->index);
}

/* One thing on its way to the error or the sink, before its pointer is rendered. */
struct telling {
	const struct schema_at *at;
	enum schema_severity severity;
	const char *suggestion;
};

static int tell(const struct telling *t, const char *format, va_list args) printf_like(2, 0);

static int tell(const struct telling *t, const char *format, va_list args)
{
	struct schema_report *report = t->at->report;
	auto_strbuf pointer = {};
	auto_strbuf message = {};

	schema_pointer(t->at, &pointer);
	strbuf_vprintf(&message, format, args);
	if (!report->sink && t->suggestion)
		strbuf_printf(&message, ", did you mean '%s'?", t->suggestion);
	if (strbuf_failed(&pointer) || strbuf_failed(&message))
		return fail_memory(report->err);
	if (!report->sink)
		return fail_at(report->err, strbuf_text(&pointer), "%s", strbuf_text(&message));
	report->sink(report->sink_data, &(struct schema_finding){t->severity, strbuf_text(&pointer),
						strbuf_text(&message), t->suggestion});
	return 0;
}

int schema_problem(const struct schema_at *at, const char *format, ...)
{
	va_list args;
	int r;

	at->report->problems++;
	va_start(args, format);
	r = tell(&(struct telling){at, SCHEMA_ERROR, NULL}, format, args);
	va_end(args);
	return r;
}

int schema_problem_near(const struct schema_at *at, const char *suggestion, const char *format, ...)
{
	va_list args;
	int r;

	at->report->problems++;
	va_start(args, format);
	r = tell(&(struct telling){at, SCHEMA_ERROR, suggestion}, format, args);
	va_end(args);
	return r;
}

void schema_note(const struct schema_at *at, const char *format, ...)
{
	va_list args;

	if (!at->report->sink)
		return;
	va_start(args, format);
	/* a note that memory is too short for is no loss */
	(void)tell(&(struct telling){at, SCHEMA_NOTE, NULL}, format, args);
	va_end(args);
}

void schema_unknown(const struct schema_type *type, const struct schema_at *at)
{
	const char *near = NULL;
	size_t best = strlen(at->name) / 3 + 1;
	auto_strbuf pointer = {};

	if (!at->report->sink)
		return;
	for (const struct schema_field *f = type->fields; f->name; f++) {
		size_t distance = text_distance(f->name, at->name);

		if (distance < best) {
			best = distance;
			near = f->name;
		}
	}
	schema_pointer(at, &pointer);
	at->report->sink(
		at->report->sink_data, &(struct schema_finding){near ? SCHEMA_WARNING : SCHEMA_NOTE,
					       strbuf_text(&pointer), "unknown property", near});
}

int schema_no_memory(const struct schema_at *at)
{
	return fail_memory(at->report->err);
}

int schema_mismatch(const struct schema_at *at, const char *wanted, const struct json *value)
{
	return schema_problem(at, "must be %s, is %s", wanted, json_kind_text(json_kind(value)));
}
