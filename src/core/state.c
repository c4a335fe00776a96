// SPDX-License-Identifier: Apache-2.0
/* state.json by the table engine. */
#include <core/state.h>
#include <base/io.h>
#include <base/mem.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { STATE_MAX = 1 << 20 };

#define S struct state_cgroup
/* clang-format off */
static const struct schema_field state_cgroup_fields[] = {
	STRING(S, controllers, "controllers", REQUIRED),
	STRING(S, mount_point, "mountPoint", REQUIRED),
	STRING(S, path, "path", REQUIRED),
	BOOL(S, v2, "v2"),
	{}
};
static const struct schema_type state_cgroup_type = TYPE(S, "cgroup", state_cgroup_fields);
#undef S

#define S struct state_agent
static const struct schema_field state_agent_fields[] = {
	STRING(S, path, "path", REQUIRED),
	STRING(S, metadata, "metadata"),
	{}
};
static const struct schema_type state_agent_type = TYPE(S, "seccomp agent", state_agent_fields);
#undef S

#define S struct state_systemd
static const struct schema_field state_systemd_fields[] = {
	STRING(S, unit, "unit", REQUIRED),
	BOOL(S, user, "user"),
	STRING(S, runtime_dir, "runtimeDir"),
	{}
};
static const struct schema_type state_systemd_type = TYPE(S, "systemd", state_systemd_fields);
#undef S

#define S struct state_process
static const struct schema_field state_process_fields[] = {
	U64(S, pid, "pid", RANGE(1, INT32_MAX), REQUIRED),
	U64(S, start_time, "startTime", REQUIRED),
	STRING(S, boot_id, "bootId", REQUIRED),
	{}
};
static const struct schema_type state_process_type = TYPE(S, "process", state_process_fields);
#undef S

#define S struct rdt
static const struct schema_field rdt_fields[] = {
	STRING(S, root, "root", REQUIRED),
	STRING(S, group, "group", REQUIRED),
	STRING(S, monitor, "monitor"),
	BOOL(S, own_group, "ownGroup"),
	BOOL(S, own_monitor, "ownMonitor"),
	{}
};
static const struct schema_type rdt_type = TYPE(S, "rdt", rdt_fields);
#undef S

#define S struct state
static const struct schema_field state_fields[] = {
	U64(S, version, "version", REQUIRED),
	STRING(S, oci_version, "ociVersion"),
	STRING(S, id, "id", REQUIRED),
	STRING(S, bundle, "bundle"),
	STRING(S, rootfs, "rootfs"),
	STRING(S, created, "created"),
	U64(S, owner, "owner", RANGE(0, UINT32_MAX)),
	BOOL(S, shared_pid, "sharedPid"),
	BOOL(S, best_effort_cgroup, "bestEffortCgroup"),
	LIST(S, cgroups, "cgroups", state_cgroup),
	OBJECT(S, systemd, "systemd", state_systemd),
	OBJECT(S, seccomp_agent, "seccompAgent", state_agent),
	OBJECT(S, rdt, "rdt", rdt),
	STRING_MAP(S, annotations, "annotations"),
	OBJECT(S, hooks, "hooks", oci_hooks),
	{}
};
static const struct schema_type state_type = TYPE(S, "state", state_fields);
#undef S
/* clang-format on */

static int save(const struct schema_type *type, const void *object, int dir, const char *file,
	const char *id, struct husk_error **err)
{
	auto_free char *text = NULL;
	int r = schema_write(type, object, 0, &text, err);

	if (r < 0)
		return r;
	r = io_replace_at(dir, file, text, strlen(text), 0600);
	return r < 0 ? fail_errno(err, r, "cannot write the state of container '%s'", id) : 0;
}

int state_save(const struct state *s, int dir, struct husk_error **err)
{
	return save(&state_type, s, dir, STATE_FILE, s->id, err);
}

int state_save_process(const struct state *s, int dir, struct husk_error **err)
{
	return save(&state_process_type, &s->process, dir, STATE_PROCESS, s->id, err);
}

/* 1: read into *ret; 0: there is no such file; a file that cannot be understood is HUSK_ERROR_CORRUPT. */
static int load(const struct schema_type *type, int dir, const char *file, const char *id,
	void **ret, struct husk_error **err)
{
	auto_free char *text = NULL;
	auto_error *why = NULL;
	size_t n = 0;
	int r = io_read_at(dir, file, STATE_MAX, &text, &n);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return fail_errno(err, r, "cannot read the state of container '%s'", id);
	r = schema_read(type, text, n, ret, &why);
	if (r < 0)
		return fail(err, HUSK_ERROR_CORRUPT,
			"the state of container '%s' is damaged: %s: %s", id, file,
			husk_error_message(why));
	return 1;
}

int state_load_record(int dir, const char *id, struct state *ret, struct husk_error **err)
{
	void *state = NULL;
	int r = load(&state_type, dir, STATE_FILE, id, &state, err);

	if (r < 0)
		return r;
	if (!r) {
		*ret = (struct state){.id = strdup(id)};
		return ret->id ? 0 : fail_memory(err);
	}
	*ret = *(struct state *)state;
	free(state);
	return 0;
}

int state_load(int dir, const char *id, struct state *ret, struct husk_error **err)
{
	struct state state = {};
	void *process = NULL;
	int r = state_load_record(dir, id, &state, err);

	if (!r)
		r = load(&state_process_type, dir, STATE_PROCESS, id, &process, err);
	if (r < 0) {
		state_done(&state);
		return r;
	}
	if (process)
		state.process = *(struct state_process *)process;
	free(process);
	*ret = state;
	return 0;
}

void state_done(struct state *s)
{
	schema_done(&state_process_type, &s->process);
	schema_done(&state_type, s);
}

int state_cgroup_dirs(const struct state *s, struct cgroup_dirs *ret)
{
	struct cgroup_dirs dirs = {};

	list_for_each (c, &s->cgroups) {
		struct cgroup_dir *d = list_add(&dirs);

		if (d)
			*d = (struct cgroup_dir){.controllers = strdup(c->controllers),
				.mount_point = strdup(c->mount_point),
				.path = strdup(c->path),
				.v2 = opt_true(c->v2)};
		if (!d || !d->controllers || !d->mount_point || !d->path) {
			cgroup_dirs_done(&dirs);
			return -ENOMEM;
		}
	}
	*ret = dirs;
	return 0;
}

int state_set_cgroups(struct state *s, const struct cgroup_dirs *dirs)
{
	for (size_t i = 0; i < dirs->n; i++) {
		const struct cgroup_dir *d = &dirs->v[i];
		struct state_cgroup *c = list_add(&s->cgroups);

		if (!c)
			return -ENOMEM;
		c->controllers = strdup(d->controllers);
		c->mount_point = strdup(d->mount_point);
		c->path = strdup(d->path);
		c->v2 = (struct opt_bool){.set = true, .value = d->v2};
		if (!c->controllers || !c->mount_point || !c->path)
			return -ENOMEM;
	}
	return 0;
}
