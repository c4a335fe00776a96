// SPDX-License-Identifier: Apache-2.0
/*
 * A libhusk that makes no containers, for tests of the command alone: calls are noted in the file $FAKE_CALLS, the
 * containers are those named in $FAKE_IDS, and processes run on the host, with a terminal where one is asked for.
 * The command to run is in BUNDLE/args, one argument a line; BUNDLE/terminal makes it a terminal.
 */
#include "fake.h"

#include <husk/husk.h>
#include <base/error.h>
#include <base/fd.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/path.h>
#include <base/str.h>
#include <base/text.h>

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct husk_factory {
	int unused;
};
struct husk_config {
	char *bundle;
};
struct husk_process {
	pid_t pid;
	int pidfd, console;
};

void note(const char *format, ...)
{
	const char *path = getenv("FAKE_CALLS");
	auto_strbuf b = {};
	auto_close int fd = -1;
	va_list args;

	if (!path)
		return;
	va_start(args, format);
	strbuf_vprintf(&b, format, args);
	va_end(args);
	strbuf_add_char(&b, '\n');
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (io_write_fd(fd, strbuf_text(&b), b.len) < 0)
		abort();
}

static const char *or_dash(const char *s)
{
	return s ? s : "-";
}

static void add_list(struct strbuf *b, const char *name, const char *const *list)
{
	strbuf_printf(b, " %s=", name);
	for (; list && *list; list++)
		strbuf_printf(b, "[%s]", *list);
}

const char *husk_version(void)
{
	return "0.1.0";
}

const char *husk_spec_version(void)
{
	return "1.3.0";
}

const char *husk_status_name(enum husk_status status)
{
	static const char *const names[] = {"creating", "created", "running", "paused", "stopped"};

	return names[status];
}

int husk_factory_new(
	const struct husk_factory_options *o, struct husk_factory **ret, struct husk_error **err)
{
	note("factory root=%s level=%d rootless=%d manager=%d", o->root, o->log_level, o->rootless,
		o->cgroup_manager);
	if (getenv("FAKE_WARNING"))
		o->log(o->log_data, HUSK_LOG_WARNING, getenv("FAKE_WARNING"));
	*ret = calloc(1, sizeof **ret);
	return *ret ? 0 : fail_memory(err);
}

struct husk_factory *husk_factory_unref(struct husk_factory *factory)
{
	free(factory);
	return NULL;
}

/* The names in $FAKE_IDS in one block behind their pointers. */
int husk_factory_list(
	struct husk_factory *factory, char ***ret, size_t *ret_n, struct husk_error **err)
{
	const char *names = getenv("FAKE_IDS");
	size_t n = 0, room = names ? strlen(names) + 1 : 1;
	char **list = calloc(1, (room + 1) * sizeof *list + room), *text;

	(void)factory;
	if (!list)
		return fail_memory(err);
	text = (char *)(list + room + 1);
	memcpy(text, names ? names : "", room);
	for (char *id = strtok(text, " "); id; id = strtok(NULL, " "))
		list[n++] = id;
	*ret = list;
	if (ret_n)
		*ret_n = n;
	return 0;
}

int husk_factory_features(struct husk_factory *factory, char **ret, struct husk_error **err)
{
	(void)factory;
	*ret = strdup("{}");
	return *ret ? 0 : fail_memory(err);
}

int husk_config_load(
	const char *bundle, const char *file, struct husk_config **ret, struct husk_error **err)
{
	note("config bundle=%s file=%s", bundle, or_dash(file));
	if (access(bundle, F_OK) < 0)
		return fail_errno(err, -errno, "cannot open bundle '%s'", bundle);
	*ret = calloc(1, sizeof **ret);
	(*ret)->bundle = strdup(bundle);
	return 0;
}

int husk_config_terminal(const struct husk_config *config)
{
	auto_free char *path = path_join(config->bundle, "terminal");

	return !access(path, F_OK);
}

void husk_config_free(struct husk_config *config)
{
	if (config)
		free(config->bundle);
	free(config);
}

int husk_config_default(int rootless, char **ret, struct husk_error **err)
{
	*ret = strdup(rootless ? "{\"rootless\":true}" : "{\"rootless\":false}");
	return *ret ? 0 : fail_memory(err);
}

int husk_config_plan(const struct husk_config *config, struct husk_factory *factory, const char *id,
	char **ret, struct husk_error **err)
{
	(void)factory;
	*ret = str_printf("plan of %s in %s\n", id, config->bundle);
	return *ret ? 0 : fail_memory(err);
}

const char *husk_severity_name(enum husk_severity severity)
{
	return severity == HUSK_SEVERITY_ERROR ? "error" : "warning";
}

/* Every 'x' in the text is an error, every 'w' a warning with a suggestion. */
int husk_config_validate(const char *json, size_t n, const struct husk_validate_options *options,
	struct husk_error **err)
{
	int errors = 0;

