// SPDX-License-Identifier: Apache-2.0
/*
 * A limit that could not be set: which controller is missing, where on the way down it got lost, and what helps. Only
 * looked into when something failed, so it may read as much as it likes.
 */
#include <cgroup/apply.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/text.h>
#include <cgroup/dir.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { FILE_LIMIT = 1 << 20 };

/* The file's text without the line end; "" when it cannot be read. NULL: out of memory. */
static char *read_file(const char *dir, const char *file)
{
	auto_free char *path = str_printf("%s/%s", dir, file), *text = NULL;

	if (!path)
		return NULL;
	if (io_read_at(AT_FDCWD, path, FILE_LIMIT, &text, NULL) < 0)
		return strdup("");
	text[strcspn(text, "\n")] = '\0';
	return TAKE_PTR(text);
}

static int has_controller(const char *dir, const char *file, const char *controller)
{
	auto_free char *list = read_file(dir, file);

	return list ? cgroup_list_has(list, controller) : -ENOMEM;
}

/*
 * The lowest directory on the way to `path` (whose first `fixed` bytes are the mount point) that has the controller
 * itself; *path is cut there. Nothing has it: the mount point.
 */
static int find_holder(char *path, size_t fixed, const char *controller)
{
	for (;;) {
		int r = has_controller(path, "cgroup.controllers", controller);
		char *slash = strrchr(path + fixed, '/');

		if (r || !slash)
			return r;
		*slash = '\0';
	}
}

static int fail_not_enabled(
	const struct cgroup_write *w, const char *controller, struct husk_error **err)
{
	auto_free char *path = cgroup_dir_path(w->dir, NULL), *procs = NULL;
	size_t fixed = strlen(w->dir->mount_point);
	const char *why = "it could not be enabled there", *help;
	int r = path ? find_holder(path, fixed, controller) : -ENOMEM;

	if (r < 0)
		return fail_memory(err);
	procs = read_file(path, "cgroup.procs");
	if (!procs)
		return fail_memory(err);
	if (geteuid() != 0)
		help = "have it delegated: 'systemctl edit user@.service' with [Service] "
		       "Delegate=cpu cpuset io memory pids, and run husk in a unit of its own: "
		       "'systemd-run --user --scope -p Delegate=yes'";
	else
		help = "give the container a cgroup elsewhere (linux.cgroupsPath) or run husk in a "
		       "cgroup of its own: 'systemd-run --scope -p Delegate=yes'";
	if (*procs && strlen(path) > fixed)
		why = "there are processes in it, and then its controllers cannot be passed on";
	return fail_full(err, HUSK_ERROR_SYSTEM, ENOENT, w->at,
		"%s: cannot be applied: the controller '%s' is not enabled in cgroup '%s': it ends "
		"at "
		"'%s', %s; %s",
		w->at, controller, w->dir->path, strlen(path) > fixed ? path + fixed : "/", why,
		help);
}

static int fail_missing(const struct cgroup_write *w, struct husk_error **err)
{
	auto_free char *dir = cgroup_dir_path(w->dir, NULL),
		       *of_file = strndup(w->file, strcspn(w->file, "."));
	const char *controller = w->controller ? w->controller : of_file;
	auto_free char *list = NULL;

	if (!dir || !of_file)
		return fail_memory(err);
	if (access(dir, F_OK) < 0)
		return fail_full(err, HUSK_ERROR_SYSTEM, ENOENT, w->at,
			"%s: cannot be applied: container could not join or create cgroup '%s'",
			w->at, dir);
	list = read_file(dir, "cgroup.controllers");
	if (!list)
		return fail_memory(err);
	if (w->dir->v2 && !cgroup_list_has(list, controller) && !text_equal(controller, "cgroup"))
		return fail_not_enabled(w, controller, err);
	return fail_full(err, HUSK_ERROR_UNSUPPORTED, ENOENT, w->at,
		"%s: cannot be applied: this kernel has no '%s' in '%s'%s", w->at, w->file, dir,
		text_after(w->file, "memory.memsw.") || text_after(w->file, "memory.swap.")
			? " (is swap accounting off? boot with swapaccount=1)"
			: "");
}

static int fail_memory_in_use(const struct cgroup_write *w, int r, struct husk_error **err)
{
	auto_free char *dir = cgroup_dir_path(w->dir, NULL),
		       *usage = dir ? read_file(dir, "memory.usage_in_bytes") : NULL,
		       *peak = dir ? read_file(dir, "memory.max_usage_in_bytes") : NULL;

	if (!usage || !peak)
		return fail_memory(err);
	return fail_full(err, HUSK_ERROR_SYSTEM, -r, w->at,
		"%s: unable to set memory limit to %s (current usage: %s, peak usage: %s)", w->at,
		w->value, usage, peak);
}

int cgroup_fail_write(const struct cgroup_write *w, int r, struct husk_error **err)
{
	auto_free char *dir = NULL, *line = strdup(w->value);

	if (r == -ENOMEM || !line)
		return fail_memory(err);
	for (char *p = line; (p = strchr(p, '\n'));)
		*p = ';'; /* a message is one line */
	if (r == -ENOENT)
		return fail_missing(w, err);
	if (r == -EBUSY && text_equal(w->file, "memory.limit_in_bytes"))
		return fail_memory_in_use(w, r, err);
	dir = cgroup_dir_path(w->dir, NULL);
	if (w->flags & CGROUP_WRITE_INHERIT)
		return fail_full(err, HUSK_ERROR_SYSTEM, -r, w->at,
			"%s: cannot take over the value of the cgroup above in '%s/%s': %s", w->at,
			dir ? dir : w->dir->path, w->file, errno_text(-r));
	return fail_full(err, HUSK_ERROR_SYSTEM, -r, w->at, "%s: cannot write '%s' to '%s/%s': %s",
		w->at, line, dir ? dir : w->dir->path, w->file, errno_text(-r));
}
