// SPDX-License-Identifier: Apache-2.0
/* The rows of `hooks`. */
#include <oci/hooks.h>

#include <schema/schema.h>

/* clang-format off */
#define S struct oci_hook
static const struct schema_field hook_fields[] = {
	STRING(S, path, "path", ACCEPT(oci_text_absolute, "must be an absolute path"), REQUIRED),
	STRV(S, args,   "args"),
	STRV(S, env,    "env"),
	I64(S, timeout, "timeout", RANGE(1, INT64_MAX)),
	{}
};
static const struct schema_type oci_hook_type = TYPE(S, "hook", hook_fields);
#undef S

#define S struct oci_hooks
static const struct schema_field hooks_fields[] = {
	LIST(S, prestart,         "prestart", oci_hook, DEPRECATED),
	LIST(S, create_runtime,   "createRuntime", oci_hook),
	LIST(S, create_container, "createContainer", oci_hook),
	LIST(S, start_container,  "startContainer", oci_hook),
	LIST(S, poststart,        "poststart", oci_hook),
	LIST(S, poststop,         "poststop", oci_hook),
	{}
};
const struct schema_type oci_hooks_type = TYPE(S, "hooks", hooks_fields);
#undef S
/* clang-format on */