	note("validate bundle=%s host=%d", options->bundle, !!options->factory);
	for (size_t i = 0; i < n; i++) {
		struct husk_finding f = {.size = sizeof f,
			.pointer = "/there",
			.line = i + 1,
			.column = 2,
			.message = "is \"wrong\""};

		if (json[i] == '!')
			return fail(err, HUSK_ERROR_SYSTEM, "cannot look");
		if (json[i] == 'w') {
			f.severity = HUSK_SEVERITY_WARNING;
			f.suggestion = "here";
		} else if (json[i] == 'x') {
			errors++;
		} else if (json[i] == 's') {
			f.pointer = NULL;
			errors++;
		} else {
			continue;
		}
		options->found(options->data, &f);
	}
	return errors;
}

static void add_stdio(struct strbuf *b, const struct husk_stdio *s)
{
	strbuf_printf(b, " console=%s pidfd=%s pidfile=%s preserve=%d listen=%d",
		or_dash(s->console_socket), or_dash(s->pidfd_socket), or_dash(s->pid_file),
		s->preserve_fds, s->listen_fds);
}

/* Runs on the host, as the library would: empty signal mask, new session, terminal if wanted. */
static struct husk_process *launch(const char *const *argv, bool terminal)
{
	struct husk_process *p = calloc(1, sizeof *p);
	sigset_t none;

	p->console = -1;
	p->pid = terminal ? forkpty(&p->console, NULL, NULL, NULL) : fork();
	if (p->pid == 0) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		if (!terminal)
			setsid();
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	return p;
}

static struct husk_process *launch_bundle(const struct husk_config *config)
{
	auto_free char *path = path_join(config->bundle, "args");
	auto_free char *text = NULL;
	const char *argv[16] = {};
	size_t n = 0;

	if (io_read_at(AT_FDCWD, path, 4096, &text, NULL) < 0)
		abort();
	for (char *arg = strtok(text, "\n"); arg && n < 15; arg = strtok(NULL, "\n"))
		argv[n++] = arg;
	return launch(argv, husk_config_terminal(config));
}

static int make(const char *what, const struct husk_config *config,
	const struct husk_create_options *o, struct husk_container **ret_container,
	struct husk_process **ret_process)
{
	auto_strbuf b = {};

	strbuf_printf(&b, "%s id=%s notify=%s pivot=%d keyring=%d", what, o->id,
		or_dash(o->notify_socket), !o->no_pivot, !o->no_new_keyring);
	add_stdio(&b, &o->stdio);
	note("%s", strbuf_text(&b));
	if (ret_process)
		*ret_process = launch_bundle(config);
	if (ret_container) {
		*ret_container = calloc(1, sizeof **ret_container);
		(*ret_container)->id = strdup(o->id);
	}
	return 0;
}

int husk_container_create(struct husk_factory *factory, const struct husk_config *config,
	const struct husk_create_options *o, struct husk_container **ret_container,
	struct husk_process **ret_process, struct husk_error **err)
{
	(void)factory;
	(void)err;
	return make("create", config, o, ret_container, ret_process);
}

int husk_container_run(struct husk_factory *factory, const struct husk_config *config,
	const struct husk_create_options *o, struct husk_container **ret_container,
	struct husk_process **ret_process, struct husk_error **err)
{
	(void)factory;
	(void)err;
	return make("run", config, o, ret_container, ret_process);
}

int husk_container_start(struct husk_container *container, struct husk_error **err)
{
	(void)err;
	note("start id=%s", container->id);
	return 0;
}

int husk_container_load(struct husk_factory *factory, const char *id, struct husk_container **ret,
	struct husk_error **err)
{
	auto_free char **ids = NULL;

	if (husk_factory_list(factory, &ids, NULL, err) < 0)
		return -ENOMEM;
	for (char **i = ids; *i; i++)
		if (text_equal(*i, id)) {
			*ret = calloc(1, sizeof **ret);
			(*ret)->id = strdup(id);
			return 0;
		}
	return fail(err, HUSK_ERROR_NOT_FOUND, "container \"%s\" does not exist", id);
}

struct husk_container *husk_container_unref(struct husk_container *container)
{
	if (container)
		free(container->id);
	free(container);
	return NULL;
}

int husk_container_state(
	struct husk_container *container, struct husk_state **ret, struct husk_error **err)
{
	static const char *const names[] = {"name"}, *const values[] = {"va\"lue"};

