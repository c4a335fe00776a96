// SPDX-License-Identifier: Apache-2.0
/*
 * The features document, printed from the tables that the work is done with, so that it cannot lie. What no table
 * tells is a row of `done`: a part of husk that lands flips its row.
 */
#include <base/error.h>
#include <core/factory.h>
#include <husk/husk.h>
#include <kern/caps.h>
#include <kern/ns.h>
#include <kern/probe.h>
#include <oci/features.h>
#include <oci/hooks.h>
#include <oci/linux.h>
#include <oci/seccomp.h>
#include <oci/version.h>
#include <plan/mount_options.h>
#include <plan/seccomp_filter.h>
#include <schema/schema.h>

#include <stdlib.h>
#include <string.h>

enum part {
	PART_HOOKS,
	PART_SECCOMP_NOTIFY,
	PART_APPARMOR,
	PART_SELINUX,
	PART_IDMAP,
	PART_NET_DEVICES,
	PART_MEMORY_POLICY,
	PART_CGROUP_RDMA,
	PART_CGROUP_SYSTEMD,
	PART_CGROUP_SYSTEMD_USER,
	PART_INTEL_RDT,
	PART_INTEL_RDT_SCHEMATA,
	PART_INTEL_RDT_MONITORING,
	PART_CHECKPOINT,
};

#ifdef HAVE_SYSTEMD
enum { BUILT_WITH_SYSTEMD = true };
#else
enum { BUILT_WITH_SYSTEMD = false };
#endif

static const bool done[] = {
	[PART_HOOKS] = true,
	[PART_SECCOMP_NOTIFY] = true,
	[PART_APPARMOR] = true,
	[PART_SELINUX] = true,
	[PART_IDMAP] = true,
	[PART_NET_DEVICES] = true,
	[PART_MEMORY_POLICY] = true,
	[PART_CGROUP_RDMA] = true,
	[PART_CGROUP_SYSTEMD] = BUILT_WITH_SYSTEMD,
	[PART_CGROUP_SYSTEMD_USER] = BUILT_WITH_SYSTEMD,
	[PART_INTEL_RDT] = true,
	[PART_INTEL_RDT_SCHEMATA] = true,
	[PART_INTEL_RDT_MONITORING] = true,
	[PART_CHECKPOINT] = false,
};

/*
 * Annotations that change what husk does: engines must not pass these on from users they do not trust. A name that
 * ends in '.' is a prefix.
 */
static const struct name_value unsafe_annotations[] = {{"org.systemd.property.", 0}, {}};

/* ---- small things; 0 or -ENOMEM ---- */

static struct opt_bool is(enum part part)
{
	return (struct opt_bool){true, done[part]};
}

static struct oci_features_enabled *enabled(enum part part)
{
	struct oci_features_enabled *e = calloc(1, sizeof *e);

	if (e)
		e->enabled = is(part);
	return e;
}

/* A list with nothing in it says "none", which an absent one does not. */
static int make_list(struct strv *list)
{
	if (!list->v)
		list->v = calloc(1, sizeof *list->v);
	return list->v ? 0 : -1;
}

static int add_names(struct strv *list, const struct name_value *table)
{
	int r = make_list(list);

	for (; !r && table->name; table++)
		r = strv_add(list, table->name);
	return r;
}

static int add_annotation(struct oci_features *f, const char *name, const char *value)
{
	struct oci_string_pair *pair = list_add(&f->annotations);

	if (!pair)
		return -1;
	pair->name = strdup(name);
	pair->value = strdup(value);
	return pair->name && pair->value ? 0 : -1;
}

/* ---- the parts of the document ---- */

static int set_hooks(struct oci_features *f)
{
	int r = make_list(&f->hooks);

	for (const struct schema_field *row = oci_hooks_type.fields;
		done[PART_HOOKS] && !r && row->name; row++)
		r = strv_add(&f->hooks, row->name);
	return r;
}

static int set_mount_options(struct oci_features *f)
{
	int r = 0;

	for (size_t i = 0; !r && mount_option_name(i); i++)
		r = strv_add(&f->mount_options, mount_option_name(i));
	return r;
}

static int set_annotations(struct oci_features *f)
{
	char *seccomp = plan_seccomp_version();
	int r = seccomp ? add_annotation(f, "io.github.seccomp.libseccomp.version", seccomp) : 0;

	free(seccomp);
	return r || add_annotation(f, "run.oci.husk.version", husk_version()) ||
	       add_annotation(f, "run.oci.husk.checkpoint.enabled",
		       done[PART_CHECKPOINT] ? "true" : "false") ||
	       add_names(&f->potentially_unsafe_config_annotations, unsafe_annotations);
}

