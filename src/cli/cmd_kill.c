// SPDX-License-Identifier: Apache-2.0
/* husk kill: a signal to the container's process. */
#include <cli/commands.h>
#include <cli/match.h>
#include <cli/signals.h>
#include <base/error.h>

struct kill {
	bool all, regex;
};

static const struct opt_row rows[] = {
	FLAG(struct kill, all, "all", 'a',
		"signal every process of the container; no error if there is none"),
	FLAG(struct kill, regex, "regex", 'r', "ID is a regular expression: all that match"),
	{},
};

struct order {
	int signal;
	bool all;
};

static int act(struct husk_container *container, const void *data, struct husk_error **err)
{
	const struct order *order = data;
	struct husk_error *error = NULL;
	int r = husk_container_kill(container, order->signal, order->all, &error);

	if (r < 0 && order->all && husk_error_code(error) == HUSK_ERROR_NOT_RUNNING) {
		husk_error_free(error);
		return 0;
	}
	*err = error;
	return r;
}

static int run(
	struct cli *cli, const void *options, const struct args *args, struct husk_error **err)
{
	const struct kill *o = options;
	struct order order = {.signal = SIGTERM, .all = o->all};

	if (args->n > 1 && signal_parse(args->v[1], &order.signal) < 0)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT, "unknown signal '%s'", args->v[1]);
	return match_each(cli, args->v[0], o->regex, act, &order, err);
}

const struct command cmd_kill = {
	.name = "kill",
	.arguments = "ID [SIGNAL]",
	.summary = "send a signal to the process of a container",
	.options = rows,
	.size = sizeof(struct kill),
	.least = 1,
	.most = 2,
	.run = run,
};
