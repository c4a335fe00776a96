// SPDX-License-Identifier: Apache-2.0
/*
 * The freezer: on the real kernel, and on a tree of plain files where the kernel's answers are ours - so that it can
 * be slow, or never come to an end, in no time.
 *
 * wrap: io_write_at clock_gettime nanosleep ppoll
 */
#include "fixture.h"

#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>

/* The false kernel. Times are ours while `on`. */
static struct {
	bool on;
	struct timespec now;
	int settles_after; /* that many writes of FROZEN (v1) or polls (v2); 0: never */
	bool needs_thaw; /* v1: only after a THAWED in between */
	int frozen_writes, thawed_writes, polls;
	long last_poll_ms;
	char top[64], written[64]; /* what was written last, with the file before it */
} fake;

int __real_io_write_at(int dirfd, const char *path, const char *text);
int __wrap_io_write_at(int dirfd, const char *path, const char *text);
int __real_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_clock_gettime(clockid_t id, struct timespec *t);
int __real_nanosleep(const struct timespec *t, struct timespec *rest);
int __wrap_nanosleep(const struct timespec *t, struct timespec *rest);
int __real_ppoll(struct pollfd *p, nfds_t n, const struct timespec *t, const sigset_t *mask);
int __wrap_ppoll(struct pollfd *p, nfds_t n, const struct timespec *t, const sigset_t *mask);

static void pass(const struct timespec *t)
{
	fake.now.tv_sec += t->tv_sec;
	fake.now.tv_nsec += t->tv_nsec;
	fake.now.tv_sec += fake.now.tv_nsec / 1000000000;
	fake.now.tv_nsec %= 1000000000;
}

int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	if (!fake.on)
		return __real_clock_gettime(id, t);
	*t = fake.now;
	return 0;
}

