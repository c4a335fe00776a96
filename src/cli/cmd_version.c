// SPDX-License-Identifier: Apache-2.0
/* husk version, husk --version: three lines that engines parse as they parse runc's. */
#include <cli/commands.h>
#include <cli/out.h>

#if __has_include(<commit.h>)
#include <commit.h>
#endif

static int run(
	struct cli *cli, const void *options, const struct args *args, struct husk_error **err)
{
	auto_strbuf out = {};

	(void)cli;
	(void)options;
	(void)args;
	strbuf_printf(&out, "husk version %s\n", husk_version());
#ifdef HUSK_COMMIT
	strbuf_printf(&out, "commit: %s\n", HUSK_COMMIT);
#endif
	strbuf_printf(&out, "spec: %s\n", husk_spec_version());
	return out_print(&out, err);
}

const struct command cmd_version = {
	.name = "version",
	.arguments = "",
	.summary = "show the version",
	.run = run,
};
