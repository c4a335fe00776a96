// SPDX-License-Identifier: Apache-2.0
/*
 * Finding the hierarchies on machines that this one is not: /proc and the mounts are made up.
 * wrap: io_read_at statfs access
 */
#include <base/mem.h>
#include <base/str.h>
#include <base/text.h>
#include <kern/cgroupfs.h>

#include <errno.h>
#include <linux/magic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>
#include <cmocka.h>

/* One machine: NULL files do not exist; v1/v2 are the mount points, blank-separated, `missing` directories below. */
struct machine {
	const char *cgroup, *mountinfo, *v1, *v2, *missing;
	int mountinfo_reads;
};

static struct machine *machine;

int __wrap_io_read_at(int dirfd, const char *path, size_t limit, char **text, size_t *len);
int __wrap_statfs(const char *path, struct statfs *fs);
int __wrap_access(const char *path, int mode);

int __wrap_io_read_at(int dirfd, const char *path, size_t limit, char **text, size_t *len)
{
	const char *found = NULL;

	(void)dirfd, (void)limit, (void)len;
	if (text_equal(path, "/proc/self/cgroup"))
		found = machine->cgroup;
	else if (text_equal(path, "/proc/self/mountinfo"))
		found = machine->mountinfo, machine->mountinfo_reads++;
	else
		fail_msg("unexpected read of %s", path);
	if (!found)
		return -ENOENT;
	*text = strdup(found);
	return 0;
}

static bool in_words(const char *words, const char *word)
{
	auto_free char *padded = str_printf(" %s ", words ? words : ""),
		       *wanted = str_printf(" %s ", word);

	return strstr(padded, wanted) != NULL;
}

int __wrap_statfs(const char *path, struct statfs *fs)
{
	*fs = (struct statfs){.f_type = 0x01021994};
	if (in_words(machine->v1, path))
		fs->f_type = CGROUP_SUPER_MAGIC;
	else if (in_words(machine->v2, path))
		fs->f_type = CGROUP2_SUPER_MAGIC;
	else if (!text_equal(path, "/sys/fs/cgroup"))
		return errno = ENOENT, -1;
	return 0;
}

int __wrap_access(const char *path, int mode)
{
	(void)mode;
	if (in_words(machine->missing, path))
		return errno = ENOENT, -1;
	return 0;
}

/* "mode; controllers@mount_point:own_path; ..." */
static char *describe(const struct cgroup_layout *layout)
{
	static const char *const modes[] = {"none", "v1", "hybrid", "v2"};
	struct strbuf b = {};

	strbuf_add(&b, modes[layout->mode]);
	list_for_each (h, &layout->hierarchies) {
		assert_int_equal(h->v2, !*h->controllers);
		strbuf_printf(&b, "; %s@%s:%s", h->controllers, h->mount_point, h->own_path);
	}
	return strbuf_take(&b);
}

static void expect(struct machine *m, const char *expected)
{
	struct cgroup_layout layout;
	auto_free char *text = NULL;

	machine = m;
	assert_int_equal(cgroup_layout_detect(&layout), 0);
	text = describe(&layout);
	cgroup_layout_done(&layout);
	assert_string_equal(text, expected);
}

static void test_v2(void **state)
{
	struct machine m = {.cgroup = "0::/user.slice/session-1.scope\n", .v2 = "/sys/fs/cgroup"};

	(void)state;
	expect(&m, "v2; @/sys/fs/cgroup:/user.slice/session-1.scope");
	assert_int_equal(m.mountinfo_reads, 0);

	/* a stray v1 hierarchy beside it */
	m.cgroup = "1:name=elogind:/x\n0::/\n";
	m.v1 = "/sys/fs/cgroup/elogind";
	expect(&m, "v2; @/sys/fs/cgroup:/");

	/* outside of our cgroup namespace: must not lead out of the mount */
	m.cgroup = "0::/../../other\n";
	expect(&m, "v2; @/sys/fs/cgroup:/other");
}

