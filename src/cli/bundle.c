// SPDX-License-Identifier: Apache-2.0
/* From the options of create and run to what the library wants to know. */
#include <cli/bundle.h>

#include <stdlib.h>

const struct opt_row bundle_rows[] = {
	STRING(struct bundle_options, bundle, "bundle", 'b', "DIR",
		"the bundle's directory (default: the current one)"),
	STRING(struct bundle_options, config, "config", 'f', "FILE",
		"configuration to use instead of the bundle's config.json"),
	GROUP(struct bundle_options, stdio, struct stdio_options, stdio_rows),
	FLAG(struct bundle_options, no_pivot, "no-pivot", 0,
		"do not use pivot_root: for a root file system on a ramdisk"),
	FLAG(struct bundle_options, no_new_keyring, "no-new-keyring", 0,
		"let the container use the caller's session keyring"),
	{},
};

int bundle_get(const struct bundle_options *options, const char *id, bool detached,
	struct husk_config **ret_config, struct husk_create_options *ret, struct husk_error **err)
{
	struct husk_create_options result = {
		.size = sizeof result,
		.id = id,
		.no_pivot = options->no_pivot,
		.no_new_keyring = options->no_new_keyring,
	};
	const char *notify = getenv("NOTIFY_SOCKET");
	auto_config *config = NULL;
	int r = stdio_get(&options->stdio, true, &result.stdio, err);

	if (r < 0)
		return r;
	result.notify_socket = notify && *notify ? notify : NULL;
	r = husk_config_load(
		options->bundle ? options->bundle : ".", options->config, &config, err);
	if (r < 0)
		return r;
	r = stdio_check_terminal(&options->stdio, husk_config_terminal(config), detached, err);
	if (r < 0)
		return r;
	*ret_config = TAKE_PTR(config);
	*ret = result;
	return 0;
}
