// SPDX-License-Identifier: Apache-2.0
/*
 * Probes against made-up files, and against this machine where the answer can be known otherwise.
 * wrap: io_read_at
 */
#include <base/mem.h>
#include <base/str.h>
#include <kern/probe.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <cmocka.h>

static const char *file;

int __wrap_io_read_at(int dirfd, const char *path, size_t limit, char **text, size_t *len);

int __wrap_io_read_at(int dirfd, const char *path, size_t limit, char **text, size_t *len)
{
	(void)dirfd, (void)path, (void)limit, (void)len;
	if (!file)
		return -ENOENT;
	*text = strdup(file);
	return 0;
}

static void test_user_namespace(void **state)
{
	static const struct {
		const char *map;
		int answer;
	} rows[] = {
		{"         0          0 4294967295\n", 0},
		{NULL, 0},
		{"         0          0 4294967295\n 1 1 1\n", 1},
		{"         0     100000      65536\n", 1},
		{"         0          0 42949672950\n", 1},
		{"", 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		file = rows[i].map;
		assert_int_equal(probe_in_user_namespace(), rows[i].answer);
	}
}

static void test_known_capabilities(void **state)
{
	uint64_t set = 7;

	(void)state;
	file = "40\n";
	assert_int_equal(probe_known_capabilities(&set), 0);
	assert_true(set == UINT64_C(0x1ffffffffff));
	file = "63\n";
	assert_int_equal(probe_known_capabilities(&set), 0);
	assert_true(set == UINT64_MAX);
	file = "x\n";
	assert_int_equal(probe_known_capabilities(&set), -EINVAL);
	assert_true(set == UINT64_MAX);
	file = NULL;
	assert_int_equal(probe_known_capabilities(&set), -ENOENT);
}

static void test_effective_capabilities(void **state)
{
	uint64_t set;

	(void)state;
	assert_int_equal(probe_effective_capabilities(&set), 0);
	/* Who may not do a thing does not have it: CAP_DAC_READ_SEARCH is 2, CAP_CHOWN 0. */
	if (geteuid())
		assert_true(!(set & 1));
}

static void test_kernel(void **state)
{
	struct utsname name;
	unsigned int major = 0, minor = 0;

	(void)state;
	assert_int_equal(uname(&name), 0);
	assert_int_equal(sscanf(name.release, "%u.%u", &major, &minor), 2);
	assert_int_equal(probe_kernel_at_least(major, minor), 1);
	assert_int_equal(probe_kernel_at_least(major, minor + 1), 0);
	assert_int_equal(probe_kernel_at_least(major - 1, minor + 100), 1);
	assert_int_equal(probe_kernel_at_least(major + 1, 0), 0);
}

static void test_cgroup_kill(void **state)
{
	auto_free char *dir = strdup("/tmp/husk-test-XXXXXX"), *path = NULL;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(probe_has_cgroup_kill(dir), 0);
	path = str_printf("%s/cgroup.kill", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(probe_has_cgroup_kill(dir), 1);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_user_namespace),
		cmocka_unit_test(test_known_capabilities),
		cmocka_unit_test(test_effective_capabilities),
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_cgroup_kill),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
