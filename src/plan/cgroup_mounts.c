// SPDX-License-Identifier: Apache-2.0
/*
 * A mount of type cgroup means "the control groups, however this host has them". On v2 that is one file system. On
 * v1 (and hybrid) it is a small tmpfs with one directory per hierarchy and links for controllers that share one. In
 * a cgroup namespace they are new mounts, which show the container's own cgroup as the root; without one, bind mounts
 * of the container's directories give the same picture.
 */
#include <plan/mount_options.h>
#include <plan/planner.h>

#include <linux/sched.h>
#include <string.h>
#include <base/mem.h>
#include <base/path.h>
#include <base/text.h>
#include <kern/mount_flags.h>

/* The container's directory in the hierarchy, as a host path; NULL when it has none or memory is short. */
static char *own_directory(struct planner *p, const struct cgroup_hierarchy *h)
{
	const struct cgroup_dirs *dirs = p->create->cgroups;
	char *path = NULL;

	for (size_t i = 0; dirs && i < dirs->n && !path; i++)
		if (text_equal(dirs->v[i].mount_point, h->mount_point)) {
			path = path_join(dirs->v[i].mount_point, dirs->v[i].path);
			p->b.failed |= !path;
		}
	return path;
}

/* Turns a mount into a bind mount of the container's cgroup directory. */
static void bind_own(struct planner *p, struct plan_op *op, const char *directory)
{
	op->mount.flags |= PLAN_MOUNT_BIND;
	if (p->host->rootless) /* who may not make cgroups lives without */
		op->mount.flags |= PLAN_MOUNT_OPTIONAL;
	/* By path: the parent makes the directory while we are at work, so that it cannot open it in advance. */
	op->mount.source = builder_str(&p->b, directory);
}

static void new_instance(
	struct planner *p, struct plan_op *op, const struct mount_item *item, const char *type)
{
	const char *source = item->mount->source;

	op->mount.source = builder_str(&p->b, given(source) ? source : "cgroup");
	op->mount.fstype = builder_str(&p->b, type);
	op->mount.data = builder_str(&p->b, item->options->data.text);
}

static void unified(
	struct planner *p, const struct mount_item *item, const struct cgroup_hierarchy *h)
{
	auto_free char *directory = has_namespace(p, CLONE_NEWCGROUP) ? NULL : own_directory(p, h);
	struct plan_op *op = plan_mount_op(p, item);

	op->mount.sb_flags =
		0; /* the file system is the host's too: only our mount of it is read-only */
	if (directory)
		bind_own(p, op, directory);
	else
		new_instance(p, op, item, "cgroup2");
}

static void tmpfs(struct planner *p, const struct mount_item *item)
{
	struct plan_op *op = plan_mount_op(p, item);

	op->mount.source = builder_str(&p->b, "tmpfs");
	op->mount.fstype = builder_str(&p->b, "tmpfs");
	op->mount.data = builder_str(&p->b, "mode=755");
	plan_label(p, op, "tmpfs");
	/* Writable until its directories are made. */
	op->mount.attr_set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	op->mount.attr_set |= MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	op->mount.sb_flags = 0;
}

static void tmpfs_readonly(struct planner *p, const struct mount_item *item)
{
	struct plan_op *op = plan_mount_op(p, item);

	op->mount = (struct plan_mount){
		.target = op->mount.target,
		.flags = PLAN_MOUNT_BIND | PLAN_MOUNT_REMOUNT,
		.attr_set = MOUNT_ATTR_RDONLY,
	};
}

/* "cpu,cpuacct": a link for each, because programs look for /sys/fs/cgroup/cpu. */
static void links(struct planner *p, const struct mount_item *item,
	const struct cgroup_hierarchy *h, const char *name)
{
	const char *word = h->controllers;

	while (*word && strchr(h->controllers, ',')) {
		size_t n = strcspn(word, ",");

		if (strlen(name) != n || strncmp(word, name, n)) {
			struct plan_op *op =
				builder_op_at(&p->b, PLAN_SYMLINK, "/mounts/%zu", item->index);

			op->symlink.target = builder_str(&p->b, name);
			op->symlink.path =
				builder_strf(&p->b, "%s/%.*s", item->target, (int)n, word);
		}
		word += n + (word[n] == ',');
	}
}

static void hierarchy(
	struct planner *p, const struct mount_item *item, const struct cgroup_hierarchy *h)
{
	const char *name = path_base(h->mount_point), *named = text_after(h->controllers, "name=");
	bool own_namespace = has_namespace(p, CLONE_NEWCGROUP);
	auto_free char *directory = own_namespace ? NULL : own_directory(p, h);
	plan_str target = builder_strf(&p->b, "%s/%s", item->target, name);
	struct plan_op *op;

	if (!own_namespace && !directory)
		return; /* the container is not in this one */
	op = plan_mount_op(p, item);
	op->mount.target = target;
	op->mount.sb_flags = 0;
	/* The propagation asked for is that of the tmpfs, which has all the others below it. */
	memset(op->mount.propagation, 0, sizeof op->mount.propagation);
	if (directory) {
		bind_own(p, op, directory);
	} else {
		op->mount.source = builder_str(&p->b, named ? named : "cgroup");
		op->mount.fstype = builder_str(&p->b, "cgroup");
		op->mount.data = builder_strf(&p->b, "%s%s", named ? "none," : "", h->controllers);
	}
	links(p, item, h, name);
}

static int split(struct planner *p, const struct mount_item *item, struct husk_error **err)
{
	const struct cgroup_layout *layout = &p->host->cgroups;
	auto_free char *at = NULL;

	if (item->options->data.len) {
		at = str_printf("/mounts/%zu/options/%zu", item->index, item->options->data_index);
		return fail_at(err, at, "a mount of type cgroup takes no such option on this host");
	}
	tmpfs(p, item);
	list_for_each (h, &layout->hierarchies)
		if (!h->v2)
			hierarchy(p, item, h);
	if (item->options->attr_set & MOUNT_ATTR_RDONLY)
		tmpfs_readonly(p, item);
	return 0;
}

int plan_cgroup_mount(struct planner *p, const struct mount_item *item, struct husk_error **err)
{
	const struct cgroup_layout *layout = &p->host->cgroups;
	const struct cgroup_hierarchy *v2 = NULL;
	auto_free char *at = NULL;

	list_for_each (h, &layout->hierarchies)
		if (h->v2)
			v2 = h;
	if (layout->mode == CGROUP_NONE || !layout->hierarchies.n ||
		(text_equal(item->mount->type, "cgroup2") && !v2)) {
		at = str_printf("/mounts/%zu/type", item->index);
		return fail_at(err, at, "there is no '%s' file system mounted on this host",
			item->mount->type);
	}
	plan_await_cgroup(p);
	/* In hybrid mode the v2 hierarchy has no controllers; it is mounted for those who say cgroup2. */
	if (v2 && (layout->mode == CGROUP_V2 || text_equal(item->mount->type, "cgroup2"))) {
		unified(p, item, v2);
		return 0;
	}
	return split(p, item, err);
}