static void test_systemd_hybrid(void **state)
{
	struct machine m = {
		.cgroup = "4:cpu,cpuacct:/a\n3:memory:/a/b\n1:name=systemd:/user.slice\n0::/"
			  "user.slice\n",
		.v1 = "/sys/fs/cgroup/cpu,cpuacct /sys/fs/cgroup/memory /sys/fs/cgroup/systemd",
		.v2 = "/sys/fs/cgroup/unified",
	};

	(void)state;
	expect(&m, "hybrid; cpu,cpuacct@/sys/fs/cgroup/cpu,cpuacct:/a; "
		   "memory@/sys/fs/cgroup/memory:/a/b; "
		   "name=systemd@/sys/fs/cgroup/systemd:/user.slice; "
		   "@/sys/fs/cgroup/unified:/user.slice");
	assert_int_equal(m.mountinfo_reads, 0);
}

static void test_v1_elsewhere(void **state)
{
	struct machine m = {
		.cgroup = "3:cpu,cpuacct:/a\n2:pids:/\n1:name=my systemd:/s\n0::/\n",
		.mountinfo = "30 1 0:1 / / rw - ext4 /dev/vda rw\n"
			     "31 30 0:2 / /cg/with\\040blank rw,relatime shared:3 master:1 - "
			     "cgroup none rw,pids\n"
			     "32 30 0:3 / /cg/both rw - cgroup cgroup rw,cpuacct,cpu\n"
			     "33 30 0:3 / /cg/again rw - cgroup cgroup rw,cpuacct,cpu\n",
	};

	(void)state;
	/* cgroup2 and the named one are mounted nowhere */
	expect(&m, "v1; cpu,cpuacct@/cg/both:/a; pids@/cg/with blank:/");
	assert_int_equal(m.mountinfo_reads, 1);
}

static void test_v2_elsewhere(void **state)
{
	struct machine m = {
		.cgroup = "0::/x\n",
		.mountinfo = "31 30 0:2 / /mnt/cgroup rw - cgroup2 none rw\n",
	};

	(void)state;
	expect(&m, "v2; @/mnt/cgroup:/x");
}

/* Docker on v1 without a cgroup namespace: the mount shows the container's part only, /proc the whole path. */
static void test_part_of_hierarchy(void **state)
{
	struct machine m = {
		.cgroup = "2:memory:/docker/abc/sub\n1:pids:/docker/abc\n3:cpu:/elsewhere\n",
		.v1 = "/sys/fs/cgroup/memory /sys/fs/cgroup/pids /sys/fs/cgroup/cpu",
		.missing = "/sys/fs/cgroup/memory/docker/abc/sub /sys/fs/cgroup/pids/docker/abc "
			   "/sys/fs/cgroup/cpu/elsewhere",
		.mountinfo =
			"31 30 0:2 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
			"32 30 0:3 /docker/abc /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n"
			"33 30 0:4 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n",
	};

	(void)state;
	expect(&m, "v1; memory@/sys/fs/cgroup/memory:/sub; pids@/sys/fs/cgroup/pids:/; "
		   "cpu@/sys/fs/cgroup/cpu:/");
}

/* A mount from before we entered our cgroup namespace shows what is above it. */
static void test_above_namespace(void **state)
{
	struct machine m = {
		.cgroup = "1:pids:/x\n",
		.v1 = "/sys/fs/cgroup/pids",
		.missing = "/sys/fs/cgroup/pids/x",
		.mountinfo = "32 30 0:3 /.. /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n",
	};

	(void)state;
	expect(&m, "none");
}

