// SPDX-License-Identifier: Apache-2.0
/*
 * Hooks that run before the container's program does. Those of the runtime's namespaces are operations too, although
 * the parent runs them: the order is one list, and `husk plan` shows it. The state they read is put together here
 * but for the pid, which each side writes as its own namespace sees it.
 */
#include <plan/planner.h>

#include <string.h>
#include <base/mem.h>
#include <oci/hooks.h>
#include <oci/state.h>

#define PID_MARK "\"pid\":0"

struct hook_group {
	const char *name;
	const struct oci_hook_list *list;
	enum plan_kind kind;
	uint32_t flags;
	enum oci_status status;
};

/* Text before and behind the pid. In strings a quote is escaped, so that the mark is found once. */
static int split_state(
	struct planner *p, enum oci_status status, plan_str ret[2], struct husk_error **err)
{
	const struct oci_state state = {
		.oci_version = p->spec->oci_version,
		.id = (char *)(uintptr_t)p->id,
		.status = {true, (int)status},
		.pid = {true, 0},
		.bundle = (char *)(uintptr_t)p->create->bundle,
		.annotations = p->spec->annotations,
	};
	auto_free char *text = NULL;
	int r = oci_state_emit(&state, 0, &text, err);
	char *mark = r < 0 ? NULL : strstr(text, PID_MARK);

	if (r < 0)
		return r;
	if (!mark)
		return fail(err, HUSK_ERROR_INVALID_CONFIG, "cannot write the state for hooks");
	mark += strlen(PID_MARK) - 1;
	*mark = '\0';
	ret[0] = builder_str(&p->b, text);
	ret[1] = builder_str(&p->b, mark + 1);
	return 0;
}

static void add(struct planner *p, const struct hook_group *g, size_t i, const plan_str state[2])
{
	const struct oci_hook *hook = &g->list->v[i];
	struct plan_op *op = builder_op_at(&p->b, g->kind, "/hooks/%s/%zu", g->name, i);
	const char *const path = hook->path;
	int preserve = p->create->preserve_fds;

	op->hook = (struct plan_hook){
		.name = builder_str(&p->b, g->name),
		.path = builder_str(&p->b, path),
		.state = state[0],
		.state_end = state[1],
		.args = hook->args.n ? builder_list(&p->b, (const char *const *)hook->args.v,
					       hook->args.n)
				     : builder_list(&p->b, &path, 1),
		.env = builder_list(&p->b, (const char *const *)hook->env.v, hook->env.n),
		.flags = g->flags,
		.preserve_fds = preserve > 0 ? (uint32_t)preserve : 0,
		.timeout = (uint32_t)MIN(opt_i64_or(hook->timeout, 0), INT32_MAX),
	};
	if (g->flags & PLAN_HOOK_IN_ROOT)
		op->hook.file = builder_fd(&p->b, PLAN_FD_PROGRAM, 0, path, op->at);
}

static int group(struct planner *p, const struct hook_group *g, struct husk_error **err)
{
	plan_str state[2] = {};
	int r;

	if (!g->list->n)
		return 0;
	r = split_state(p, g->status, state, err);
	for (size_t i = 0; r >= 0 && i < g->list->n; i++)
		add(p, g, i, state);
	return r;
}

/* Mounts and devices are there, the process is in its cgroup, the root is not entered yet. */
int plan_create_hooks(struct planner *p, struct husk_error **err)
{
	const struct oci_hooks *hooks = p->spec->hooks;
	int r;

	if (!hooks)
		return 0;
	r = group(p,
		&(struct hook_group){
			"prestart", &hooks->prestart, PLAN_RUNTIME_HOOK, 0, OCI_STATUS_CREATING},
		err);
	if (r >= 0)
		r = group(p,
			&(struct hook_group){"createRuntime", &hooks->create_runtime,
				PLAN_RUNTIME_HOOK, 0, OCI_STATUS_CREATING},
			err);
	if (r >= 0)
		r = group(p,
			&(struct hook_group){"createContainer", &hooks->create_container, PLAN_HOOK,
				PLAN_HOOK_IN_ROOT | PLAN_HOOK_WITH_RUNTIME, OCI_STATUS_CREATING},
			err);
	return r;
}

/* As the container's process in all respects: its user, its filter, its working directory. */
int plan_start_hooks(struct planner *p, struct husk_error **err)
{
	if (!p->create || !p->spec->hooks)
		return 0;
	return group(p,
		&(struct hook_group){"startContainer", &p->spec->hooks->start_container, PLAN_HOOK,
			PLAN_HOOK_CONTAINED, OCI_STATUS_CREATED},
		err);
}
