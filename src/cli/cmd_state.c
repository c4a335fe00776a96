// SPDX-License-Identifier: Apache-2.0
/* husk state: one container as JSON. */
#include <cli/commands.h>
#include <cli/out.h>
#include <cli/state.h>

static int run(
	struct cli *cli, const void *options, const struct args *args, struct husk_error **err)
{
	auto_container *container = NULL;
	auto_state *state = NULL;
	auto_strbuf out = {};
	struct json_out json = {.out = &out, .indent = 2};
	int r = cli_container(cli, args->v[0], &container, err);

	(void)options;
	if (r == 0)
		r = husk_container_state(container, &state, err);
	if (r < 0)
		return r;
	state_json(&json, state, "");
	strbuf_add_char(&out, '\n');
	return out_print(&out, err);
}

const struct command cmd_state = {
	.name = "state",
	.arguments = "ID",
	.summary = "show the state of a container, as JSON",
	.least = 1,
	.most = 1,
	.run = run,
};
