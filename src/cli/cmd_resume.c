// SPDX-License-Identifier: Apache-2.0
/* husk resume: let a paused container go on. */
#include <cli/commands.h>

static int run(
	struct cli *cli, const void *options, const struct args *args, struct husk_error **err)
{
	auto_container *container = NULL;
	int r = cli_container(cli, args->v[0], &container, err);

	(void)options;
	return r < 0 ? r : husk_container_resume(container, err);
}

const struct command cmd_resume = {
	.name = "resume",
	.arguments = "ID",
	.summary = "let a paused container go on",
	.least = 1,
	.most = 1,
	.run = run,
};
