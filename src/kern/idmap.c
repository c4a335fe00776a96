// SPDX-License-Identifier: Apache-2.0
/*
 * A map may be written directly with CAP_SETUID/CAP_SETGID in our user namespace, or when it holds nothing but our
 * own id. For groups the latter is allowed only once setgroups(2) is denied, since dropping a group could open what
 * a "no" for that group closed. All else goes through the setuid helpers, taken from fixed places, never from $PATH.
 */
#include <kern/idmap.h>
#include <kern/probe.h>
#include <base/array.h>
#include <base/fd.h>
#include <base/io.h>
#include <base/mem.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HELPER_OUTPUT_LIMIT = 4096 };

/* What differs between users and groups. */
struct map_kind {
	const char *file, *helper;
	int capability;
};

static const struct map_kind uid_kind = {"uid_map", "newuidmap", CAP_SETUID};
static const struct map_kind gid_kind = {"gid_map", "newgidmap", CAP_SETGID};

static int proc_write(pid_t pid, const char *file, const char *text, struct strbuf *detail)
{
	auto_free char *path = str_printf("/proc/%d/%s", (int)pid, file);
	int r = path ? io_write_at(AT_FDCWD, path, text) : -ENOMEM;

	if (r < 0 && path && detail)
		strbuf_printf(detail, "cannot write '%s'", path);
	return r;
}

static int write_direct(
	pid_t pid, const struct map_kind *kind, const struct idmap *map, struct strbuf *detail)
{
	auto_strbuf text = {};

	list_for_each (range, map)
		strbuf_printf(&text, "%u %u %u\n", range->container, range->host, range->size);
	return strbuf_failed(&text) ? -ENOMEM
				    : proc_write(pid, kind->file, strbuf_text(&text), detail);
}

static const char *find_helper(const struct map_kind *kind, char **path)
{
	static const char *const dirs[] = {"/usr/bin", "/usr/local/bin", "/bin"};

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		free(*path);
		*path = str_printf("%s/%s", dirs[i], kind->helper);
		if (!*path || !access(*path, X_OK))
			return *path;
	}
	return NULL;
}

/* posix_spawn shares no handlers and no memory writes with other threads: signals are reset, only stdio is kept. */
static int spawn_helper(const char *path, char **argv, int output, pid_t *ret)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	char *no_environment[] = {NULL};
	sigset_t all, none;
	int r;

	sigfillset(&all);
	sigemptyset(&none);
	r = posix_spawn_file_actions_init(&files);
	if (r)
		return -r;
	r = posix_spawnattr_init(&attributes);
	if (r) {
		posix_spawn_file_actions_destroy(&files);
		return -r;
	}
	r = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	r = r ?: posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
	r = r ?: posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
	r = r ?: posix_spawnattr_setsigmask(&attributes, &none);
	r = r ?: posix_spawnattr_setsigdefault(&attributes, &all);
	r = r
		    ?: posix_spawnattr_setflags(
			       &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	r = r ?: posix_spawn(ret, path, &files, &attributes, argv, no_environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return -r;
}

/* A host program that ignores SIGCHLD leaves us no exit status: then the map itself tells. */
static int map_was_written(pid_t pid, const struct map_kind *kind)
{
	auto_free char *path = str_printf("/proc/%d/%s", (int)pid, kind->file), *text = NULL;
	size_t len;
	int r = path ? io_read_at(AT_FDCWD, path, 1 << 16, &text, &len) : -ENOMEM;

	if (r < 0)
		return r;
	return len ? 0 : -EPERM;
}

static int reap_helper(pid_t helper, pid_t pid, const struct map_kind *kind)
{
	int status;
	pid_t r;

	do
		r = waitpid(helper, &status, 0);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return errno == ECHILD ? map_was_written(pid, kind) : -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EPERM;
}

static int run_helper(const char *path, char **argv, pid_t pid, const struct map_kind *kind,
	struct strbuf *detail)
{
	auto_close int reader = -1, writer = -1;
	auto_free char *output = NULL;
	int ends[2], r, read_result;
	pid_t helper;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	reader = ends[0];
	writer = ends[1];
	r = spawn_helper(path, argv, writer, &helper);
	if (r < 0)
		return r;
	writer = fd_close(writer);
	read_result = io_read_fd(reader, HELPER_OUTPUT_LIMIT, &output, NULL);
	reader = fd_close(reader); /* one that says more gets SIGPIPE, and cannot hold us up */
	r = reap_helper(helper, pid, kind);
	if (r < 0 && detail) {
		strbuf_printf(detail, "%s", path);
		if (!read_result && *output)
			strbuf_printf(detail, ": %.*s", (int)strcspn(output, "\n"), output);
	}
	return r;
}

static int write_by_helper(
	pid_t pid, const struct map_kind *kind, const struct idmap *map, struct strbuf *detail)
{
	auto_free char *path = NULL;
	auto_(strv_done) struct strv args = {};
	int r = 0;

	if (!find_helper(kind, &path)) {
		if (detail)
			strbuf_printf(
				detail, "%s is not installed (package 'uidmap')", kind->helper);
		return -ENOENT;
	}
	r = strv_add(&args, kind->helper);
	r = r ?: strv_take(&args, str_printf("%d", (int)pid));
	list_for_each (range, map) {
		r = r ?: strv_take(&args, str_printf("%u", range->container));
		r = r ?: strv_take(&args, str_printf("%u", range->host));
		r = r ?: strv_take(&args, str_printf("%u", range->size));
	}
	if (r < 0 || !list_add(&args)) /* the NULL at the end of argv */
		return -ENOMEM;
	args.n--;
	return run_helper(path, args.v, pid, kind, detail);
}

static bool is_own_id(const struct idmap *map, uint32_t id)
{
	return map->n == 1 && map->v[0].size == 1 && map->v[0].host == id;
}

static bool may_write(uint64_t capabilities, const struct map_kind *kind)
{
	return capabilities & UINT64_C(1) << kind->capability;
}

int idmap_write(
	pid_t pid, const struct idmap *uids, const struct idmap *gids, struct strbuf *detail)
{
	uint64_t capabilities;
	int r = probe_effective_capabilities(&capabilities);

	if (r < 0)
		return r;
	if (uids->n) {
		bool direct = may_write(capabilities, &uid_kind) || is_own_id(uids, geteuid());

		r = direct ? write_direct(pid, &uid_kind, uids, detail)
			   : write_by_helper(pid, &uid_kind, uids, detail);
		if (r < 0)
			return r;
	}
	if (!gids->n)
		return 0;
	if (may_write(capabilities, &gid_kind))
		return write_direct(pid, &gid_kind, gids, detail);
	if (!is_own_id(gids, getegid()))
		return write_by_helper(pid, &gid_kind, gids, detail);
	r = proc_write(pid, "setgroups", "deny", detail);
	return r < 0 ? r : write_direct(pid, &gid_kind, gids, detail);
}

struct idmap_range idmap_own_uid(void)
{
	return (struct idmap_range){.container = 0, .host = geteuid(), .size = 1};
}

struct idmap_range idmap_own_gid(void)
{
	return (struct idmap_range){.container = 0, .host = getegid(), .size = 1};
}
