// SPDX-License-Identifier: Apache-2.0
/*
 * Controllers of cgroup2 are handed down from the root, level by level, by cgroup.subtree_control. Usually somebody
 * (systemd) has done that already, and reading two files is all. A cgroup with processes in it hands nothing down.
 */
#include <cgroup/apply.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/text.h>
#include <cgroup/dir.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

enum { FILE_LIMIT = 4096 };

/* Those that work on threads, so that threaded cgroups can have them. */
static const char threaded_controllers[] = "cpu cpuset perf_event pids";

static int read_list(const char *dir, const char *file, char **ret)
{
	auto_free char *path = str_printf("%s/%s", dir, file);
	int r = path ? io_read_at(AT_FDCWD, path, FILE_LIMIT, ret, NULL) : -ENOMEM;

	if (!r)
		(*ret)[strcspn(*ret, "\n")] = '\0';
	return r;
}

static int write_control(const char *dir, const char *text)
{
	auto_free char *path = str_printf("%s/cgroup.subtree_control", dir);

	return path ? io_write_at(AT_FDCWD, path, text) : -ENOMEM;
}

static bool needs(
	const struct cgroup_orders *orders, const struct cgroup_dir *dir, const char *name)
{
	for (size_t i = 0; orders && i < orders->writes.n; i++) {
		const struct cgroup_write *w = &orders->writes.v[i];
		const char *rest = text_after(w->file, name);

		if (w->dir == dir &&
			(w->controller ? text_equal(w->controller, name) : rest && *rest == '.'))
			return true;
	}
	return false;
}

/* Those of `all` that `have` lacks, and that we want, as subtree_control takes them: "+cpu +io". */
static void add_missing(const struct cgroup_context *c, const struct cgroup_dir *dir, char *all,
	const char *have, struct strbuf *out)
{
	char *rest = all;

	for (char *name; (name = strsep(&rest, " "));)
		if (*name && !cgroup_list_has(have, name) &&
			(c->all_controllers || needs(c->orders, dir, name)))
			strbuf_printf(out, "%s+%s", out->len ? " " : "", name);
}

/*
 * All at once, or, as one that cannot be had spoils it, one by one. Not where processes are in the way (EBUSY): those
 * that threads can have would be handed down, and by that turn the cgroup into the root of a threaded domain.
 */
static void hand_down(const char *dir, const char *wanted)
{
	auto_free char *copy = strdup(wanted);
	char *rest = copy;
	int r = write_control(dir, wanted);

	if (!r || r == -EBUSY || !copy)
		return;
	for (char *one; (one = strsep(&rest, " "));)
		ignored(write_control(dir, one)); /* the missing file will tell */
}

static void hand_down_path(const char *path, size_t fixed, const char *wanted)
{
	auto_free char *copy = strdup(path);

	for (char *p = copy ? copy + fixed : NULL; p; p = strchr(p + 1, '/')) {
		*p = '\0';
		hand_down(copy, wanted);
		*p = '/';
	}
}

/* Below a threaded cgroup every new one is invalid until it is made threaded, too. */
static int make_threaded(
	const char *path, const struct cgroup_orders *orders, struct husk_error **err)
{
	auto_free char *type = NULL, *file = str_printf("%s/cgroup.type", path);
	int r;

	if (!file)
		return fail_memory(err);
	r = read_list(path, "cgroup.type", &type);
	if (r < 0 || !text_equal(type, "domain invalid"))
		return 0;
	for (size_t i = 0; orders && i < orders->writes.n; i++) {
		const struct cgroup_write *w = &orders->writes.v[i];

		if (w->dir->v2 && w->controller &&
			!cgroup_list_has(threaded_controllers, w->controller))
			return fail_full(err, HUSK_ERROR_UNSUPPORTED, EOPNOTSUPP, w->at,
				"%s: cannot be applied in cgroup '%s', which is below a threaded "
				"one: that has only %s",
				w->at, path, threaded_controllers);
	}
	r = io_write_at(AT_FDCWD, file, "threaded");
	return r < 0 ? fail_errno(err, r, "cannot make cgroup '%s' threaded", path) : 0;
}

int cgroup_enable(
	const struct cgroup_context *c, const struct cgroup_dir *dir, struct husk_error **err)
{
	auto_free char *path = cgroup_dir_path(dir, NULL), *all = NULL, *have = NULL;
	auto_strbuf wanted = {};

	if (!path)
		return fail_memory(err);
	if (!c->all_controllers && !(c->orders && c->orders->writes.n))
		return 0;
	if (read_list(dir->mount_point, "cgroup.controllers", &all) < 0 ||
		read_list(path, "cgroup.controllers", &have) < 0)
		return 0; /* not a cgroup2 we can see into: a missing file will tell */
	add_missing(c, dir, all, have, &wanted);
	if (!wanted.len)
		return strbuf_failed(&wanted) ? fail_memory(err) : 0;
	hand_down_path(path, strlen(dir->mount_point), wanted.text);
	return make_threaded(path, c->orders, err);
}
