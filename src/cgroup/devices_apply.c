// SPDX-License-Identifier: Apache-2.0
/*
 * Device rules go to the kernel. On v1, only what changes is written, and what stands there afterwards is compared
 * with what was asked for. On cgroup2, our program is told from those of others (systemd's) by its name, and the next
 * one takes its place in a single step; the others stay: each of them has to allow an access.
 */
#include <cgroup/device_prog.h>
#include <cgroup/devices_v1.h>
#include <cgroup/dir.h>
#include <base/fd.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/str.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM_NAME "husk_dev"

enum { LIST_LIMIT = 4 << 20 };

struct apply {
	const struct cgroup_context *c;
	const struct cgroup_dir *dir;
	const struct cgroup_devices *old, *rules;
	bool may_skip;
};

static bool lacks_rights(int r)
{
	return r == -EPERM || r == -EACCES || r == -EROFS;
}

/* Nothing has been changed so far: may it stay like that? */
static bool skipped(const struct apply *a, int r)
{
	bool gone = r == -ENOENT && a->c->best_effort; /* the directory could not be made */

	if (!gone && !(lacks_rights(r) && (a->may_skip || a->c->best_effort)))
		return false;
	log_debug(a->c->log, "device rules of cgroup '%s%s' are not enforced: %s, ignoring",
		a->dir->mount_point, a->dir->path, errno_text(-r));
	return true;
}

static void list_done(struct device_list *list)
{
	free(list->v);
}

static void steps_done(struct device_steps *steps)
{
	free(steps->v);
}

static int read_list(const struct apply *a, struct device_list *ret)
{
	auto_free char *path = cgroup_dir_path(a->dir, "devices.list"), *text = NULL;
	int r = path ? io_read_at(AT_FDCWD, path, LIST_LIMIT, &text, NULL) : -ENOMEM;

	return r < 0 ? r : cgroup_devices_v1_parse(text, ret);
}

static int write_step(
	const struct apply *a, const struct device_step *step, struct husk_error **err)
{
	const char *file = step->allow ? "devices.allow" : "devices.deny";
	auto_free char *path = cgroup_dir_path(a->dir, file), *line = cgroup_devices_v1_line(step);
	int r = path && line ? io_write_at(AT_FDCWD, path, line) : -ENOMEM;
	const char *hint = r == -EPERM && step->allow  ? ", which the cgroup above it may lack"
			   : r == -EINVAL && step->all ? ", which cgroups below it forbid"
						       : "";

	return r < 0 ? fail_errno(err, r, "cannot write '%s' to '%s'%s", line ? line : "",
			       path ? path : file, hint)
		     : 0;
}

/* After a failure: back to what was, as far as that goes. */
static void restore(const struct apply *a, const struct device_list *before)
{
	auto_(list_done) struct device_list now = {};
	auto_(steps_done) struct device_steps steps = {};

	if (before->allow_all || read_list(a, &now) < 0 ||
		cgroup_devices_v1_steps(&now, before, &steps) < 0)
		return;
	list_for_each (step, &steps)
		(void)write_step(a, step, NULL); /* the failure before is what is told */
}

static int write_steps(const struct apply *a, const struct device_list *before,
	const struct device_steps *steps, struct husk_error **err)
{
	list_for_each (step, steps) {
		struct husk_error *own = NULL;
		int r = write_step(a, step, &own);

		if (r < 0 && step == steps->v && skipped(a, r)) {
			husk_error_free(own);
			return 1;
		}
		if (r < 0) {
			restore(a, before);
			if (err)
				*err = own;
			else
				husk_error_free(own);
			return r;
		}
	}
	return 0;
}

/* From where processes could look into the gap between "all is allowed" and the denials. */
static int check_calm(const struct apply *a, struct husk_error **err)
{
	auto_free char *path = cgroup_dir_path(a->dir, NULL);
	auto_(pid_list_done) struct pid_list pids = {};
	int r = path ? cgroup_tree_pids(path, &pids) : -ENOMEM;

	if (r < 0)
		return fail_errno(err, r, "cannot read the processes of cgroup '%s%s'",
			a->dir->mount_point, a->dir->path);
	if (pids.n && !cgroup_is_frozen(a->c))
		return fail_full(err, HUSK_ERROR_BAD_STATE, EBUSY, NULL,
			"cgroup v1 would allow all devices for a moment on the way to these device "
			"rules: pause the container first");
	return 0;
}

static int wanted_list(const struct apply *a, struct device_list *ret, struct husk_error **err)
{
	const struct device_rule *rule = NULL;
	auto_free char *at = NULL;
	auto_strbuf text = {};
	int r = cgroup_devices_v1_list(a->rules, ret, &rule);

	if (!r)
		return 0;
	if (r > 0 && rule) {
		cgroup_device_text(&text, rule->types, rule->major, rule->minor, rule->access);
		if (rule->origin != SIZE_MAX)
			at = str_printf("/linux/resources/devices/%zu", rule->origin);
	}
	if (r < 0 || strbuf_failed(&text))
		return fail_memory(err);
	return fail_full(err, HUSK_ERROR_INVALID_CONFIG, 0, at,
		"cgroup v1 cannot deny '%s' out of the devices that another rule allows together",
		strbuf_text(&text));
}

static int verify(const struct apply *a, const struct device_list *want, struct husk_error **err)
{
	auto_(list_done) struct device_list now = {};
	int r = read_list(a, &now);

	if (r < 0)
		return fail_errno(err, r, "cannot read 'devices.list' of cgroup '%s%s'",
			a->dir->mount_point, a->dir->path);
	if (want->allow_all ? now.allow_all : cgroup_devices_v1_equal(&now, want))
		return 0;
	return fail(err, HUSK_ERROR_SYSTEM,
		"cgroup '%s%s' has other device rules than were written to it", a->dir->mount_point,
		a->dir->path);
}

