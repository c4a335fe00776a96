// SPDX-License-Identifier: Apache-2.0
/* Reading config.json, and the plan as text. */
#include <core/config.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/path.h>
#include <base/str.h>
#include <core/factory.h>
#include <core/limits.h>
#include <core/id.h>
#include <core/lsm.h>
#include <json/json.h>
#include <oci/check.h>
#include <oci/linux.h>
#include <oci/process.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

void husk_config_free(struct husk_config *config)
{
	if (!config)
		return;
	oci_spec_free(config->spec);
	free(config->text);
	free(config->bundle);
	free(config->rootfs);
	free(config);
}

static void config_free_target(struct husk_config **config)
{
	husk_config_free(*config);
}

/* Where paths in it start from. The rootfs may be a link; what it leads to is what gets mounted. */
static int set_paths(struct husk_config *c, const char *bundle, struct husk_error **err)
{
	auto_free char *joined = NULL;

	c->bundle = realpath(bundle, NULL);
	if (!c->bundle)
		return fail_errno(err, -errno, "cannot find the bundle '%s'", bundle);
	if (!c->spec->root || !c->spec->root->path)
		return 0; /* create will say so */
	joined = c->spec->root->path[0] == '/' ? strdup(c->spec->root->path)
					       : path_join(c->bundle, c->spec->root->path);
	if (!joined)
		return fail_memory(err);
	c->rootfs = realpath(joined, NULL);
	if (!c->rootfs && errno != ENOENT && errno != ENOTDIR && errno != EACCES)
		return fail_errno(err, -errno, "cannot find the root filesystem '%s'", joined);
	if (!c->rootfs)
		c->rootfs = path_clean(joined);
	return c->rootfs ? 0 : fail_memory(err);
}

/* Takes over *text. */
static int make_config(char **text, size_t n, const char *bundle, struct husk_config **ret,
	struct husk_error **err)
{
	auto_(config_free_target) struct husk_config *c = calloc(1, sizeof *c);
	int r;

	if (!c)
		return fail_memory(err);
	c->text = TAKE_PTR(*text);
	c->text_len = n;
	r = oci_spec_parse(c->text, n, &c->spec, err);
	if (!r)
		r = set_paths(c, bundle, err);
	if (!r)
		*ret = TAKE_PTR(c);
	return r;
}

int husk_config_parse(const char *json, size_t n, const char *bundle, struct husk_config **ret,
	struct husk_error **err)
{
	auto_free char *text = malloc(n + 1);

	if (!text)
		return fail_memory(err);
	memcpy(text, json, n);
	text[n] = '\0';
	return make_config(&text, n, bundle, ret, err);
}

int husk_config_load(
	const char *bundle, const char *file, struct husk_config **ret, struct husk_error **err)
{
	const char *name = file ? file : "config.json";
	auto_free char *path = name[0] == '/' ? strdup(name) : path_join(bundle, name);
	auto_free char *text = NULL;
	size_t n = 0;
	int r;

	if (!path)
		return fail_memory(err);
	r = io_read_at(AT_FDCWD, path, JSON_SIZE_MAX, &text, &n);
	if (r == -ENOENT && !file)
		return fail_full(err, HUSK_ERROR_SYSTEM, ENOENT, NULL,
			"JSON specification file %s not found", name);
	if (r < 0)
		return fail_errno(err, r, "cannot read '%s'", path);
	r = make_config(&text, n, bundle, ret, err);
	return r < 0 ? wrap(err, r, "%s", name) : 0;
}

int husk_config_terminal(const struct husk_config *config)
{
	const struct oci_process *p = config->spec->process;

	return p && opt_true(p->terminal);
}

/* An ordinary user may read what root would do with a bundle that an ordinary user cannot run. */
static struct plan_host as_who_can_run_it(const struct plan_host *real, const struct oci_spec *spec)
{
	struct plan_host host = *real;

	if (host.rootless && !(spec->linux && oci_linux_namespace(spec->linux, OCI_NS_USER))) {
		host.rootless = host.in_user_namespace = false;
		host.euid = host.egid = 0;
	}
	return host;
}

/* What the runtime itself does beside the plan. */
static int add_limits(const struct oci_spec *spec, const struct cgroup_dirs *dirs,
	const struct log *log, struct strbuf *out, struct husk_error **err)
{
	auto_(cgroup_orders_done) struct cgroup_orders orders = {};
	const struct oci_resources *resources = spec->linux ? spec->linux->resources : NULL;
	auto_(cgroup_devices_done) struct cgroup_devices devices = {};
	int r = limits_devices_of(resources, &devices, err);

	if (r < 0)
		return r;
	if (dirs->n) {
		strbuf_add(out, "\ndevices that may be used\n");
		cgroup_devices_text(&devices, out);
	}
	if (!resources)
		return 0;
	r = limits_compile(
		&(struct limits_input){
			.all = resources, .asked = resources, .dirs = dirs, .log = log},
		&orders, err);
	if (r < 0 || !(orders.writes.n || orders.properties.n))
		return r;
	strbuf_add(out, "\nlimits, set before the process enters its cgroups\n");
	cgroup_orders_text(&orders, out);
	return 0;
}

int husk_config_plan(const struct husk_config *config, struct husk_factory *factory, const char *id,
	char **ret_text, struct husk_error **err)
{
	auto_(cgroup_dirs_done) struct cgroup_dirs dirs = {};
	auto_(plan_done) struct plan plan = {};
	const struct plan_host *real = NULL;
	struct plan_host host;
	auto_strbuf text = {};
	uint32_t lsm = 0;
	int r;

	if (!container_id_valid(id))
		return fail(err, HUSK_ERROR_INVALID_ID, "invalid container ID format: '%s'", id);
	r = oci_check_runnable(config->spec, err);
	if (!r)
		r = factory_host(factory, &real, err);
	if (!r)
		r = lsm_find(config->spec, config->spec->process, &lsm, err);
	if (r < 0)
		return r;
	host = as_who_can_run_it(real, config->spec);
	if (cgroup_dirs_resolve(&host.cgroups,
		    config->spec->linux ? config->spec->linux->cgroups_path : NULL, id, &dirs) < 0)
		return fail_memory(err);
	r = plan_create(&(struct plan_create_input){.spec = config->spec,
				.id = id,
				.bundle = config->bundle,
				.host = &host,
				.cgroups = &dirs,
				.log = &factory->log,
				.lsm = lsm},
		&plan, err);
	if (r < 0)
		return r;
	r = plan_dump(plan.header,
		&(struct plan_dump_extra){.id = id,
			.bundle = config->bundle,
			.rootfs = config->rootfs,
			.linux_ = config->spec->linux,
			.cgroups = &dirs,
			.hooks = config->spec->hooks},
		&text);
	if (r < 0)
		return fail_memory(err);
	r = add_limits(config->spec, &dirs, &factory->log, &text, err);
	if (r < 0)
		return r;
	*ret_text = strbuf_take(&text);
	return *ret_text ? 0 : fail_memory(err);
}
