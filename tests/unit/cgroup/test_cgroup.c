// SPDX-License-Identifier: Apache-2.0
/*
 * The life of real cgroups, under names of our own, on whatever layout this machine has, and on its v1 and cgroup2
 * parts alone. Skipped without the right to make cgroups. Each test ends with proof that nothing is left.
 */
#include <base/io.h>
#include <base/mem.h>
#include <base/str.h>
#include <cgroup/dir.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

struct fixture {
	struct cgroup_dirs dirs;
	struct cgroup_context context;
	char *name;
	pid_t children[8];
	size_t n;
};

static struct strv names; /* of the running test */

enum part { ALL, V1_ONLY, V2_ONLY };

/* Keeps the hierarchies of one kind. */
static void keep(struct cgroup_dirs *dirs, enum part part)
{
	size_t n = 0;

	for (size_t i = 0; i < dirs->n; i++) {
		struct cgroup_dir *d = &dirs->v[i], old = *d;

		*d = (struct cgroup_dir){};
		if (part == ALL || old.v2 == (part == V2_ONLY)) {
			dirs->v[n++] = old;
		} else {
			struct cgroup_dirs one = {.n = 1, .v = malloc(sizeof old)};

			assert_non_null(one.v);
			*one.v = old;
			cgroup_dirs_done(&one);
		}
	}
	dirs->n = n;
}

/* Directories under a name that nobody else uses. */
static void prepare(struct fixture *f, enum part part, const char *below)
{
	struct cgroup_layout layout;

	*f = (struct fixture){};
	f->name =
		str_printf("husk-test-%d-%llx", (int)getpid(), (unsigned long long)cgroup_now_us());
	assert_non_null(f->name);
	assert_int_equal(cgroup_layout_detect(&layout), 0);
	auto_free char *path = str_printf("/%s%s", f->name, below);
	assert_int_equal(cgroup_dirs_resolve(&layout, path, "id", &f->dirs), 0);
	cgroup_layout_done(&layout);
	keep(&f->dirs, part);
	f->context.dirs = &f->dirs;
	assert_int_equal(strv_take(&names, str_printf("/%s", f->name)), 0);
	if (geteuid() || !f->dirs.n || access(f->dirs.v[0].mount_point, W_OK) < 0) {
		cgroup_dirs_done(&f->dirs);
		free(f->name);
		skip();
	}
}

/* After a test that failed on its way: its cgroups and processes go, under the names it took. */
static int clean_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < names.n; i++) {
		struct cgroup_layout layout = {};
		struct cgroup_dirs dirs = {};
		struct cgroup_context context = {.dirs = &dirs};

		if (!cgroup_layout_detect(&layout) &&
			!cgroup_dirs_resolve(&layout, names.v[i], "id", &dirs) &&
			!cgroup_kill(&context, SIGKILL, NULL))
			(void)cgroup_remove(&context, NULL);
		cgroup_dirs_done(&dirs);
		cgroup_layout_done(&layout);
	}
	strv_done(&names);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	return 0;
}

static bool top_exists(const struct fixture *f)
{
	for (size_t i = 0; i < f->dirs.n; i++) {
		auto_free char *path = str_printf("%s/%s", f->dirs.v[i].mount_point, f->name);

		if (!access(path, F_OK))
			return true;
	}
	return false;
}

static void check(int r, struct husk_error *err)
{
	if (r < 0)
		fail_msg("%s", husk_error_message(err));
	assert_null(err);
}

static void make(struct fixture *f)
{
	struct husk_error *err = NULL;

	check(cgroup_make(&f->context, &err), err);
}

static pid_t child(struct fixture *f)
{
	struct husk_error *err = NULL;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
		for (;;)
			pause();
	}
	check(cgroup_join(&f->context, pid, &err), err);
	f->children[f->n++] = pid;
	return pid;
}

static void finish(struct fixture *f)
{
	struct husk_error *err = NULL;

	check(cgroup_kill(&f->context, SIGKILL, &err), err);
	for (size_t i = 0; i < f->n; i++) {
		int status;

		assert_int_equal(waitpid(f->children[i], &status, 0), f->children[i]);
		assert_true(WIFSIGNALED(status));
	}
	check(cgroup_remove(&f->context, &err), err);
	assert_false(top_exists(f));
	check(cgroup_remove(&f->context, &err), err); /* gone is no error */
	cgroup_dirs_done(&f->dirs);
	free(f->name);
}

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

