// SPDX-License-Identifier: Apache-2.0
/*
 * The life of real cgroups, under names of our own, on whatever layout this machine has, and on its v1 and cgroup2
 * parts alone. Skipped without the right to make cgroups. Each test ends with proof that nothing is left.
 */
#include "fixture.h"
#include <base/fd.h>
#include <base/io.h>

#include <stdio.h>

static void lifecycle(enum part part)
{
	struct husk_error *err = NULL;
	struct fixture f;
	pid_t *pids;
	size_t n;

	prepare(&f, part, "");
	make(&f);
	for (size_t i = 0; i < f.dirs.n; i++) {
		assert_true(f.dirs.v[i].made);
		assert_int_equal(f.dirs.v[i].made_parents, 0);
	}
	for (int i = 0; i < 3; i++)
		child(&f);
	check(cgroup_pids(&f.context, &pids, &n, &err), err);
	assert_int_equal(n, 3);
	for (size_t i = 0; i < n; i++) {
		assert_true(i == 0 || pids[i - 1] < pids[i]);
		assert_true(pids[i] == f.children[0] || pids[i] == f.children[1] ||
			    pids[i] == f.children[2]);
	}
	free(pids);

	/* in every hierarchy */
	for (size_t i = 0; i < f.dirs.n; i++) {
		auto_(pid_list_done) struct pid_list one = {};
		auto_free char *path = cgroup_dir_path(&f.dirs.v[i], NULL);

		assert_int_equal(cgroup_tree_pids(path, &one), 0);
		assert_int_equal(one.n, 3);
	}
	assert_int_equal(cgroup_is_frozen(&f.context), 0);
	finish(&f);
}

static void test_lifecycle(void **state)
{
	(void)state;
	lifecycle(ALL);
}

static void test_lifecycle_v1(void **state)
{
	(void)state;
	lifecycle(V1_ONLY);
}

static void test_lifecycle_v2(void **state)
{
	(void)state;
	lifecycle(V2_ONLY);
}

static void test_parents(void **state)
{
	struct husk_error *err = NULL;
	struct fixture f;

	(void)state;
	prepare(&f, ALL, "/a/b");
	make(&f);
	for (size_t i = 0; i < f.dirs.n; i++)
		assert_int_equal(f.dirs.v[i].made_parents, 2);
	child(&f); /* the cpusets of all levels are filled, else this fails */

	/* A second container below the same parent, which the first one made, and which goes last. */
	struct cgroup_dirs other = {.n = f.dirs.n, .v = calloc(f.dirs.n, sizeof *other.v)};
	struct cgroup_context context = {.dirs = &other};
	for (size_t i = 0; i < other.n; i++) {
		other.v[i] = f.dirs.v[i];
		other.v[i].controllers = strdup(f.dirs.v[i].controllers);
		other.v[i].mount_point = strdup(f.dirs.v[i].mount_point);
		other.v[i].path = str_printf("/%s/a/c", f.name);
	}
	check(cgroup_make(&context, &err), err);
	for (size_t i = 0; i < other.n; i++)
		assert_int_equal(other.v[i].made_parents, 0);
	check(cgroup_kill(&f.context, SIGKILL, &err), err);
	assert_int_equal(waitpid(f.children[0], NULL, 0), f.children[0]);
	f.n = 0;
	check(cgroup_remove(&f.context, &err), err);
	assert_true(top_exists(&f));
	check(cgroup_remove(&context, &err), err);
	assert_false(top_exists(&f));
	cgroup_dirs_done(&other);
	finish(&f);
}

