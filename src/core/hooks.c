// SPDX-License-Identifier: Apache-2.0
/*
 * prestart and createRuntime stand in the plan, because husk-init waits for them; poststart and poststop are taken
 * from state.json, where create put them: later changes of the bundle have no effect.
 */
#include <core/hooks.h>
#include <base/mem.h>
#include <base/str.h>
#include <hook/hook.h>
#include <oci/state.h>

#include <stdlib.h>

/* NULL-terminated pointers to the items of a list. NULL: no memory. */
static const char **plan_texts(const struct plan_header *plan, struct plan_list list)
{
	const char **v = calloc((size_t)list.count + 1, sizeof *v);

	for (uint32_t i = 0; v && i < list.count; i++)
		v[i] = plan_item(plan, list, i);
	return v;
}

int hooks_run_op(const struct plan_header *plan, const struct plan_op *op, pid_t pid,
	const char *bundle, struct husk_error **err)
{
	auto_free const char **args = plan_texts(plan, op->hook.args);
	auto_free const char **env = plan_texts(plan, op->hook.env);
	auto_free char *state = str_printf("%s%d%s", plan_string(plan, op->hook.state), (int)pid,
		plan_string(plan, op->hook.state_end));

	if (!args || !env || !state)
		return fail_memory(err);
	return hook_run(&(struct hook){.at = plan_string(plan, op->at),
				.path = plan_string(plan, op->hook.path),
				.args = args,
				.env = env,
				.timeout = op->hook.timeout},
		bundle, state, err);
}

static const char **texts(const struct strv *list, const char *otherwise)
{
	const char **v = calloc(list->n + 2, sizeof *v);

	if (v)
		v[0] = otherwise;
	for (size_t i = 0; v && i < list->n; i++)
		v[i] = list->v[i];
	return v;
}

static int run_one(const struct oci_hook *hook, const char *name, size_t i, const char *bundle,
	const char *state, struct husk_error **err)
{
	auto_free const char **args = texts(&hook->args, hook->path);
	auto_free const char **env = texts(&hook->env, NULL);
	auto_free char *at = str_printf("/hooks/%s/%zu", name, i);

	if (!args || !env || !at)
		return fail_memory(err);
	return hook_run(&(struct hook){.at = at,
				.path = hook->path,
				.args = args,
				.env = env,
				.timeout = (uint64_t)opt_i64_or(hook->timeout, 0)},
		bundle, state, err);
}

/* The state as hooks read it; no pid is none. */
static int state_text(const struct state *s, enum oci_status status, pid_t pid, char **ret,
	struct husk_error **err)
{
	const struct oci_state state = {
		.oci_version = s->oci_version,
		.id = s->id,
		.status = {true, (int)status},
		.pid = {pid > 0, pid},
		.bundle = s->bundle,
		.annotations = s->annotations,
	};

	return oci_state_emit(&state, 0, ret, err);
}

int hooks_poststart(const struct state *s, pid_t pid, struct husk_error **err)
{
	auto_free char *text = NULL;
	int r = 0;

	if (!s->hooks || !s->hooks->poststart.n)
		return 0;
	r = state_text(s, OCI_STATUS_RUNNING, pid, &text, err);
	for (size_t i = 0; !r && i < s->hooks->poststart.n; i++)
		r = run_one(&s->hooks->poststart.v[i], "poststart", i, s->bundle, text, err);
	return r;
}

void hooks_poststop(const struct state *s, const struct log *log)
{
	auto_free char *text = NULL;
	auto_error *why = NULL;

	if (!s->hooks || !s->hooks->poststop.n)
		return;
	if (state_text(s, OCI_STATUS_STOPPED, 0, &text, &why) < 0) {
		log_warning(log, "/hooks/poststop: %s, ignoring", husk_error_message(why));
		return;
	}
	for (size_t i = 0; i < s->hooks->poststop.n; i++) {
		auto_error *failed = NULL;

		if (run_one(&s->hooks->poststop.v[i], "poststop", i, s->bundle, text, &failed) < 0)
			log_warning(log, "%s, ignoring", husk_error_message(failed));
	}
}
