// SPDX-License-Identifier: Apache-2.0
/*
 * The plan as text: what `husk plan` prints and golden tests compare. One line per operation, in the order in which
 * they will be done; each kind has one function that says in words what it does. Works from the plan's bytes alone,
 * so that it shows what husk-init will get and not what somebody meant.
 */
#include <plan/plan.h>
#include <plan/words.h>

#include <errno.h>
#include <linux/sched.h>
#include <sys/stat.h>
#include <string.h>

enum { TEXT_COLUMN = 23, POINTER_COLUMN = 80 };

typedef void describe_fn(
	const struct plan_header *plan, const struct plan_op *op, struct strbuf *out);

#define DESCRIBE(name)    \
	static void name( \
		const struct plan_header *plan, const struct plan_op *op, struct strbuf *out)

static void add_str(struct strbuf *out, const struct plan_header *plan, plan_str s)
{
	word_plain(out, plan_string(plan, s));
}

DESCRIBE(nothing)
{
	(void)plan, (void)op, (void)out;
}

DESCRIBE(join)
{
	add_str(out, plan, op->join.name);
	strbuf_add(out, op->join.path ? " namespace " : " of the container");
	add_str(out, plan, op->join.path);
}

DESCRIBE(unshare)
{
	(void)plan;
	words_namespaces(out, op->unshare.flags);
}

DESCRIBE(map_ids)
{
	(void)plan, (void)op;
	strbuf_add(out, "by the runtime");
}

DESCRIBE(become)
{
	(void)plan;
	strbuf_printf(out, "uid %u gid %u%s", op->become.uid, op->become.gid,
		op->become.set_groups ? "" : ", groups stay");
}

DESCRIBE(fork_)
{
	(void)plan;
	strbuf_add(out, op->fork.flags ? "with new namespaces: " : "the container's process");
	if (op->fork.flags)
		words_namespaces(out, op->fork.flags);
}

DESCRIBE(oom_score)
{
	(void)plan;
	strbuf_printf(out, "%d", op->oom_score.value);
}

static void add_limit(struct strbuf *out, uint64_t value)
{
	if (value == UINT64_MAX)
		strbuf_add(out, "unlimited");
	else
		strbuf_printf(out, "%llu", (unsigned long long)value);
}

DESCRIBE(io_priority)
{
	(void)plan;
	words_io_priority(out, op->io_priority.value);
}

DESCRIBE(cpu_affinity)
{
	strbuf_add(out, op->cpu_affinity.list ? "CPUs " : "all CPUs of the cgroup");
	add_str(out, plan, op->cpu_affinity.list);
}

DESCRIBE(memory_policy)
{
	words_memory_policy(out, op->memory_policy.mode);
	if (op->memory_policy.nodes)
		strbuf_add(out, " nodes ");
	add_str(out, plan, op->memory_policy.nodes);
}

DESCRIBE(scheduler)
{
	(void)plan;
	words_scheduler(out, &op->scheduler);
}

DESCRIBE(rlimit)
{
	add_str(out, plan, op->rlimit.name);
	strbuf_add(out, " soft ");
	add_limit(out, op->rlimit.soft);
	strbuf_add(out, " hard ");
	add_limit(out, op->rlimit.hard);
}

DESCRIBE(keyring)
{
	strbuf_add(out, "session ");
	add_str(out, plan, op->keyring.name);
}

DESCRIBE(time_offsets)
{
	const char *line = plan_string(plan, op->time.text);

	strbuf_add(out, *line ? "" : "none");
	while (*line) {
		size_t n = strcspn(line, "\n");

		strbuf_printf(out, "%.*s%s", (int)n, line, line[n] && line[n + 1] ? ", " : "");
		line += n + (line[n] == '\n');
	}
}

DESCRIBE(name)
{
	add_str(out, plan, op->name.name);
}

DESCRIBE(propagation)
{
	add_str(out, plan, op->propagation.path);
	strbuf_printf(out, " (%s)", word_propagation(op->propagation.flags));
}

