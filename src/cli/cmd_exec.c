// SPDX-License-Identifier: Apache-2.0
/*
 * husk exec: one more process in a container. husk's own failures exit with 255, so that they can be told from the
 * command's status (conmon also looks whether the pid file is there).
 */
#include <cli/commands.h>
#include <cli/foreground.h>
#include <cli/stdio.h>
#include <base/error.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/parse.h>
#include <base/text.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

/* An OCI process object is a few kB; one with a long environment at most some hundred. */
enum { PROCESS_FILE_MAX = 16 << 20 };

struct exec {
	struct stdio_options stdio;
	const char *cwd, *user, *process, *label, *apparmor;
	struct args env, gids, caps, cgroups;
	bool tty, detach, no_new_privs, ignore_paused;
};

static const struct opt_row rows[] = {
	GROUP(struct exec, stdio, struct stdio_options, stdio_rows),
	STRING(struct exec, cwd, "cwd", 0, "DIR", "working directory in the container"),
	STRINGS(struct exec, env, "env", 'e', "NAME=VALUE", "add a variable to the environment"),
	FLAG(struct exec, tty, "tty", 't', "give the process a terminal"),
	STRING(struct exec, user, "user", 'u', "USER[:GROUP]",
		"user to run as, by number or by name in the container"),
	STRINGS(struct exec, gids, "additional-gids", 'g', "GID", "add a supplementary group"),
	STRING(struct exec, process, "process", 'p', "FILE",
		"take the process from FILE (JSON, as in config.json)"),
	FLAG(struct exec, detach, "detach", 'd', "do not wait for the process"),
	STRING(struct exec, label, "process-label", 0, "LABEL", "SELinux label of the process"),
	STRING(struct exec, apparmor, "apparmor", 0, "PROFILE", "AppArmor profile of the process"),
	FLAG(struct exec, no_new_privs, "no-new-privs", 0,
		"let the process gain no privileges by execve"),
	STRINGS(struct exec, caps, "cap", 'c', "CAP", "add a capability"),
	STRINGS(struct exec, cgroups, "cgroup", 0, "[CONTROLLER,...:]PATH",
		"run in this cgroup below the container's"),
	FLAG(struct exec, ignore_paused, "ignore-paused", 0, "do not refuse a paused container"),
	{},
};

static int parse_gids(const struct args *texts, gid_t **ret, struct husk_error **err)
{
	auto_free gid_t *gids = calloc(texts->n + 1, sizeof *gids);

	if (!gids)
		return fail_memory(err);
	for (size_t i = 0; i < texts->n; i++)
		if (parse_u32(texts->v[i], 10, &gids[i]) < 0 || gids[i] == (gid_t)-1)
			return fail(err, HUSK_ERROR_INVALID_ARGUMENT, "invalid group ID '%s'",
				texts->v[i]);
	*ret = TAKE_PTR(gids);
	return 0;
}

/* The command behind ID; a "--" between them, as kubectl's users type it, is not part of it. */
static const char *const *command_of(const struct args *args)
{
	const char *const *command = args->v + 1;

	if (*command && text_equal(*command, "--"))
		command++;
	return *command ? command : NULL;
}

static int fill(const struct exec *o, const struct args *args, struct husk_exec_options *ret,
	struct husk_error **err)
{
	struct husk_exec_options e = {
		.size = sizeof e,
		.args = command_of(args),
		.env = o->env.v,
		.cwd = o->cwd,
		.user = o->user,
		.additional_gid_count = o->gids.n,
		.capabilities = o->caps.v,
		.apparmor_profile = o->apparmor,
		.selinux_label = o->label,
		/* With -p the file decides, unless -t is given too. */
		.terminal = o->tty	 ? 1
			    : o->process ? -1
					 : 0,
		.no_new_privileges = o->no_new_privs,
		.ignore_paused = o->ignore_paused,
		.cgroups = o->cgroups.v,
	};
	int r = stdio_get(&o->stdio, false, &e.stdio, err);

	if (r == 0 && e.terminal >= 0)
		r = stdio_check_terminal(&o->stdio, e.terminal, o->detach, err);
	if (r < 0)
		return r;
	if (!e.args && !o->process)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT, "process args cannot be empty");
	*ret = e;
	return 0;
}

/*
 * Only the library reads the process file, so only now it shows that it wants a terminal that nobody would hold:
 * its process is ended again.
 */
static int check_detached(
	const struct exec *o, struct husk_process *process, struct husk_error **err)
{
	int status;

	if (husk_process_console(process) < 0)
		return 0;
	(void)syscall(SYS_pidfd_send_signal, husk_process_pidfd(process), SIGKILL, NULL, 0);
	(void)husk_process_wait(process, &status, NULL);
	if (o->stdio.pid_file)
		(void)unlink(o->stdio.pid_file);
	return stdio_check_terminal(&o->stdio, true, true, err);
}

static int start(const struct exec *o, struct husk_container *container,
	const struct husk_exec_options *e, struct husk_error **err)
{
	auto_foreground fg = FOREGROUND_INIT;
	auto_process *process = NULL;
	int status = 0, r = o->detach ? 0 : foreground_begin(&fg, 0, err);

	if (r == 0)
		r = husk_container_exec(container, e, &process, err);
	if (r < 0)
		return r;
	r = o->detach ? check_detached(o, process, err)
		      : foreground_wait(&fg, process, &status, err);
	return r < 0 ? r : status;
}

static int run(
	struct cli *cli, const void *options, const struct args *args, struct husk_error **err)
{
	const struct exec *o = options;
	auto_container *container = NULL;
	auto_free char *json = NULL;
	auto_free gid_t *gids = NULL;
	struct husk_exec_options e;
	int r = fill(o, args, &e, err);

	if (r == 0)
		r = parse_gids(&o->gids, &gids, err);
	if (r < 0)
		return r;
	if (o->process) {
		r = io_read_at(AT_FDCWD, o->process, PROCESS_FILE_MAX, &json, NULL);
		if (r < 0)
			return fail_errno(err, r, "cannot read process file '%s'", o->process);
	}
	e.process_json = json;
	e.additional_gids = gids;
	r = cli_container(cli, args->v[0], &container, err);
	return r < 0 ? r : start(o, container, &e, err);
}

const struct command cmd_exec = {
	.name = "exec",
	.arguments = "ID COMMAND [ARGUMENT...] | -p FILE ID",
	.summary = "run one more process in a container",
	.options = rows,
	.size = sizeof(struct exec),
	.least = 1,
	.most = ANY_ARGS,
	.mode = OPT_BEFORE_ARGS,
	.failure = 255,
	.run = run,
};
