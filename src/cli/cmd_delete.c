// SPDX-License-Identifier: Apache-2.0
/* husk delete: takes a container away. With --force that always ends well, also when there is none. */
#include <cli/commands.h>
#include <cli/match.h>

struct delete
{
	bool force, regex;
};

static const struct opt_row rows[] = {
	FLAG(struct delete, force, "force", 'f', "kill the container first if it runs"),
	FLAG(struct delete, regex, "regex", 'r', "ID is a regular expression: all that match"),
	{},
};

static int act(struct husk_container *container, const void *data, struct husk_error **err)
{
	const struct delete *o = data;

	return husk_container_delete(container, o->force, err);
}

static int run(
	struct cli *cli, const void *options, const struct args *args, struct husk_error **err)
{
	const struct delete *o = options;
	struct husk_error *error = NULL;
	int r = match_each(cli, args->v[0], o->regex, act, o, &error);

	if (r < 0 && o->force && husk_error_code(error) == HUSK_ERROR_NOT_FOUND) {
		husk_error_free(error);
		return 0;
	}
	*err = error;
	return r;
}

const struct command cmd_delete = {
	.name = "delete",
	.arguments = "ID",
	.summary = "delete a stopped container and all that belongs to it",
	.options = rows,
	.size = sizeof(struct delete),
	.least = 1,
	.most = 1,
	.run = run,
};
