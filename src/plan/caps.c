// SPDX-License-Identifier: Apache-2.0
/*
 * The five capability sets as masks. Names nobody knows and capabilities this kernel lacks are mentioned and left
 * out, as the spec allows; no sets at all means no capabilities at all.
 */
#include <plan/planner.h>

#include <base/table.h>
#include <kern/caps.h>

static uint64_t set_of(const struct planner *p, const struct strv *names, const char *property)
{
	uint64_t set = 0;

	for (size_t i = 0; i < names->n; i++) {
		const struct name_value *cap = table_find(cap_names, names->v[i]);

		if (!cap)
			log_warning(p->log,
				"process.capabilities.%s: unknown capability '%s', ignoring",
				property, names->v[i]);
		else if (!(p->host->known_capabilities >> cap->value & 1))
			log_warning(p->log,
				"process.capabilities.%s: this kernel has no '%s', ignoring",
				property, names->v[i]);
		else
			set |= UINT64_C(1) << cap->value;
	}
	return set;
}

static const char *first_name(uint64_t set)
{
	return table_name(cap_names, (uint64_t)__builtin_ctzll(set), "?");
}

int plan_caps(struct planner *p, struct plan_identity *ret, struct husk_error **err)
{
	const struct oci_capabilities *caps = p->process->capabilities;
	uint64_t lost;

	if (!caps)
		return 0;
	ret->bounding = set_of(p, &caps->bounding, "bounding");
	ret->effective = set_of(p, &caps->effective, "effective");
	ret->permitted = set_of(p, &caps->permitted, "permitted");
	ret->inheritable = set_of(p, &caps->inheritable, "inheritable");
	ret->ambient = set_of(p, &caps->ambient, "ambient");

	lost = ret->effective & ~ret->permitted;
	if (lost)
		return fail_at(err, "/process/capabilities/effective",
			"'%s' is effective but not permitted", first_name(lost));
	/* The kernel refuses these; configurations of older engines have them all the same. */
	lost = ret->ambient & ~(ret->permitted & ret->inheritable);
	if (lost)
		log_warning(p->log,
			"process.capabilities.ambient: '%s'%s not permitted and inheritable, "
			"ignoring",
			first_name(lost), lost & (lost - 1) ? " and others are" : " is");
	ret->ambient &= ~lost;
	return 0;
}
