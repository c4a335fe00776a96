// SPDX-License-Identifier: Apache-2.0
/*
 * What this kernel lacks, as its interface files tell: namespaces, controllers, file systems, capabilities, security
 * modules, seccomp actions. An error is what create would fail with; what may yet appear (a file system's module is
 * loaded at the first mount) is a warning.
 */
#include <core/validate.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/str.h>
#include <base/table.h>
#include <base/text.h>
#include <cgroup/knobs.h>
#include <kern/caps.h>
#include <kern/ns.h>
#include <oci/seccomp.h>
#include <plan/plan.h>
#include <rdt/rdt.h>

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { INTERFACE_FILE_MAX = 1 << 20 };

static bool exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

/* NULL when it cannot be read. */
static char *slurp(const char *path)
{
	char *text = NULL;

	return io_read_at(AT_FDCWD, path, INTERFACE_FILE_MAX, &text, NULL) < 0 ? NULL : text;
}

/* Is the word in a list, between characters of `gaps`? */
static bool has_word(const char *list, const char *gaps, const char *word)
{
	size_t want = strlen(word);

	while (list && *list) {
		size_t n = strcspn(list, gaps);

		if (n == want && !strncmp(list, word, n))
			return true;
		list += n;
		list += strspn(list, gaps);
	}
	return false;
}

/* ---- namespaces ---- */

static const struct ns_kind *kind_of(const char *name)
{
	const struct ns_kind *kind = ns_kinds;

	while (kind->name && !text_equal(kind->name, name))
		kind++;
	return kind->name ? kind : NULL;
}

static void check_namespaces(struct validation *v)
{
	const struct oci_linux *l = v->spec->linux;

	for (size_t i = 0; l && i < l->namespaces.n; i++) {
		const struct oci_namespace *ns = &l->namespaces.v[i];
		const char *name = table_name(oci_namespace_types, (uint64_t)ns->type.value, "");
		const struct ns_kind *kind = ns->type.set ? kind_of(name) : NULL;
		auto_free char *file = kind ? str_printf("/proc/self/ns/%s", kind->file) : NULL;
		auto_free char *at = str_printf("/linux/namespaces/%zu/type", i);

		if (file && !exists(file))
			validate_tell(v, AT(ERROR, at), "this kernel has no %s namespaces", name);
	}
}

/* ---- control groups ---- */

static void hear_refusal(void *data, const struct husk_error *error)
{
	const char *at = husk_error_pointer(error), *message = husk_error_message(error);
	const char *rest = at ? text_after(message, at) : NULL;

	validate_tell(data, AT(ERROR, at ? at : "/linux/resources"), "%s",
		rest && text_after(rest, ": ") ? text_after(rest, ": ") : message);
}

/* What create would write, held against the hierarchies there are. */
static void check_limits(struct validation *v)
{
	const struct oci_linux *l = v->spec->linux;
	auto_(cgroup_orders_done) struct cgroup_orders orders = {};
	auto_(cgroup_dirs_done) struct cgroup_dirs dirs = {};
	auto_free char *controllers = NULL;

	if (!l || !l->resources)
		return;
	if (cgroup_dirs_resolve(&v->host->cgroups, "/id", "id", &dirs) < 0 ||
		cgroup_v2_controllers(&dirs, &controllers) < 0)
		return; /* nothing to hold it against */
	ignored(cgroup_compile(&(struct cgroup_wishes){.all = l->resources,
				       .asked = l->resources,
				       .dirs = &dirs,
				       .v2_controllers = controllers,
				       .log = &(struct log){},
				       .refused = hear_refusal,
				       .data = v},
		&orders, NULL)); /* told already */
}

/* ---- file systems ---- */

/* /proc/filesystems: lines "[nodev]\tNAME" */
static void check_file_systems(struct validation *v)
{
	auto_free char *known = slurp("/proc/filesystems");

	for (size_t i = 0; known && i < v->spec->mounts.n; i++) {
		const struct oci_mount *m = &v->spec->mounts.v[i];
		bool bind = !m->type || !*m->type || text_equal(m->type, "bind") ||
			    text_equal(m->type, "none") || text_equal(m->type, "rbind");
		auto_free char *at = str_printf("/mounts/%zu/type", i);

		for (size_t j = 0; j < m->options.n; j++)
			bind |= text_equal(m->options.v[j], "bind") ||
				text_equal(m->options.v[j], "rbind");
		if (bind || has_word(known, "\t\n", m->type) ||
			(text_equal(m->type, "cgroup") && has_word(known, "\t\n", "cgroup2")))
			continue;
		validate_tell(v, AT(WARNING, at),
			"this kernel has no file system '%s', unless it finds a module for it",
			m->type);
	}
}