/* Of paths longer than any path may be, as a container can make them; the descriptor of the last one. */
static int go_deep(const struct cgroup_dir *dir)
{
	auto_free char *path = cgroup_dir_path(dir, NULL);
	int fd = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	char name[251];

	memset(name, 'd', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	for (int i = 0; i < 20; i++) {
		int below;

		assert_int_equal(mkdirat(fd, "beside", 0755), 0);
		assert_int_equal(mkdirat(fd, name, 0755), 0);
		below = openat(fd, name, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
		assert_true(below >= 0);
		close(fd);
		fd = below;
	}
	return fd;
}

static void test_deep(void **state)
{
	auto_(pid_list_done) struct pid_list pids = {};
	struct husk_error *err = NULL;
	char number[16];
	struct fixture f;
	int status;

	(void)state;
	prepare(&f, ALL, "");
	make(&f);
	child(&f);
	(void)snprintf(number, sizeof number, "%d", f.children[0]);
	for (size_t i = 0; i < f.dirs.n; i++) {
		auto_close int fd = go_deep(&f.dirs.v[i]);

		/* that of a cpuset would have to be filled first */
		if (!cgroup_dir_has(&f.dirs.v[i], "cpuset"))
			assert_int_equal(io_write_at(fd, "cgroup.procs", number), 0);
	}
	assert_int_equal(cgroup_all_pids(&f.context, &pids), 0);
	assert_int_equal(pids.n, 1);
	check(cgroup_kill(&f.context, SIGKILL, &err), err);
	assert_int_equal(waitpid(f.children[0], &status, 0), f.children[0]);
	assert_true(WIFSIGNALED(status));
	f.n = 0;
	finish(&f);
}

/* A child that goes in by itself is in every directory, without anybody moving it. */
static void test_entry(void **state)
{
	struct clone_args args = {.exit_signal = SIGCHLD};
	struct husk_error *err = NULL;
	struct cgroup_entry entry;
	struct fixture f;
	pid_t pid;

	(void)state;
	prepare(&f, ALL, "");
	make(&f);
	check(cgroup_entry_open(&f.context, &entry, &err), err);
	assert_int_equal(entry.n + (entry.into >= 0), f.dirs.n);
	for (size_t i = 0; i < entry.n; i++)
		assert_int_equal(fcntl(entry.fds[i], F_GETFD), FD_CLOEXEC);
	if (entry.into >= 0) {
		args.flags = CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)entry.into;
	}
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
	assert_true(pid >= 0);
	if (!pid) {
		if (cgroup_entry_enter(&entry) < 0)
			_exit(1);
		kill(getpid(), SIGSTOP); /* raise() may go by the tid that libc has noted: ours */
		_exit(0);
	}
	assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
	cgroup_entry_done(&entry);
	for (size_t i = 0; i < f.dirs.n; i++) {
		auto_(pid_list_done) struct pid_list one = {};
		auto_free char *path = cgroup_dir_path(&f.dirs.v[i], NULL);

		assert_int_equal(cgroup_tree_pids(path, &one), 0);
		assert_int_equal(one.n, 1);
		assert_int_equal(one.v[0], pid);
	}
	f.children[f.n++] = pid;
	finish(&f);
}

/* What was there before husk stays. */
static void test_foreign_parent(void **state)
{
	struct fixture f;

	(void)state;
	prepare(&f, ALL, "/leaf");
	for (size_t i = 0; i < f.dirs.n; i++) {
		auto_free char *path = str_printf("%s/%s", f.dirs.v[i].mount_point, f.name);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	make(&f);
	child(&f);
	struct husk_error *err = NULL;
	check(cgroup_kill(&f.context, SIGKILL, &err), err);
	assert_int_equal(waitpid(f.children[0], NULL, 0), f.children[0]);
	f.n = 0;
	check(cgroup_remove(&f.context, &err), err);
	for (size_t i = 0; i < f.dirs.n; i++) {
		auto_free char *path = str_printf("%s/%s", f.dirs.v[i].mount_point, f.name);
		assert_int_equal(rmdir(path), 0);
	}
	finish(&f);
}

static void test_refused_with_processes(void **state)
{
	struct fixture f;

	(void)state;
	prepare(&f, ALL, "");
	make(&f);
	child(&f);
	child(&f);
	expect_refused(&f, "container's cgroup is not empty: 2 process(es) found");
	assert_true(top_exists(&f)); /* and not removed by the refusal */
	finish(&f);
}

/* Giving up after a refusal does not touch those who were there. */
static void test_undo(void **state)
{
	struct husk_error *err = NULL;
	struct fixture f, second;

	(void)state;
	prepare(&f, V1_ONLY, "");
	make(&f);
	child(&f);
	prepare(&second, ALL, "");
	for (size_t i = 0; i < second.dirs.n; i++) {
		free(second.dirs.v[i].path);
		second.dirs.v[i].path = str_printf("/%s", f.name);
	}
	/* cgroup2 first, as create does it: made; then the v1 directories, which are in use */
	struct cgroup_dir *last = &second.dirs.v[second.dirs.n - 1];
	struct cgroup_dirs v2 = {.n = last->v2, .v = last};
	struct cgroup_context context = {.dirs = &v2};
	check(cgroup_make(&context, &err), err);
	second.dirs.n -= v2.n;
	expect_refused(&second, "not empty");
	second.dirs.n += v2.n;
	for (size_t i = 0; i < second.dirs.n; i++)
		assert_int_equal(second.dirs.v[i].made, second.dirs.v[i].v2);
	check(cgroup_undo(&second.context, &err), err);
	auto_free char *gone = cgroup_dir_path(last, NULL);
	assert_true(access(gone, F_OK) < 0 || !v2.n);
	assert_int_equal(waitpid(f.children[0], NULL, WNOHANG), 0); /* alive */
	cgroup_dirs_done(&second.dirs);
	free(second.name);

	check(cgroup_undo(&f.context, &err), err); /* its own */
	assert_int_equal(waitpid(f.children[0], NULL, 0), f.children[0]);
	f.n = 0;
	finish(&f);
}

/* A failure half way takes back what was made before it. */
static void test_make_undone(void **state)
{
	struct husk_error *err = NULL;
	struct fixture f;
	struct cgroup_dir *last;

	(void)state;
	prepare(&f, ALL, "/x");
	last = &f.dirs.v[f.dirs.n - 1];
	auto_free char *good = last->mount_point;
	last->mount_point = strdup("/proc/self/fdinfo");
	assert_true(cgroup_make(&f.context, &err) < 0);
	assert_non_null(strstr(husk_error_message(err), "cannot make cgroup '/proc/self/fdinfo/"));
	husk_error_free(err);
	free(last->mount_point);
	last->mount_point = TAKE_PTR(good);
	assert_false(top_exists(&f));
	finish(&f);
}

static void test_root_refused(void **state)
{
	struct fixture f;

	(void)state;
	prepare(&f, ALL, "/..");
	for (size_t i = 0; i < f.dirs.n; i++)
		assert_string_equal(f.dirs.v[i].path, "/");
	expect_refused(&f, "cgroups path '/' is the root of the hierarchy");
	cgroup_dirs_done(&f.dirs);
	free(f.name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_lifecycle, clean_up),
		cmocka_unit_test_teardown(test_lifecycle_v1, clean_up),
		cmocka_unit_test_teardown(test_lifecycle_v2, clean_up),
		cmocka_unit_test_teardown(test_deep, clean_up),
		cmocka_unit_test_teardown(test_entry, clean_up),
		cmocka_unit_test_teardown(test_parents, clean_up),
		cmocka_unit_test_teardown(test_foreign_parent, clean_up),
		cmocka_unit_test_teardown(test_refused_with_processes, clean_up),
		cmocka_unit_test_teardown(test_undo, clean_up),
		cmocka_unit_test_teardown(test_make_undone, clean_up),
		cmocka_unit_test_teardown(test_root_refused, clean_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
