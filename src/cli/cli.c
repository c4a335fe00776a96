// SPDX-License-Identifier: Apache-2.0
/*
 * From global options to handles of the library. The environment is read in src/cli only; here it decides where
 * containers live when --root does not say so.
 */
#include <cli/cli.h>
#include <base/error.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/path.h>
#include <base/str.h>
#include <base/table.h>
#include <base/text.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* In a user namespace the map is not the whole range onto itself. */
static bool in_user_namespace(void)
{
	auto_free char *map = NULL;
	unsigned int inside, outside, count;

	if (io_read_at(AT_FDCWD, "/proc/self/uid_map", 65536, &map, NULL) < 0)
		return false;
	return sscanf(map, "%u %u %u", &inside, &outside, &count) != 3 || inside || outside ||
	       count != UINT32_MAX;
}

/* Root of a user namespace that an ordinary user made has no /run of its own; a real root may have XDG_RUNTIME_DIR. */
static bool is_ordinary_user(void)
{
	const char *user;

	if (geteuid() != 0)
		return true;
	user = getenv("USER");
	return (!user || !text_equal(user, "root")) && getenv("XDG_RUNTIME_DIR") &&
	       in_user_namespace();
}

/* NULL when out of memory. */
static char *user_runtime_dir(void)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");

	return dir && *dir ? strdup(dir) : str_printf("/run/user/%u", geteuid());
}

static char *default_root(void)
{
	auto_free char *dir = NULL;

	if (!is_ordinary_user())
		return strdup("/run/husk");
	dir = user_runtime_dir();
	return dir ? path_join(dir, "husk") : NULL;
}

static const struct name_value managers[] = {
	{"cgroupfs", HUSK_CGROUP_MANAGER_CGROUPFS},
	{"systemd", HUSK_CGROUP_MANAGER_SYSTEMD},
	{"disabled", HUSK_CGROUP_MANAGER_DISABLED},
	{},
};

static int cgroup_manager(
	const struct cli *cli, enum husk_cgroup_manager *ret, struct husk_error **err)
{
	const char *name = cli->options.cgroup_manager;
	const struct name_value *row = name ? table_find(managers, name) : NULL;

	if (name && !row)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT, "invalid cgroup-manager: '%s'", name);
	if (row)
		*ret = (enum husk_cgroup_manager)row->value;
	else if (cli->options.systemd_cgroup)
		*ret = HUSK_CGROUP_MANAGER_SYSTEMD;
	return 0;
}

int cli_factory(struct cli *cli, struct husk_factory **ret, struct husk_error **err)
{
	static const enum husk_rootless rootless[] = {
		[OPT_AUTO] = HUSK_ROOTLESS_AUTO,
		[OPT_NO] = HUSK_ROOTLESS_NO,
		[OPT_YES] = HUSK_ROOTLESS_YES,
	};
	auto_free char *root = NULL, *runtime_dir = NULL;
	struct husk_factory_options options = {
		.size = sizeof options,
		.log = log_sink_write,
		.log_data = &cli->log,
		.log_level = cli->log.level,
		.rootless = rootless[cli->options.rootless],
	};
	int r = cgroup_manager(cli, &options.cgroup_manager, err);

	if (r < 0)
		return r;
	root = cli->options.root ? path_join(cli->options.root, "") : default_root();
	if (!root)
		return fail_memory(err);
	if (cli->options.root && text_equal(root, "/"))
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT, "'--root' must not be '%s'",
			cli->options.root);
	options.root = cli->options.root ? cli->options.root : root;
	if (is_ordinary_user()) {
		runtime_dir = user_runtime_dir();
		if (!runtime_dir)
			return fail_memory(err);
		options.runtime_dir = runtime_dir;
		options.bus_address = getenv("DBUS_SESSION_BUS_ADDRESS");
	}
	return husk_factory_new(&options, ret, err);
}

int cli_container(
	struct cli *cli, const char *id, struct husk_container **ret, struct husk_error **err)
{
	auto_factory *factory = NULL;
	int r = cli_factory(cli, &factory, err);

	return r < 0 ? r : husk_container_load(factory, id, ret, err);
}

void cli_log_error(struct cli *cli, struct husk_error *error)
{
	log_sink_write(&cli->log, HUSK_LOG_ERROR, husk_error_message(error));
	husk_error_free(error);
}

const struct command *cli_command(const struct cli *cli, const char *name)
{
	for (const struct command *const *c = cli->commands; *c; c++)
		if (text_equal((*c)->name, name))
			return *c;
	return NULL;
}

void factory_unref_target(struct husk_factory **factory)
{
	husk_factory_unref(*factory);
}

void container_unref_target(struct husk_container **container)
{
	husk_container_unref(*container);
}

void process_unref_target(struct husk_process **process)
{
	husk_process_unref(*process);
}

void config_free_target(struct husk_config **config)
{
	husk_config_free(*config);
}

void state_free_target(struct husk_state **state)
{
	husk_state_free(*state);
}
