/* SPDX-License-Identifier: Apache-2.0 */
/* A container's configuration: the OCI runtime-spec config.json, read and checked. Immutable once made. */
#ifndef HUSK_CONFIG_H
#define HUSK_CONFIG_H

#include <stddef.h>
#include <husk/error.h>
#include <husk/factory.h>

#ifdef __cplusplus
extern "C" {
#endif

struct husk_config;

/*
 * Reads and checks BUNDLE/config.json (or `file`, absolute or relative to the bundle, if not NULL). A wrong config is
 * HUSK_ERROR_INVALID_CONFIG with the JSON Pointer, or line and column for a syntax error. The caller frees *ret.
 * Since 0.1.
 */
int husk_config_load(
	const char *bundle, const char *file, struct husk_config **ret, struct husk_error **err);
/* The same from memory: n bytes of JSON. `bundle` is what relative paths in it start from. Since 0.1. */
int husk_config_parse(const char *json, size_t n, const char *bundle, struct husk_config **ret,
	struct husk_error **err);
/* Does the config ask for a terminal (process.terminal)? 1 or 0. Since 0.1. */
int husk_config_terminal(const struct husk_config *config);
/* Frees a config; NULL is allowed. Since 0.1. */
void husk_config_free(struct husk_config *config);

/*
 * The default configuration (`husk spec`), as JSON text to free(3). With rootless, one for the calling user: a user
 * namespace that maps the caller to root, no network namespace, no resources. Since 0.1.
 */
int husk_config_default(int rootless, char **ret_json, struct husk_error **err);

/*
 * The plan of what creating the container would do, as text for people, to free(3). Touches nothing. `id` names the
 * container (it shows in the cgroup path). Since 0.1.
 */
int husk_config_plan(const struct husk_config *config, struct husk_factory *factory, const char *id,
	char **ret_text, struct husk_error **err);

#ifdef __cplusplus
}
#endif

#endif
