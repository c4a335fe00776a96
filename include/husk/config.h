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

/* How bad a finding is: create refuses; something is ignored or looks wrong; good to know. Since 0.1. */
enum husk_severity { HUSK_SEVERITY_ERROR, HUSK_SEVERITY_WARNING, HUSK_SEVERITY_NOTE };
/* "error", "warning", "note". Since 0.1. */
const char *husk_severity_name(enum husk_severity severity);

/* Something that husk_config_validate() found. The strings live only during the call. Since 0.1. */
struct husk_finding {
	size_t size;
	enum husk_severity severity;
	const char *
		pointer; /* JSON Pointer to the property, "" for the whole; NULL when the text is not JSON */
	size_t line, column; /* of the property, from 1, columns in bytes; 0 when not known */
	const char *message; /* one line, lower case, no full stop */
	const char *suggestion; /* the name that was probably meant, or NULL */
};
typedef void husk_finding_fn(void *data, const struct husk_finding *finding);

/* Set size to sizeof(struct husk_validate_options), everything else to zero, then what you want. Since 0.1. */
struct husk_validate_options {
	size_t size;
	const char *
		bundle; /* where relative paths in the configuration start from; NULL: the working directory */
	struct husk_factory *
		factory; /* with one: also what this host lacks; NULL: a host that has everything */
	husk_finding_fn *found; /* hears every finding, in the order of the text */
	void *data; /* handed to found */
};
/*
 * Finds all that is wrong with n bytes of JSON at once: syntax, types, ranges, rules between properties, what the
 * planners refuse, misspelled names; with a factory, what this host cannot give. Changes nothing. Returns the number
 * of errors found, or < 0 with an error when it could not look. Since 0.1.
 */
int husk_config_validate(const char *json, size_t n, const struct husk_validate_options *options,
	struct husk_error **err);

#ifdef __cplusplus
}
#endif

#endif
