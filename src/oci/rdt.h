/* SPDX-License-Identifier: Apache-2.0 */
/* `linux.intelRdt`: cache and memory bandwidth shares by resctrl. */
#ifndef HUSK_OCI_RDT_H
#define HUSK_OCI_RDT_H

#include <base/str.h>
#include <oci/types.h>

struct oci_intel_rdt {
	char *clos_id; /* "/" is the root group */
	struct strv schemata;
	char *l3_cache_schema, *mem_bw_schema;
	struct opt_bool enable_monitoring;
	struct opt_bool enable_cmt, enable_mbm; /* before 1.3 */
};

extern const struct schema_type oci_intel_rdt_type;

/* The name of the group: closID, or else the container's ID. */
const char *oci_rdt_group(const struct oci_intel_rdt *rdt, const char *id);
/* l3CacheSchema and memBwSchema as they are written together, in lines; `schemata` is written after them. */
void oci_rdt_schemas(const struct oci_intel_rdt *rdt, struct strbuf *out);

#endif
