// SPDX-License-Identifier: Apache-2.0
/*
 * Maps of real user namespaces: written by root, and by an ordinary user who has one id or asks the helpers.
 * Skipped where user namespaces cannot be made or the test is not run by root.
 */
#include <base/fd.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/str.h>
#include <kern/idmap.h>
#include <kern/probe.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

enum { NOBODY = 65534 }; /* has a name, and no entry in /etc/subuid */

/* A process in a new user namespace, or -1. */
static pid_t namespace_child(void)
{
	int ends[2];
	char c = 0;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (!pid) {
		c = unshare(CLONE_NEWUSER) == 0;
		if (write(ends[1], &c, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ends[1]);
	if (read(ends[0], &c, 1) != 1 || !c) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		pid = -1;
	}
	close(ends[0]);
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Is the file as expected, whatever its blanks? */
static bool file_is(pid_t pid, const char *name, const char *expected)
{
	auto_free char *path = str_printf("/proc/%d/%s", (int)pid, name), *text = NULL;
	auto_strbuf b = {};
	char *rest;

	if (!path || io_read_at(AT_FDCWD, path, 65536, &text, NULL) < 0)
		return false;
	rest = text;
	for (char *word; (word = strsep(&rest, " \n"));)
		if (*word)
			strbuf_printf(&b, "%s%s", b.len ? " " : "", word);
	if (!strcmp(strbuf_text(&b), expected))
		return true;
	print_message("%s is '%s', not '%s'\n", path, strbuf_text(&b), expected);
	return false;
}

static void need_root(void)
{
	uint64_t capabilities;

	if (geteuid() || probe_effective_capabilities(&capabilities) < 0 ||
		!(capabilities & 1 << 7))
		skip();
}

static void test_privileged(void **state)
{
	static const struct idmap_range uids[] = {{0, 100000, 65536}, {65536, 1000, 1}};
	static const struct idmap_range gids[] = {{0, 200000, 10}};
	struct idmap u = {2, uids}, g = {1, gids};
	auto_strbuf detail = {};
	pid_t pid;

	(void)state;
	need_root();
	pid = namespace_child();
	if (pid < 0)
		skip();
	assert_int_equal(idmap_write(pid, &u, &g, &detail), 0);
	assert_true(file_is(pid, "uid_map", "0 100000 65536 65536 1000 1"));
	assert_true(file_is(pid, "gid_map", "0 200000 10"));
	assert_true(file_is(pid, "setgroups", "allow"));
	/* a map can be written once only */
	assert_int_equal(idmap_write(pid, &u, &g, &detail), -EPERM);
	assert_non_null(strstr(strbuf_text(&detail), "/uid_map'"));
	end(pid);
}

static void test_empty_map(void **state)
{
	struct idmap none = {};
	pid_t pid;

	(void)state;
	need_root();
	pid = namespace_child();
	if (pid < 0)
		skip();
	assert_int_equal(idmap_write(pid, &none, &none, NULL), 0);
	assert_true(file_is(pid, "uid_map", ""));
	end(pid);
}

static void test_overlap_refused(void **state)
{
	static const struct idmap_range bad[] = {{0, 1000, 10}, {5, 3000, 10}};
	struct idmap u = {2, bad}, none = {};
	pid_t pid;

	(void)state;
	need_root();
	pid = namespace_child();
	if (pid < 0)
		skip();
	assert_int_equal(idmap_write(pid, &u, &none, NULL), -EINVAL);
	end(pid);
}

/* Runs `body` as an ordinary user; its exit status is the answer. */
static int as_nobody(int (*body)(void))
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0 || prctl(PR_SET_DUMPABLE, 1) < 0)
			_exit(99);
		_exit(body());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int own_id_body(void)
{
	struct idmap_range uid = idmap_own_uid(), gid = idmap_own_gid();
	auto_free char *map = str_printf("0 %d 1", NOBODY);
	auto_strbuf detail = {};
	pid_t pid = namespace_child();
	bool good;
	int r;

	if (pid < 0)
		return 77;
	r = idmap_write(pid, &(struct idmap){1, &uid}, &(struct idmap){1, &gid}, &detail);
	if (r < 0)
		print_message("%s: %d\n", strbuf_text(&detail), r);
	good = !r && file_is(pid, "uid_map", map) && file_is(pid, "gid_map", map) &&
	       file_is(pid, "setgroups", "deny");
	end(pid);
	return !good;
}

static void test_own_id(void **state)
{
	int r;

	(void)state;
	need_root();
	r = as_nobody(own_id_body);
	if (r == 77)
		skip();
	assert_int_equal(r, 0);
}

/* Ids that the user does not have: the helper refuses, and its words arrive. */
static int foreign_ids_body(void)
{
	static const struct idmap_range range = {0, 100000, 65536};
	auto_strbuf detail = {};
	pid_t pid = namespace_child();
	struct idmap map = {1, &range};
	bool good;
	int r;

	if (pid < 0)
		return 77;
	r = idmap_write(pid, &map, &map, &detail);
	if (access("/usr/bin/newuidmap", X_OK) == 0)
		good = r == -EPERM && strstr(strbuf_text(&detail), "/usr/bin/newuidmap: ") &&
		       strstr(strbuf_text(&detail), "not allowed");
	else
		good = r == -ENOENT && strstr(strbuf_text(&detail), "newuidmap is not installed");
	if (!good)
		print_message("%d '%s'\n", r, strbuf_text(&detail));
	good = good && file_is(pid, "uid_map", "");
	end(pid);
	return !good;
}

static void test_foreign_ids(void **state)
{
	int r;

	(void)state;
	need_root();
	r = as_nobody(foreign_ids_body);
	if (r == 77)
		skip();
	assert_int_equal(r, 0);
}

/* A host program that ignores SIGCHLD gets no exit status of the helper, and still the right answer. */
static int ignored_child_body(void)
{
	signal(SIGCHLD, SIG_IGN);
	return foreign_ids_body();
}

static void test_ignored_child(void **state)
{
	int r;

	(void)state;
	need_root();
	r = as_nobody(ignored_child_body);
	if (r == 77)
		skip();
	assert_int_equal(r, 0);
}

/* With entries in /etc/subuid and /etc/subgid, which only this process sees, the helpers do it. */
static bool give_ids(void)
{
	static const char *const files[] = {"/etc/subuid", "/etc/subgid"};
	static const char entry[] = "nobody:300000:65536\n";
	char path[] = "/tmp/husk-test-XXXXXX";
	int fd = mkstemp(path);
	bool good;

	good = fd >= 0 && !fchmod(fd, 0644) && !io_write_fd(fd, entry, strlen(entry)) &&
	       !unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_PRIVATE | MS_REC, NULL);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		good = good && !mount(path, files[i], NULL, MS_BIND, NULL);
	fd_close(fd);
	(void)unlink(path); /* the mounts hold it */
	return good;
}

