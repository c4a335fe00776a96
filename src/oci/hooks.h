/* SPDX-License-Identifier: Apache-2.0 */
/* Programs to run at points of the container's life. */
#ifndef HUSK_OCI_HOOKS_H
#define HUSK_OCI_HOOKS_H

#include <oci/types.h>

struct oci_hook {
	char *path; /* required, absolute */
	struct strv args, env;
	struct opt_i64 timeout; /* seconds, positive */
};

struct oci_hook_list {
	size_t n;
	struct oci_hook *v;
};

struct oci_hooks {
	struct oci_hook_list prestart, create_runtime, create_container, start_container, poststart,
		poststop;
};

extern const struct schema_type oci_hooks_type;

#endif
