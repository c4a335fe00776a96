/* SPDX-License-Identifier: Apache-2.0 */
/* `linux.intelRdt`: cache and memory bandwidth shares by resctrl. */
#ifndef HUSK_OCI_RDT_H
#define HUSK_OCI_RDT_H

#include <oci/types.h>

struct oci_intel_rdt {
	char *clos_id; /* "/" is the root group */
	struct strv schemata;
	char *l3_cache_schema, *mem_bw_schema;
	struct opt_bool enable_monitoring;
	struct opt_bool enable_cmt, enable_mbm; /* before 1.3 */
};

extern const struct schema_type oci_intel_rdt_type;

#endif
