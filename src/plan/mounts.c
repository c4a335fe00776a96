// SPDX-License-Identifier: Apache-2.0
/*
 * `mounts`, one by one and in order. A bind mount is an existing tree shown again, anything else a new instance of a
 * file system; control groups have their own file. Nothing may come to lie below /proc but the files that lxcfs
 * provides: a mount there could redirect what the runtime itself writes (CVE-2019-16884, CVE-2025-52881).
 */
#include <plan/mount_options.h>
#include <plan/planner.h>

#include <errno.h>
#include <linux/sched.h>
#include <base/mem.h>
#include <base/path.h>
#include <base/text.h>
#include <kern/mount_flags.h>

/* What may be mounted over below /proc. */
static const char *const proc_files[] = {
	"/proc/cpuinfo",
	"/proc/diskstats",
	"/proc/loadavg",
	"/proc/meminfo",
	"/proc/slabinfo",
	"/proc/stat",
	"/proc/swaps",
	"/proc/sys/crypto/fips_enabled",
	"/proc/sys/kernel/ns_last_pid",
	"/proc/uptime",
};

/* An error about one property of a mount. */
static int refuse(const struct mount_item *item, const char *property, const char *text,
	struct husk_error **err)
{
	auto_free char *at = str_printf("/mounts/%zu/%s", item->index, property);

	return at ? fail_at(err, at, "%s", text) : fail_memory(err);
}

static bool is_bind(const struct mount_item *item)
{
	return item->options->flags & PLAN_MOUNT_BIND;
}

static bool is_type(const struct mount_item *item, const char *type)
{
	return item->mount->type && text_equal(item->mount->type, type);
}

static int check_proc_itself(const struct mount_item *item, struct husk_error **err)
{
	auto_free char *source = NULL, *text = NULL;

	if (!is_bind(item) && is_type(item, "proc"))
		return 0;
	if (is_bind(item) && given(item->mount->source) && *item->mount->source == '/') {
		source = path_clean(item->mount->source);
		if (!source)
			return fail_memory(err);
		if (path_is_below(source, "/proc"))
			return 0;
	}
	text = str_printf("\"%s\" cannot be mounted because it is not of type proc", item->target);
	return text ? refuse(item, "destination", text, err) : fail_memory(err);
}

static int check_proc(const struct mount_item *item, struct husk_error **err)
{
	auto_free char *text = NULL;

	if (!path_is_below(item->target, "/proc"))
		return 0;
	if (text_equal(item->target, "/proc"))
		return check_proc_itself(item, err);
	for (size_t i = 0; i < ARRAY_LEN(proc_files); i++)
		if (text_equal(item->target, proc_files[i]))
			return 0;
	text = str_printf("\"%s\" cannot be mounted because it is inside /proc", item->target);
	return text ? refuse(item, "destination", text, err) : fail_memory(err);
}

static int check_bind(const struct mount_item *item, struct husk_error **err)
{
	const struct mount_options *o = item->options;
	auto_free char *option = NULL;

	if (o->data.len) {
		option = str_printf("options/%zu", o->data_index);
		if (!option)
			return fail_memory(err);
		return refuse(item, option,
			"bind mounts cannot have any filesystem-specific options applied", err);
	}
	if (!given(item->mount->source) && !(o->flags & PLAN_MOUNT_REMOUNT))
		return refuse(item, "source", "is missing: a bind mount needs one", err);
	return 0;
}

static int check_new(const struct mount_item *item, struct husk_error **err)
{
	if (!given(item->mount->type) && !(item->options->flags & PLAN_MOUNT_REMOUNT))
		return refuse(
			item, "type", "is missing: it is not needed for bind mounts only", err);
	if (is_type(item, "none"))
		return refuse(item, "type",
			"'none' is for bind mounts, and there is no option bind or rbind", err);
	if (item->options->flags & PLAN_MOUNT_COPY_SYMLINK)
		return refuse(item, "options", "copy-symlink is for bind mounts", err);
	if (item->options->flags & PLAN_MOUNT_SOURCE_NOFOLLOW)
		return refuse(item, "options", "src-nofollow is for bind mounts", err);
	return 0;
}

static int check(const struct mount_item *item, struct husk_error **err)
{
	const struct mount_options *o = item->options;
	int r = check_proc(item, err);

	if (r < 0)
		return r;
	if (o->flags & PLAN_MOUNT_COPY_UP && (is_bind(item) || !is_type(item, "tmpfs")))
		return refuse(item, "options", "tmpcopyup is for tmpfs", err);
	return is_bind(item) ? check_bind(item, err) : check_new(item, err);
}

struct plan_op *plan_mount_op(struct planner *p, const struct mount_item *item)
{
	const struct mount_options *o = item->options;
	struct plan_op *op = builder_op_at(&p->b, PLAN_MOUNT, "/mounts/%zu", item->index);
	bool exists = o->flags & (PLAN_MOUNT_BIND | PLAN_MOUNT_REMOUNT);

	op->mount = (struct plan_mount){
		.target = builder_str(&p->b, item->target),
		.flags = o->flags,
		.attr_set = o->attr_set,
		/* A new mount has nothing set that could be cleared. */
		.attr_clear = exists ? o->attr_clear : 0,
		.tree_attr_set = o->tree_set,
		.tree_attr_clear = o->tree_clear,
		/* A bind mount cannot change the file system that it shows. */
		.sb_flags = o->flags & PLAN_MOUNT_BIND ? 0 : o->sb_flags,
	};
	for (size_t i = 0; i < ARRAY_LEN(op->mount.propagation); i++)
		op->mount.propagation[i] = o->propagation[i];
	return op;
}

