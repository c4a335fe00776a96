// SPDX-License-Identifier: Apache-2.0
/*
 * One cgroup directory. Trees are walked by one descriptor that goes down by a name and up by "..": neither recursion
 * nor descriptors nor the length of a path grow with a depth that whoever is inside may choose. The kernel keeps the
 * link count of a cgroup directory at 2 + its children: most are known to be leaves without being listed.
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

/* A name on the way: what is behind it in the list is to be visited first when `entered`. */
struct walk_step {
	char *name;
	bool entered;
};

struct walk {
	LIST_OF(struct walk_step) steps;
	int fd; /* where it is */
};

static void walk_done(struct walk *w)
{
	list_for_each (step, &w->steps)
		free(step->name);
	free(w->steps.v);
	fd_close(w->fd);
}

static int walk_to(struct walk *w, const char *name)
{
	int fd = openat(w->fd, name, O_DIRECTORY | O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	fd_close(w->fd);
	w->fd = fd;
	return 0;
}

static int add_step(struct walk *w, const char *name)
{
	char *copy = strdup(name);
	struct walk_step *step = copy ? list_add(&w->steps) : NULL;

	if (!step) {
		free(copy);
		return -ENOMEM;
	}
	*step = (struct walk_step){.name = copy};
	return 0;
}

static int add_children(struct walk *w)
{
	int copy = fcntl(w->fd, F_DUPFD_CLOEXEC, 3), r = 0;
	DIR *d = copy < 0 ? NULL : fdopendir(copy);

	if (!d) {
		r = -errno;
		fd_close(copy);
		return r;
	}
	for (struct dirent *e; !r && (e = readdir(d));)
		if (e->d_type == DT_DIR && !text_equal(e->d_name, ".") &&
			!text_equal(e->d_name, ".."))
			r = add_step(w, e->d_name);
	closedir(d);
	return r;
}

static int look_around(struct walk *w, const struct cgroup_visitor *v)
{
	struct stat st;
	int r = v->enter ? v->enter(w->fd, v->data) : 0;

	if (!r && (fstat(w->fd, &st) < 0 || st.st_nlink != 2))
		r = add_children(w);
	return r == -ENOENT || r == -ENODEV ? 0 : r;
}

static int take_step(struct walk *w, const struct cgroup_visitor *v)
{
	struct walk_step *step = &w->steps.v[w->steps.n - 1];
	bool left = step->entered;
	int r;

	step->entered = true;
	r = walk_to(w, left ? ".." : step->name);
	if (!r && !left)
		return look_around(w, v);
	if (!r && v->leave)
		v->leave(w->fd, step->name, v->data);
	free(step->name);
	w->steps.n--;
	return r == -ENOENT && !left ? 0 : r;
}

int cgroup_walk(const char *top, const struct cgroup_visitor *visitor)
{
	auto_(walk_done) struct walk w = {.fd = open(top, O_DIRECTORY | O_RDONLY | O_CLOEXEC)};
	int r = w.fd < 0 ? -errno : look_around(&w, visitor);

	while (!r && w.steps.n)
		r = take_step(&w, visitor);
	return r;
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
	return cgroup_walk(top, &(struct cgroup_visitor){.enter = add_pids, .data = list});
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
