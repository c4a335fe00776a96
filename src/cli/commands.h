/* SPDX-License-Identifier: Apache-2.0 */
/* The commands, one file each. */
#ifndef HUSK_CLI_COMMANDS_H
#define HUSK_CLI_COMMANDS_H

#include <cli/cli.h>

extern const struct command cmd_create, cmd_delete, cmd_events, cmd_exec, cmd_features, cmd_help,
	cmd_kill, cmd_list, cmd_pause, cmd_plan, cmd_ps, cmd_resume, cmd_run, cmd_spec, cmd_start,
	cmd_state, cmd_stats, cmd_validate, cmd_update, cmd_version;

#endif
