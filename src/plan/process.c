// SPDX-License-Identifier: Apache-2.0
/*
 * The process: limits, terminal, environment, and the last steps before execve. Those steps are the same for the
 * first process of a container and for one that joins it.
 */
#include <plan/planner.h>

#include <errno.h>
#include <linux/personality.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <base/table.h>
#include <base/text.h>
#include <kern/rlimit.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

void plan_oom_score(struct planner *p)
{
	if (p->process->oom_score_adj.set)
		builder_op_at(&p->b, PLAN_OOM_SCORE, "/process/oomScoreAdj")->oom_score.value =
			(int32_t)p->process->oom_score_adj.value;
}

int plan_rlimits(struct planner *p, struct husk_error **err)
{
	for (size_t i = 0; i < p->process->rlimits.n; i++) {
		const struct oci_rlimit *limit = &p->process->rlimits.v[i];
		const struct name_value *row = table_find(rlimit_names, limit->type);
		struct plan_op *op;

		if (!row) {
			auto_free char *at = str_printf("/process/rlimits/%zu/type", i);

			return fail_at(err, at, "there is no limit '%s'", limit->type);
		}
		op = builder_op_at(&p->b, PLAN_RLIMIT, "/process/rlimits/%zu", i);
		op->rlimit = (struct plan_rlimit){
			.name = builder_str(&p->b, row->name),
			.resource = (uint32_t)row->value,
			.soft = opt_u64_or(limit->soft, 0),
			.hard = opt_u64_or(limit->hard, 0),
		};
	}
	return 0;
}

void plan_keyring(struct planner *p)
{
	bool inherit = p->create ? p->create->no_new_keyring : p->exec->no_new_keyring;

	if (!inherit)
		builder_op(&p->b, PLAN_KEYRING)->keyring.name =
			builder_strf(&p->b, "_ses.%s", p->id);
}

void plan_console(struct planner *p)
{
	const struct oci_console_size *size = p->process->console_size;

	if (!opt_true(p->process->terminal))
		return;
	builder_op_at(&p->b, PLAN_CONSOLE, "/process/terminal")->console = (struct plan_console){
		.height = size ? (uint32_t)opt_u64_or(size->height, 0) : 0,
		.width = size ? (uint32_t)opt_u64_or(size->width, 0) : 0,
		.uid = p->uid,
		.mount = p->create && has_namespace(p, CLONE_NEWNS),
	};
}

/* The spec names no flags; these are personality(2)'s. Without a domain the flags are those of LINUX. */
int plan_personality(struct planner *p, struct husk_error **err)
{
	const struct oci_personality *personality = p->linux_->personality;
	uint32_t persona = 0;

	if (!personality)
		return 0;
	if (personality->domain.set && personality->domain.value == OCI_PERSONALITY_LINUX32)
		persona = PER_LINUX32;
	for (size_t i = 0; i < personality->flags.n; i++) {
		const char *name = personality->flags.v[i];
		const struct name_value *row = table_find(oci_personality_flags, name),
					*near = table_nearest(oci_personality_flags, name);
		auto_free char *at = NULL;

		if (row) {
			persona |= (uint32_t)row->value;
			continue;
		}
		at = str_printf("/linux/personality/flags/%zu", i);
		return fail_at(err, at, "there is no flag '%s' in personality(2)%s%s%s", name,
			near ? ", did you mean '" : "", near ? near->name : "", near ? "'?" : "");
	}
	builder_op_at(&p->b, PLAN_PERSONALITY, "/linux/personality")->personality.persona = persona;
	return 0;
}

/* --- environment */

struct environment {
	const char **v;
	size_t *name_len;
	size_t n;
};

static void env_add(struct environment *env, const char *entry)
{
	env->name_len[env->n] = strcspn(entry, "=");
	env->v[env->n++] = entry;
}

static bool same_name(const struct environment *env, size_t a, size_t b)
{
	return env->name_len[a] == env->name_len[b] &&
	       !memcmp(env->v[a], env->v[b], env->name_len[a]);
}

/* Of entries with the same name only the last stays. */
static void env_unique(struct environment *env)
{
	size_t kept = 0;

	for (size_t i = 0; i < env->n; i++) {
		size_t later = i + 1;

		while (later < env->n && !same_name(env, i, later))
			later++;
		if (later < env->n)
			continue;
		env->v[kept] = env->v[i];
		env->name_len[kept++] = env->name_len[i];
	}
	env->n = kept;
}

static const char *env_get(const struct environment *env, const char *prefix)
{
	const char *value = NULL;

	for (size_t i = 0; i < env->n && !value; i++)
		value = text_after(env->v[i], prefix);
	return value;
}

static int env_check(const struct strv *env, struct husk_error **err)
{
	for (size_t i = 0; i < env->n; i++) {
		const char *text = env->v[i];
		auto_free char *at = NULL;

		if (*text != '=' && strchr(text, '='))
			continue;
		at = str_printf("/process/env/%zu", i);
		return fail_at(err, at,
			*text == '=' ? "invalid environment variable: name cannot be empty"
				     : "invalid environment variable: missing '='");
	}
	return 0;
}

