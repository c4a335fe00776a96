// SPDX-License-Identifier: Apache-2.0
/* What a configuration names and is not there: root file system, bind sources, namespaces, hooks, kernel settings. */
#include <core/validate.h>
#include <base/error.h>
#include <base/fd.h>
#include <base/mem.h>
#include <base/path.h>
#include <base/str.h>
#include <base/table.h>
#include <base/text.h>
#include <kern/ns.h>
#include <oci/linux.h>
#include <plan/sysctl.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* 0 or -errno; a relative path starts from the bundle. */
static int look_at(const struct validation *v, const char *path, struct stat *ret)
{
	auto_free char *full = *path == '/' ? strdup(path) : path_join(v->bundle, path);

	if (!full)
		return -ENOMEM;
	return stat(full, ret) < 0 ? -errno : 0;
}

static void check_root(struct validation *v)
{
	const struct oci_root *root = v->spec->root;
	struct stat st;
	int r = root && root->path ? look_at(v, root->path, &st) : 0;

	if (r < 0)
		validate_tell(v, AT(ERROR, "/root/path"), "cannot find '%s': %s", root->path,
			errno_text(-r));
	else if (root && root->path && !S_ISDIR(st.st_mode))
		validate_tell(v, AT(ERROR, "/root/path"), "'%s' is not a directory", root->path);
}

static bool is_bind(const struct oci_mount *m)
{
	bool bind = false;

	for (size_t i = 0; i < m->options.n; i++)
		bind |= text_equal(m->options.v[i], "bind") || text_equal(m->options.v[i], "rbind");
	return bind;
}

static void check_bind_sources(struct validation *v)
{
	for (size_t i = 0; i < v->spec->mounts.n; i++) {
		const struct oci_mount *m = &v->spec->mounts.v[i];
		auto_free char *at = str_printf("/mounts/%zu/source", i);
		struct stat st;
		int r = m->source && is_bind(m) ? look_at(v, m->source, &st) : 0;

		if (r < 0)
			validate_tell(v, AT(ERROR, at), "cannot find '%s': %s", m->source,
				errno_text(-r));
	}
}

/* Is the file a namespace of that kind? What cannot be opened is not judged. */
static bool is_namespace(const char *path, const char *kind)
{
	auto_close int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	const struct ns_kind *k = ns_kinds;

	while (k->name && !text_equal(k->name, kind))
		k++;
	return fd < 0 || !k->name || ioctl(fd, NS_GET_NSTYPE) == (int)k->flag;
}

static void check_namespace_paths(struct validation *v)
{
	const struct oci_linux *l = v->spec->linux;

	for (size_t i = 0; l && i < l->namespaces.n; i++) {
		const struct oci_namespace *ns = &l->namespaces.v[i];
		const char *path = ns->path;
		const char *kind = table_name(oci_namespace_types, (uint64_t)ns->type.value, "");
		auto_free char *at = str_printf("/linux/namespaces/%zu/path", i);
		struct stat st;
		int r = path && *path ? look_at(v, path, &st) : 0;

		if (!path || !*path || !ns->type.set)
			continue;
		if (r < 0)
			validate_tell(
				v, AT(ERROR, at), "cannot find '%s': %s", path, errno_text(-r));
		else if (!S_ISREG(st.st_mode) || !is_namespace(path, kind))
			validate_tell(v, AT(ERROR, at), "'%s' is not a %s namespace", path, kind);
	}
}

/* startContainer hooks are in the container's root, which is not looked into. */
static void check_hooks(struct validation *v)
{
	static const struct oci_hooks none;
	const struct oci_hooks *h = v->spec->hooks ? v->spec->hooks : &none;
	const struct {
		const char *name;
		const struct oci_hook_list *list;
	} rows[] = {
		{"prestart", &h->prestart},
		{"createRuntime", &h->create_runtime},
		{"createContainer", &h->create_container},
		{"poststart", &h->poststart},
		{"poststop", &h->poststop},
	};

	for (size_t row = 0; row < ARRAY_LEN(rows); row++)
		for (size_t i = 0; i < rows[row].list->n; i++) {
			const char *path = rows[row].list->v[i].path;
			auto_free char *at = str_printf("/hooks/%s/%zu/path", rows[row].name, i);

			if (path && access(path, X_OK) < 0)
				validate_tell(v, AT(ERROR, at), "cannot run '%s': %s", path,
					errno_text(errno));
		}
}

static char *sysctl_pointer(const char *key)
{
	auto_strbuf b = {};

	strbuf_add(&b, "/linux/sysctl/");
	strbuf_add_pointer_part(&b, key);
	return strbuf_take(&b);
}

/* Settings of one interface: its name in the container says nothing about the host's. */
static bool of_interface(const char *path)
{
	return text_after(path, "net/") && (strstr(path, "/conf/") || strstr(path, "/neigh/"));
}

static void check_sysctls(struct validation *v)
{
	const struct oci_linux *l = v->spec->linux;

	for (size_t i = 0; l && i < l->sysctl.n; i++) {
		auto_free char *key = strdup(l->sysctl.v[i].name);
		auto_free char *at = sysctl_pointer(l->sysctl.v[i].name);
		auto_free char *path = NULL;

		if (key)
			sysctl_to_path(key);
		path = key ? path_join("/proc/sys", key) : NULL;
		if (path && !of_interface(key) && access(path, F_OK) < 0)
			validate_tell(v, AT(ERROR, at), "this kernel has no setting '%s'", path);
	}
}

static void check_net_devices(struct validation *v)
{
	const struct oci_linux *l = v->spec->linux;

	for (size_t i = 0; l && i < l->net_devices.n; i++) {
		const char *name = l->net_devices.v[i].key;
		auto_free char *at = str_printf("/linux/netDevices/%s", name);

		if (!if_nametoindex(name))
			validate_tell(v, AT(ERROR, at), "there is no network device '%s'", name);
	}
}

void validate_paths(struct validation *v)
{
	check_root(v);
	check_bind_sources(v);
	check_namespace_paths(v);
	check_hooks(v);
	check_sysctls(v);
	check_net_devices(v);
}
