/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits carried out on a tree of plain files, /c of a v1 hierarchy and of cgroup2, behind a kernel that is false: it
 * refuses what the true one refuses, so that every order of old and new values can be tried. The test that includes
 * this wraps io_write_at.
 */
#ifndef HUSK_TESTS_CGROUP_LIMITS_FIXTURE_H
#define HUSK_TESTS_CGROUP_LIMITS_FIXTURE_H

#include <base/io.h>
#include <base/mem.h>
#include <base/parse.h>
#include <base/str.h>
#include <base/text.h>
#include <cgroup/apply.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define NONE "rbps=max wbps=max riops=max wiops=max"

static struct {
	char top[32];
	struct cgroup_dir dirs[2]; /* v1, v2 */
	struct cgroup_dirs list;
	struct cgroup_context context;
	struct log log;
	struct strbuf done, logged;
	const char *refuse; /* a write "FILE=TEXT" that contains it; */
	int why; /* with this -errno */
} m;

int __wrap_io_write_at(int dirfd, const char *path, const char *text);

/* ---- the false kernel ---- */

static void put(const char *file, const char *text)
{
	auto_free char *path = str_printf("%s/%s", m.top, file);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static char *get(const char *file)
{
	auto_free char *path = str_printf("%s/%s", m.top, file);
	char *text = NULL;

	assert_int_equal(io_read_at(AT_FDCWD, path, 4096, &text, NULL), 0);
	return text;
}

__attribute__((unused)) static void expect(const char *file, const char *want)
{
	auto_free char *text = get(file);

	if (!text_equal(text, want))
		fail_msg("%s is '%s', not '%s'", file, text, want);
}

static int64_t number(const char *file)
{
	auto_free char *text = get(file);

	return strtoll(text, NULL, 10);
}

/* Memory is never above memory and swap; a quota is not above a hundred periods here. */
static bool does_not_fit(const char *file, const char *text)
{
	int64_t n = strtoll(text, NULL, 10);

	if (text_equal(file, "v1/c/memory.limit_in_bytes"))
		return n > number("v1/c/memory.memsw.limit_in_bytes");
	if (text_equal(file, "v1/c/memory.memsw.limit_in_bytes"))
		return n < number("v1/c/memory.limit_in_bytes");
	if (text_equal(file, "v1/c/cpu.cfs_quota_us"))
		return n > number("v1/c/cpu.cfs_period_us") * 100;
	if (text_equal(file, "v1/c/cpu.cfs_period_us"))
		return number("v1/c/cpu.cfs_quota_us") > n * 100;
	return false;
}

/* A file with a line for each key that somebody set. */
static void put_line(const char *file, const char *text)
{
	auto_free char *now = get(file);
	auto_strbuf out = {};
	size_t key = strcspn(text, " ");

	for (const char *p = now; *p;) {
		size_t n = strcspn(p, "\n");

		if (strncmp(p, text, key + 1) != 0)
			strbuf_printf(&out, "%.*s\n", (int)n, p);
		p += n + (p[n] == '\n');
	}
	if (!strstr(text, NONE))
		strbuf_printf(&out, "%s\n", text);
	put(file, strbuf_text(&out));
}

int __wrap_io_write_at(int dirfd, const char *path, const char *text)
{
	const char *file = path + strlen(m.top) + 1;
	auto_free char *line = str_printf("%s=%s\n", file, text);

	assert_int_equal(dirfd, AT_FDCWD);
	if (access(path, F_OK) < 0)
		return -errno;
	strbuf_add(&m.done, line);
	if (m.refuse && strstr(line, m.refuse))
		return m.why;
	if (does_not_fit(file, text))
		return -EINVAL;
	if (strstr(file, "io.max"))
		put_line(file, text);
	else
		put(file, text);
	return 0;
}

/* ---- around it ---- */

static void hear(void *data, enum husk_log_level level, const char *message)
{
	(void)data;
	(void)level;
	strbuf_printf(&m.logged, "%s\n", message);
}

__attribute__((unused)) static int prepare(void **state)
{
	static const char *const at[] = {"v1", "v1/c", "v2", "v2/c"};

	(void)state;
	memset(&m, 0, sizeof m);
	strcpy(m.top, "/tmp/husk-apply-XXXXXX");
	assert_non_null(mkdtemp(m.top));
	for (size_t i = 0; i < ARRAY_LEN(at); i++) {
		auto_free char *path = str_printf("%s/%s", m.top, at[i]);

		assert_int_equal(mkdir(path, 0755), 0);
	}
	for (size_t i = 0; i < 2; i++)
		m.dirs[i] = (struct cgroup_dir){
			.controllers = (char *)(uintptr_t)(i ? "" : "memory,cpu,cpuset"),
			.mount_point = str_printf("%s/v%zu", m.top, i + 1),
			.path = (char *)(uintptr_t) "/c",
			.v2 = i,
		};
	m.list = (struct cgroup_dirs){.n = 2, .v = m.dirs};
	m.log = (struct log){.write = hear, .level = HUSK_LOG_DEBUG};
	m.context = (struct cgroup_context){.dirs = &m.list, .log = &m.log};
	return 0;
}

__attribute__((unused)) static int tidy(void **state)
{
	auto_free char *command = str_printf("rm -r '%s'", m.top);

	(void)state;
	free(m.dirs[0].mount_point);
	free(m.dirs[1].mount_point);
	strbuf_done(&m.done);
	strbuf_done(&m.logged);
	return system(command); /* NOLINT: the path is ours */
}

enum { V1, V2 };

/* Nothing of it is freed by those who get it. */
__attribute__((unused)) static struct cgroup_write order(
	int where, const char *file, const char *value, unsigned int flags)
{
	return (struct cgroup_write){
		.dir = &m.dirs[where],
		.file = (char *)(uintptr_t)file,
		.value = (char *)(uintptr_t)value,
		.at = (char *)(uintptr_t) "/linux/resources/x",
		.flags = flags,
	};
}

/* 0, or the message, which is then looked for. `group`: all of them belong together. */
__attribute__((unused)) static void apply(struct cgroup_write *v, size_t n, unsigned int group,
	struct cgroup_old *old, const char *message)
{
	struct cgroup_orders orders = {.writes = {.n = n, .v = v}};
	auto_error *err = NULL;
	int r;

	for (size_t i = 0; i < n; i++)
		v[i].group = group;
	r = cgroup_apply(&m.context, &orders, old, &err);
	if (r < 0 && !message)
		fail_msg("%s", husk_error_message(err));
	assert_int_equal(r < 0, message != NULL);
	if (message && !strstr(husk_error_message(err), message))
		fail_msg("'%s' is not in '%s'", message, husk_error_message(err));
}

__attribute__((unused)) static void restore(struct cgroup_old *old)
{
	cgroup_restore(&m.context, old);
	cgroup_old_done(old);
	assert_int_equal(old->n, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, prepare, tidy)

#endif