static void test_none(void **state)
{
	struct machine m = {};
	struct cgroup_dirs dirs;
	struct cgroup_layout layout;

	(void)state;
	expect(&m, "none");
	m.cgroup = "0::/\n";
	m.mountinfo = "broken\n1 2 3\n\n1 2 0:3 / / rw no separator\n";
	expect(&m, "none");
	assert_int_equal(cgroup_layout_detect(&layout), 0);
	assert_int_equal(cgroup_dirs_resolve(&layout, "/x", "id", &dirs), 0);
	assert_int_equal(dirs.n, 0);
	cgroup_dirs_done(&dirs);
	m.cgroup = "1:cpu\n";
	assert_int_equal(cgroup_layout_detect(&layout), -EBADMSG);
	m.cgroup = "1:cpu:/x\n";
	m.mountinfo = NULL;
	assert_int_equal(cgroup_layout_detect(&layout), -ENOENT);
}

static void expect_path(
	const struct cgroup_layout *layout, const char *path, const char *pids, const char *v2)
{
	struct cgroup_dirs dirs;

	assert_int_equal(cgroup_dirs_resolve(layout, path, "id", &dirs), 0);
	assert_int_equal(dirs.n, 2);
	assert_string_equal(dirs.v[0].path, pids);
	assert_string_equal(dirs.v[1].path, v2);
	assert_string_equal(dirs.v[0].controllers, "pids");
	assert_string_equal(dirs.v[1].mount_point, "/sys/fs/cgroup/unified");
	assert_true(!dirs.v[0].v2 && dirs.v[1].v2);
	assert_int_equal(dirs.v[0].made_parents, 0);
	cgroup_dirs_done(&dirs);
}

static void test_resolve(void **state)
{
	struct machine m = {
		.cgroup = "1:pids:/\n0::/own/cg\n",
		.v1 = "/sys/fs/cgroup/pids",
		.v2 = "/sys/fs/cgroup/unified",
	};
	struct cgroup_layout layout;

	(void)state;
	machine = &m;
	assert_int_equal(cgroup_layout_detect(&layout), 0);
	expect_path(&layout, NULL, "/id", "/own/id");
	expect_path(&layout, "", "/id", "/own/id");
	expect_path(&layout, "a/b", "/a/b", "/own/a/b");
	expect_path(&layout, "/a/b", "/a/b", "/a/b");
	expect_path(&layout, "/a//./b/", "/a/b", "/a/b");
	expect_path(&layout, "../x", "/x", "/x");
	expect_path(&layout, "../../../../etc", "/etc", "/etc");
	expect_path(&layout, "/../../etc", "/etc", "/etc");
	expect_path(&layout, "/..", "/", "/");
	cgroup_layout_done(&layout);
}

/* Our own cgroup has a process, us: on v2 it cannot hand controllers down. */
static void test_resolve_v2(void **state)
{
	static const struct {
		const char *own, *path, *want;
	} rows[] = {
		{"/user.slice/app.scope", NULL, "/user.slice/id"},
		{"/user.slice/app.scope", "a/b", "/user.slice/a/b"},
		{"/user.slice/app.scope", "/a", "/a"},
		{"/top", NULL, "/id"},
		{"/", NULL, "/id"},
		{"/", "a/../b", "/b"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct cgroup_hierarchy h = {
			(char *)"", (char *)"/sys/fs/cgroup", (char *)(uintptr_t)rows[i].own, true};
		struct cgroup_layout layout = {CGROUP_V2, {1, &h}};
		struct cgroup_dirs dirs;

		assert_int_equal(cgroup_dirs_resolve(&layout, rows[i].path, "id", &dirs), 0);
		assert_string_equal(dirs.v[0].path, rows[i].want);
		cgroup_dirs_done(&dirs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v2),
		cmocka_unit_test(test_systemd_hybrid),
		cmocka_unit_test(test_v1_elsewhere),
		cmocka_unit_test(test_v2_elsewhere),
		cmocka_unit_test(test_part_of_hierarchy),
		cmocka_unit_test(test_above_namespace),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_resolve),
		cmocka_unit_test(test_resolve_v2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