/* FIND and EXEC know the environment, READY stands between them. */
static int find_ready_exec(
	struct planner *p, const struct environment *env, struct husk_error **err)
{
	const char *search = env_get(env, "PATH=");
	int preserve = p->create ? p->create->preserve_fds : p->exec->preserve_fds;
	const struct strv *args = &p->process->args;
	struct plan_op *op;
	int r;

	op = builder_op_at(&p->b, PLAN_FIND, "/process/args/0");
	op->find.name = builder_str(&p->b, args->v[0]);
	op->find.search = builder_str(&p->b, given(search) ? search : DEFAULT_PATH);
	op = builder_op(&p->b, PLAN_READY);
	if (p->create && p->create->gate)
		op->ready.gate = builder_fd(&p->b, PLAN_FD_GATE, 0, NULL, 0);
	if (plan_seccomp_comes_last(p)) { /* where it hinders nothing of ours */
		r = plan_seccomp(p, err);
		if (r < 0)
			return r;
	}
	r = plan_start_hooks(p, err);
	if (r < 0)
		return r;
	op = builder_op_at(&p->b, PLAN_EXEC, "/process/args");
	op->exec.args = builder_list(&p->b, (const char *const *)args->v, args->n);
	op->exec.env = builder_list(&p->b, env->v, env->n);
	op->exec.preserve_fds = preserve > 0 ? (uint32_t)preserve : 0;
	return 0;
}

static int finish(struct planner *p, struct husk_error **err)
{
	int listen_fds = p->create ? p->create->listen_fds : p->exec->listen_fds;
	const struct strv *given_env = &p->process->env;
	auto_free char *listen = str_printf("LISTEN_FDS=%d", listen_fds);
	auto_free const char **entries = calloc(given_env->n + 3, sizeof *entries);
	auto_free size_t *lengths = calloc(given_env->n + 3, sizeof *lengths);
	struct environment env = {entries, lengths, 0};
	int r = env_check(given_env, err);

	if (r < 0)
		return r;
	if (!listen || !entries || !lengths)
		return fail_memory(err);
	for (size_t i = 0; i < given_env->n; i++)
		env_add(&env, given_env->v[i]);
	if (listen_fds > 0) {
		env_add(&env, listen);
		env_add(&env, "LISTEN_PID=1");
	}
	if (p->create && p->create->notify_socket && has_namespace(p, CLONE_NEWNS))
		env_add(&env, "NOTIFY_SOCKET=/run/notify/notify.sock");
	env_unique(&env);
	return find_ready_exec(p, &env, err);
}

/* --- the tail */

/* Entered twice: as root, then as the user, who alone may be allowed in (a home directory of mode 0700 on NFS). */
static void cwd(struct planner *p, uint32_t retry)
{
	struct plan_op *op = builder_op_at(&p->b, PLAN_CWD, "/process/cwd");

	op->cwd.path = builder_str(&p->b, given(p->process->cwd) ? p->process->cwd : "/");
	op->cwd.retry = retry;
}

static void umask_op(struct planner *p)
{
	const struct oci_user *user = p->process->user;
	bool set = user && user->umask.set;
	struct plan_op *op =
		builder_op_at(&p->b, PLAN_UMASK, "%s", set ? "/process/user/umask" : "");

	op->umask.mask = set ? (uint32_t)user->umask.value & 07777 : (uint32_t)PLAN_UMASK_INHERIT;
}

/* Becoming the user; where the filter comes is told in seccomp.c. */
static int become_user(struct planner *p, struct husk_error **err)
{
	struct plan_identity caps;
	int r = plan_caps(p, &p->caps, err);

	if (r < 0)
		return r;
	if (!has_namespace(p, CLONE_NEWUSER))
		r = plan_rlimits(p, err);
	if (r >= 0 && !plan_seccomp_comes_last(p))
		r = plan_seccomp(p, err);
	if (r < 0)
		return r;
	caps = p->caps;
	plan_seccomp_keep_right(p, &caps);
	cwd(p, 1);
	plan_identity(p, &caps);
	cwd(p, 0);
	if (opt_true(p->process->no_new_privileges))
		builder_op_at(&p->b, PLAN_NO_NEW_PRIVILEGES, "/process/noNewPrivileges");
	umask_op(p);
	return 0;
}

int plan_tail(struct planner *p, struct husk_error **err)
{
	int r = plan_memory_policy(p, err);

	if (r < 0)
		return r;
	plan_scheduler(p);
	if (!opt_true(p->process->terminal))
		builder_op(&p->b, PLAN_STDIO_OWNER)->stdio_owner.uid = p->uid;
	plan_lsm(p);
	r = become_user(p, err);
	return r < 0 ? r : finish(p, err);
}
