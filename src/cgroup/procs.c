// SPDX-License-Identifier: Apache-2.0
/* Processes go in, and are counted. */
#include <cgroup/dir.h>
#include <base/fd.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/str.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { JOIN_TIMEOUT_US = 200000 };

/*
 * The cpu controller refuses a process that was never scheduled so far with EINVAL (kernels before 6.0): that
 * passes by itself. EINVAL for another reason costs the time-out once.
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

int cgroup_join(const struct cgroup_context *c, pid_t pid, struct husk_error **err)
{
	auto_free char *text = str_printf("%d", (int)pid);

	if (!text)
		return fail_memory(err);
	for (size_t i = 0; i < c->dirs->n; i++) {
		auto_free char *file = cgroup_dir_path(&c->dirs->v[i], "cgroup.procs");
		int r = file ? join_dir(file, text) : -ENOMEM;

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

int cgroup_is_frozen(const struct cgroup_context *c)
{
	for (size_t i = 0; i < c->dirs->n; i++)
		if (cgroup_dir_is_frozen(&c->dirs->v[i]))
			return 1;
	return 0;
}
