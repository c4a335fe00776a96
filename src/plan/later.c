// SPDX-License-Identifier: Apache-2.0
/*
 * What a configuration may ask for and this version does not do: limits, without which a container still runs. Nothing
 * is passed over in silence. A row leaves when it is carried out.
 */
#include <plan/planner.h>

#include <base/mem.h>

struct wish {
	bool present;
	const char *at;
};

static void mention_resources(const struct planner *p)
{
	static const struct oci_resources none;
	const struct oci_resources *r = p->linux_->resources ? p->linux_->resources : &none;
	const struct wish wishes[] = {
		{r->devices.n, "devices"},
		{r->memory, "memory"},
		{r->cpu, "cpu"},
		{r->pids, "pids"},
		{r->block_io, "blockIO"},
		{r->hugepage_limits.n, "hugepageLimits"},
		{r->network, "network"},
		{r->rdma.n, "rdma"},
		{r->unified.n, "unified"},
	};
	auto_strbuf names = {};

	for (size_t i = 0; i < ARRAY_LEN(wishes); i++)
		if (wishes[i].present)
			strbuf_printf(&names, "%s%s", names.len ? ", " : "", wishes[i].at);
	if (names.len)
		log_warning(p->log, "linux.resources (%s): not applied yet, ignoring",
			strbuf_text(&names));
}

void plan_mention_later(const struct planner *p)
{
	if (p->create)
		mention_resources(p);
}
