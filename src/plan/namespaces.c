// SPDX-License-Identifier: Apache-2.0
/*
 * Namespaces: which are new, which are joined, and what that takes. When all are new (and none is a user namespace)
 * the parent's one clone3 makes them and there is no stage; otherwise a launcher joins and unshares first and then
 * clones the container's process. The cgroup namespace waits until the process is in its cgroup, the time namespace
 * until its offsets are written; both are made by the container's process itself.
 */
#include <plan/planner.h>

#include <linux/sched.h>
#include <string.h>
#include <base/table.h>
#include <kern/ns.h>

#ifndef CLONE_NEWTIME /* <linux/sched.h> before 5.6 */
#define CLONE_NEWTIME 0x00000080
#endif

#define CLONE_BY_FORK (CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS)

/* The entry of the configuration for a kind of namespace, or NULL. */
static const struct oci_namespace *entry_of(const struct planner *p, const struct ns_kind *kind)
{
	const struct name_value *type = table_find(oci_namespace_types, kind->name);

	return type ? oci_linux_namespace(p->linux_, (enum oci_namespace_type)type->value) : NULL;
}

static size_t entry_index(const struct planner *p, const struct oci_namespace *entry)
{
	return (size_t)(entry - p->linux_->namespaces.v);
}

void plan_find_namespaces(struct planner *p)
{
	for (const struct ns_kind *kind = ns_kinds; kind->name; kind++) {
		const struct oci_namespace *entry = entry_of(p, kind);

		if (entry && given(entry->path))
			p->ns_joined |= kind->flag;
		else if (entry)
			p->ns_new |= kind->flag;
	}
}

/* The runtime moves them itself (net/netdev.c); what can be known before is asked here. */
int plan_check_net_devices(const struct planner *p, struct husk_error **err)
{
	if (!p->linux_->net_devices.n || !p->host->euid)
		return 0;
	return fail_at(err, "/linux/netDevices",
		"a rootless container cannot have any: to move an interface takes CAP_NET_ADMIN on "
		"the "
		"host");
}

static void join(struct planner *p, const struct ns_kind *kind)
{
	const struct oci_namespace *entry = entry_of(p, kind);
	struct plan_op *op = builder_op_at(
		&p->b, PLAN_JOIN, "/linux/namespaces/%zu/path", entry_index(p, entry));

	op->join = (struct plan_join){
		.name = builder_str(&p->b, kind->name),
		.path = builder_str(&p->b, entry->path),
		.fd = builder_fd(
			&p->b, PLAN_FD_NAMESPACE, (uint32_t)kind->flag, entry->path, op->at),
		.flags = kind->flag,
	};
}

static void new_user_namespace(struct planner *p)
{
	const struct oci_namespace *entry = oci_linux_namespace(p->linux_, OCI_NS_USER);

	builder_op_at(&p->b, PLAN_UNSHARE, "/linux/namespaces/%zu", entry_index(p, entry))
		->unshare.flags = CLONE_NEWUSER;
	builder_op_at(&p->b, PLAN_MAP_IDS, "/linux/uidMappings");
}

void plan_stage(struct planner *p)
{
	if (!p->ns_joined && !(p->ns_new & CLONE_NEWUSER)) {
		p->b.clone_flags = p->ns_new & CLONE_BY_FORK;
		return;
	}
	for (const struct ns_kind *kind = ns_kinds; kind->name; kind++)
		if (p->ns_joined & kind->flag)
			join(p, kind);
	if (p->ns_new & CLONE_NEWUSER)
		new_user_namespace(p);
	if (has_namespace(p, CLONE_NEWUSER))
		plan_become(p);
	builder_op(&p->b, PLAN_FORK)->fork.flags = p->ns_new & CLONE_BY_FORK;
}

/* One more process joins whatever the container has, by the pidfd of its first process. */
void plan_exec_stage(struct planner *p)
{
	uint64_t all = p->ns_new | p->ns_joined;
	auto_strbuf names = {};
	struct plan_op *op;

	for (const struct ns_kind *kind = ns_kinds; kind->name; kind++)
		if (all & kind->flag)
			strbuf_printf(&names, "%s%s", names.len ? ", " : "", kind->name);
	p->b.failed |= strbuf_failed(&names);
	if (all) {
		op = builder_op_at(&p->b, PLAN_JOIN, "/linux/namespaces");
		op->join = (struct plan_join){
			.name = builder_str(&p->b, names.text),
			.fd = builder_fd(&p->b, PLAN_FD_PIDFD, 0, NULL, op->at),
			.flags = all,
		};
	}
	if (all & CLONE_NEWUSER)
		plan_become(p);
	builder_op(&p->b, PLAN_FORK);
}

/* Loopback and the two names of a UTS namespace (that there is one is checked with the configuration). */
void plan_names(struct planner *p)
{
	if (p->ns_new & CLONE_NEWNET)
		builder_op(&p->b, PLAN_LOOPBACK);
	if (given(p->spec->hostname))
		builder_op_at(&p->b, PLAN_HOSTNAME, "/hostname")->name.name =
			builder_str(&p->b, p->spec->hostname);
	if (given(p->spec->domainname))
		builder_op_at(&p->b, PLAN_DOMAINNAME, "/domainname")->name.name =
			builder_str(&p->b, p->spec->domainname);
}

static void offset(struct strbuf *text, const char *clock, const struct oci_time_offset *o)
{
	if (o)
		strbuf_printf(text, "%s %lld %llu\n", clock, (long long)opt_i64_or(o->secs, 0),
			(unsigned long long)opt_u64_or(o->nanosecs, 0));
}

void plan_time_offsets(struct planner *p)
{
	const struct oci_time_offsets *offsets = p->linux_->time_offsets;
	auto_strbuf text = {};
	struct plan_op *op;

	if (!(p->ns_new & CLONE_NEWTIME))
		return;
	if (offsets) {
		offset(&text, "monotonic", offsets->monotonic);
		offset(&text, "boottime", offsets->boottime);
	}
	p->b.failed |= strbuf_failed(&text);
	op = builder_op_at(&p->b, PLAN_TIME_OFFSETS, "%s", offsets ? "/linux/timeOffsets" : "");
	op->time.text = builder_str(&p->b, text.text);
}

/*
 * The point from which on the process is in its cgroup, as late as possible, because the parent works on that in
 * the meantime. A cgroup namespace has the cgroup at its root in which it was made, so it comes right behind.
 */
void plan_await_cgroup(struct planner *p)
{
	const struct oci_namespace *entry = oci_linux_namespace(p->linux_, OCI_NS_CGROUP);

	if (p->cgroup_awaited)
		return;
	p->cgroup_awaited = true;
	builder_op_at(&p->b, PLAN_AWAIT_CGROUP, "%s",
		given(p->linux_->cgroups_path) ? "/linux/cgroupsPath" : "");
	if (p->create && (p->ns_new & CLONE_NEWCGROUP))
		builder_op_at(
			&p->b, PLAN_CGROUP_NS, "/linux/namespaces/%zu", entry_index(p, entry));
}
