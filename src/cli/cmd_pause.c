// SPDX-License-Identifier: Apache-2.0
/* husk pause: stop all processes of a container where they are. */
#include <cli/commands.h>

static int run(
	struct cli *cli, const void *options, const struct args *args, struct husk_error **err)
{
	auto_container *container = NULL;
	int r = cli_container(cli, args->v[0], &container, err);

	(void)options;
	return r < 0 ? r : husk_container_pause(container, err);
}

const struct command cmd_pause = {
	.name = "pause",
	.arguments = "ID",
	.summary = "stop all processes of a container where they are",
	.least = 1,
	.most = 1,
	.run = run,
};