DESCRIBE(root)
{
	add_str(out, plan, op->root.path);
	if (op->root.flags & PLAN_ROOT_PRIVATE_PARENT)
		strbuf_add(out, " (private-parent)");
	if (op->root.flags & PLAN_ROOT_NO_NAMESPACE)
		strbuf_add(out, " (no mount namespace)");
}

/* The lines of uid_map as crun's option writes them. */
static void add_map(struct strbuf *out, const char *lines)
{
	for (; *lines; lines++)
		if (*lines == '\n')
			strbuf_add(out, lines[1] ? "#" : "");
		else
			strbuf_add_char(out, *lines == ' ' ? '-' : *lines);
}

static void add_idmap(struct strbuf *out, const struct plan_header *plan, plan_fd_ref ref)
{
	const struct plan_fd *fd;

	if (!ref)
		return;
	fd = &plan_fds(plan)[ref - 1];
	if (fd->kind == PLAN_FD_NAMESPACE) {
		strbuf_add(out, ", id-mapped as ");
		add_str(out, plan, fd->path);
		return;
	}
	strbuf_add(out, ", id-mapped uids=");
	add_map(out, plan_string(plan, fd->path));
	strbuf_add(out, ";gids=");
	add_map(out, plan_string(plan, fd->gids));
}

DESCRIBE(mount)
{
	const struct plan_mount *m = &op->mount;
	auto_strbuf flags = {};

	add_str(out, plan, m->source ? m->source : m->fstype);
	strbuf_add(out, m->source || m->fstype ? " on " : "on ");
	add_str(out, plan, m->target);
	if (m->fstype && strcmp(plan_string(plan, m->fstype), plan_string(plan, m->source))) {
		strbuf_add(out, " type ");
		add_str(out, plan, m->fstype);
	}
	words_mount(&flags, m);
	if (flags.len)
		strbuf_printf(out, " (%s)", flags.text);
	if (m->data) {
		strbuf_add(out, " data ");
		add_str(out, plan, m->data);
	}
	if (m->label) {
		strbuf_add(out, " label ");
		add_str(out, plan, m->label);
	}
	if (m->fd)
		strbuf_add(out, ", opened by the runtime");
	if (m->fd && plan_fds(plan)[m->fd - 1].arg & PLAN_TREE_IDMAP_ALL)
		strbuf_add(out, ", all of it");
	add_idmap(out, plan, m->fd ? plan_fds(plan)[m->fd - 1].idmap : m->idmap);
}

DESCRIBE(symlink_)
{
	add_str(out, plan, op->symlink.path);
	strbuf_add(out, " -> ");
	add_str(out, plan, op->symlink.target);
	if (op->symlink.flags & PLAN_SYMLINK_REPLACE)
		strbuf_add(out, " (replace)");
}

DESCRIBE(device)
{
	const struct plan_device *d = &op->device;

	add_str(out, plan, d->path);
	if (S_ISFIFO(d->mode))
		strbuf_add(out, " fifo");
	else
		strbuf_printf(out, " %c %u:%u", S_ISBLK(d->mode) ? 'b' : 'c', d->major, d->minor);
	strbuf_printf(out, " mode %04o", d->mode & 07777);
	if (d->uid || d->gid)
		strbuf_printf(out, " owner %u:%u", d->uid, d->gid);
}

DESCRIBE(device_bind)
{
	add_str(out, plan, op->device_bind.source);
	strbuf_add(out, " on ");
	add_str(out, plan, op->device_bind.path);
}

DESCRIBE(enter_root)
{
	static const char *const modes[] = {[PLAN_PIVOT] = "pivot_root",
		[PLAN_MOVE] = "move, chroot",
		[PLAN_CHROOT] = "chroot"};
	uint32_t mode = op->enter_root.mode;

	(void)plan;
	strbuf_add(out, mode < ARRAY_LEN(modes) ? modes[mode] : "?");
	if (op->enter_root.propagation)
		strbuf_printf(out, ", then %s", word_propagation(op->enter_root.propagation));
}