	if (text_equal(container->id, "broken"))
		return fail(err, HUSK_ERROR_CORRUPT, "state is damaged");
	*ret = malloc(sizeof **ret);
	**ret = (struct husk_state){.size = sizeof **ret,
		.oci_version = "1.3.0",
		.id = container->id,
		.status = HUSK_STATUS_RUNNING,
		.pid = 1,
		.bundle = "/bundle",
		.rootfs = "/bundle/rootfs",
		.created = "2026-11-22T00:51:35.000000001Z",
		.owner = text_equal(container->id, "foreign") ? 3999999999U : 0,
		.annotation_count = text_equal(container->id, "noted"),
		.annotation_names = names,
		.annotation_values = values};
	return 0;
}

void husk_state_free(struct husk_state *state)
{
	free(state);
}

int husk_container_exec(struct husk_container *container, const struct husk_exec_options *o,
	struct husk_process **ret, struct husk_error **err)
{
	auto_strbuf b = {};

	strbuf_printf(&b,
		"exec id=%s json=%s cwd=%s user=%s apparmor=%s label=%s terminal=%d nnp=%d "
		"paused=%d",
		container->id, or_dash(o->process_json), or_dash(o->cwd), or_dash(o->user),
		or_dash(o->apparmor_profile), or_dash(o->selinux_label), o->terminal,
		o->no_new_privileges, o->ignore_paused);
	add_list(&b, "args", o->args);
	add_list(&b, "env", o->env);
	add_list(&b, "caps", o->capabilities);
	add_list(&b, "cgroups", o->cgroups);
	for (size_t i = 0; i < o->additional_gid_count; i++)
		strbuf_printf(&b, " gid=%u", o->additional_gids[i]);
	add_stdio(&b, &o->stdio);
	note("%s", strbuf_text(&b));
	if (o->args && text_equal(o->args[0], "nonesuch"))
		return fail(err, HUSK_ERROR_NO_COMMAND,
			"exec: \"nonesuch\": executable file not found in $PATH");
	if (o->args)
		*ret = launch(o->args, o->terminal == 1);
	else if (strstr(o->process_json, "terminal"))
		*ret = launch((const char *const[]){"sleep", "60", NULL}, true);
	else
		*ret = launch((const char *const[]){"true", NULL}, false);
	if (o->stdio.pid_file && io_replace_at(AT_FDCWD, o->stdio.pid_file, "1", 1, 0644) < 0)
		abort();
	return 0;
}

int husk_container_kill(
	struct husk_container *container, int signal, int all, struct husk_error **err)
{
	note("kill id=%s signal=%d all=%d", container->id, signal, all);
	if (text_equal(container->id, "stopped"))
		return fail(err, HUSK_ERROR_NOT_RUNNING, "container not running");
	return 0;
}

int husk_container_pause(struct husk_container *container, struct husk_error **err)
{
	note("pause id=%s", container->id);
	return text_equal(container->id, "stopped")
		       ? fail(err, HUSK_ERROR_NOT_RUNNING, "container not running")
		       : 0;
}

int husk_container_resume(struct husk_container *container, struct husk_error **err)
{
	(void)err;
	note("resume id=%s", container->id);
	return 0;
}

int husk_container_update(struct husk_container *container,
	const struct husk_update_options *options, struct husk_error **err)
{
	auto_strbuf b = {};

	(void)err;
	add_list(&b, "settings", options->settings);
	add_list(&b, "devices", options->devices);
	note("update id=%s json=%s%s l3=%s mb=%s", container->id, or_dash(options->resources_json),
		strbuf_text(&b), or_dash(options->l3_cache_schema),
		or_dash(options->mem_bw_schema));
	return 0;
}

int husk_container_delete(struct husk_container *container, int force, struct husk_error **err)
{
	note("delete id=%s force=%d", container->id, force);
	if (text_equal(container->id, "broken"))
		return fail(err, HUSK_ERROR_BAD_STATE, "container \"broken\" is in use");
	return 0;
}

int husk_container_processes(
	struct husk_container *container, pid_t **ret, size_t *ret_n, struct husk_error **err)
{
	*ret = calloc(2, sizeof **ret);
	if (!*ret)
		return fail_memory(err);
	(*ret)[0] = getpid();
	(*ret)[1] = getppid();
	*ret_n = text_equal(container->id, "stopped") ? 0 : 2;
	return 0;
}

pid_t husk_process_pid(const struct husk_process *process)
{
	return process->pid;
}

int husk_process_pidfd(const struct husk_process *process)
{
	return process->pidfd;
}

int husk_process_console(const struct husk_process *process)
{
	return process->console;
}

int husk_process_wait(struct husk_process *process, int *ret_status, struct husk_error **err)
{
	int status;

	if (waitpid(process->pid, &status, 0) < 0)
		return fail_errno(err, -errno, "cannot wait for process %d", process->pid);
	*ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	note("ended status=%d", *ret_status);
	return 0;
}

struct husk_process *husk_process_unref(struct husk_process *process)
{
	if (process) {
		fd_close(process->pidfd);
		fd_close(process->console);
	}
	free(process);
	return NULL;
}
