// SPDX-License-Identifier: Apache-2.0
/*
 * husk ps: the container's processes, as the host's ps(1) shows them: it is run with the given options, and of its
 * lines those stay whose PID column names one of them.
 */
#include <cli/commands.h>
#include <cli/out.h>
#include <base/error.h>
#include <base/fd.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/parse.h>
#include <base/text.h>

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

struct ps {
	const char *format;
};

static const struct opt_row rows[] = {
	STRING(struct ps, format, "format", 'f', "FORMAT", "'table' (default) or 'json'"),
	{},
};

enum { PS_OUTPUT_MAX = 256 << 20 };

struct pids {
	size_t n;
	const pid_t *v;
};

/* ps itself with standard output in `write_end`; the rest is this program's. */
static int spawn_ps(char *const *argv, int write_end, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	int r = posix_spawn_file_actions_init(&actions);

	if (r)
		return -r;
	r = posix_spawn_file_actions_adddup2(&actions, write_end, STDOUT_FILENO);
	if (!r)
		r = posix_spawnp(ret_pid, "ps", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

static int run_ps(const struct args *options, char **ret_text, struct husk_error **err)
{
	auto_args argv = {};
	auto_close int read_end = -1;
	auto_free char *text = NULL;
	int ends[2], status, r;
	pid_t pid;

	r = args_add(&argv, "ps");
	for (size_t i = 1; i < options->n && r == 0; i++)
		r = args_add(&argv, options->v[i]);
	if (r == 0 && options->n < 2)
		r = args_add(&argv, "-ef");
	if (r < 0)
		return fail_memory(err);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_errno(err, -errno, "cannot make a pipe");
	read_end = ends[0];
	r = spawn_ps((char *const *)argv.v, ends[1], &pid);
	fd_close(ends[1]);
	if (r < 0)
		return fail_errno(err, r, "cannot run 'ps'");
	r = io_read_fd(read_end, PS_OUTPUT_MAX, &text, NULL);
	read_end = fd_close(read_end); /* so that it ends even when we gave up */
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return fail_errno(err, -errno, "cannot wait for 'ps'");
	if (r < 0)
		return fail_errno(err, r, "cannot read what 'ps' says");
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return fail(err, HUSK_ERROR_SYSTEM, "'ps' ended with status %d",
			WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	*ret_text = TAKE_PTR(text);
	return 0;
}

/* The field of that index in a line of n bytes; empty when there are fewer. */
static const char *field(const char *line, size_t n, size_t index, size_t *ret_len)
{
	const char *end = line + n;

	for (;; index--) {
		const char *start;

		while (line < end && (*line == ' ' || *line == '\t'))
			line++;
		start = line;
		while (line < end && *line != ' ' && *line != '\t')
			line++;
		if (index == 0 || start == end) {
			*ret_len = (size_t)(line - start);
			return start;
		}
	}
}

static int find_pid_column(const char *header, size_t n, size_t *ret, struct husk_error **err)
{
	for (size_t i = 0;; i++) {
		size_t len;
		const char *name = field(header, n, i, &len);

		if (len == 0)
			return fail(err, HUSK_ERROR_SYSTEM, "couldn't find PID field in ps output");
		if (len == 3 && !memcmp(name, "PID", 3)) {
			*ret = i;
			return 0;
		}
	}
}

static bool is_wanted(const char *line, size_t n, size_t column, const struct pids *pids)
{
	size_t len;
	const char *text = field(line, n, column, &len);
	uint32_t pid = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		pid = pid * 10 + (uint32_t)(text[i] - '0'); /* a PID has at most 7 digits */
	}
	for (size_t i = 0; i < pids->n; i++)
		if ((uint32_t)pids->v[i] == pid)
			return true;
	return false;
}

static int filter(
	const char *text, const struct pids *pids, struct strbuf *out, struct husk_error **err)
{
	size_t column = 0, n = strcspn(text, "\n");
	int r = find_pid_column(text, n, &column, err);

	if (r < 0)
		return r;
	strbuf_add_bytes(out, text, n);
	strbuf_add_char(out, '\n');
	for (text += n; *text; text += n) {
		text++; /* the newline */
		n = strcspn(text, "\n");
		if (n && is_wanted(text, n, column, pids)) {
			strbuf_add_bytes(out, text, n);
			strbuf_add_char(out, '\n');
		}
	}
	return 0;
}

static void add_json(struct strbuf *out, const struct pids *pids)
{
	struct json_out json = {.out = out};

	if (pids->n) {
		json_open(&json, NULL, '[');
		for (size_t i = 0; i < pids->n; i++)
			json_int(&json, NULL, pids->v[i]);
		json_close(&json, ']');
	} else {
		strbuf_add(out, "null");
	}
	strbuf_add_char(out, '\n');
}

static int run(
	struct cli *cli, const void *options, const struct args *args, struct husk_error **err)
{
	const struct ps *o = options;
	bool as_json = o->format && text_equal(o->format, "json");
	auto_container *container = NULL;
	auto_free pid_t *list = NULL;
	auto_free char *text = NULL;
	auto_strbuf out = {};
	struct pids pids = {};
	int r;

	if (o->format && !as_json && !text_equal(o->format, "table"))
		return fail(
			err, HUSK_ERROR_INVALID_ARGUMENT, "invalid format option '%s'", o->format);
	r = cli_container(cli, args->v[0], &container, err);
	if (r == 0)
		r = husk_container_processes(container, &list, &pids.n, err);
	if (r < 0)
		return r;
	pids.v = list;
	if (as_json) {
		add_json(&out, &pids);
		return out_print(&out, err);
	}
	r = run_ps(args, &text, err);
	if (r == 0)
		r = filter(text, &pids, &out, err);
	return r < 0 ? r : out_print(&out, err);
}

const struct command cmd_ps = {
	.name = "ps",
	.arguments = "ID [PS-OPTION...]",
	.summary = "show the processes of a container",
	.options = rows,
	.size = sizeof(struct ps),
	.least = 1,
	.most = ANY_ARGS,
	.mode = OPT_BEFORE_ARGS,
	.run = run,
};
