// SPDX-License-Identifier: Apache-2.0
/* Processes go in, and are counted. */
#include <cgroup/wait.h>
#include <base/fd.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/path.h>
#include <base/str.h>
#include <base/text.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum {
	JOIN_TIMEOUT_US = 200000,
	PLACE_LIMIT = 1 << 16,
};

/*
 * The cpu controller refuses a process that was never scheduled so far with EINVAL (kernels before 6.0): that
 * passes by itself, and nothing tells when. EINVAL for another reason costs the time-out once.
 */
static int join_dir(const char *file, const char *pid)
{
	struct cgroup_wait wait = {.deadline_us = 0};
	int r;

	while ((r = io_write_at(AT_FDCWD, file, pid)) == -EINVAL) {
		if (!wait.deadline_us)
			wait.deadline_us = cgroup_now_us() + JOIN_TIMEOUT_US;
		if (!cgroup_wait_step(&wait))
			break;
	}
	return r;
}

/* The text behind "0::" in /proc/PID/cgroup: where that process is in the cgroup2 hierarchy. */
static int read_place(pid_t pid, char **ret)
{
	auto_free char *path = str_printf("/proc/%d/cgroup", (int)pid), *text = NULL;
	const char *line;
	int r = path ? io_read_at(AT_FDCWD, path, PLACE_LIMIT, &text, NULL) : -ENOMEM;

	if (r < 0)
		return r;
	line = text_after(text, "0::") ? text : strstr(text, "\n0::");
	if (!line)
		return -ENOENT;
	line = strchr(line, '/');
	*ret = line ? strndup(line, strcspn(line, "\n")) : NULL;
	return *ret ? 0 : -ENOMEM;
}

/*
 * Somebody in the container made cgroups with controllers of its own, and moved its processes there: the container's
 * cgroup itself takes none any more. Its first process shows where they are.
 */
static int join_beside(
	const struct cgroup_context *c, const struct cgroup_dir *dir, const char *pid)
{
	auto_free char *place = NULL, *file = NULL;
	int r = read_place(c->beside, &place);

	if (r < 0)
		return r;
	if (!path_is_below(place, dir->path))
		return -EBUSY;
	file = str_printf("%s%s/cgroup.procs", dir->mount_point, place);
	return file ? join_dir(file, pid) : -ENOMEM;
}

int cgroup_join(const struct cgroup_context *c, pid_t pid, struct husk_error **err)
{
	auto_free char *text = str_printf("%d", (int)pid);

	if (!text)
		return fail_memory(err);
	for (size_t i = 0; i < c->dirs->n; i++) {
		auto_free char *file = cgroup_dir_path(&c->dirs->v[i], "cgroup.procs");
		int r = file ? join_dir(file, text) : -ENOMEM;

		if (r == -EBUSY && c->dirs->v[i].v2 && c->beside)
			r = join_beside(c, &c->dirs->v[i], text);
		if (r == -ENOENT && c->best_effort)
			continue; /* could not be made */
		if (cgroup_may_skip(c, r)) {
			log_debug(c->log, "process %d stays out of '%s': %s, ignoring", (int)pid,
				file, errno_text(-r));
			continue;
		}
		if (r < 0)
			return fail_errno(err, r, "cannot move process %d into cgroup '%s%s'",
				(int)pid, c->dirs->v[i].mount_point, c->dirs->v[i].path);
	}
	return 0;
}

int cgroup_holds(const struct cgroup_dir *dir, pid_t pid)
{
	auto_free char *file = str_printf("/proc/%d/cgroup", (int)pid), *text = NULL;
	auto_free char *wanted = str_printf(":%s:%s\n", dir->controllers, dir->path);

	return file && wanted && !io_read_at(AT_FDCWD, file, PLACE_LIMIT, &text, NULL) &&
	       strstr(text, wanted);
}

int cgroup_pids(const struct cgroup_context *c, pid_t **ret, size_t *ret_n, struct husk_error **err)
{
	struct pid_list list;
	int r = cgroup_all_pids(c, &list);

	if (r < 0)
		return fail_errno(err, r, "cannot read the processes of the container's cgroup");
	*ret = list.v;
	*ret_n = list.n;
	return 0;
}
