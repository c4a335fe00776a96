// SPDX-License-Identifier: Apache-2.0
/*
 * Groups: found, made, joined, removed. Everything that can be refused without having made anything is refused by
 * rdt_find(), and what only the kernel knows by rdt_make(), before there is a process; its info/last_cmd_status then
 * tells more than errno. A task that is put into a group leaves the monitoring group it was in, so that comes second.
 */
#include <rdt/rdt.h>

#include <base/fd.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/parse.h>
#include <base/path.h>
#include <base/str.h>
#include <base/text.h>
#include <kern/pid.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define AT "/linux/intelRdt"
#define CUSTOMARY "/sys/fs/resctrl"

enum {
	FILE_MAX = 16 << 20, /* mountinfo, tasks */
	STATUS_MAX = 4096,
	MODE = 0755,
	LOCK_MS = 10000,
	LOCK_STEP_MS = 10,
};

/* ---- where it is ---- */

/* ID PARENT DEVICE ROOT POINT OPTIONS [OPTIONAL...] - TYPE SOURCE SUPER-OPTIONS; the root's only, not a bind of a part. */
static char *point_in_line(const char *line, size_t n)
{
	const char *type = memmem(line, n, " - resctrl ", strlen(" - resctrl "));
	const char *field = line;

	for (int i = 0; type && i < 3; i++)
		field += strcspn(field, " ") + 1;
	if (!type || !text_after(field, "/ "))
		return NULL;
	field += 2;
	return strndup(field, strcspn(field, " "));
}

static char *find_mount(void)
{
	auto_free char *text = NULL;
	struct statfs fs;
	char *point = NULL;

	if (!statfs(CUSTOMARY, &fs) && fs.f_type == RDTGROUP_SUPER_MAGIC)
		return strdup(CUSTOMARY);
	if (io_read_at(AT_FDCWD, "/proc/self/mountinfo", FILE_MAX, &text, NULL) < 0)
		return NULL;
	for (const char *line = text; !point && *line; line += *line == '\n') {
		size_t n = strcspn(line, "\n");

		point = point_in_line(line, n);
		line += n;
	}
	/* with a blank in its path it is written in a way of its own: nobody does that */
	if (point && strchr(point, '\\')) {
		free(point);
		point = NULL;
	}
	return point;
}

int rdt_mount_point(char **ret, struct husk_error **err)
{
	auto_free char *known = NULL;
	char *point = find_mount();

	if (point) {
		*ret = point;
		return 0;
	}
	if (!io_read_at(AT_FDCWD, "/proc/filesystems", FILE_MAX, &known, NULL) &&
		strstr(known, "\tresctrl\n"))
		return fail_full(err, HUSK_ERROR_UNSUPPORTED, 0, AT,
			AT ": resctrl is not mounted (mount -t resctrl resctrl " CUSTOMARY ")");
	return fail_full(err, HUSK_ERROR_UNSUPPORTED, 0, AT,
		AT
		": this kernel has no resctrl file system: the CPU cannot share out its cache, or "
		"CONFIG_X86_CPU_RESCTRL is off");
}

int rdt_lock(const char *root, int *ret_lock, struct husk_error **err)
{
	auto_close int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return fail_errno(err, -errno, AT ": cannot open '%s'", root);
	for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; waited += LOCK_STEP_MS) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail_errno(err, -errno, AT ": cannot lock '%s'", root);
		if (waited >= LOCK_MS)
			return fail_full(err, HUSK_ERROR_TIMEOUT, ETIMEDOUT, AT,
				AT ": somebody has held the lock of '%s' for %d s", root,
				LOCK_MS / 1000);
		ignored(poll(NULL, 0, LOCK_STEP_MS));
	}
	*ret_lock = TAKE_FD(fd);
	return 0;
}

void rdt_free(struct rdt *rdt)
{
	if (!rdt)
		return;
	free(rdt->root);
	free(rdt->group);
	free(rdt->monitor);
	free(rdt);
}

/* ---- what is there ---- */

static bool has(const char *dir, const char *name)
{
	auto_free char *path = path_join(dir, name);
	struct stat st;

	return path && !stat(path, &st);
}

static bool wants_shares(const struct oci_intel_rdt *wish)
{
	auto_strbuf schemas = {};

	oci_rdt_schemas(wish, &schemas);
	return schemas.len || schemas.failed || wish->schemata.n;
}

