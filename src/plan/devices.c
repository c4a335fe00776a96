// SPDX-License-Identifier: Apache-2.0
/*
 * /dev: the nodes and links every Linux program may expect (runtime-spec config-linux.md, "Default Devices"), and
 * `linux.devices`. In a user namespace nobody may make device nodes, so those of the host are bound. A /dev that was
 * bound from the host as a whole is left alone.
 */
#include <plan/planner.h>

#include <linux/sched.h>
#include <sys/stat.h>
#include <base/mem.h>
#include <base/path.h>
#include <base/text.h>

static const struct plain_device {
	const char *path;
	uint32_t major, minor;
} default_devices[] = {
	{"/dev/null", 1, 3},
	{"/dev/zero", 1, 5},
	{"/dev/full", 1, 7},
	{"/dev/random", 1, 8},
	{"/dev/urandom", 1, 9},
	{"/dev/tty", 5, 0},
};

static const struct link {
	const char *path, *target;
	uint32_t flags;
} default_links[] = {
	{"/dev/fd", "/proc/self/fd", 0},
	{"/dev/stdin", "/proc/self/fd/0", 0},
	{"/dev/stdout", "/proc/self/fd/1", 0},
	{"/dev/stderr", "/proc/self/fd/2", 0},
	{"/dev/core", "/proc/kcore", 0},
	/* The node of an image would be the host's first devpts. */
	{"/dev/ptmx", "pts/ptmx", PLAN_SYMLINK_REPLACE},
};

static const uint32_t type_modes[] = {
	[OCI_DEVICE_CHAR] = S_IFCHR,
	[OCI_DEVICE_BLOCK] = S_IFBLK,
	[OCI_DEVICE_UNBUFFERED] = S_IFCHR,
	[OCI_DEVICE_FIFO] = S_IFIFO,
};

/* Is /dev itself a bind mount? */
static bool dev_from_host(struct planner *p)
{
	list_for_each (m, &p->spec->mounts) {
		auto_free char *target = path_clean(m->destination);
		bool bind = m->type && text_equal(m->type, "bind");

		p->b.failed |= !target;
		if (!target || !text_equal(target, "/dev"))
			continue;
		list_for_each (option, &m->options)
			bind |= text_equal(*option, "bind") || text_equal(*option, "rbind");
		if (bind)
			return true;
	}
	return false;
}

static bool must_bind(const struct planner *p)
{
	return p->host->in_user_namespace || has_namespace(p, CLONE_NEWUSER);
}

static bool overridden(const struct planner *p, const char *path)
{
	list_for_each (d, &p->linux_->devices)
		if (text_equal(d->path, path))
			return true;
	return false;
}

static void bind_node(struct planner *p, struct plan_op *op, const char *path)
{
	op->kind = PLAN_DEVICE_BIND;
	op->device_bind.source = op->device_bind.path = builder_str(&p->b, path);
}

static void defaults(struct planner *p)
{
	for (size_t i = 0; i < ARRAY_LEN(default_devices); i++) {
		const struct plain_device *d = &default_devices[i];
		struct plan_op *op;

		if (overridden(p, d->path))
			continue;
		op = builder_op(&p->b, PLAN_DEVICE);
		if (must_bind(p))
			bind_node(p, op, d->path);
		else
			op->device = (struct plan_device){.path = builder_str(&p->b, d->path),
				.mode = S_IFCHR | 0666,
				.major = d->major,
				.minor = d->minor};
	}
}

static void configured(struct planner *p)
{
	for (size_t i = 0; i < p->linux_->devices.n; i++) {
		const struct oci_device *d = &p->linux_->devices.v[i];
		uint32_t type = type_modes[d->type.value];
		struct plan_op *op = builder_op_at(&p->b, PLAN_DEVICE, "/linux/devices/%zu", i);

		if (type != S_IFIFO && must_bind(p)) {
			bind_node(p, op, d->path);
			continue;
		}
		op->device = (struct plan_device){
			.path = builder_str(&p->b, d->path),
			.mode = type | (opt_u64_or(d->file_mode, 0666) & 07777),
			.major = (uint32_t)opt_i64_or(d->major, 0),
			.minor = (uint32_t)opt_i64_or(d->minor, 0),
			.uid = (uint32_t)opt_u64_or(d->uid, 0),
			.gid = (uint32_t)opt_u64_or(d->gid, 0),
		};
	}
}

void plan_devices(struct planner *p)
{
	if (!has_namespace(p, CLONE_NEWNS)) {
		if (p->linux_->devices.n)
			log_warning(p->log, "linux.devices: there is no mount namespace to make "
					    "them in, ignoring");
		return;
	}
	if (dev_from_host(p)) {
		if (p->linux_->devices.n)
			log_debug(p->log, "linux.devices: /dev is the host's own, ignoring");
		return;
	}
	defaults(p);
	configured(p);
	for (size_t i = 0; i < ARRAY_LEN(default_links); i++)
		builder_op(&p->b, PLAN_SYMLINK)->symlink = (struct plan_symlink){
			.target = builder_str(&p->b, default_links[i].target),
			.path = builder_str(&p->b, default_links[i].path),
			.flags = default_links[i].flags,
		};
}