/* Does propagation keep mounts of the host and the container together? */
static bool root_shared(const struct planner *p)
{
	struct opt_enum how = p->linux_->rootfs_propagation;

	return how.set &&
	       (how.value == OCI_PROPAGATION_SHARED || how.value == OCI_PROPAGATION_RSHARED);
}

/* The source as a tree that the parent opens. The path stays in the operation for messages. */
static struct plan_fd *tree_from_parent(struct planner *p, struct plan_op *op, const char *source)
{
	uint32_t how = 0;

	if (op->mount.flags & PLAN_MOUNT_RECURSIVE)
		how |= PLAN_TREE_RECURSIVE;
	if (op->mount.flags & PLAN_MOUNT_SOURCE_NOFOLLOW)
		how |= PLAN_TREE_NOFOLLOW;
	op->mount.fd = builder_fd(&p->b, PLAN_FD_TREE, how, source,
		op->at ? builder_strf(&p->b, "%s/source", p->b.strings.text + op->at) : 0);
	if (!root_shared(p))
		op->mount.flags |= PLAN_MOUNT_SLAVE_SOURCE;
	return op->mount.fd ? &p->b.fds.v[op->mount.fd - 1] : NULL;
}

/*
 * Root of a new user namespace may lack the right to walk to the source, so that the parent opens it where it has
 * the right.
 */
void plan_bind_source(struct planner *p, struct plan_op *op, const char *source)
{
	op->mount.source = builder_str(&p->b, source);
	if (has_namespace(p, CLONE_NEWUSER) && p->host->euid == 0 && !p->host->in_user_namespace)
		(void)tree_from_parent(p, op, source);
}

/* It is the right over the file system that counts, so that the parent does this too. */
static void bind_mapped(
	struct planner *p, const struct mount_item *item, const char *source, plan_fd_ref idmap)
{
	struct plan_op *op = plan_mount_op(p, item);
	struct plan_fd *tree;

	op->mount.source = builder_str(&p->b, source);
	tree = tree_from_parent(p, op, source);
	if (!tree)
		return;
	tree->idmap = idmap;
	if (item->options->idmap_all)
		tree->arg |= PLAN_TREE_IDMAP_ALL;
}

static int bind(struct planner *p, const struct mount_item *item, struct husk_error **err)
{
	auto_free char *source = NULL;
	plan_fd_ref idmap = 0;
	struct plan_op *op;
	int r = plan_idmap(p, item, &idmap, err);

	if (r < 0)
		return r;
	if (item->options->flags & PLAN_MOUNT_REMOUNT) {
		plan_mount_op(p, item);
		return 0;
	}
	source = *item->mount->source == '/' ? path_clean(item->mount->source)
					     : path_join(p->create->bundle, item->mount->source);
	if (!source)
		return fail_memory(err);
	if (idmap) {
		bind_mapped(p, item, source, idmap);
		return 0;
	}
	op = plan_mount_op(p, item);
	plan_bind_source(p, op, source);
	return 0;
}

static int new_file_system(
	struct planner *p, const struct mount_item *item, struct husk_error **err)
{
	plan_fd_ref idmap = 0;
	struct plan_op *op;
	int r = plan_idmap(p, item, &idmap, err);

	if (r < 0)
		return r;
	op = plan_mount_op(p, item);
	op->mount.idmap = idmap;
	op->mount.source = builder_str(&p->b, item->mount->source);
	op->mount.fstype = builder_str(&p->b, item->mount->type);
	op->mount.data = builder_str(&p->b, item->options->data.text);
	if (is_type(item, "proc") || is_type(item, "sysfs"))
		op->mount.flags |= PLAN_MOUNT_REAL_TARGET;
	if (given(item->mount->type))
		plan_label(p, op, item->mount->type);
	return 0;
}

static int dispatch(struct planner *p, const struct mount_item *item, struct husk_error **err)
{
	int r = check(item, err);

	if (r < 0)
		return r;
	if (is_bind(item))
		return bind(p, item, err);
	if (!(item->options->flags & PLAN_MOUNT_REMOUNT) &&
		(is_type(item, "cgroup") || is_type(item, "cgroup2"))) {
		if (item->options->idmap || item->mount->uid_mappings.n)
			return refuse(item, "type", "control groups cannot be id-mapped", err);
		return plan_cgroup_mount(p, item, err);
	}
	return new_file_system(p, item, err);
}

static int one(struct planner *p, size_t index, struct husk_error **err)
{
	const struct oci_mount *mount = &p->spec->mounts.v[index];
	auto_(mount_options_done) struct mount_options options = {};
	struct mount_item item = {mount, index, NULL, &options};
	auto_free char *target = path_clean(mount->destination);
	int r;

	if (!target)
		return fail_memory(err);
	if (*mount->destination != '/')
		log_warning(p->log, "mounts: destination '%s' should be absolute, ignoring",
			mount->destination);
	item.target = target;
	r = mount_options_parse(&mount->options, index, &options, err);
	if (r < 0)
		return r;
	if (is_type(&item, "bind"))
		options.flags |= PLAN_MOUNT_BIND;
	return dispatch(p, &item, err);
}

int plan_mounts(struct planner *p, struct husk_error **err)
{
	if (p->spec->mounts.n && !has_namespace(p, CLONE_NEWNS)) {
		log_warning(
			p->log, "mounts: there is no mount namespace to make them in, ignoring");
		return 0;
	}
	for (size_t i = 0; i < p->spec->mounts.n; i++) {
		int r = one(p, i, err);

		if (r < 0)
			return r;
	}
	return 0;
}
