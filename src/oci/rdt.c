// SPDX-License-Identifier: Apache-2.0
/* The rows of `intelRdt`, and what its members mean together. */
#include <oci/rdt.h>

#include <string.h>

#include <base/text.h>
#include <schema/schema.h>

static bool is_bandwidth(const char *s)
{
	return text_after(s, "MB:") && !strchr(s, '\n');
}

/* clang-format off */
#define S struct oci_intel_rdt
static const struct schema_field rdt_fields[] = {
	STRING(S, clos_id,         "closID"),
	STRV(S, schemata,          "schemata"),
	STRING(S, l3_cache_schema, "l3CacheSchema"),
	STRING(S, mem_bw_schema,   "memBwSchema", ACCEPT(is_bandwidth, "must be one line that begins with MB:")),
	BOOL(S, enable_monitoring, "enableMonitoring"),
	BOOL(S, enable_cmt,        "enableCMT", DEPRECATED),
	BOOL(S, enable_mbm,        "enableMBM", DEPRECATED),
	{}
};
const struct schema_type oci_intel_rdt_type = TYPE(S, "intel rdt", rdt_fields);
#undef S
/* clang-format on */

const char *oci_rdt_group(const struct oci_intel_rdt *rdt, const char *id)
{
	return rdt->clos_id && *rdt->clos_id ? rdt->clos_id : id;
}

void oci_rdt_schemas(const struct oci_intel_rdt *rdt, struct strbuf *out)
{
	bool bandwidth = rdt->mem_bw_schema && *rdt->mem_bw_schema;

	for (const char *line = rdt->l3_cache_schema; line && *line; line += *line == '\n') {
		size_t n = strcspn(line, "\n");

		/* memBwSchema has the say where both speak of bandwidth */
		if (n && !(bandwidth && text_after(line, "MB:"))) {
			strbuf_add_bytes(out, line, n);
			strbuf_add_char(out, '\n');
		}
		line += n;
	}
	if (bandwidth) {
		strbuf_add(out, rdt->mem_bw_schema);
		strbuf_add_char(out, '\n');
	}
}
