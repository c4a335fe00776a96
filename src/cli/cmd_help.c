// SPDX-License-Identifier: Apache-2.0
/* husk help [COMMAND]. */
#include <cli/commands.h>
#include <cli/help.h>
#include <cli/out.h>
#include <base/error.h>

struct help {
	bool dump_options;
};

static const struct opt_row rows[] = {
	FLAG(struct help, dump_options, "dump-options", 0, "list all options, for tools",
		.hidden = true),
	{},
};

static int run(
	struct cli *cli, const void *options, const struct args *args, struct husk_error **err)
{
	const struct help *o = options;
	const struct command *command = args->n ? cli_command(cli, args->v[0]) : NULL;
	auto_strbuf out = {};

	if (args->n && !command)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT, "no help topic for '%s'", args->v[0]);
	if (o->dump_options)
		help_dump(cli, &out);
	else
		help_add(cli, command, &out);
	return out_print(&out, err);
}

const struct command cmd_help = {
	.name = "help",
	.arguments = "[COMMAND]",
	.summary = "show the commands, or the options of one",
	.options = rows,
	.size = sizeof(struct help),
	.most = 1,
	.run = run,
};
