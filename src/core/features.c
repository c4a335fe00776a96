// SPDX-License-Identifier: Apache-2.0
/* The features document, printed from the tables that the work is done with, so that it cannot lie. */
#include <base/error.h>
#include <core/factory.h>
#include <husk/husk.h>
#include <kern/caps.h>
#include <kern/ns.h>
#include <oci/features.h>
#include <oci/linux.h>
#include <oci/seccomp.h>
#include <plan/mount_options.h>

#include <stdlib.h>
#include <string.h>

static int add_names(struct strv *list, const struct name_value *table)
{
	int r = 0;

	for (; !r && table->name; table++)
		r = strv_add(list, table->name);
	return r;
}

static int add_options(struct strv *list)
{
	int r = 0;

	for (size_t i = 0; !r && mount_option_name(i); i++)
		r = strv_add(list, mount_option_name(i));
	return r;
}

/* Only what this kernel has too. */
static int add_capabilities(struct strv *list, uint64_t known)
{
	int r = 0;

	for (const struct name_value *row = cap_names; !r && row->name; row++)
		if (known >> row->value & 1)
			r = strv_add(list, row->name);
	return r;
}

static int set_cgroup(struct oci_features_linux *l)
{
	l->cgroup = calloc(1, sizeof *l->cgroup);
	if (!l->cgroup)
		return -1;
	l->cgroup->v1 = l->cgroup->v2 = (struct opt_bool){true, true};
	l->cgroup->systemd = l->cgroup->systemd_user = l->cgroup->rdma =
		(struct opt_bool){true, false};
	return 0;
}

/* clang-format off */
static const struct name_value applied_actions[] = { /* without SCMP_ACT_NOTIFY, for now */
	{"SCMP_ACT_ALLOW", 0}, {"SCMP_ACT_ERRNO", 0}, {"SCMP_ACT_KILL", 0}, {"SCMP_ACT_KILL_PROCESS", 0},
	{"SCMP_ACT_KILL_THREAD", 0}, {"SCMP_ACT_LOG", 0}, {"SCMP_ACT_TRACE", 0}, {"SCMP_ACT_TRAP", 0}, {}
};
/* clang-format on */

static int set_seccomp(struct oci_features_linux *l)
{
	struct oci_features_seccomp *s = l->seccomp = calloc(1, sizeof *s);

	if (!s)
		return -1;
#ifdef HAVE_SECCOMP
	s->enabled = (struct opt_bool){true, true};
	return add_names(&s->actions, applied_actions) ||
	       add_names(&s->operators, oci_seccomp_operators) ||
	       add_names(&s->archs, oci_seccomp_archs) ||
	       add_names(&s->known_flags, oci_seccomp_flags) ||
	       add_names(&s->supported_flags, oci_seccomp_flags);
#else
	s->enabled = (struct opt_bool){true, false};
	return 0;
#endif
}

static struct oci_features_enabled *enabled(bool yes)
{
	struct oci_features_enabled *e = calloc(1, sizeof *e);

	if (e)
		e->enabled = (struct opt_bool){true, yes};
	return e;
}

static int set_linux(struct oci_features *f, const struct plan_host *host)
{
	struct oci_features_linux *l = f->linux = calloc(1, sizeof *l);

	if (!l)
		return -1;
	l->apparmor = enabled(true);
	l->selinux = enabled(true);
	l->net_devices = enabled(false);
	l->intel_rdt = calloc(1, sizeof *l->intel_rdt);
	l->memory_policy = calloc(1, sizeof *l->memory_policy);
	l->mount_extensions = calloc(1, sizeof *l->mount_extensions);
	if (!l->apparmor || !l->selinux || !l->net_devices || !l->intel_rdt || !l->memory_policy ||
		!l->mount_extensions)
		return -1;
	l->intel_rdt->enabled = (struct opt_bool){true, false};
	l->mount_extensions->idmap = enabled(true);
	return !l->mount_extensions->idmap || add_names(&l->namespaces, oci_namespace_types) ||
	       add_capabilities(&l->capabilities, host->known_capabilities) || set_cgroup(l) ||
	       add_names(&l->memory_policy->modes, oci_memory_policy_modes) ||
	       add_names(&l->memory_policy->flags, oci_memory_policy_flags) || set_seccomp(l);
}

int husk_factory_features(struct husk_factory *factory, char **ret_json, struct husk_error **err)
{
	const struct plan_host *host = NULL;
	struct oci_features *f;
	int r = factory_host(factory, &host, err);

	if (r < 0)
		return r;
	f = calloc(1, sizeof *f);
	if (!f)
		return fail_memory(err);
	f->oci_version_min = strdup("1.0.0");
	f->oci_version_max = strdup(husk_spec_version());
	f->hooks.v = calloc(1, sizeof *f->hooks.v); /* none yet, which is not the same as unknown */
	if (!f->oci_version_min || !f->oci_version_max || !f->hooks.v ||
		add_options(&f->mount_options) || set_linux(f, host))
		r = fail_memory(err);
	else
		r = oci_features_emit(f, 4, ret_json, err);
	oci_features_free(f);
	return r;
}
