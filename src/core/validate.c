// SPDX-License-Identifier: Apache-2.0
/*
 * All faults of a configuration at once. Faults of syntax end it, all others are collected: the table engine tells
 * those of rows and rules, then the parts (validate.h) look at what no row can say.
 */
#include <core/validate.h>
#include <base/mem.h>
#include <base/path.h>
#include <base/str.h>
#include <base/text.h>
#include <core/factory.h>
#include <json/json.h>
#include <json/pointer.h>
#include <oci/check.h>
#include <plan/plan.h>
#include <schema/schema.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Finding a line costs a pass over the text: nobody reads more than so many findings. */
enum { LOCATED_MAX = 1000 };

const char *husk_severity_name(enum husk_severity severity)
{
	static const char *const names[] = {"error", "warning", "note"};

	return severity <= HUSK_SEVERITY_NOTE ? names[severity] : "unknown";
}

static char *copy(struct validation *v, const char *text)
{
	char *c = text ? strdup(text) : NULL;

	v->failed |= text && !c;
	return c;
}

/* Keeps the finding; told are all at the end, in the order of the text. */
static void keep(struct validation *v, const struct husk_finding *f)
{
	struct validate_kept *kept = list_add(&v->kept);

	if (!kept) {
		v->failed = true;
		return;
	}
	kept->order = v->kept.n;
	kept->finding = *f;
	kept->finding.pointer = kept->pointer = copy(v, f->pointer);
	kept->finding.message = kept->message = copy(v, f->message);
	kept->finding.suggestion = kept->suggestion = copy(v, f->suggestion);
	if (f->pointer && v->kept.n <= LOCATED_MAX) {
		struct json_place place = json_pointer_place(v->text, v->n, f->pointer);

		kept->finding.line = place.line;
		kept->finding.column = place.column;
	}
	v->errors += f->severity == HUSK_SEVERITY_ERROR;
}

/* By place; what has none comes last. */
static int by_place(const void *a, const void *b)
{
	const struct validate_kept *x = a, *y = b;
	size_t xl = x->finding.line - 1, yl = y->finding.line - 1; /* 0 becomes the largest */

	if (xl != yl)
		return xl < yl ? -1 : 1;
	if (x->finding.column != y->finding.column)
		return x->finding.column < y->finding.column ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

static void tell_all(struct validation *v)
{
	if (v->kept.n)
		qsort(v->kept.v, v->kept.n, sizeof *v->kept.v, by_place);
	for (size_t i = 0; v->options->found && i < v->kept.n; i++)
		v->options->found(v->options->data, &v->kept.v[i].finding);
}

static void validation_done(struct validation *v)
{
	for (size_t i = 0; i < v->kept.n; i++) {
		free(v->kept.v[i].pointer);
		free(v->kept.v[i].message);
		free(v->kept.v[i].suggestion);
	}
	free(v->kept.v);
	strv_done(&v->told);
	json_free(v->tree);
}

void validate_tell(struct validation *v, const struct validate_at *at, const char *format, ...)
{
	auto_strbuf message = {};
	va_list args;

	va_start(args, format);
	strbuf_vprintf(&message, format, args);
	va_end(args);
	if (strbuf_failed(&message) || !at->pointer)
		v->failed = true;
	else
		keep(v, &(struct husk_finding){.size = sizeof(struct husk_finding),
				.severity = at->severity,
				.pointer = at->pointer,
				.message = strbuf_text(&message),
				.suggestion = at->suggestion});
}

bool validate_once(struct validation *v, const char *key)
{
	for (size_t i = 0; i < v->told.n; i++)
		if (text_equal(v->told.v[i], key))
			return false;
	if (strv_add(&v->told, key) < 0)
		v->failed = true;
	return true;
}

static void hear(void *data, const struct schema_finding *f)
{
	static const enum husk_severity severities[] = {
		[SCHEMA_ERROR] = HUSK_SEVERITY_ERROR,
		[SCHEMA_WARNING] = HUSK_SEVERITY_WARNING,
		[SCHEMA_NOTE] = HUSK_SEVERITY_NOTE,
	};

	validate_tell(data,
		&(struct validate_at){severities[f->severity], f->pointer, f->suggestion}, "%s",
		f->message);
}

/* "line 3 column 7: what": the place goes where a program finds it. */
static void tell_syntax(struct validation *v, const struct husk_error *why)
{
	struct husk_finding f = {.size = sizeof f,
		.severity = HUSK_SEVERITY_ERROR,
		.message = husk_error_message(why)};
	int skip = 0;

	if (sscanf(f.message, "line %zu column %zu: %n", &f.line, &f.column, &skip) == 2 && skip)
		f.message += skip;
	keep(v, &f);
}

/* Only what is there is asked for: a machine without cgroups can still be looked at. */
static int look_further(struct validation *v, struct husk_error **err)
{
	int r;

	if (v->options->factory) {
		r = factory_host(v->options->factory, &v->host, err);
		if (r < 0)
			return r;
	}
	validate_names(v);
	r = validate_plan(v, err);
	if (r < 0 || !v->host)
		return r;
	validate_kernel(v);
	validate_paths(v);
	validate_ids(v);
	return 0;
}

static int look(struct validation *v, struct husk_error **err)
{
	struct schema_report report = {.err = err, .sink = hear, .sink_data = v};
	struct schema_at root = schema_root(&report);
	struct oci_spec *spec = calloc(1, sizeof *spec);
	int r;

	if (!spec)
		return fail_memory(err);
	v->spec = spec;
	r = schema_parse(&oci_spec_type, v->tree, spec, &root);
	if (r >= 0)
		r = oci_check(spec, &root);
	if (r >= 0 && json_kind(v->tree) == JSON_OBJECT)
		r = look_further(v, err);
	oci_spec_free(spec);
	return r < 0 ? r : 0;
}

static int absolute(const char *bundle, char **ret, struct husk_error **err)
{
	auto_free char *cwd = bundle && *bundle == '/' ? NULL : getcwd(NULL, 0);

	if (!cwd && !(bundle && *bundle == '/'))
		return fail_errno(err, -errno, "cannot find the working directory");
	*ret = path_join(cwd ? cwd : "/", bundle ? bundle : "");
	return *ret ? 0 : fail_memory(err);
}

int husk_config_validate(const char *json, size_t n, const struct husk_validate_options *options,
	struct husk_error **err)
{
	auto_(validation_done) struct validation v = {.options = options, .text = json, .n = n};
	auto_free char *bundle = NULL;
	auto_error *why = NULL;
	int r;

	if (!options || options->size < sizeof *options)
		return fail(
			err, HUSK_ERROR_INVALID_ARGUMENT, "validate options have no valid size");
	r = absolute(options->bundle, &bundle, err);
	if (r < 0)
		return r;
	v.bundle = bundle;
	if (json_parse(json, n, &v.tree, &why) >= 0)
		r = look(&v, err);
	else if (husk_error_code(why) == HUSK_ERROR_INVALID_CONFIG)
		tell_syntax(&v, why);
	else
		r = fail_memory(err);
	if (!r && v.failed)
		r = fail_memory(err);
	if (r < 0)
		return r;
	tell_all(&v);
	return v.errors > INT_MAX ? INT_MAX : (int)v.errors;
}
