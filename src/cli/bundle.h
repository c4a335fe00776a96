/* SPDX-License-Identifier: Apache-2.0 */
/* What create and run have in common: a bundle, its config, and the options of the new container. */
#ifndef HUSK_CLI_BUNDLE_H
#define HUSK_CLI_BUNDLE_H

#include <cli/cli.h>
#include <cli/stdio.h>

struct bundle_options {
	const char *bundle, *config;
	bool no_pivot, no_new_keyring;
	struct stdio_options stdio;
};
extern const struct opt_row bundle_rows[];

/* Loads the config and fills in what the library wants to know. The caller frees *ret_config. */
int bundle_get(const struct bundle_options *options, const char *id, bool detached,
	struct husk_config **ret_config, struct husk_create_options *ret, struct husk_error **err);

#endif
