// SPDX-License-Identifier: Apache-2.0
/* husk create: everything is set up, the process waits for husk start. */
#include <cli/bundle.h>
#include <cli/commands.h>

struct create {
	struct bundle_options bundle;
	bool detach;
};

static const struct opt_row rows[] = {
	GROUP(struct create, bundle, struct bundle_options, bundle_rows),
	/* go-runc may pass it; create never stays. */
	FLAG(struct create, detach, "detach", 'd', "accepted, changes nothing", .hidden = true),
	{},
};

static int run(
	struct cli *cli, const void *options, const struct args *args, struct husk_error **err)
{
	const struct create *o = options;
	struct husk_create_options create;
	auto_factory *factory = NULL;
	auto_config *config = NULL;
	int r = cli_factory(cli, &factory, err);

	if (r == 0)
		r = bundle_get(&o->bundle, args->v[0], true, &config, &create, err);
	if (r == 0)
		r = husk_container_create(factory, config, &create, NULL, NULL, err);
	return r;
}

const struct command cmd_create = {
	.name = "create",
	.arguments = "ID",
	.summary = "create a container, to be started later",
	.options = rows,
	.size = sizeof(struct create),
	.least = 1,
	.most = 1,
	.run = run,
};