DESCRIBE(console)
{
	const struct plan_console *c = &op->console;

	(void)plan;
	strbuf_add(out, c->mount ? "on /dev/console" : "new");
	if (c->height || c->width)
		strbuf_printf(out, ", %u rows %u columns", c->height, c->width);
	strbuf_printf(out, ", owner %u", c->uid);
}

DESCRIBE(sysctl)
{
	add_str(out, plan, op->sysctl.key);
	strbuf_add(out, " = ");
	add_str(out, plan, op->sysctl.value);
}

DESCRIBE(path)
{
	add_str(out, plan, op->path.path);
}

DESCRIBE(mask)
{
	add_str(out, plan, op->mask.path);
	if (op->mask.label) {
		strbuf_add(out, " label ");
		add_str(out, plan, op->mask.label);
	}
}

DESCRIBE(lsm)
{
	strbuf_add(out, op->lsm.kind == PLAN_LSM_APPARMOR ? "AppArmor " : "SELinux ");
	add_str(out, plan, op->lsm.label);
}

DESCRIBE(personality)
{
	(void)plan;
	strbuf_printf(out, "0x%x", op->personality.persona);
}

DESCRIBE(stdio_owner)
{
	(void)plan;
	strbuf_printf(out, "uid %u", op->stdio_owner.uid);
}

DESCRIBE(seccomp)
{
	(void)plan;
	strbuf_printf(
		out, "%u instructions, flags 0x%x", op->seccomp.filter.size / 8, op->seccomp.flags);
	if (op->seccomp.listener)
		strbuf_add(out, ", with a listener");
	if (op->seccomp.drop)
		strbuf_add(out, ", then without CAP_SYS_ADMIN");
}

DESCRIBE(cwd)
{
	add_str(out, plan, op->cwd.path);
	if (op->cwd.retry)
		strbuf_add(out, ", or later");
}

/* Sets that are alike stand together: "bounding, effective, permitted: CAP_KILL". */
static void add_sets(struct strbuf *out, const struct plan_identity *id)
{
	const struct {
		const char *name;
		uint64_t set;
	} sets[] = {{"bounding", id->bounding}, {"effective", id->effective},
		{"permitted", id->permitted}, {"inheritable", id->inheritable},
		{"ambient", id->ambient}};
	bool done[ARRAY_LEN(sets)] = {};

	for (size_t i = 0; i < ARRAY_LEN(sets); i++) {
		struct word_list names = {out, ", ", 0};

		if (done[i])
			continue;
		strbuf_add(out, "\n\t");
		for (size_t j = i; j < ARRAY_LEN(sets); j++)
			if (sets[j].set == sets[i].set) {
				word_add(&names, "", sets[j].name);
				done[j] = true;
			}
		strbuf_add(out, ": ");
		words_caps(out, sets[i].set);
	}
}

DESCRIBE(identity)
{
	const struct plan_identity *id = &op->identity;
	const uint32_t *groups = plan_bytes(plan, id->groups);

	strbuf_printf(out, "uid %u gid %u groups ", id->uid, id->gid);
	if (!id->set_groups)
		strbuf_add(out, "stay");
	else if (id->groups.size < sizeof *groups)
		strbuf_add(out, "none");
	for (size_t i = 0; id->set_groups && i < id->groups.size / sizeof *groups; i++)
		strbuf_printf(out, "%s%u", i ? "," : "", groups[i]);
	add_sets(out, id);
}

DESCRIBE(umask_)
{
	(void)plan;
	if (op->umask.mask == (uint32_t)PLAN_UMASK_INHERIT)
		strbuf_add(out, "as the runtime's");
	else
		strbuf_printf(out, "%04o", op->umask.mask);
}

DESCRIBE(find)
{
	word_quoted(out, plan_string(plan, op->find.name));
	if (!strchr(plan_string(plan, op->find.name), '/')) {
		strbuf_add(out, " in ");
		add_str(out, plan, op->find.search);
	}
}

DESCRIBE(ready)
{
	(void)plan;
	strbuf_add(out, op->ready.gate ? "created; wait for start" : "go on at once");
}

