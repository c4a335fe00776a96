// SPDX-License-Identifier: Apache-2.0
/*
 * What a configuration may ask for and this version does not do. Nothing is passed over in silence: where the
 * container would be less confined or different in kind it is an error, where it only lacks limits it is a warning.
 * A row leaves when its planner arrives.
 */
#include <plan/planner.h>

#include <base/mem.h>

struct wish {
	bool present;
	const char *at;
};

static int refuse(const struct wish *wishes, size_t n, struct husk_error **err)
{
	for (size_t i = 0; i < n; i++)
		if (wishes[i].present)
			return fail_full(err, HUSK_ERROR_UNSUPPORTED, 0, wishes[i].at,
				"%s: not supported yet", wishes[i].at);
	return 0;
}

static int refuse_spec(const struct planner *p, struct husk_error **err)
{
	const struct wish wishes[] = {
		{p->linux_->intel_rdt, "/linux/intelRdt"},
	};

	return refuse(wishes, ARRAY_LEN(wishes), err);
}

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

int plan_refuse_later(struct planner *p, struct husk_error **err)
{
	if (!p->create)
		return 0;
	mention_resources(p);
	return refuse_spec(p, err);
}
