// SPDX-License-Identifier: Apache-2.0
/* A user namespace made for its maps alone: the maps are in it, the process is gone, refusals name the file. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <base/io.h>
#include <base/mem.h>
#include <kern/idmap_mount.h>

#include <cmocka.h> /* last: it has a macro fail() */

static int make(const char *uids, const char *gids, struct strbuf *detail)
{
	int fd = -1, r = idmap_namespace(uids, gids, &fd, detail);

	if (geteuid() || ((r == -EPERM || r == -ENOSPC) && !strcmp(strbuf_text(detail), "clone")))
		skip(); /* no user namespaces here */
	return r < 0 ? r : fd;
}

/* Enters the namespace and tells what a map looks like from there. A raw clone: TSan would add a thread to a fork. */
__attribute__((no_sanitize("address", "thread", "undefined"))) static pid_t read_inside(
	int ns, const char *file, int out)
{
	pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
	char text[512];
	long n, fd;

	if (pid)
		return pid;
	if (syscall(SYS_setns, ns, CLONE_NEWUSER) < 0)
		syscall(SYS_exit_group, 2);
	fd = syscall(SYS_openat, AT_FDCWD, file, O_RDONLY);
	n = syscall(SYS_read, fd, text, sizeof text);
	syscall(SYS_write, out, text, n);
	syscall(SYS_exit_group, n <= 0);
	return 0;
}

static void assert_map(int ns, const char *file, const char *expected)
{
	auto_free char *text = NULL;
	char *to;
	int ends[2], status;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = read_inside(ns, file, ends[1]);
	close(ends[1]);
	assert_int_equal(io_read_fd(ends[0], 4096, &text, NULL), 0);
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	/* "         0       1000          1" */
	to = text;
	for (const char *from = text; *from; from++)
		if (*from != ' ' || (to > text && to[-1] != ' ' && to[-1] != '\n'))
			*to++ = *from;
	*to = '\0';
	assert_string_equal(text, expected);
}

static void test_maps(void **state)
{
	auto_strbuf detail = {};
	int fd;

	(void)state;
	fd = make("0 1000 1\n1 5000 10\n", "7 8 9\n", &detail);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_map(fd, "/proc/self/uid_map", "0 1000 1\n1 5000 10\n");
	assert_map(fd, "/proc/self/gid_map", "7 8 9\n");
	close(fd);
}

/* No child that a host program would have to wait for, and no descriptor but the one asked for. */
static void test_nothing_is_left(void **state)
{
	auto_strbuf detail = {};
	int before = dup(0), after, fd;

	(void)state;
	close(before);
	fd = make("0 0 1\n", "0 0 1\n", &detail);
	assert_true(fd >= 0);
	close(fd);
	assert_true(make("0 0 1\n0 5 1\n", "0 0 1\n", &detail) < 0);
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
	assert_true(waitpid(-1, NULL, __WALL) < 0 && errno == ECHILD);
}

static void test_refusals_name_the_file(void **state)
{
	auto_strbuf uids = {}, gids = {};

	(void)state;
	assert_int_equal(make("0 0 5\n3 100 5\n", "0 0 1\n", &uids), -EINVAL);
	assert_string_equal(strbuf_text(&uids), "uid_map");
	assert_int_equal(make("0 0 1\n", "nonsense", &gids), -EINVAL);
	assert_string_equal(strbuf_text(&gids), "gid_map");
}

static void test_type(void **state)
{
	auto_free char *proc = mount_type_of("/proc/self/status"),
		       *none = mount_type_of("/no/such");

	(void)state;
	assert_string_equal(proc, "proc");
	assert_null(none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_maps),
		cmocka_unit_test(test_nothing_is_left),
		cmocka_unit_test(test_refusals_name_the_file), cmocka_unit_test(test_type)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
