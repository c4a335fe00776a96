// SPDX-License-Identifier: Apache-2.0
/* husk list: all containers below the root directory. */
#include <cli/commands.h>
#include <cli/out.h>
#include <cli/state.h>
#include <base/error.h>
#include <base/mem.h>
#include <base/text.h>

#include <errno.h>
#include <pwd.h>
#include <unistd.h>

struct list {
	const char *format;
	bool quiet;
};

static const struct opt_row rows[] = {
	STRING(struct list, format, "format", 'f', "FORMAT", "'table' (default) or 'json'"),
	FLAG(struct list, quiet, "quiet", 'q', "show IDs only"),
	{},
};

static const char *const header[] = {"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"};

/* What is collected, in the shape that is wanted. */
struct listing {
	bool as_json;
	struct json_out json;
	struct table_out table;
};

/* The user's name, or "#UID" where there is none. NULL when out of memory. */
static char *owner_name(uid_t uid)
{
	long hint = sysconf(_SC_GETPW_R_SIZE_MAX);
	size_t room = hint > 0 ? (size_t)hint : 1024;

	for (;; room *= 2) {
		auto_free char *scratch = malloc(room);
		struct passwd entry, *found = NULL;
		int r;

		if (!scratch)
			return NULL;
		r = getpwuid_r(uid, &entry, scratch, room, &found);
		if (r == ERANGE && room < 1 << 20)
			continue;
		return found ? strdup(entry.pw_name) : str_printf("#%u", uid);
	}
}

static int add_row(struct table_out *table, const struct husk_state *state, const char *owner)
{
	auto_free char *pid = str_printf("%d", state->pid);
	const char *const cells[] = {state->id, pid, husk_status_name(state->status), state->bundle,
		state->created, owner};
	int r = pid ? 0 : -ENOMEM;

	for (size_t i = 0; i < ARRAY_LEN(cells) && r == 0; i++)
		r = table_add(table, cells[i]);
	return r;
}

static int add(
	struct listing *l, struct husk_factory *factory, const char *id, struct husk_error **err)
{
	auto_container *container = NULL;
	auto_state *state = NULL;
	auto_free char *owner = NULL;
	int r = husk_container_load(factory, id, &container, err);

	if (r == 0)
		r = husk_container_state(container, &state, err);
	if (r < 0)
		return r;
	owner = owner_name(state->owner);
	if (!owner)
		return fail_memory(err);
	if (l->as_json)
		state_json(&l->json, state, owner);
	else if (add_row(&l->table, state, owner) < 0)
		return fail_memory(err);
	return 0;
}

/* Containers that vanish meanwhile are left out; one that cannot be read does not hide the others. */
static void add_all(struct cli *cli, struct listing *l, struct husk_factory *factory, char **ids)
{
	for (; *ids; ids++) {
		struct husk_error *error = NULL;

		if (add(l, factory, *ids, &error) == 0)
			continue;
		if (husk_error_code(error) == HUSK_ERROR_NOT_FOUND) {
			husk_error_free(error);
			continue;
		}
		wrap(&error, -1, "load container %s", *ids);
		cli_log_error(cli, error);
	}
}

static int show(struct cli *cli, bool as_json, struct husk_factory *factory, char **ids,
	struct husk_error **err)
{
	auto_strbuf out = {};
	struct listing l = {
		.as_json = as_json, .json = {.out = &out}, .table = {.columns = ARRAY_LEN(header)}};
	int r = 0;

	if (as_json && *ids) {
		json_open(&l.json, NULL, '[');
		add_all(cli, &l, factory, ids);
		json_close(&l.json, ']');
	} else if (as_json) {
		strbuf_add(&out, "null");
	} else {
		for (size_t i = 0; i < ARRAY_LEN(header) && r == 0; i++)
			r = table_add(&l.table, header[i]);
		if (r == 0)
			add_all(cli, &l, factory, ids);
		table_print(&l.table, &out);
	}
	if (as_json)
		strbuf_add_char(&out, '\n');
	table_done(&l.table);
	return r < 0 ? fail_memory(err) : out_print(&out, err);
}

static int run(
	struct cli *cli, const void *options, const struct args *args, struct husk_error **err)
{
	const struct list *o = options;
	bool as_json = o->format && text_equal(o->format, "json");
	auto_factory *factory = NULL;
	auto_free char **ids = NULL;
	auto_strbuf names = {};
	int r;

	(void)args;
	if (o->format && !as_json && !text_equal(o->format, "table"))
		return fail(
			err, HUSK_ERROR_INVALID_ARGUMENT, "invalid format option '%s'", o->format);
	r = cli_factory(cli, &factory, err);
	if (r == 0)
		r = husk_factory_list(factory, &ids, NULL, err);
	if (r < 0)
		return r;
	if (!o->quiet)
		return show(cli, as_json, factory, ids, err);
	for (char **id = ids; *id; id++)
		strbuf_printf(&names, "%s\n", *id);
	return out_print(&names, err);
}

const struct command cmd_list = {
	.name = "list",
	.arguments = "",
	.summary = "list the containers",
	.options = rows,
	.size = sizeof(struct list),
	.run = run,
};