/* Where the kernel does not tell its denials, what was applied before tells them. */
static int current_list(const struct apply *a, struct device_list *ret)
{
	auto_(list_done) struct device_list known = {};
	const struct device_rule *rule;
	int r = read_list(a, ret);

	if (r < 0 || !ret->unknown || !a->old)
		return r;
	r = cgroup_devices_v1_list(a->old, &known, &rule);
	if (!r && known.allow_all) {
		*ret = known;
		known = (struct device_list){};
	}
	return MIN(r, 0);
}

/* First of all, so that who may not write anyway hears nothing about rules that v1 has no words for. */
static int check_writable(const struct apply *a)
{
	auto_free char *path = cgroup_dir_path(a->dir, "devices.deny");
	auto_close int fd = path ? open(path, O_WRONLY | O_CLOEXEC) : -1;

	if (!path)
		return -ENOMEM;
	return fd < 0 ? -errno : 0;
}

static int apply_v1(const struct apply *a, struct husk_error **err)
{
	auto_(list_done) struct device_list want = {}, now = {};
	auto_(steps_done) struct device_steps steps = {};
	int r = check_writable(a);

	if (r < 0)
		return skipped(a, r)
			       ? 0
			       : fail_errno(err, r, "cannot write 'devices.deny' of cgroup '%s%s'",
					 a->dir->mount_point, a->dir->path);
	r = wanted_list(a, &want, err);
	if (r < 0)
		return r;
	r = current_list(a, &now);
	if (r < 0)
		return skipped(a, r)
			       ? 0
			       : fail_errno(err, r, "cannot read 'devices.list' of cgroup '%s%s'",
					 a->dir->mount_point, a->dir->path);
	if (cgroup_devices_v1_steps(&now, &want, &steps) < 0)
		return fail_memory(err);
	r = steps.widens ? check_calm(a, err) : 0;
	if (!r)
		r = write_steps(a, &now, &steps, err);
	if (r)
		return MIN(r, 0);
	return steps.n ? verify(a, &want, err) : 0;
}

static int load(const struct apply *a, int *ret)
{
	struct bpf_code code = {};
	int r = cgroup_device_program(a->rules, &code);

	if (!r)
		r = bpf_load_device_program(&code, PROGRAM_NAME);
	free(code.v);
	if (r >= 0)
		*ret = r;
	return MIN(r, 0);
}

/* `program` (-1: none) for the first of ours; more than one of ours are left by a husk that was killed. */
static int exchange(int cgroup, int program)
{
	struct bpf_ids ids = {};
	int r = bpf_device_programs(cgroup, &ids);

	for (size_t i = 0; !r && i < ids.n; i++) {
		auto_close int one = bpf_program_open(ids.v[i]);

		if (one == -ENOENT)
			continue; /* went meanwhile */
		r = one < 0 ? one : bpf_program_is_named(one, PROGRAM_NAME);
		if (r <= 0)
			continue;
		if (program >= 0)
			r = bpf_attach_device_program(cgroup, program, one);
		else
			r = bpf_detach_device_program(cgroup, one);
		program = -1;
	}
	if (!r && program >= 0)
		r = bpf_attach_device_program(cgroup, program, -1);
	free(ids.v);
	return r;
}

static int apply_v2(const struct apply *a, struct husk_error **err)
{
	bool all = cgroup_devices_allow_all(a->rules);
	auto_free char *path = cgroup_dir_path(a->dir, NULL);
	auto_close int cgroup = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	auto_close int program = -1;
	int r = !path ? -ENOMEM : cgroup < 0 ? -errno : 0;

	if (r < 0)
		return skipped(a, r) ? 0 : fail_errno(err, r, "cannot open cgroup '%s'", path);
	if (!all)
		r = load(a, &program);
	if (!r)
		r = exchange(cgroup, program);
	if (!r || (all && (lacks_rights(r) || r == -ENOSYS || r == -EINVAL)))
		return 0; /* what may not attach a program has attached none */
	if (skipped(a, r))
		return 0;
	if (r == -ENOSYS || r == -EINVAL)
		return fail_full(err, HUSK_ERROR_UNSUPPORTED, -r, NULL,
			"cannot enforce device rules: this kernel has no eBPF programs for cgroups "
			"(CONFIG_CGROUP_BPF), and no device controller of cgroup v1 is mounted");
	return fail_errno(
		err, r, "cannot attach the program of the device rules to cgroup '%s'", path);
}

int cgroup_devices_apply(const struct cgroup_context *c, const struct cgroup_devices *old,
	const struct cgroup_devices *rules, bool may_skip, struct husk_error **err)
{
	struct apply a = {.c = c, .old = old, .rules = rules, .may_skip = may_skip};

	for (size_t i = 0; i < c->dirs->n; i++) {
		const struct cgroup_dir *dir = &c->dirs->v[i];

		if (cgroup_dir_has(dir, "devices") || (dir->v2 && !a.dir))
			a.dir = dir;
	}
	if (a.dir)
		return a.dir->v2 ? apply_v2(&a, err) : apply_v1(&a, err);
	if (may_skip || c->best_effort || cgroup_devices_allow_all(rules)) {
		log_debug(c->log, "no cgroup can enforce device rules, ignoring");
		return 0;
	}
	return fail(err, HUSK_ERROR_UNSUPPORTED,
		"cannot enforce device rules: neither cgroup2 nor the device controller of cgroup "
		"v1 "
		"is mounted");
}
