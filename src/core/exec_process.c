// SPDX-License-Identifier: Apache-2.0
/*
 * What `exec` runs: a process object given as JSON, or the container's own as it was at create, changed by the
 * options. Never the bundle, which may have been edited since (runtime-spec: later changes have no effect).
 */
#include <core/exec.h>
#include <base/mem.h>
#include <base/table.h>
#include <kern/caps.h>
#include <oci/process.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int set_string(char **member, const char *value, struct husk_error **err)
{
	char *copy = value ? strdup(value) : NULL;

	if (!value)
		return 0;
	if (!copy)
		return fail_memory(err);
	free(*member);
	*member = copy;
	return 0;
}

static int set_args(struct oci_process *p, const char *const *args, struct husk_error **err)
{
	int r = 0;

	if (!args)
		return 0;
	strv_done(&p->args);
	for (; !r && *args; args++)
		r = strv_add(&p->args, *args);
	return r < 0 ? fail_memory(err) : 0;
}

static int add_env(struct oci_process *p, const char *const *env, struct husk_error **err)
{
	int r = 0;

	for (; env && !r && *env; env++)
		r = strv_add(&p->env, *env);
	return r < 0 ? fail_memory(err) : 0;
}

static struct oci_user *user_of(struct oci_process *p, struct husk_error **err)
{
	if (!p->user)
		p->user = calloc(1, sizeof *p->user);
	if (!p->user)
		(void)fail_memory(err); /* the caller returns it */
	return p->user;
}

static int set_user(struct oci_process *p, const char *text, const struct container_now *now,
	struct husk_error **err)
{
	struct oci_user *user = text ? user_of(p, err) : NULL;

	if (!text)
		return 0;
	return user ? exec_user(user, text, now, err) : -ENOMEM;
}

static int add_gids(struct oci_process *p, const gid_t *gids, size_t n, struct husk_error **err)
{
	struct oci_user *user = n ? user_of(p, err) : NULL;

	if (n && !user)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		uint32_t *gid = list_add(&user->additional_gids);

		if (!gid)
			return fail_memory(err);
		*gid = gids[i];
	}
	return 0;
}

/* Not inheritable, not ambient: what is added must not pass to programs that are not root (CVE-2022-29162). */
static int add_capabilities(
	struct oci_process *p, const char *const *names, struct husk_error **err)
{
	if (!names || !*names)
		return 0;
	if (!p->capabilities)
		p->capabilities = calloc(1, sizeof *p->capabilities);
	if (!p->capabilities)
		return fail_memory(err);
	for (; *names; names++) {
		const struct name_value *near = table_nearest(cap_names, *names);

		if (!table_find(cap_names, *names))
			return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
				"unknown capability '%s'%s%s%s", *names,
				near ? ", did you mean '" : "", near ? near->name : "",
				near ? "'?" : "");
		if (strv_add(&p->capabilities->bounding, *names) < 0 ||
			strv_add(&p->capabilities->effective, *names) < 0 ||
			strv_add(&p->capabilities->permitted, *names) < 0)
			return fail_memory(err);
	}
	return 0;
}

int exec_process_change(struct oci_process *p, const struct husk_exec_options *o,
	const struct container_now *now, struct husk_error **err)
{
	int r = set_args(p, o->args, err);

	if (!r)
		r = add_env(p, o->env, err);
	if (!r)
		r = set_string(&p->cwd, o->cwd, err);
	if (!r)
		r = set_user(p, o->user, now, err);
	if (!r)
		r = add_gids(p, o->additional_gids, o->additional_gid_count, err);
	if (!r)
		r = add_capabilities(p, o->capabilities, err);
	if (!r)
		r = set_string(&p->apparmor_profile, o->apparmor_profile, err);
	if (!r)
		r = set_string(&p->selinux_label, o->selinux_label, err);
	if (r < 0)
		return r;
	if (o->terminal >= 0)
		p->terminal = (struct opt_bool){true, o->terminal != 0};
	if (o->no_new_privileges)
		p->no_new_privileges = (struct opt_bool){true, true};
	if (!p->args.n || !p->args.v[0][0])
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT, "process args cannot be empty");
	if (!p->cwd || p->cwd[0] != '/')
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT, "cwd '%s' must be an absolute path",
			p->cwd ? p->cwd : "");
	return 0;
}
