// SPDX-License-Identifier: Apache-2.0
/* husk plan: what creating the container would do, step by step, without doing any of it. */
#include <cli/commands.h>
#include <cli/out.h>
#include <base/error.h>
#include <base/mem.h>

struct plan {
	const char *bundle, *config, *id;
};

static const struct opt_row rows[] = {
	STRING(struct plan, bundle, "bundle", 'b', "DIR",
		"the bundle's directory (default: the current one)"),
	STRING(struct plan, config, "config", 'f', "FILE",
		"configuration to use instead of the bundle's config.json"),
	STRING(struct plan, id, "id", 0, "ID", "name of the container (default: container)"),
	{},
};

static int run(
	struct cli *cli, const void *options, const struct args *args, struct husk_error **err)
{
	const struct plan *o = options;
	const char *bundle = o->bundle ? o->bundle : ".";
	auto_factory *factory = NULL;
	auto_config *config = NULL;
	auto_free char *text = NULL;
	int r;

	if (args->n && o->bundle)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
			"the bundle is given twice: '%s' and '%s'", o->bundle, args->v[0]);
	if (args->n)
		bundle = args->v[0];
	r = husk_config_load(bundle, o->config, &config, err);
	if (r == 0)
		r = cli_factory(cli, &factory, err);
	if (r == 0)
		r = husk_config_plan(config, factory, o->id ? o->id : "container", &text, err);
	return r < 0 ? r : out_print_text(text, err);
}

const struct command cmd_plan = {
	.name = "plan",
	.arguments = "[BUNDLE]",
	.summary = "show what creating a container would do, without doing it",
	.options = rows,
	.size = sizeof(struct plan),
	.most = 1,
	.run = run,
};
