// SPDX-License-Identifier: Apache-2.0
/*
 * husk validate: everything that is wrong with a configuration, at once. For editors as FILE:LINE:COLUMN lines, for
 * programs as JSON; the exit status tells fine (0), faulty (1) and not readable (2) apart.
 */
#include <cli/commands.h>
#include <cli/out.h>
#include <base/error.h>
#include <base/fd.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/path.h>
#include <base/text.h>

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_FAULTY = 1, EXIT_UNREADABLE = 2 };
enum {
	CONFIG_SIZE_MAX = 64 << 20
}; /* beyond what the library takes: that it refuses is a finding */

struct validate {
	bool json, host;
};

static const struct opt_row rows[] = {
	FLAG(struct validate, json, "json", 0, "print the findings as a JSON array"),
	FLAG(struct validate, host, "host", 0, "also tell what this host lacks"),
	{},
};

/* Where the text comes from. */
struct source {
	char *file, *bundle; /* owned */
};

static void source_done(struct source *s)
{
	free(s->file);
	free(s->bundle);
}

static int find(const char *argument, struct source *ret, struct husk_error **err)
{
	struct stat st;
	const char *slash = strrchr(argument, '/');

	if (text_equal(argument, "-")) {
		ret->file = strdup("(standard input)");
		ret->bundle = strdup(".");
	} else if (stat(argument, &st) == 0 && S_ISDIR(st.st_mode)) {
		ret->file = path_join(argument, "config.json");
		ret->bundle = strdup(argument);
	} else {
		ret->file = strdup(argument);
		ret->bundle =
			slash ? strndup(argument, (size_t)(slash - argument) + 1) : strdup(".");
	}
	return ret->file && ret->bundle ? 0 : fail_memory(err);
}

struct report {
	const char *file;
	struct strbuf out;
	struct json_out json; /* writes to out */
};

static void add_line(void *data, const struct husk_finding *f)
{
	struct report *r = data;

	strbuf_add(&r->out, r->file);
	if (f->line)
		strbuf_printf(&r->out, ":%zu:%zu", f->line, f->column);
	strbuf_printf(&r->out, ": %s: %s%s%s", husk_severity_name(f->severity),
		f->pointer ? f->pointer : "", f->pointer && *f->pointer ? ": " : "", f->message);
	if (f->suggestion)
		strbuf_printf(&r->out, ", did you mean '%s'?", f->suggestion);
	strbuf_add_char(&r->out, '\n');
}

static void add_object(void *data, const struct husk_finding *f)
{
	struct report *r = data;

	json_open(&r->json, NULL, '{');
	out_json_string(&r->json, "severity", husk_severity_name(f->severity));
	if (f->pointer)
		out_json_string(&r->json, "pointer", f->pointer);
	if (f->line) {
		json_int(&r->json, "line", (int64_t)f->line);
		json_int(&r->json, "column", (int64_t)f->column);
	}
	out_json_string(&r->json, "message", f->message);
	if (f->suggestion)
		out_json_string(&r->json, "suggestion", f->suggestion);
	json_close(&r->json, '}');
}

/* Returns the number of errors. */
static int look(struct cli *cli, const struct validate *o, const struct source *source,
	struct report *report, struct husk_error **err)
{
	bool standard_input = report->file[0] == '(';
	auto_factory *factory = NULL;
	auto_free char *text = NULL;
	size_t n = 0;
	int r = standard_input ? io_read_fd(STDIN_FILENO, CONFIG_SIZE_MAX, &text, &n)
			       : io_read_at(AT_FDCWD, source->file, CONFIG_SIZE_MAX, &text, &n);

	if (r < 0)
		return fail_errno(err, r, "cannot read '%s'", source->file);
	r = o->host ? cli_factory(cli, &factory, err) : 0;
	if (r < 0)
		return r;
	return husk_config_validate(text, n,
		&(struct husk_validate_options){
			.size = sizeof(struct husk_validate_options),
			.bundle = source->bundle,
			.factory = factory,
			.found = o->json ? add_object : add_line,
			.data = report,
		},
		err);
}

static int run(
	struct cli *cli, const void *options, const struct args *args, struct husk_error **err)
{
	const struct validate *o = options;
	auto_(source_done) struct source source = {};
	struct report report = {.json = {.indent = 2}};
	int errors, r = find(args->n ? args->v[0] : ".", &source, err);

	if (r < 0)
		return r;
	report.file = source.file;
	report.json.out = &report.out;
	if (o->json)
		json_open(&report.json, NULL, '[');
	errors = look(cli, o, &source, &report, err);
	if (o->json)
		json_close(&report.json, ']');
	if (o->json)
		strbuf_add_char(&report.out, '\n');
	r = errors < 0 ? errors : out_print(&report.out, err);
	strbuf_done(&report.out);
	return r < 0 ? r : errors ? EXIT_FAULTY : 0;
}

const struct command cmd_validate = {
	.name = "validate",
	.arguments = "[BUNDLE|FILE]",
	.summary = "tell all that is wrong with a configuration",
	.options = rows,
	.size = sizeof(struct validate),
	.most = 1,
	.failure = EXIT_UNREADABLE,
	.misuse = EXIT_UNREADABLE,
	.run = run,
};
