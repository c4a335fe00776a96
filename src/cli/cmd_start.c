// SPDX-License-Identifier: Apache-2.0
/* husk start: lets the process of a created container go. */
#include <cli/commands.h>

static int run(
	struct cli *cli, const void *options, const struct args *args, struct husk_error **err)
{
	auto_container *container = NULL;
	int r = cli_container(cli, args->v[0], &container, err);

	(void)options;
	return r < 0 ? r : husk_container_start(container, err);
}

const struct command cmd_start = {
	.name = "start",
	.arguments = "ID",
	.summary = "start the process of a created container",
	.least = 1,
	.most = 1,
	.run = run,
};
