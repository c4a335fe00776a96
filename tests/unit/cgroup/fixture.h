/* SPDX-License-Identifier: Apache-2.0 */
/* Real cgroups for the tests of this folder: under a name nobody else uses, gone again after each test. */
#ifndef HUSK_TESTS_CGROUP_FIXTURE_H
#define HUSK_TESTS_CGROUP_FIXTURE_H

#include <base/io.h>
#include <base/mem.h>
#include <base/str.h>
#include <cgroup/wait.h>

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
__attribute__((unused)) static void keep(struct cgroup_dirs *dirs, enum part part)
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
__attribute__((unused)) static void prepare(struct fixture *f, enum part part, const char *below)
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
__attribute__((unused)) static int clean_up(void **state)
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

__attribute__((unused)) static bool top_exists(const struct fixture *f)
{
	for (size_t i = 0; i < f->dirs.n; i++) {
		auto_free char *path = str_printf("%s/%s", f->dirs.v[i].mount_point, f->name);

		if (!access(path, F_OK))
			return true;
	}
	return false;
}

__attribute__((unused)) static void check(int r, struct husk_error *err)
{
	if (r < 0)
		fail_msg("%s", husk_error_message(err));
	assert_null(err);
}

__attribute__((unused)) static void make(struct fixture *f)
{
	struct husk_error *err = NULL;

	check(cgroup_make(&f->context, &err), err);
}

__attribute__((unused)) static pid_t child(struct fixture *f)
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

__attribute__((unused)) static void finish(struct fixture *f)
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

__attribute__((unused)) static void expect_refused(struct fixture *f, const char *text)
{
	struct husk_error *err = NULL;

	assert_true(cgroup_make(&f->context, &err) < 0);
	assert_non_null(err);
	if (!strstr(husk_error_message(err), text))
		fail_msg("'%s' is not in '%s'", text, husk_error_message(err));
	husk_error_free(err);
}

#endif
