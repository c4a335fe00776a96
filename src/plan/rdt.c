// SPDX-License-Identifier: Apache-2.0
/*
 * intelRdt as far as it is the same on every host: names that cannot be a group, lines that are more than one. There
 * is no operation for it: the runtime, not husk-init, puts the process into its group, before the cgroup is ready.
 */
#include <plan/planner.h>
#include <plan/words.h>

#include <base/mem.h>
#include <base/table.h>
#include <base/text.h>

#include <string.h>

#define RDT "/linux/intelRdt"

/* Directories of the root group that are no groups. */
static const char *const reserved[] = {"info", "mon_groups", "mon_data", ".", ".."};

static int check_name(
	const struct planner *p, const struct oci_intel_rdt *rdt, struct husk_error **err)
{
	const char *name = oci_rdt_group(rdt, p->id);

	if (text_equal(name, "/"))
		return 0;
	if (strpbrk(name, "/\n"))
		return fail_at(err, RDT "/closID", "'%s' is not the name of a resctrl group", name);
	for (size_t i = 0; i < ARRAY_LEN(reserved); i++)
		if (text_equal(name, reserved[i]))
			return fail_at(err, RDT "/closID",
				"'%s' is not the name of a resctrl group", name);
	return 0;
}

static int check_lines(const struct oci_intel_rdt *rdt, struct husk_error **err)
{
	for (size_t i = 0; i < rdt->schemata.n; i++)
		if (!*rdt->schemata.v[i] || strchr(rdt->schemata.v[i], '\n')) {
			auto_free char *at = str_printf(RDT "/schemata/%zu", i);

			return at ? fail_at(err, at, "must be one line") : fail_memory(err);
		}
	return 0;
}

int plan_check_rdt(struct planner *p, struct husk_error **err)
{
	const struct oci_intel_rdt *rdt = p->linux_->intel_rdt;
	int r;

	if (!rdt || !p->create)
		return 0;
	r = check_name(p, rdt, err);
	if (!r)
		r = check_lines(rdt, err);
	if (!r && (opt_true(rdt->enable_cmt) || opt_true(rdt->enable_mbm)))
		log_warning(p->log,
			"linux.intelRdt.%s is enableMonitoring since version 1.3, ignoring",
			opt_true(rdt->enable_cmt) ? "enableCMT" : "enableMBM");
	return r;
}

static void add_lines(struct strbuf *out, const char *text)
{
	for (; *text; text += *text == '\n') {
		size_t n = strcspn(text, "\n");
		auto_free char *line = strndup(text, n);

		strbuf_printf(out, "%-13s", "schemata");
		word_plain(out, line ? line : "");
		strbuf_add_char(out, '\n');
		out->failed |= !line;
		text += n;
	}
}

void words_rdt(struct strbuf *out, const struct oci_intel_rdt *rdt, const char *id)
{
	const char *name = oci_rdt_group(rdt, id);
	auto_strbuf schemas = {};

	strbuf_printf(out, "%-13s", "resctrl");
	if (!text_equal(name, "/"))
		strbuf_add_char(out, '/');
	word_plain(out, name);
	if (opt_true(rdt->enable_monitoring)) {
		strbuf_add(out, text_equal(name, "/") ? "mon_groups/" : "/mon_groups/");
		word_plain(out, id);
	}
	strbuf_add_char(out, '\n');
	oci_rdt_schemas(rdt, &schemas);
	add_lines(out, strbuf_text(&schemas));
	for (size_t i = 0; i < rdt->schemata.n; i++)
		add_lines(out, rdt->schemata.v[i]);
	out->failed |= schemas.failed;
}