static int helper_body(void)
{
	struct idmap_range uids[] = {idmap_own_uid(), {1, 300000, 65536}};
	struct idmap_range gids[] = {idmap_own_gid(), {1, 300000, 65536}};
	auto_strbuf detail = {};
	pid_t pid = namespace_child();
	bool good;
	int r;

	if (pid < 0)
		return 77;
	r = idmap_write(pid, &(struct idmap){2, uids}, &(struct idmap){2, gids}, &detail);
	if (r < 0)
		print_message("%d '%s'\n", r, strbuf_text(&detail));
	good = !r && file_is(pid, "uid_map", "0 65534 1 1 300000 65536") &&
	       file_is(pid, "gid_map", "0 65534 1 1 300000 65536");
	end(pid);
	return !good;
}

static void test_helper(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	need_root();
	if (access("/usr/bin/newuidmap", X_OK) < 0 || access("/etc/subuid", F_OK) < 0)
		skip();
	pid = fork();
	if (!pid)
		_exit(give_ids() ? as_nobody(helper_body) : 77);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_privileged),
		cmocka_unit_test(test_empty_map),
		cmocka_unit_test(test_overlap_refused),
		cmocka_unit_test(test_own_id),
		cmocka_unit_test(test_foreign_ids),
		cmocka_unit_test(test_ignored_child),
		cmocka_unit_test(test_helper),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