DESCRIBE(exec)
{
	const struct plan_exec *e = &op->exec;

	for (uint32_t i = 0; i < e->args.count; i++) {
		if (i)
			strbuf_add_char(out, ' ');
		word_quoted(out, plan_item(plan, e->args, i));
	}
	if (e->preserve_fds)
		strbuf_printf(out, ", descriptors 3 to %u stay", e->preserve_fds + 2);
	for (uint32_t i = 0; i < e->env.count; i++) {
		strbuf_add(out, "\n\t");
		word_plain(out, plan_item(plan, e->env, i));
	}
}

/* clang-format off */
static describe_fn *const describe[PLAN_KINDS] = {
	[PLAN_JOIN] = join, [PLAN_UNSHARE] = unshare, [PLAN_MAP_IDS] = map_ids, [PLAN_BECOME] = become,
	[PLAN_FORK] = fork_, [PLAN_OOM_SCORE] = oom_score, [PLAN_IO_PRIORITY] = io_priority,
	[PLAN_CPU_AFFINITY] = cpu_affinity, [PLAN_MEMORY_POLICY] = memory_policy, [PLAN_SCHEDULER] = scheduler,
	[PLAN_RLIMIT] = rlimit, [PLAN_KEYRING] = keyring,
	[PLAN_TIME_OFFSETS] = time_offsets, [PLAN_LOOPBACK] = nothing, [PLAN_HOSTNAME] = name,
	[PLAN_DOMAINNAME] = name, [PLAN_PROPAGATION] = propagation, [PLAN_ROOT] = root, [PLAN_MOUNT] = mount,
	[PLAN_SYMLINK] = symlink_, [PLAN_DEVICE] = device,
	[PLAN_DEVICE_BIND] = device_bind, [PLAN_AWAIT_CGROUP] = nothing, [PLAN_CGROUP_NS] = nothing,
	[PLAN_RUNTIME_HOOK] = words_hook, [PLAN_HOOK] = words_hook,
	[PLAN_ENTER_ROOT] = enter_root, [PLAN_CONSOLE] = console, [PLAN_SYSCTL] = sysctl, [PLAN_MASK] = mask,
	[PLAN_READONLY_PATH] = path, [PLAN_ROOT_READONLY] = nothing, [PLAN_MAKE_CWD] = path,
	[PLAN_PERSONALITY] = personality, [PLAN_STDIO_OWNER] = stdio_owner, [PLAN_LSM_EXEC] = lsm, [PLAN_NO_NEW_PRIVILEGES] = nothing,
	[PLAN_SECCOMP] = seccomp, [PLAN_CWD] = cwd, [PLAN_IDENTITY] = identity, [PLAN_UMASK] = umask_,
	[PLAN_FIND] = find, [PLAN_READY] = ready, [PLAN_EXEC] = exec,
};
/* clang-format on */

static void pad(struct strbuf *out, size_t line, size_t column)
{
	do
		strbuf_add_char(out, ' ');
	while (!strbuf_failed(out) && out->len - line < column);
}

/* The first line gets the pointer at its end; what hangs below is indented. */
static void operation(
	const struct plan_header *plan, uint32_t i, struct strbuf *text, struct strbuf *out)
{
	const struct plan_op *op = &plan_ops(plan)[i];
	size_t line = out->len, first;

	strbuf_truncate(text, 0);
	describe[op->kind](plan, op, text);
	first = strcspn(strbuf_text(text), "\n");
	strbuf_printf(out, "%3u %s", i + 1, plan_kinds[op->kind].name);
	if (first) {
		pad(out, line, TEXT_COLUMN);
		strbuf_add_bytes(out, text->text, first);
	}
	if (op->at) {
		pad(out, line, POINTER_COLUMN);
		add_str(out, plan, op->at);
	}
	strbuf_add_char(out, '\n');
	for (const char *rest = strbuf_text(text) + first; *rest; rest += first) {
		rest += 2; /* "\n\t" */
		first = strcspn(rest, "\n");
		pad(out, out->len, TEXT_COLUMN);
		strbuf_add_bytes(out, rest, first);
		strbuf_add_char(out, '\n');
	}
}

/* --- what stands above the operations */

