// SPDX-License-Identifier: Apache-2.0
/* Help, from the tables. */
#include <cli/help.h>

struct listing {
	struct strbuf *out;
	const char *command; /* for the dump */
};

static int show_row(const struct opt_row *row, size_t offset, void *data)
{
	enum { COLUMN = 36 };
	struct strbuf *out = data;
	size_t start = out->len;

	(void)offset;
	if (row->hidden)
		return 0;
	if (row->letter)
		strbuf_printf(out, "  -%c, --%s", row->letter, row->name);
	else
		strbuf_printf(out, "      --%s", row->name);
	if (row->value)
		strbuf_printf(out, " %s", row->value);
	if (out->len - start >= COLUMN)
		strbuf_add_char(out, '\n'), start = out->len;
	strbuf_printf(out, "%*s%s\n", (int)(COLUMN - (out->len - start)), "", row->help);
	return 0;
}

static void show_rows(struct strbuf *out, const char *title, const struct opt_row *rows)
{
	strbuf_printf(out, "\n%s:\n", title);
	opt_each(rows, show_row, out);
	strbuf_printf(out, "  -h, --help%24s%s\n", "", "show this help");
}

void help_add(const struct cli *cli, const struct command *command, struct strbuf *out)
{
	if (command) {
		strbuf_printf(out, "Usage: husk [GLOBAL OPTION...] %s%s%s%s\n\n%s\n", command->name,
			command->options ? " [OPTION...]" : "", *command->arguments ? " " : "",
			command->arguments, command->summary);
		show_rows(out, "Options", command->options);
		return;
	}
	strbuf_add(out, "Usage: husk [GLOBAL OPTION...] COMMAND [OPTION...] [ARGUMENT...]\n\n"
			"Runs containers from OCI bundles.\n\nCommands:\n");
	for (const struct command *const *c = cli->commands; *c; c++)
		strbuf_printf(out, "  %-10s %s\n", (*c)->name, (*c)->summary);
	show_rows(out, "Global options", cli->global);
}

static int dump_row(const struct opt_row *row, size_t offset, void *data)
{
	const struct listing *l = data;

	(void)offset;
	strbuf_printf(l->out, "option\t%s\t--%s\t", l->command, row->name);
	if (row->letter)
		strbuf_printf(l->out, "-%c", row->letter);
	else
		strbuf_add_char(l->out, '-');
	strbuf_printf(l->out, "\t%s\t%s\t%s\n", row->value ? row->value : "-",
		row->hidden ? "hidden" : "shown", row->help);
	return 0;
}

void help_dump(const struct cli *cli, struct strbuf *out)
{
	struct listing l = {.out = out, .command = "husk"};

	opt_each(cli->global, dump_row, &l);
	for (const struct command *const *c = cli->commands; *c; c++) {
		l.command = (*c)->name;
		strbuf_printf(out, "command\t%s\t%s\t%s\n", l.command,
			*(*c)->arguments ? (*c)->arguments : "-", (*c)->summary);
		opt_each((*c)->options, dump_row, &l);
	}
}
