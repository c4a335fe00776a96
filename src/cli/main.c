// SPDX-License-Identifier: Apache-2.0
/*
 * The command husk: global options, the command table, and what happens to an error. Everything a command does is in
 * its cmd_<name>.c; everything that really happens is in libhusk.
 */
#include <cli/commands.h>
#include <cli/help.h>
#include <cli/out.h>
#include <base/error.h>
#include <base/io.h>
#include <base/mem.h>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static const struct opt_row global_rows[] = {
	FLAG(struct global_options, debug, "debug", 0, "log everything"),
	STRING(struct global_options, log, "log", 0, "FILE",
		"append the log to FILE (default: standard error)"),
	STRING(struct global_options, log_format, "log-format", 0, "FORMAT",
		"'text' (default) or 'json'"),
	STRING(struct global_options, log_level, "log-level", 0, "LEVEL",
		"'error', 'warning' (default), 'info' or 'debug'"),
	STRING(struct global_options, root, "root", 0, "DIR",
		"where containers' state is (default: /run/husk or $XDG_RUNTIME_DIR/husk)"),
	FLAG(struct global_options, systemd_cgroup, "systemd-cgroup", 0,
		"let systemd make the cgroups: cgroupsPath is SLICE:PREFIX:NAME"),
	STRING(struct global_options, cgroup_manager, "cgroup-manager", 0, "MANAGER",
		"'cgroupfs' (default), 'systemd' or 'disabled'"),
	TRISTATE(struct global_options, rootless, "rootless", 0, "BOOL",
		"go on without permission for cgroups: 'true', 'false' or 'auto' (default)"),
	STRING(struct global_options, criu, "criu", 0, "FILE", "accepted, changes nothing",
		.hidden = true),
	FLAG(struct global_options, version, "version", 'v', "show the version"),
	{},
};

static const struct command *const commands[] = {&cmd_create, &cmd_delete, &cmd_events, &cmd_exec,
	&cmd_features, &cmd_help, &cmd_kill, &cmd_list, &cmd_pause, &cmd_plan, &cmd_ps, &cmd_resume,
	&cmd_run, &cmd_spec, &cmd_start, &cmd_state, &cmd_stats, &cmd_update, &cmd_validate,
	&cmd_version, NULL};

/* Descriptors 0 to 2 must be something, or a file opened later becomes somebody's standard output. */
static bool open_standard_fds(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return false;
	return true;
}

/* "Incorrect Usage: ..." and help, on standard error: nothing that follows in a pipe shall take it for data. */
static int usage_error(struct cli *cli, const struct command *command, struct husk_error *error)
{
	auto_strbuf out = {};

	strbuf_printf(&out, "Incorrect Usage: %s\n\n", husk_error_message(error));
	help_add(cli, command, &out);
	strbuf_add_char(&out, '\n');
	(void)!io_write_fd(STDERR_FILENO, strbuf_text(&out), out.len);
	log_sink_error(&cli->log, husk_error_message(error));
	husk_error_free(error);
	return command && command->misuse ? command->misuse : 1;
}

static int print_help(struct cli *cli, const struct command *command, struct husk_error **err)
{
	auto_strbuf out = {};

	help_add(cli, command, &out);
	return out_print(&out, err);
}

static int check_count(const struct command *c, size_t n, struct husk_error **err)
{
	if (n >= c->least && n <= c->most)
		return 0;
	return fail(err, HUSK_ERROR_INVALID_ARGUMENT, "husk: \"%s\" requires %s %zu argument(s)",
		c->name,
		c->least == c->most ? "exactly"
		: n < c->least	    ? "a minimum of"
				    : "a maximum of",
		n < c->least ? c->least : c->most);
}

/* Returns the exit status. */
static int run_command(struct cli *cli, const struct command *c, char *const *argv)
{
	auto_free void *options = calloc(1, c->size + 1);
	struct husk_error *error = NULL;
	auto_args args = {};
	int r = options ? opt_parse(c->options, c->mode, argv, options, &args, &error)
			: fail_memory(&error);

	if (r == 0)
		r = check_count(c, args.n, &error);
	if (r < 0)
		r = usage_error(cli, c, error);
	else {
		r = r ? print_help(cli, c, &error) : c->run(cli, options, &args, &error);
		if (r < 0) {
			log_sink_error(&cli->log, husk_error_message(error));
			husk_error_free(error);
			r = c->failure ? c->failure : 1;
		}
	}
	if (options)
		opt_done(c->options, options);
	return r;
}

static const struct command *find_command(
	struct cli *cli, const char *name, struct husk_error **err)
{
	const struct command *command = cli_command(cli, name);
	struct suggestion near = {.typed = name};

	if (command)
		return command;
	for (const struct command *const *c = cli->commands; *c; c++)
		suggestion_try(&near, (*c)->name);
	fail(err, HUSK_ERROR_INVALID_ARGUMENT, "unknown command '%s'%s%s%s", name,
		near.best ? " (did you mean '" : "", near.best ? near.best : "",
		near.best ? "'?)" : "");
	return NULL;
}

/* --log and its kin; a wrong one is told on standard error. */
static int open_log(struct cli *cli, struct husk_error **err)
{
	const struct global_options *o = &cli->options;

	return log_sink_open(
		&cli->log, o->log, o->log_format, o->debug ? "debug" : o->log_level, err);
}

int main(int argc, char **argv)
{
	static char *const nothing[] = {NULL};
	struct cli cli = {.global = global_rows, .commands = commands, .log = LOG_SINK_INIT};
	const struct command *command = &cmd_help;
	char *const *rest = nothing;
	struct husk_error *error = NULL;
	auto_args args = {};
	int r, status;

	if (!open_standard_fds())
		return 1; /* there is nowhere to say so */
	/* where our caller ignores it the kernel reaps the container's process, and its exit status is lost */
	signal(SIGCHLD, SIG_DFL);
	r = opt_parse(global_rows, OPT_BEFORE_ARGS, argv + (argc > 0), &cli.options, &args, &error);
	if (r < 0 || open_log(&cli, &error) < 0)
		return usage_error(&cli, NULL, error);
	if (cli.options.version) {
		command = &cmd_version;
	} else if (r == 0 && args.n) {
		command = find_command(&cli, args.v[0], &error);
		rest = (char *const *)args.v + 1;
	}
	status = command ? run_command(&cli, command, rest) : usage_error(&cli, NULL, error);
	log_sink_done(&cli.log);
	return status;
}