int __wrap_nanosleep(const struct timespec *t, struct timespec *rest)
{
	if (!fake.on)
		return __real_nanosleep(t, rest);
	pass(t);
	return 0;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void put_in(const char *dir, const char *file, const char *text)
{
	auto_free char *path = str_printf("%s/%s/%s", fake.top, dir, file);

	put(path, text);
}

int __wrap_ppoll(struct pollfd *p, nfds_t n, const struct timespec *t, const sigset_t *mask)
{
	if (!fake.on)
		return __real_ppoll(p, n, t, mask);
	assert_int_equal(p->events, POLLPRI);
	fake.last_poll_ms = (long)t->tv_sec * 1000 + t->tv_nsec / 1000000;
	if (++fake.polls == fake.settles_after) {
		put_in("v2/c", "cgroup.events", "populated 1\nfrozen 1\n");
		return 1;
	}
	pass(t);
	return 0;
}

int __wrap_io_write_at(int dirfd, const char *path, const char *text)
{
	const char *file = strrchr(path, '/') + 1;

	if (!fake.on)
		return __real_io_write_at(dirfd, path, text);
	if (access(path, F_OK) < 0)
		return -errno;
	assert_true(snprintf(fake.written, sizeof fake.written, "%s %s", file, text) > 0);
	if (!strcmp(text, "FROZEN")) {
		fake.frozen_writes++;
		put(path, fake.settles_after && fake.frozen_writes >= fake.settles_after &&
					  (!fake.needs_thaw || fake.thawed_writes)
				  ? "FROZEN\n"
				  : "FREEZING\n");
	} else {
		fake.thawed_writes += !strcmp(text, "THAWED");
		put(path, text);
	}
	return 0;
}

/* A hybrid layout with one process, 1, in the directory /c of both kinds. */
static struct cgroup_dirs set_up(void)
{
	static const char *const at[] = {"v1", "v1/c", "v2", "v2/c"};
	struct cgroup_dirs dirs = {.n = 2, .v = calloc(2, sizeof *dirs.v)};

	memset(&fake, 0, sizeof fake);
	strcpy(fake.top, "/tmp/husk-freezer-XXXXXX");
	assert_non_null(mkdtemp(fake.top));
	for (size_t i = 0; i < ARRAY_LEN(at); i++) {
		auto_free char *path = str_printf("%s/%s", fake.top, at[i]);

		assert_int_equal(mkdir(path, 0755), 0);
	}
	for (size_t i = 0; i < dirs.n; i++) {
		dirs.v[i].controllers = strdup(i ? "" : "freezer");
		dirs.v[i].mount_point = str_printf("%s/v%zu", fake.top, i + 1);
		dirs.v[i].path = strdup("/c");
		dirs.v[i].v2 = i;
	}
	put_in("v1/c", "cgroup.procs", "1\n");
	put_in("v1/c", "freezer.state", "THAWED\n");
	put_in("v1/c", "freezer.self_freezing", "0\n");
	put_in("v2/c", "cgroup.procs", "1\n");
	put_in("v2/c", "cgroup.freeze", "0\n");
	put_in("v2/c", "cgroup.events", "populated 1\nfrozen 0\n");
	fake.on = true;
	return dirs;
}

static void tear_down(struct cgroup_dirs *dirs)
{
	auto_free char *command = str_printf("rm -r '%s'", fake.top);

	fake.on = false;
	assert_int_equal(system(command), 0);
	cgroup_dirs_done(dirs);
}

/* Freezes; the message is in `text` when it fails. v1 alone, or both. */
static int freeze(struct cgroup_dirs *dirs, bool v1_only, char *text, size_t size)
{
	struct cgroup_dirs some = {.n = v1_only ? 1 : 2, .v = dirs->v};
	struct cgroup_context c = {.dirs = &some};
	struct husk_error *err = NULL;
	int r = cgroup_freeze(&c, &err);

	assert_int_equal(r < 0, err != NULL);
	assert_true(snprintf(text, size, "%s", err ? husk_error_message(err) : "") >= 0);
	if (err)
		r = -(int)husk_error_code(err);
	husk_error_free(err);
	return r;
}

static void test_fake_v1(void **state)
{
	static const struct {
		int after;
		bool needs_thaw;
		int frozen, thawed, result;
	} rows[] = {{1, false, 1, 0, 0}, {4, false, 4, 0, 0}, {1, true, 9, 1, 0},
		{0, false, -1, -1, -HUSK_ERROR_TIMEOUT}};
	char text[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cgroup_dirs dirs = set_up();

		fake.settles_after = rows[i].after;
		fake.needs_thaw = rows[i].needs_thaw;
		assert_int_equal(freeze(&dirs, true, text, sizeof text), rows[i].result);
		if (rows[i].result) {
			assert_non_null(strstr(text, "/v1/c': not all of its processes stand still "
						     "after 10 s"));
			assert_string_equal(fake.written, "freezer.state THAWED");
			assert_in_range(fake.now.tv_sec, 10, 10);
		} else {
			assert_int_equal(fake.frozen_writes, rows[i].frozen);
			assert_int_equal(fake.thawed_writes, rows[i].thawed);
		}
		tear_down(&dirs);
	}
}

static void test_fake_v2(void **state)
{
	char text[256];

	(void)state;
	for (int after = 0; after <= 10; after += 5) {
		struct cgroup_dirs dirs = set_up();

		fake.settles_after = after;
		assert_int_equal(
			freeze(&dirs, false, text, sizeof text), after ? 0 : -HUSK_ERROR_TIMEOUT);
		assert_string_equal(fake.written, after ? "cgroup.freeze 1" : "cgroup.freeze 0");
		assert_int_equal(fake.frozen_writes, 0); /* v1 is left alone */
		if (!after)
			assert_non_null(strstr(text, "stand still after 10 s"));
		/* beyond the time that the kernel holds notifications back nothing wakes us but them */
		if (after == 10)
			assert_true(fake.last_poll_ms > 9000);
		assert_true(fake.polls < 15);
		tear_down(&dirs);
	}
}

static void test_fake_choice(void **state)
{
	struct cgroup_dirs dirs = set_up();
	char text[256], self[16];

	(void)state;
	fake.settles_after = 1;
	put_in("v2/c", "cgroup.procs",
		""); /* as where a rootless process could not be moved there */
	assert_int_equal(freeze(&dirs, false, text, sizeof text), 0);
	assert_string_equal(fake.written, "freezer.state FROZEN");
	put_in("v1/c", "cgroup.procs", "0\n"); /* of another pid namespace */
	assert_int_equal(freeze(&dirs, false, text, sizeof text), 0);
	put_in("v1/c", "cgroup.procs", "");
	assert_int_equal(freeze(&dirs, false, text, sizeof text), -HUSK_ERROR_UNSUPPORTED);
	assert_true(snprintf(self, sizeof self, "%d\n", (int)getpid()) > 0);
	put_in("v2/c", "cgroup.procs", self);
	assert_int_equal(freeze(&dirs, false, text, sizeof text), -HUSK_ERROR_BAD_STATE);
	assert_non_null(strstr(text, "the caller is in it"));
	tear_down(&dirs);
}

static void test_fake_is_frozen(void **state)
{
	static const struct {
		const char *state, *self, *freeze, *events;
		enum cgroup_frozen is;
	} rows[] = {
		{"THAWED\n", "0\n", "0\n", "populated 1\nfrozen 0\n", CGROUP_THAWED},
		{"FROZEN\n", "1\n", "0\n", "populated 1\nfrozen 0\n", CGROUP_FROZEN},
		{"FREEZING\n", "1\n", "0\n", "populated 1\nfrozen 0\n", CGROUP_FROZEN},
		{"FROZEN\n", "0\n", "0\n", "populated 1\nfrozen 0\n", CGROUP_FROZEN_ABOVE},
		{"THAWED\n", "0\n", "1\n", "populated 1\nfrozen 0\n", CGROUP_FROZEN},
		{"THAWED\n", "0\n", "1\n", "populated 1\nfrozen 1\n", CGROUP_FROZEN},
		{"THAWED\n", "0\n", "0\n", "populated 1\nfrozen 1\n", CGROUP_FROZEN_ABOVE},
		{"FROZEN\n", "0\n", "1\n", "populated 1\nfrozen 1\n", CGROUP_FROZEN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cgroup_dirs dirs = set_up();

		put_in("v1/c", "freezer.state", rows[i].state);
		put_in("v1/c", "freezer.self_freezing", rows[i].self);
		put_in("v2/c", "cgroup.freeze", rows[i].freeze);
		put_in("v2/c", "cgroup.events", rows[i].events);
		assert_int_equal(
			cgroup_is_frozen(&(struct cgroup_context){.dirs = &dirs}), rows[i].is);
		tear_down(&dirs);
	}
}

static void expect_thaw(struct cgroup_dirs *dirs, const char *text)
{
	struct husk_error *err = NULL;

	assert_int_equal(cgroup_thaw(&(struct cgroup_context){.dirs = dirs}, &err) < 0, *text != 0);
	if (!strstr(err ? husk_error_message(err) : "", text))
		fail_msg("'%s' is not in '%s'", text, err ? husk_error_message(err) : "");
	husk_error_free(err);
}

static void test_fake_thaw(void **state)
{
	struct cgroup_dirs dirs = set_up();

	(void)state;
	put_in("v1/c", "freezer.state", "FROZEN\n");
	put_in("v2/c", "cgroup.freeze", "1\n");
	expect_thaw(&dirs, "");
	assert_int_equal(fake.thawed_writes, 1);
	assert_string_equal(fake.written, "cgroup.freeze 0");

	put_in("v2/c", "cgroup.events", "populated 1\nfrozen 1\n");
	expect_thaw(&dirs, "a cgroup above it that is not mounted here is frozen");
	for (size_t i = 0; i < 2; i++) {
		free(dirs.v[i].mount_point);
		free(dirs.v[i].path);
		dirs.v[i].mount_point = strdup(fake.top);
		dirs.v[i].path = strdup(i ? "/v2/c" : "/v1/c");
	}
	put_in("v2", "cgroup.freeze", "1\n");
	expect_thaw(&dirs, "/v2' is frozen");
	put_in("v1", "freezer.self_freezing", "1\n");
	expect_thaw(&dirs, "/v1' is frozen");
	dirs.n = 1;
	put_in("v1", "freezer.self_freezing", "0\n");
	expect_thaw(&dirs, "");
	dirs.n = 2;
	tear_down(&dirs);
}

/* --- the real kernel */

/* A child that counts in shared memory and forks all the time, once it is where it belongs. */
static volatile unsigned int *counter;

static void counting_child(struct fixture *f)
{
	struct husk_error *err = NULL;
	pid_t pid;
	char go = 'g';
	int start[2];

	assert_int_equal(pipe(start), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (read(start[0], &go, 1) != 1)
			_exit(1);
		for (;;) {
			pid_t other = fork();

			++*counter;
			if (!other)
				_exit(0);
			waitpid(other, NULL, 0);
		}
	}
	f->children[f->n++] = pid;
	check(cgroup_join(&f->context, pid, &err), err);
	assert_int_equal(write(start[1], &go, 1), 1);
	close(start[0]);
	close(start[1]);
}

/* Does it change within the time? */
static bool counts(unsigned int ms)
{
	struct cgroup_wait w = {.deadline_us = cgroup_now_us() + ms * 1000};
	unsigned int before = *counter;

	while (*counter == before && cgroup_wait_step(&w))
		;
	return *counter != before;
}

static void stands_still(enum part part)
{
	struct husk_error *err = NULL;
	struct fixture f;

	prepare(&f, part, "/a/b");
	make(&f);
	counter = mmap(
		NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(counter != MAP_FAILED);
	counting_child(&f);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(cgroup_is_frozen(&f.context), CGROUP_THAWED);
		check(cgroup_freeze(&f.context, &err), err);
		assert_int_equal(cgroup_is_frozen(&f.context), CGROUP_FROZEN);
		assert_false(counts(3));
		check(cgroup_thaw(&f.context, &err), err);
		assert_true(counts(5000));
	}
	check(cgroup_freeze(&f.context, &err), err);
	finish(&f); /* and the frozen are killed */
	munmap((void *)counter, sizeof *counter);
}

static void test_stands_still(void **state)
{
	(void)state;
	stands_still(ALL);
	stands_still(V1_ONLY);
	stands_still(V2_ONLY);
}

/* A frozen cgroup above is not ours to thaw. */
static void above(enum part part)
{
	struct husk_error *err = NULL;
	struct fixture f;
	bool v2 = part == V2_ONLY, has = false;

	prepare(&f, part, "/a/b");
	make(&f);
	child(&f);
	for (int on = 1; on >= 0; on--) {
		for (size_t i = 0; i < f.dirs.n; i++) {
			auto_free char *file = str_printf("%s/%s/a/%s", f.dirs.v[i].mount_point,
				f.name, v2 ? "cgroup.freeze" : "freezer.state");

			if (!v2 && !cgroup_dir_has(&f.dirs.v[i], "freezer"))
				continue;
			has = true;
			assert_int_equal(io_write_at(AT_FDCWD, file,
						 v2   ? on ? "1" : "0"
						 : on ? "FROZEN"
						      : "THAWED"),
				0);
		}
		if (on && has) {
			struct cgroup_wait w = {.deadline_us = cgroup_now_us() + 1000000};

			while (!cgroup_is_frozen(&f.context) && cgroup_wait_step(&w))
				;
			assert_int_equal(cgroup_is_frozen(&f.context), CGROUP_FROZEN_ABOVE);
			check(cgroup_freeze(&f.context, &err), err);
			assert_int_equal(cgroup_is_frozen(&f.context), CGROUP_FROZEN);
			assert_true(cgroup_thaw(&f.context, &err) < 0);
			assert_non_null(strstr(husk_error_message(err), "/a' is frozen"));
			husk_error_free(err);
			err = NULL;
			if (!v2) {
				assert_true(cgroup_kill(&f.context, SIGKILL, &err) < 0);
				assert_non_null(
					strstr(husk_error_message(err), "1 still there, held by "));
				husk_error_free(err);
				err = NULL;
			}
		}
	}
	check(cgroup_thaw(&f.context, &err), err);
	assert_int_equal(cgroup_is_frozen(&f.context), CGROUP_THAWED);
	finish(&f);
}

static void test_above(void **state)
{
	(void)state;
	above(V1_ONLY);
	above(V2_ONLY);
}

/* v1: a freezer of a cgroup below, which its processes may have closed themselves, does not save them. */
static void test_frozen_below_is_killed(void **state)
{
	struct fixture f;

	(void)state;
	prepare(&f, V1_ONLY, "");
	make(&f);
	child(&f);
	for (size_t i = 0; i < f.dirs.n; i++) {
		auto_free char *below = cgroup_dir_path(&f.dirs.v[i], "below"), *file = NULL;
		auto_free char *text = str_printf("%d", (int)f.children[0]), *procs = NULL;

		if (!cgroup_dir_has(&f.dirs.v[i], "freezer"))
			continue;
		file = str_printf("%s/freezer.state", below);
		procs = str_printf("%s/cgroup.procs", below);
		assert_int_equal(mkdir(below, 0755), 0);
		assert_int_equal(io_write_at(AT_FDCWD, procs, text), 0);
		assert_int_equal(io_write_at(AT_FDCWD, file, "FROZEN"), 0);
	}
	finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fake_v1),
		cmocka_unit_test(test_fake_v2),
		cmocka_unit_test(test_fake_choice),
		cmocka_unit_test(test_fake_is_frozen),
		cmocka_unit_test(test_fake_thaw),
		cmocka_unit_test_teardown(test_stands_still, clean_up),
		cmocka_unit_test_teardown(test_above, clean_up),
		cmocka_unit_test_teardown(test_frozen_below_is_killed, clean_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