/* Only what this kernel has too. */
static int add_capabilities(struct strv *list, uint64_t known)
{
	int r = make_list(list);

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
	l->cgroup->systemd = is(PART_CGROUP_SYSTEMD);
	l->cgroup->systemd_user = is(PART_CGROUP_SYSTEMD_USER);
	l->cgroup->rdma = is(PART_CGROUP_RDMA);
	return 0;
}

/* The seccomp lists; compiled out they are all absent. */
#ifdef HAVE_SECCOMP
enum { BUILT_WITH_SECCOMP = true };
#else
enum { BUILT_WITH_SECCOMP = false };
#endif

static int add_actions(struct strv *list)
{
	int r = make_list(list);

	for (const struct name_value *row = oci_seccomp_actions; !r && row->name; row++)
		if (row->value != OCI_SECCOMP_NOTIFY || done[PART_SECCOMP_NOTIFY])
			r = strv_add(list, row->name);
	return r;
}

/* The flags that this kernel takes. */
static int add_supported_flags(struct strv *list)
{
	int r = make_list(list);

	for (const struct name_value *row = oci_seccomp_flags; !r && row->name; row++)
		if (probe_seccomp_flag(row->value) == 1)
			r = strv_add(list, row->name);
	return r;
}

static int set_seccomp(struct oci_features_linux *l)
{
	struct oci_features_seccomp *s = l->seccomp = calloc(1, sizeof *s);

	if (!s)
		return -1;
	s->enabled = (struct opt_bool){true, BUILT_WITH_SECCOMP};
	if (!BUILT_WITH_SECCOMP)
		return 0;
	return add_actions(&s->actions) || add_names(&s->operators, oci_seccomp_operators) ||
	       add_names(&s->archs, oci_seccomp_archs) ||
	       add_names(&s->known_flags, oci_seccomp_flags) ||
	       add_supported_flags(&s->supported_flags);
}

static int set_memory_policy(struct oci_features_linux *l)
{
	if (!done[PART_MEMORY_POLICY])
		return 0;
	l->memory_policy = calloc(1, sizeof *l->memory_policy);
	return !l->memory_policy || add_names(&l->memory_policy->modes, oci_memory_policy_modes) ||
	       add_names(&l->memory_policy->flags, oci_memory_policy_flags);
}

static int set_intel_rdt(struct oci_features_linux *l)
{
	l->intel_rdt = calloc(1, sizeof *l->intel_rdt);
	if (!l->intel_rdt)
		return -1;
	l->intel_rdt->enabled = is(PART_INTEL_RDT);
	l->intel_rdt->schemata = is(PART_INTEL_RDT_SCHEMATA);
	l->intel_rdt->monitoring = is(PART_INTEL_RDT_MONITORING);
	return 0;
}

static int set_mount_extensions(struct oci_features_linux *l)
{
	l->mount_extensions = calloc(1, sizeof *l->mount_extensions);
	if (l->mount_extensions)
		l->mount_extensions->idmap = enabled(PART_IDMAP);
	return l->mount_extensions && l->mount_extensions->idmap ? 0 : -1;
}

static int set_linux(struct oci_features *f, const struct plan_host *host)
{
	struct oci_features_linux *l = f->linux = calloc(1, sizeof *l);

	if (!l)
		return -1;
	l->apparmor = enabled(PART_APPARMOR);
	l->selinux = enabled(PART_SELINUX);
	l->net_devices = enabled(PART_NET_DEVICES);
	return !l->apparmor || !l->selinux || !l->net_devices ||
	       add_names(&l->namespaces, oci_namespace_types) ||
	       add_capabilities(&l->capabilities, host->known_capabilities) || set_cgroup(l) ||
	       set_seccomp(l) || set_memory_policy(l) || set_intel_rdt(l) ||
	       set_mount_extensions(l);
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
	f->oci_version_min = strdup(OCI_VERSION_MIN);
	f->oci_version_max = strdup(husk_spec_version());
	if (!f->oci_version_min || !f->oci_version_max || set_hooks(f) || set_mount_options(f) ||
		set_linux(f, host) || set_annotations(f))
		r = fail_memory(err);
	else
		r = oci_features_emit(f, 4, ret_json, err);
	oci_features_free(f);
	return r;
}
