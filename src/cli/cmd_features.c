// SPDX-License-Identifier: Apache-2.0
/* husk features: what this build understands, as the runtime-spec's features document. */
#include <cli/commands.h>
#include <cli/out.h>
#include <base/mem.h>

static int run(
	struct cli *cli, const void *options, const struct args *args, struct husk_error **err)
{
	auto_factory *factory = NULL;
	auto_free char *json = NULL;
	int r = cli_factory(cli, &factory, err);

	(void)options;
	(void)args;
	if (r == 0)
		r = husk_factory_features(factory, &json, err);
	return r < 0 ? r : out_print_text(json, err);
}

const struct command cmd_features = {
	.name = "features",
	.arguments = "",
	.summary = "show what this runtime supports, as JSON",
	.run = run,
};
