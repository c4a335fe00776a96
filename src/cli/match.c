// SPDX-License-Identifier: Apache-2.0
/* One container by its ID, or many by a regular expression. */
#include <cli/match.h>
#include <base/error.h>
#include <base/mem.h>

#include <regex.h>

static int one(struct husk_factory *factory, const char *id, match_act_fn *act, const void *data,
	struct husk_error **err)
{
	auto_container *container = NULL;
	int r = husk_container_load(factory, id, &container, err);

	return r < 0 ? r : act(container, data, err);
}

static int matching(struct cli *cli, struct husk_factory *factory, const regex_t *pattern,
	match_act_fn *act, const void *data, struct husk_error **err)
{
	auto_free char **ids = NULL;
	struct husk_error *error = NULL;
	int result = 0, r = husk_factory_list(factory, &ids, NULL, err);

	for (char **id = ids; r == 0 && *id; id++) {
		int failed;

		if (regexec(pattern, *id, 0, NULL, 0) != 0)
			continue;
		failed = one(factory, *id, act, data, result ? &error : err);
		if (failed < 0 && result)
			cli_log_error(cli, TAKE_PTR(error));
		else if (failed < 0)
			result = failed;
	}
	return r < 0 ? r : result;
}

int match_each(struct cli *cli, const char *id, bool regex, match_act_fn *act, const void *data,
	struct husk_error **err)
{
	auto_factory *factory = NULL;
	regex_t pattern;
	int r = cli_factory(cli, &factory, err);

	if (r < 0)
		return r;
	if (!regex)
		return one(factory, id, act, data, err);
	if (regcomp(&pattern, id, REG_EXTENDED | REG_NOSUB) != 0)
		return fail(
			err, HUSK_ERROR_INVALID_ARGUMENT, "invalid regular expression '%s'", id);
	r = matching(cli, factory, &pattern, act, data, err);
	regfree(&pattern);
	return r;
}
