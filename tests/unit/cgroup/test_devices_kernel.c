// SPDX-License-Identifier: Apache-2.0
/* Device rules on the real kernel, v1 and cgroup2: what a process in the cgroup may do, before and after a change. */
#include "fixture.h"

#include "device_rules.h"
#include <kern/bpf.h>

#include <sys/sysmacros.h>

enum { OPEN_READ = 'r', OPEN_WRITE = 'w', MAKE_NODE = 'm' };

/* What the process tries: the kernel logger's device, which no default rule allows, and /dev/null. */
static int attempt(int what, int minor, const char *node)
{
	int fd;

	if (what == MAKE_NODE) {
		int r = mknod(node, S_IFCHR | 0600, makedev(1, (unsigned int)minor)) < 0 ? errno
											 : 0;

		unlink(node);
		return r;
	}
	fd = open(minor == 3 ? "/dev/null" : "/dev/kmsg",
		(what == OPEN_READ ? O_RDONLY : O_WRONLY) | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* A process in the cgroup that answers what it is asked. */
struct inmate {
	int to, from;
};

static void serve(int from, int to)
{
	auto_free char *node = str_printf("/tmp/husk-test-node-%d", (int)getpid());
	unsigned char q[2];

	while (node && read(from, q, sizeof q) == sizeof q) {
		int r = attempt(q[0], q[1], node);

		if (write(to, &r, sizeof r) < 0)
			break;
	}
	_exit(0);
}

static struct inmate inmate(struct fixture *f)
{
	struct husk_error *err = NULL;
	int in[2], out[2];
	pid_t pid;

	assert_true(!pipe2(in, O_CLOEXEC) && !pipe2(out, O_CLOEXEC));
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(in[1]); /* or it would never hear the end */
		close(out[0]);
		serve(in[0], out[1]);
	}
	close(in[0]);
	close(out[1]);
	check(cgroup_join(&f->context, pid, &err), err);
	f->children[f->n++] = pid;
	return (struct inmate){in[1], out[0]};
}

static void expect(struct inmate i, int what, int minor, int want)
{
	unsigned char q[2] = {(unsigned char)what, (unsigned char)minor};
	int got = -1;

	assert_int_equal(write(i.to, q, sizeof q), sizeof q);
	assert_int_equal(read(i.from, &got, sizeof got), sizeof got);
	if (got != want)
		fail_msg("%c 1:%d is %s, not %s", what, minor, strerror(got), strerror(want));
}

/* Applies the rules after those of every container; may leave out what was before. */
static void apply(struct fixture *f, struct cgroup_devices *d, const char *const *texts,
	const struct cgroup_devices *old)
{
	struct husk_error *err = NULL;
	struct rules rules;

	parse_rules(&rules, texts);
	assert_int_equal(cgroup_devices_compile(rules.v, rules.n, d), 0);
	check(cgroup_devices_apply(&f->context, old, d, false, &err), err);
	free_rules(&rules);
}

static void start(struct fixture *f, enum part part)
{
	prepare(f, part, "");
	if (part == V1_ONLY) {
		size_t n = 0;

		for (size_t i = 0; i < f->dirs.n; i++)
			n += cgroup_dir_has(&f->dirs.v[i], "devices");
		if (!n) {
			cgroup_dirs_done(&f->dirs);
			free(f->name);
			skip();
		}
	}
	make(f);
}

static size_t programs(const struct fixture *f)
{
	auto_free char *path = cgroup_dir_path(&f->dirs.v[0], NULL);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct bpf_ids ids = {};

	assert_int_equal(bpf_device_programs(fd, &ids), 0);
	free(ids.v);
	close(fd);
	return ids.n;
}

static void live_update(enum part part)
{
	static const char *const none[] = {NULL}, *const read_it[] = {"c 1:11 r", NULL},
				 *const all[] = {"a *:* rwm", NULL},
				 *const no_nodes[] = {"c 1:11 rw", NULL};
	struct cgroup_devices a, b, c, d;
	struct inmate i;
	struct fixture f;

	start(&f, part);
	apply(&f, &a, none, NULL);
	i = inmate(&f);
	expect(i, OPEN_READ, 11, EPERM);
	expect(i, OPEN_WRITE, 11, EPERM);
	expect(i, OPEN_READ, 3, 0);
	expect(i, MAKE_NODE, 11, 0);
	apply(&f, &b, read_it, &a);
	expect(i, OPEN_READ, 11, 0);
	expect(i, OPEN_WRITE, 11, EPERM);
	apply(&f, &c, no_nodes, NULL);
	assert_int_equal(
		part == V2_ONLY ? programs(&f) : 1, 1); /* in the place of the one before */
	expect(i, OPEN_WRITE, 11, 0);
	apply(&f, &d, all, &c);
	expect(i, OPEN_WRITE, 11, 0);
	assert_int_equal(part == V2_ONLY ? programs(&f) : 0, 0);
	cgroup_devices_done(&b);
	apply(&f, &b, none, &d);
	expect(i, OPEN_READ, 11, EPERM);
	expect(i, OPEN_READ, 3, 0);
	close(i.to);
	close(i.from);
	assert_int_equal(waitpid(f.children[0], NULL, 0), f.children[0]);
	f.n = 0;
	finish(&f);
	cgroup_devices_done(&a);
	cgroup_devices_done(&b);
	cgroup_devices_done(&c);
	cgroup_devices_done(&d);
}

static void test_v1(void **state)
{
	(void)state;
	live_update(V1_ONLY);
}

static void test_v2(void **state)
{
	(void)state;
	live_update(V2_ONLY);
}

/* Denials out of everything: the later rule wins over the defaults here. */
static void denials(enum part part)
{
	static const char *const all[] = {"a *:* rwm", NULL}, *const later[] = {
								      "deny c 1:11 m", NULL};
	struct husk_error *err = NULL;
	struct cgroup_devices none = {}, d;
	struct rules rules;
	struct inmate i;
	struct fixture f;

	start(&f, part);
	apply(&f, &d, all, NULL);
	parse_rules(&rules, later);
	assert_int_equal(cgroup_devices_add(&d, rules.v, 1), 0);
	free_rules(&rules);
	check(cgroup_devices_apply(&f.context, NULL, &d, false, &err), err);
	i = inmate(&f);
	expect(i, MAKE_NODE, 11, EPERM);
	expect(i, OPEN_READ, 11, 0);
	check(cgroup_devices_apply(&f.context, &d, &d, false, &err), err);
	expect(i, MAKE_NODE, 11, EPERM);
	check(cgroup_devices_apply(&f.context, &d, &none, false, &err), err);
	expect(i, OPEN_READ, 3, EPERM);
	/* back means, on v1, all for a moment: not while somebody could use it */
	if (part == V1_ONLY) {
		assert_int_equal(cgroup_devices_apply(&f.context, &none, &d, false, &err), -EBUSY);
		assert_non_null(strstr(husk_error_message(err), "pause the container"));
		husk_error_free(err);
		expect(i, OPEN_READ, 3, EPERM);
	} else {
		check(cgroup_devices_apply(&f.context, &none, &d, false, &err), err);
		expect(i, OPEN_READ, 3, 0);
	}
	close(i.to);
	close(i.from);
	assert_int_equal(waitpid(f.children[0], NULL, 0), f.children[0]);
	f.n = 0;
	finish(&f);
	cgroup_devices_done(&d);
}

static void test_denials_v1(void **state)
{
	(void)state;
	denials(V1_ONLY);
}

static void test_denials_v2(void **state)
{
	(void)state;
	denials(V2_ONLY);
}

static void test_no_words(void **state)
{
	static const char *const texts[] = {"c 9:* rw", "deny c 9:5 w", NULL};
	struct husk_error *err = NULL;
	struct cgroup_devices d;
	struct rules rules;
	struct fixture f;

	(void)state;
	start(&f, V1_ONLY);
	parse_rules(&rules, texts);
	assert_int_equal(cgroup_devices_compile(rules.v, rules.n, &d), 0);
	assert_true(cgroup_devices_apply(&f.context, NULL, &d, false, &err) < 0);
	assert_int_equal(husk_error_code(err), HUSK_ERROR_INVALID_CONFIG);
	assert_string_equal(husk_error_pointer(err), "/linux/resources/devices/1");
	assert_non_null(strstr(husk_error_message(err), "'c 9:5 w'"));
	husk_error_free(err);
	finish(&f);
	cgroup_devices_done(&d);
	free_rules(&rules);
}

/* Thousands of numbers are no trouble to the verifier: in one major, and in as many as there are. */
static void test_long(void **state)
{
	enum { N = 8000 };
	auto_free struct oci_device_rule *rules = calloc(N, sizeof *rules);
	struct husk_error *err = NULL;
	struct fixture f;

	(void)state;
	start(&f, V2_ONLY);
	for (int64_t spread = 1; spread <= 4096; spread *= 64) {
		struct cgroup_devices d;

		for (int64_t i = 0; i < N; i++)
			rules[i] = (struct oci_device_rule){.allow = {true, true},
				.type = {true, i % 3 ? OCI_DEVICE_CHAR : OCI_DEVICE_BLOCK},
				.major = {true, i % spread},
				.minor = {true, i},
				.access = (char *)(i % 2 ? "r" : "rw")};
		assert_int_equal(cgroup_devices_compile(rules, N, &d), 0);
		check(cgroup_devices_apply(&f.context, NULL, &d, false, &err), err);
		cgroup_devices_done(&d);
	}
	finish(&f);
}

static void test_nowhere(void **state)
{
	struct cgroup_dirs dirs = {};
	struct cgroup_context context = {.dirs = &dirs};
	struct husk_error *err = NULL;
	struct cgroup_devices d;

	(void)state;
	assert_int_equal(cgroup_devices_compile(NULL, 0, &d), 0);
	assert_int_equal(cgroup_devices_apply(&context, NULL, &d, true, &err), 0);
	assert_true(cgroup_devices_apply(&context, NULL, &d, false, &err) < 0);
	assert_int_equal(husk_error_code(err), HUSK_ERROR_UNSUPPORTED);
	husk_error_free(err);
	cgroup_devices_done(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_v1, clean_up),
		cmocka_unit_test_teardown(test_v2, clean_up),
		cmocka_unit_test_teardown(test_denials_v1, clean_up),
		cmocka_unit_test_teardown(test_denials_v2, clean_up),
		cmocka_unit_test_teardown(test_no_words, clean_up),
		cmocka_unit_test_teardown(test_long, clean_up),
		cmocka_unit_test(test_nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