static void expect_refused(struct fixture *f, const char *text)
{
	struct husk_error *err = NULL;

	assert_true(cgroup_make(&f->context, &err) < 0);
	assert_non_null(err);
	if (!strstr(husk_error_message(err), text))
		fail_msg("'%s' is not in '%s'", text, husk_error_message(err));
	husk_error_free(err);
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

static void set_frozen(const struct fixture *f, bool frozen)
{
	for (size_t i = 0; i < f->dirs.n; i++) {
		bool v1 = cgroup_dir_has(&f->dirs.v[i], "freezer");
		auto_free char *path = NULL;

		if (!v1 && !f->dirs.v[i].v2)
			continue;
		path = cgroup_dir_path(&f->dirs.v[i], v1 ? "freezer.state" : "cgroup.freeze");
		assert_int_equal(io_write_at(AT_FDCWD, path,
					 v1	  ? frozen ? "FROZEN" : "THAWED"
					 : frozen ? "1"
						  : "0"),
			0);
	}
}

static void test_refused_when_frozen(void **state)
{
	struct fixture f;

	(void)state;
	prepare(&f, ALL, "");
	make(&f);
	set_frozen(&f, true);
	assert_int_equal(cgroup_is_frozen(&f.context), 1);
	expect_refused(&f, "container's cgroup unexpectedly frozen");
	set_frozen(&f, false);
	make(&f); /* an empty one of that name may be used */
	assert_false(f.dirs.v[0].made);
	finish(&f);
}

static void frozen_is_killed(enum part part)
{
	struct fixture f;

	prepare(&f, part, "");
	make(&f);
	child(&f);
	set_frozen(&f, true);
	finish(&f);
}

static void test_frozen_is_killed(void **state)
{
	(void)state;
	frozen_is_killed(V1_ONLY);
	frozen_is_killed(ALL);
}

static void test_signal(void **state)
{
	struct husk_error *err = NULL;
	struct fixture f;
	int status;

	(void)state;
	prepare(&f, ALL, "");
	make(&f);
	for (int i = 0; i < 2; i++)
		child(&f);
	check(cgroup_kill(&f.context, SIGUSR1, &err), err);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(waitpid(f.children[i], &status, 0), f.children[i]);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
	}
	f.n = 0;
	finish(&f);
}

/* Cgroups made inside, with a process far down and one that forks all the time. */
static void nested(enum part part)
{
	struct fixture f;
	pid_t forker;

	prepare(&f, part, "");
	make(&f);
	for (size_t i = 0; i < f.dirs.n; i++) {
		auto_free char *top = cgroup_dir_path(&f.dirs.v[i], NULL), *deep = strdup(top);

		for (int level = 0; level < 20; level++) {
			char *next = str_printf("%s/%d", deep, level);
			free(deep);
			deep = next;
			assert_int_equal(mkdir(deep, 0755), 0);
			auto_free char *beside = str_printf("%s-beside", deep);
			assert_int_equal(mkdir(beside, 0755), 0);
		}
		if (cgroup_dir_has(&f.dirs.v[i], "cpuset"))
			continue;
		auto_free char *procs = str_printf("%s/cgroup.procs", deep);
		pid_t pid = f.n ? f.children[0] : child(&f);
		auto_free char *text = str_printf("%d", (int)pid);
		assert_int_equal(io_write_at(AT_FDCWD, procs, text), 0);
	}
	forker = child(&f);
	kill(forker, SIGKILL);
	assert_int_equal(waitpid(forker, NULL, 0), forker);
	f.children[f.n - 1] = forker = fork();
	if (!forker) {
		struct husk_error *err = NULL;

		if (cgroup_join(&f.context, getpid(), &err) < 0)
			_exit(1);
		for (int i = 0;; i++) {
			pid_t pid = fork();

			if (pid > 0 && i > 3)
				_exit(0); /* the pid wanders */
			if (pid > 0)
				pause();
			i = 4;
		}
	}
	nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	struct husk_error *err = NULL;
	check(cgroup_kill(&f.context, SIGKILL, &err), err);
	for (size_t i = 0; i < f.n; i++)
		assert_int_equal(waitpid(f.children[i], NULL, 0), f.children[i]);
	f.n = 0;
	finish(&f);
}

static void test_nested(void **state)
{
	(void)state;
	nested(ALL);
	nested(V1_ONLY);
	nested(V2_ONLY);
}

/* Removal waits for a process that ends only now. */
static void remove_waits(enum part part)
{
	struct husk_error *err = NULL;
	struct fixture f;
	uint64_t begin;
	pid_t killer;

	prepare(&f, part, "");
	make(&f);
	child(&f);
	begin = cgroup_now_us();
	killer = fork();
	if (!killer) {
		nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
		kill(f.children[0], SIGKILL);
		_exit(0);
	}
	check(cgroup_remove(&f.context, &err), err);
	assert_in_range(cgroup_now_us() - begin, 40000, 1000000);
	assert_int_equal(waitpid(killer, NULL, 0), killer);
	finish(&f);
}

static void test_remove_waits(void **state)
{
	(void)state;
	remove_waits(ALL);
	remove_waits(V1_ONLY);
	remove_waits(V2_ONLY);
}

static void test_remove_busy(void **state)
{
	struct husk_error *err = NULL;
	struct fixture f;
	uint64_t begin = cgroup_now_us();

	(void)state;
	prepare(&f, ALL, "");
	make(&f);
	child(&f);
	assert_int_equal(cgroup_remove(&f.context, &err), -EBUSY);
	assert_non_null(err);
	assert_non_null(strstr(husk_error_message(err), "1 process(es) in it"));
	husk_error_free(err);
	assert_in_range(cgroup_now_us() - begin, 1900000, 3000000);
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
		cmocka_unit_test_teardown(test_entry, clean_up),
		cmocka_unit_test_teardown(test_parents, clean_up),
		cmocka_unit_test_teardown(test_foreign_parent, clean_up),
		cmocka_unit_test_teardown(test_refused_with_processes, clean_up),
		cmocka_unit_test_teardown(test_undo, clean_up),
		cmocka_unit_test_teardown(test_refused_when_frozen, clean_up),
		cmocka_unit_test_teardown(test_frozen_is_killed, clean_up),
		cmocka_unit_test_teardown(test_signal, clean_up),
		cmocka_unit_test_teardown(test_nested, clean_up),
		cmocka_unit_test_teardown(test_remove_waits, clean_up),
		cmocka_unit_test_teardown(test_remove_busy, clean_up),
		cmocka_unit_test_teardown(test_make_undone, clean_up),
		cmocka_unit_test_teardown(test_root_refused, clean_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
