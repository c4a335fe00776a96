/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands share: the shape of a command, the global options, and the handles of the library with their
 * cleanup. A command is one file cmd_<name>.c with one `const struct command`, listed in main.c.
 */
#ifndef HUSK_CLI_CLI_H
#define HUSK_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <cli/log.h>
#include <cli/opt.h>
#include <husk/husk.h>

struct cli;

struct command {
	const char *name;
	const char *arguments; /* as the usage line shows them */
	const char *summary; /* one line, no full stop */
	const struct opt_row *options; /* NULL: none */
	size_t size; /* of the struct the rows fill; 0: none */
	size_t least, most; /* how many arguments */
	enum opt_mode mode;
	int failure; /* exit status when run() fails; 0 means 1 */
	int misuse; /* exit status when the arguments are wrong; 0 means 1 */
	/* Returns the exit status, or < 0 with an error. `options` is of `size` bytes. */
	int (*run)(struct cli *cli, const void *options, const struct args *args,
		struct husk_error **err);
};
enum { ANY_ARGS = 1 << 20 };

struct global_options {
	bool debug, systemd_cgroup, version;
	const char *log, *log_format, *log_level, *root, *cgroup_manager, *criu;
	enum opt_tristate rootless;
};

struct cli {
	struct global_options options;
	const struct opt_row *global;
	const struct command *const *commands; /* ended by NULL */
	struct log_sink log;
};

/* Opens the factory that the global options describe. */
int cli_factory(struct cli *cli, struct husk_factory **ret, struct husk_error **err);
/* The same, and the container `id` in it. */
int cli_container(
	struct cli *cli, const char *id, struct husk_container **ret, struct husk_error **err);
/* Logs a fault that does not end the command, and frees it. */
void cli_log_error(struct cli *cli, struct husk_error *error);
/* The command of that name, or NULL. */
const struct command *cli_command(const struct cli *cli, const char *name);

void factory_unref_target(struct husk_factory **factory);
void container_unref_target(struct husk_container **container);
void process_unref_target(struct husk_process **process);
void config_free_target(struct husk_config **config);
void state_free_target(struct husk_state **state);
#define auto_factory auto_(factory_unref_target) struct husk_factory
#define auto_container auto_(container_unref_target) struct husk_container
#define auto_process auto_(process_unref_target) struct husk_process
#define auto_config auto_(config_free_target) struct husk_config
#define auto_state auto_(state_free_target) struct husk_state

#endif