static void mapping(struct strbuf *out, const char *title, const struct oci_id_mappings *list)
{
	list_for_each (m, list)
		strbuf_printf(out, "%-13s%llu -> %llu (%llu)\n", title,
			(unsigned long long)m->container_id.value,
			(unsigned long long)m->host_id.value, (unsigned long long)m->size.value);
}

static void net_devices(struct strbuf *out, const struct oci_linux *l)
{
	list_for_each (d, &l->net_devices) {
		strbuf_printf(out, "%-13s", "net device");
		word_plain(out, d->key);
		strbuf_add(out, " -> ");
		word_plain(out, d->name && *d->name ? d->name : d->key);
		strbuf_add_char(out, '\n');
	}
}

static void cgroup_directories(struct strbuf *out, const struct cgroup_dirs *dirs)
{
	list_for_each (d, dirs)
		strbuf_printf(out, "%-13s%s%s\n", "cgroup", d->mount_point, d->path);
}

static uint64_t new_namespaces(const struct plan_header *plan)
{
	uint64_t flags = plan->clone_flags;

	for (uint32_t i = 0; i < plan->ops.count; i++) {
		const struct plan_op *op = &plan_ops(plan)[i];

		if (op->kind == PLAN_UNSHARE)
			flags |= op->unshare.flags;
		else if (op->kind == PLAN_FORK)
			flags |= op->fork.flags;
		else if (op->kind == PLAN_CGROUP_NS)
			flags |= CLONE_NEWCGROUP;
		else if (op->kind == PLAN_TIME_OFFSETS)
			flags |= CLONE_NEWTIME;
	}
	return flags;
}

static void namespaces(const struct plan_header *plan, struct strbuf *out)
{
	uint64_t joined = 0;

	for (uint32_t i = 0; i < plan->ops.count; i++)
		if (plan_ops(plan)[i].kind == PLAN_JOIN)
			joined |= plan_ops(plan)[i].join.flags;
	strbuf_add(out, "new          ");
	words_namespaces(out, new_namespaces(plan));
	strbuf_add(out, "\njoined       ");
	words_namespaces(out, joined);
	strbuf_add_char(out, '\n');
}

static void line(struct strbuf *out, const char *title, const char *value)
{
	if (!value)
		return;
	strbuf_printf(out, "%-13s", title);
	word_plain(out, value);
	strbuf_add_char(out, '\n');
}

/* What runs after the plan: no operations, so they have no number. */
static void late_hooks(
	struct strbuf *out, const char *title, const char *kind, const struct oci_hook_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		size_t line = out->len;

		strbuf_printf(out, "    %s", title);
		pad(out, line, TEXT_COLUMN);
		words_oci_hook(out, kind, &list->v[i]);
		pad(out, line, POINTER_COLUMN);
		strbuf_printf(out, "/hooks/%s/%zu\n", kind, i);
	}
}

int plan_dump(
	const struct plan_header *plan, const struct plan_dump_extra *extra, struct strbuf *out)
{
	auto_strbuf text = {};

	line(out, "container", extra->id);
	line(out, "bundle", extra->bundle);
	line(out, "root", extra->rootfs);
	namespaces(plan, out);
	if (extra->linux_) {
		mapping(out, "uid map", &extra->linux_->uid_mappings);
		mapping(out, "gid map", &extra->linux_->gid_mappings);
		net_devices(out, extra->linux_);
	}
	if (extra->cgroups)
		cgroup_directories(out, extra->cgroups);
	if (extra->linux_ && extra->linux_->intel_rdt)
		words_rdt(out, extra->linux_->intel_rdt, extra->id);
	strbuf_add_char(out, '\n');
	for (uint32_t i = 0; i < plan->ops.count; i++)
		operation(plan, i, &text, out);
	if (extra->hooks) {
		late_hooks(out, "once running", "poststart", &extra->hooks->poststart);
		late_hooks(out, "once deleted", "poststop", &extra->hooks->poststop);
	}
	return strbuf_failed(out) || strbuf_failed(&text) ? -ENOMEM : 0;
}