/* The group is there: it has to have what is asked for, since it is not ours to change. */
static int compare(const struct rdt *rdt, const struct oci_intel_rdt *wish, struct husk_error **err)
{
	auto_(rdt_shares_done) struct rdt_shares want = {}, have = {};
	auto_free char *path = path_join(rdt->group, "schemata");
	auto_free char *text = NULL;
	auto_strbuf schemas = {};
	const struct rdt_share *differs;
	const char *value = NULL;
	int r;

	if (!wants_shares(wish))
		return 0;
	oci_rdt_schemas(wish, &schemas);
	r = schemas.failed || !path ? -ENOMEM : rdt_shares_add(&want, strbuf_text(&schemas));
	for (size_t i = 0; !r && i < wish->schemata.n; i++)
		r = rdt_shares_add(&want, wish->schemata.v[i]);
	if (!r)
		r = io_read_at(AT_FDCWD, path, FILE_MAX, &text, NULL);
	if (!r)
		r = rdt_shares_add(&have, text);
	if (r < 0)
		return fail_errno(err, r, AT ": cannot look at resctrl group '%s'", rdt->group);
	differs = rdt_shares_differ(rdt->root, &want, &have, &value);
	if (!differs)
		return 0;
	return fail_full(err, HUSK_ERROR_INVALID_CONFIG, 0, AT "/closID",
		AT "/closID: resctrl group '%s' exists and has another share: %s is '%s', not '%s'",
		rdt->group, differs->key, value ? value : "", differs->value);
}

static int find_group(struct rdt *rdt, const struct oci_intel_rdt *wish, struct husk_error **err)
{
	bool there = has(rdt->group, "");

	rdt->own_group = (struct opt_bool){true, !there};
	if (there)
		return compare(rdt, wish, err);
	if (wish->clos_id && *wish->clos_id && !wants_shares(wish))
		return fail_at(err, AT "/closID",
			"there is no resctrl group '%s', and no schema to make it with",
			rdt->group);
	if (!has(rdt->root, "schemata"))
		return fail_full(err, HUSK_ERROR_UNSUPPORTED, 0, AT,
			AT ": this CPU can only monitor: it has no group but the root group "
			   "(closID \"/\")");
	return 0;
}

int rdt_find(const char *root, const struct oci_intel_rdt *wish, const char *id, struct rdt **ret,
	struct husk_error **err)
{
	const char *name = oci_rdt_group(wish, id);
	struct rdt *rdt = calloc(1, sizeof *rdt);
	bool monitor = opt_true(wish->enable_monitoring);
	int r = 0;

	if (rdt) {
		rdt->root = strdup(root);
		rdt->group = text_equal(name, "/") ? strdup(root) : path_join(root, name);
		rdt->monitor = monitor && rdt->group
				       ? str_printf("%s/mon_groups/%s", rdt->group, id)
				       : NULL;
	}
	if (!rdt || !rdt->root || !rdt->group || (monitor && !rdt->monitor))
		r = fail_memory(err);
	if (!r)
		r = find_group(rdt, wish, err);
	if (!r && monitor) {
		rdt->own_monitor = (struct opt_bool){true, !has(rdt->monitor, "")};
		if (!has(root, "mon_groups"))
			r = fail_full(err, HUSK_ERROR_UNSUPPORTED, 0, AT "/enableMonitoring",
				AT "/enableMonitoring: this CPU has no resctrl monitoring");
	}
	if (r < 0)
		rdt_free(rdt);
	else
		*ret = rdt;
	return r;
}

int rdt_prepare(const struct oci_intel_rdt *wish, const char *id, int *ret_lock, struct rdt **ret,
	struct husk_error **err)
{
	auto_free char *root = NULL;
	int r = rdt_mount_point(&root, err);

	if (!r)
		r = rdt_lock(root, ret_lock, err);
	return r ? r : rdt_find(root, wish, id, ret, err);
}

/* ---- making ---- */

/* The first line of what the kernel has to say about the last thing it refused, or NULL. */
static char *kernel_words(const char *root)
{
	auto_free char *path = path_join(root, "info/last_cmd_status");
	auto_free char *text = NULL;

	if (!path || io_read_at(AT_FDCWD, path, STATUS_MAX, &text, NULL) < 0)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return *text && !text_equal(text, "ok") ? TAKE_PTR(text) : NULL;
}

static int refused(const struct rdt *rdt, int r, const char *at, const char *tried, const char *dir,
	struct husk_error **err)
{
	auto_free char *words = kernel_words(rdt->root);
	const char *reason = errno_text(-r);

	if (r == -ENOSPC)
		reason = dir == rdt->monitor ? "all monitoring IDs (RMIDs) of the CPU are in use"
					     : "all CLOSIDs of the CPU are in use";
	return fail_full(err, HUSK_ERROR_SYSTEM, -r, at, "%s: cannot %s '%s': %s%s%s%s", at, tried,
		dir, reason, words ? " (" : "", words ? words : "", words ? ")" : "");
}

static int write_shares(
	const struct rdt *rdt, const char *text, const char *at, struct husk_error **err)
{
	auto_free char *path = path_join(rdt->group, "schemata");
	int r = path ? io_write_at(AT_FDCWD, path, text) : -ENOMEM;

	return r < 0 ? refused(rdt, r, at, "set the shares of resctrl group", rdt->group, err) : 0;
}