/* ---- capabilities ---- */

static void check_capabilities(struct validation *v)
{
	static const struct oci_capabilities none;
	const struct oci_process *p = v->spec->process;
	const struct oci_capabilities *c = p && p->capabilities ? p->capabilities : &none;

	for (size_t i = 0; i < c->bounding.n; i++) {
		const struct name_value *row = table_find(cap_names, c->bounding.v[i]);
		auto_free char *at = str_printf("/process/capabilities/bounding/%zu", i);

		if (row && !(v->host->known_capabilities >> row->value & 1))
			validate_tell(
				v, AT(WARNING, at), "this kernel has no '%s', ignored", row->name);
	}
}

/* ---- security modules ---- */

/* That there is a module at all, the planner asks. */
static void check_apparmor(struct validation *v)
{
	const struct oci_process *p = v->spec->process;
	const char *profile = p ? p->apparmor_profile : NULL;
	auto_free char *loaded = NULL, *line = NULL;

	if (!profile || !*profile || text_equal(profile, "unconfined"))
		return;
	loaded = slurp("/sys/kernel/security/apparmor/profiles");
	line = str_printf("%s (", profile);
	if (loaded && line && !strstr(loaded, line))
		validate_tell(v, AT(ERROR, "/process/apparmorProfile"),
			"AppArmor profile '%s' is not loaded", profile);
}

/* ---- seccomp ---- */

/* The kernel's words for the actions; ALLOW and the two old KILLs are as old as filters. */
static const struct name_value kernel_actions[] = {
	{"kill_process", OCI_SECCOMP_KILL_PROCESS},
	{"kill_thread", OCI_SECCOMP_KILL_THREAD},
	{"trap", OCI_SECCOMP_TRAP},
	{"errno", OCI_SECCOMP_ERRNO},
	{"trace", OCI_SECCOMP_TRACE},
	{"log", OCI_SECCOMP_LOG},
	{"user_notif", OCI_SECCOMP_NOTIFY},
	{},
};

static void check_action(
	struct validation *v, const char *available, struct opt_enum action, const char *at)
{
	const struct name_value *row =
		action.set ? table_find_value(kernel_actions, (uint64_t)action.value) : NULL;

	if (row && !has_word(available, " \n", row->name))
		validate_tell(
			v, AT(ERROR, at), "this kernel has no seccomp action '%s'", row->name);
}

static void check_seccomp(struct validation *v)
{
	const struct oci_seccomp *s = v->spec->linux ? v->spec->linux->seccomp : NULL;
	auto_free char *available = s ? slurp("/proc/sys/kernel/seccomp/actions_avail") : NULL;

	if (!s)
		return;
	if (!available) {
		validate_tell(v, AT(ERROR, "/linux/seccomp"), "this kernel has no seccomp filters");
		return;
	}
	check_action(v, available, s->default_action, "/linux/seccomp/defaultAction");
	for (size_t i = 0; i < s->syscalls.n; i++) {
		auto_free char *at = str_printf("/linux/seccomp/syscalls/%zu/action", i);

		check_action(v, available, s->syscalls.v[i].action, at);
	}
}

static void check_resctrl(struct validation *v)
{
	auto_free char *root = NULL;
	auto_error *why = NULL;

	if (v->spec->linux && v->spec->linux->intel_rdt && rdt_mount_point(&root, &why) < 0)
		validate_tell(v, AT(ERROR, "/linux/intelRdt"), "%s", husk_error_message(why));
}

void validate_kernel(struct validation *v)
{
	check_namespaces(v);
	check_limits(v);
	check_file_systems(v);
	check_capabilities(v);
	check_apparmor(v);
	check_seccomp(v);
	check_resctrl(v);
}
