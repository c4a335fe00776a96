/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that span objects of the configuration, as a table (check.c). */
#ifndef HUSK_OCI_CHECK_H
#define HUSK_OCI_CHECK_H

#include <base/attr.h>

struct husk_error;
struct oci_spec;
struct schema_at;

/* All rules; oci_spec_parse() and oci_spec_validate() run them already. */
int oci_check(const struct oci_spec *spec, const struct schema_at *at) nodiscard;
/* What create needs beyond a valid configuration: a root, a process, something to run. */
int oci_check_runnable(const struct oci_spec *spec, struct husk_error **err) nodiscard;

#endif
