/* SPDX-License-Identifier: Apache-2.0 */
/* Help is printed from the rows and the command table; there is no other text. */
#ifndef HUSK_CLI_HELP_H
#define HUSK_CLI_HELP_H

#include <cli/cli.h>
#include <base/str.h>

/* Of one command, or with NULL of husk itself. */
void help_add(const struct cli *cli, const struct command *command, struct strbuf *out);
/*
 * All commands and options for tools (manual pages and completions are checked against it), tab-separated:
 *	command NAME ARGUMENTS SUMMARY
 *	option COMMAND --NAME -LETTER VALUE shown|hidden HELP		"-" where there is none, COMMAND husk: global
 */
void help_dump(const struct cli *cli, struct strbuf *out);

#endif