/* Two writes: one that names a share twice is refused, and `schemata` may say otherwise than the older members. */
static int set_shares(
	const struct rdt *rdt, const struct oci_intel_rdt *wish, struct husk_error **err)
{
	bool l3 = wish->l3_cache_schema && *wish->l3_cache_schema;
	bool bandwidth = wish->mem_bw_schema && *wish->mem_bw_schema;
	auto_strbuf old = {}, lines = {};
	int r = 0;

	oci_rdt_schemas(wish, &old);
	for (size_t i = 0; i < wish->schemata.n; i++)
		strbuf_printf(&lines, "%s\n", wish->schemata.v[i]);
	if (old.failed || lines.failed)
		return fail_memory(err);
	if (old.len)
		r = write_shares(rdt, old.text,
			!bandwidth ? AT "/l3CacheSchema" : (l3 ? AT : AT "/memBwSchema"), err);
	if (!r && lines.len)
		r = write_shares(rdt, lines.text, AT "/schemata", err);
	return r;
}

int rdt_make(struct rdt *rdt, const struct oci_intel_rdt *wish, struct husk_error **err)
{
	int r = 0;

	if (opt_true(rdt->own_group)) {
		if (mkdir(rdt->group, MODE) < 0) {
			r = -errno;
			rdt->own_group = rdt->own_monitor = (struct opt_bool){};
			return refused(rdt, r, wish->clos_id && *wish->clos_id ? AT "/closID" : AT,
				"make resctrl group", rdt->group, err);
		}
		r = set_shares(rdt, wish, err);
	}
	if (!r && opt_true(rdt->own_monitor) && mkdir(rdt->monitor, MODE) < 0) {
		r = -errno;
		rdt->own_monitor = (struct opt_bool){};
		r = refused(
			rdt, r, AT "/enableMonitoring", "make monitoring group", rdt->monitor, err);
	}
	return r;
}

int rdt_update(const struct rdt *rdt, const struct oci_intel_rdt *wish, char **ret_old,
	struct husk_error **err)
{
	auto_free char *path = path_join(rdt->group, "schemata");
	int r = path ? io_read_at(AT_FDCWD, path, FILE_MAX, ret_old, NULL) : -ENOMEM;

	if (r < 0)
		return fail_errno(
			err, r, "cannot read the shares of resctrl group '%s'", rdt->group);
	return set_shares(rdt, wish, err);
}

/* Line by line: those of resources that were left alone may not be written at all (a pseudo-locked region). */
void rdt_restore(const struct rdt *rdt, const char *old, const struct log *log)
{
	auto_free char *path = path_join(rdt->group, "schemata");

	while (path && *old) {
		size_t n = strcspn(old, "\n");
		auto_free char *line = str_printf("%.*s\n", (int)n, old);
		int r = line ? io_write_at(AT_FDCWD, path, line) : -ENOMEM;

		if (r < 0)
			log_warning(log,
				"cannot put the shares of resctrl group '%s' back: %s, ignoring",
				rdt->group, errno_text(-r));
		old += n + (old[n] == '\n');
	}
}

int rdt_join(const struct rdt *rdt, pid_t pid, struct husk_error **err)
{
	const char *const dirs[] = {rdt->group, rdt->monitor};
	auto_free char *text = str_printf("%d\n", (int)pid);

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		auto_free char *path = dirs[i] ? path_join(dirs[i], "tasks") : NULL;
		int r = text && path ? io_write_at(AT_FDCWD, path, text) : -ENOMEM;

		if (dirs[i] && r < 0)
			return refused(
				rdt, r, AT, "put the process into resctrl group", dirs[i], err);
	}
	return 0;
}

/* ---- removing ---- */

/* Whom removing it would move to the root group; the dead do not count, our own may not be reaped yet. */
static bool in_use(const char *group)
{
	auto_free char *path = path_join(group, "tasks");
	auto_free char *text = NULL;

	if (!path || io_read_at(AT_FDCWD, path, FILE_MAX, &text, NULL) < 0)
		return false;
	for (char *save, *word = strtok_r(text, "\n", &save); word;
		word = strtok_r(NULL, "\n", &save)) {
		struct pid_stat st;
		uint32_t pid;

		if (!parse_u32(word, 10, &pid) && !pid_read_stat((pid_t)pid, &st) &&
			!strchr("ZX", st.state))
			return true;
	}
	return false;
}

static int remove_dir(const char *dir, struct husk_error **err)
{
	if (!rmdir(dir) || errno == ENOENT)
		return 0;
	return fail_errno(err, -errno, "cannot remove resctrl group '%s'", dir);
}

int rdt_remove(const struct rdt *rdt, const struct log *log, struct husk_error **err)
{
	int r = opt_true(rdt->own_monitor) ? remove_dir(rdt->monitor, err) : 0;

	if (r < 0 || !opt_true(rdt->own_group))
		return r;
	if (in_use(rdt->group)) {
		log_warning(log,
			"resctrl group '%s' is not removed while others are in it, ignoring",
			rdt->group);
		return 0;
	}
	return remove_dir(rdt->group, err);
}
