// SPDX-License-Identifier: Apache-2.0
/* Ending what is in a container's cgroups, and removing them while the last ones are going; on the real kernel. */
#include "fixture.h"

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
	int joined[2];
	char byte;

	assert_int_equal(pipe2(joined, O_CLOEXEC), 0);
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

		if (cgroup_join(&f.context, getpid(), &err) < 0 || write(joined[1], "", 1) != 1)
			_exit(1);
		/* not for ever: a test that fails must leave nobody behind, and this one is hard to catch */
		for (uint64_t end = cgroup_now_us() + 5000000, i = 0; cgroup_now_us() < end; i++) {
			pid_t pid = fork();

			if (pid > 0 && i > 3)
				_exit(0); /* the pid wanders */
			if (pid > 0)
				pause();
			i = 4;
		}
		_exit(0);
	}
	close(joined[1]);
	assert_int_equal(read(joined[0], &byte, 1), 1); /* who is late is not killed */
	close(joined[0]);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_refused_when_frozen, clean_up),
		cmocka_unit_test_teardown(test_frozen_is_killed, clean_up),
		cmocka_unit_test_teardown(test_signal, clean_up),
		cmocka_unit_test_teardown(test_nested, clean_up),
		cmocka_unit_test_teardown(test_remove_waits, clean_up),
		cmocka_unit_test_teardown(test_remove_busy, clean_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
