// SPDX-License-Identifier: Apache-2.0
/*
 * One cgroup directory. Trees are listed breadth first with paths relative to the top, so that neither recursion
 * nor descriptors grow with a depth that whoever is inside may choose. The kernel keeps the link count of a cgroup
 * directory at 2 + its children: most are known to be leaves without being listed.
 */
#include <cgroup/dir.h>
#include <base/fd.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/parse.h>
#include <base/str.h>
#include <base/text.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PROCS_LIMIT = 64 << 20 };

char *cgroup_dir_path(const struct cgroup_dir *dir, const char *file)
{
	const char *path = text_equal(dir->path, "/") ? "" : dir->path;

	return file ? str_printf("%s%s/%s", dir->mount_point, path, file)
		    : str_printf("%s%s", dir->mount_point, path);
}

bool cgroup_dir_has(const struct cgroup_dir *dir, const char *controller)
{
	size_t n = strlen(controller);

	for (const char *c = dir->controllers; *c; c += *c == ',') {
		size_t m = strcspn(c, ",");

		if (n == m && !strncmp(c, controller, n))
			return true;
		c += m;
	}
	return false;
}

bool cgroup_list_has(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *p = list; n && (p = strstr(p, name)); p += n)
		if ((p == list || p[-1] == ' ') && (!p[n] || p[n] == ' ' || p[n] == '\n'))
			return true;
	return false;
}

bool cgroup_may_skip(const struct cgroup_context *c, int r)
{
	return c->best_effort && (r == -EACCES || r == -EPERM || r == -EROFS);
}

static int add_children(int fd, const char *path, struct strv *list)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3), r = 0;
	DIR *d = copy < 0 ? NULL : fdopendir(copy);

	if (!d) {
		r = -errno;
		fd_close(copy);
		return r;
	}
	for (struct dirent *e; !r && (e = readdir(d));) {
		if (e->d_type != DT_DIR || text_equal(e->d_name, ".") ||
			text_equal(e->d_name, ".."))
			continue;
		r = strv_take(list, text_equal(path, ".") ? strdup(e->d_name)
							  : str_printf("%s/%s", path, e->d_name));
	}
	closedir(d);
	return r;
}

/* Calls visit for `top` and everything below it, parents first; what vanishes meanwhile is passed over. */
static int walk(const char *top, struct strv *list, int (*visit)(int fd, void *data), void *data)
{
	auto_close int top_fd = open(top, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
	int r;

	if (top_fd < 0)
		return -errno;
	r = strv_add(list, ".");
	for (size_t i = 0; !r && i < list->n; i++) {
		auto_close int sub = -1;
		int fd = top_fd;
		struct stat st;

		if (i) {
			sub = openat(top_fd, list->v[i], O_DIRECTORY | O_RDONLY | O_CLOEXEC);
			if (sub < 0 && errno == ENOENT)
				continue;
			if (sub < 0)
				return -errno;
			fd = sub;
		}
		if (visit)
			r = visit(fd, data);
		if (!r && (fstat(fd, &st) < 0 || st.st_nlink != 2))
			r = add_children(fd, list->v[i], list);
		if (r == -ENOENT || r == -ENODEV)
			r = 0;
	}
	return r;
}

int cgroup_tree(const char *top, struct strv *ret)
{
	auto_(strv_done) struct strv list = {};
	int r = walk(top, &list, NULL, NULL);

	if (r < 0)
		return r;
	free(list.v[0]);
	memmove(list.v, list.v + 1, --list.n * sizeof *list.v); /* the top itself */
	list.v[list.n] = NULL;
	*ret = list;
	list = (struct strv){};
	return 0;
}

void pid_list_done(struct pid_list *list)
{
	free(list->v);
	*list = (struct pid_list){};
}

static int compare_pids(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

bool pid_list_has(const struct pid_list *sorted, pid_t pid)
{
	return sorted->n && bsearch(&pid, sorted->v, sorted->n, sizeof pid, compare_pids);
}

/* 0 stands for a process that has no number in our pid namespace: nothing can be done to it by number. */
static int add_pids(int fd, void *data)
{
	struct pid_list *list = data;
	auto_free char *text = NULL;
	char *rest;
	int r = io_read_at(fd, "cgroup.procs", PROCS_LIMIT, &text, NULL);

	if (r == -EOPNOTSUPP)
		return 0; /* a threaded cgroup: its processes are listed in the domain above it */
	if (r < 0)
		return r;
	rest = text;
	for (char *line; (line = strsep(&rest, "\n"));) {
		uint32_t pid;
		pid_t *slot;

		if (!*line)
			continue;
		r = parse_u32(line, 10, &pid);
		if (r < 0)
			return -EBADMSG;
		if (!pid) {
			list->unseen++;
			continue;
		}
		slot = list_add(list);
		if (!slot)
			return -ENOMEM;
		*slot = (pid_t)pid;
	}
	return 0;
}

int cgroup_tree_pids(const char *top, struct pid_list *list)
{
	auto_(strv_done) struct strv paths = {};

	return walk(top, &paths, add_pids, list);
}

int cgroup_all_pids(const struct cgroup_context *c, struct pid_list *ret)
{
	auto_(pid_list_done) struct pid_list list = {};
	size_t n = 0, unseen = 0;

	for (size_t i = 0; i < c->dirs->n; i++) {
		auto_free char *path = cgroup_dir_path(&c->dirs->v[i], NULL);
		int r = path ? cgroup_tree_pids(path, &list) : -ENOMEM;

		if (r < 0 && r != -ENOENT && !cgroup_may_skip(c, r))
			return r;
		unseen = MAX(unseen, list.unseen); /* they are in every hierarchy */
		list.unseen = 0;
	}
	if (list.n)
		qsort(list.v, list.n, sizeof *list.v, compare_pids);
	for (size_t i = 0; i < list.n; i++)
		if (!n || list.v[n - 1] != list.v[i])
			list.v[n++] = list.v[i];
	*ret = (struct pid_list){.n = n, .v = TAKE_PTR(list.v), .unseen = unseen};
	list.n = 0;
	return 0;
}
