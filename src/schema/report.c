// SPDX-License-Identifier: Apache-2.0
/*
 * Where a problem goes: to the error, or to the sink. Pointers are rendered here and nowhere else
 * (RFC 6901).
 */
#include <schema/schema.h>
#include <schema/kind.h>

#include <stdarg.h>

#include <base/error.h>
#include <base/str.h>

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
	if (!at->name) {
		strbuf_printf(out, "%zu", at->index);
		return;
	}
	for (const char *c = at->name; *c; c++) {
		if (*c == '~')
			strbuf_add(out, "~0");
		else if (*c == '/')
			strbuf_add(out, "~1");
		else
			strbuf_add_char(out, *c);
	}
}

static int tell(const struct schema_at *at, enum schema_severity severity, const char *format,
	va_list args) printf_like(3, 0);

static int tell(
	const struct schema_at *at, enum schema_severity severity, const char *format, va_list args)
{
	struct schema_report *report = at->report;
	auto_strbuf pointer = {};
	auto_strbuf message = {};

	schema_pointer(at, &pointer);
	strbuf_vprintf(&message, format, args);
	if (strbuf_failed(&pointer) || strbuf_failed(&message))
		return fail_memory(report->err);
	if (!report->sink)
		return fail_at(report->err, strbuf_text(&pointer), "%s", strbuf_text(&message));
	report->sink(report->sink_data, severity, strbuf_text(&pointer), strbuf_text(&message));
	return 0;
}

int schema_problem(const struct schema_at *at, const char *format, ...)
{
	va_list args;
	int r;

	at->report->problems++;
	va_start(args, format);
	r = tell(at, SCHEMA_ERROR, format, args);
	va_end(args);
	return r;
}

void schema_note(const struct schema_at *at, const char *format, ...)
{
	va_list args;

	if (!at->report->sink)
		return;
	va_start(args, format);
	(void)tell(
		at, SCHEMA_NOTE, format, args); /* a note that memory is too short for is no loss */
	va_end(args);
}

int schema_no_memory(const struct schema_at *at)
{
	return fail_memory(at->report->err);
}

int schema_mismatch(const struct schema_at *at, const char *wanted, const struct json *value)
{
	return schema_problem(at, "must be %s, is %s", wanted, json_kind_text(json_kind(value)));
}
