/* SPDX-License-Identifier: Apache-2.0 */
/* --regex of kill and delete: the same for every container whose ID matches. */
#ifndef HUSK_CLI_MATCH_H
#define HUSK_CLI_MATCH_H

#include <cli/cli.h>

typedef int match_act_fn(
	struct husk_container *container, const void *data, struct husk_error **err);

/*
 * Calls `act` for the container `id`, or with `regex` for each whose ID matches the POSIX extended regular expression
 * `id`. All are tried; the first error is returned, the others are logged.
 */
int match_each(struct cli *cli, const char *id, bool regex, match_act_fn *act, const void *data,
	struct husk_error **err);

#endif
