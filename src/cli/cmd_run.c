// SPDX-License-Identifier: Apache-2.0
/*
 * husk run: create and start in one. In the foreground husk stays as long as the container's process, passes on
 * its exit status, and deletes the container.
 */
#include <cli/bundle.h>
#include <cli/commands.h>
#include <cli/foreground.h>

struct run {
	struct bundle_options bundle;
	bool detach, keep, no_subreaper;
};

static const struct opt_row rows[] = {
	GROUP(struct run, bundle, struct bundle_options, bundle_rows),
	FLAG(struct run, detach, "detach", 'd', "do not wait for the container's process"),
	FLAG(struct run, keep, "keep", 0, "do not delete the container when its process has ended"),
	FLAG(struct run, no_subreaper, "no-subreaper", 0,
		"do not adopt orphaned processes of the container"),
	{},
};

static int run_detached(struct husk_factory *factory, const struct husk_config *config,
	const struct husk_create_options *create, struct husk_error **err)
{
	return husk_container_run(factory, config, create, NULL, NULL, err);
}

/* Takes the container away once its process has ended; what goes wrong there does not change the exit status. */
static void clean_up(struct cli *cli, struct husk_container *container)
{
	struct husk_error *error = NULL;

	if (husk_container_delete(container, 0, &error) < 0 &&
		husk_error_code(error) != HUSK_ERROR_NOT_FOUND)
		cli_log_error(cli, error);
	else
		husk_error_free(error);
}

static int run_foreground(struct cli *cli, const struct run *o, struct husk_factory *factory,
	const struct husk_config *config, const struct husk_create_options *create,
	struct husk_error **err)
{
	auto_foreground fg = FOREGROUND_INIT;
	auto_container *container = NULL;
	auto_process *process = NULL;
	int status = 0;
	int r = foreground_begin(&fg, o->no_subreaper ? 0 : FOREGROUND_SUBREAPER, err);

	if (r == 0)
		r = husk_container_run(factory, config, create, &container, &process, err);
	if (r < 0)
		return r;
	r = foreground_wait(&fg, process, &status, err);
	if (r == 0 && !o->keep)
		clean_up(cli, container);
	return r < 0 ? r : status;
}

static int run(
	struct cli *cli, const void *options, const struct args *args, struct husk_error **err)
{
	const struct run *o = options;
	struct husk_create_options create;
	auto_factory *factory = NULL;
	auto_config *config = NULL;
	int r = cli_factory(cli, &factory, err);

	if (r == 0)
		r = bundle_get(&o->bundle, args->v[0], o->detach, &config, &create, err);
	if (r < 0)
		return r;
	return o->detach ? run_detached(factory, config, &create, err)
			 : run_foreground(cli, o, factory, config, &create, err);
}

const struct command cmd_run = {
	.name = "run",
	.arguments = "ID",
	.summary = "create and start a container, and wait for it",
	.options = rows,
	.size = sizeof(struct run),
	.least = 1,
	.most = 1,
	.run = run,
};
