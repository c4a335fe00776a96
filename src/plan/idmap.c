// SPDX-License-Identifier: Apache-2.0
/*
 * Id-mapped mounts: the maps come from the mount (uidMappings, gidMappings), from crun's form of the option
 * (idmap=uids=0-100000-65536#...;gids=...), or from the container's user namespace. The left number is an id on the
 * file system, the right one who it is in the mount, seen from the host. Equal maps share one namespace, which the
 * runtime makes before anything else (PLAN_FD_USER_NAMESPACE).
 */
#include <plan/mount_options.h>
#include <plan/planner.h>

#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>
#include <base/mem.h>
#include <base/parse.h>

struct maps {
	struct strbuf uids, gids; /* lines as in uid_map */
};

static void maps_done(struct maps *maps)
{
	strbuf_done(&maps->uids);
	strbuf_done(&maps->gids);
}

static int refuse_option(const struct mount_item *item, const char *text, struct husk_error **err)
{
	auto_free char *at =
		str_printf("/mounts/%zu/options/%zu", item->index, item->options->idmap_index);

	return at ? fail_at(err, at, "%s", text) : fail_memory(err);
}

static void add_lines(struct strbuf *out, const struct oci_id_mappings *list)
{
	list_for_each (m, list)
		strbuf_printf(out, "%llu %llu %llu\n", (unsigned long long)m->container_id.value,
			(unsigned long long)m->host_id.value, (unsigned long long)m->size.value);
}

/* "@1-3-10": 3 is an id in the container; who that is on the host, its user namespace tells. */
static bool to_host(const struct oci_id_mappings *container, uint32_t size, uint32_t *id)
{
	list_for_each (m, container) {
		uint64_t first = m->container_id.value;

		if (*id >= first && *id - first + size <= m->size.value) {
			*id = (uint32_t)(*id - first + m->host_id.value);
			return true;
		}
	}
	return false;
}

/* One "FROM-TO-SIZE". */
static bool add_range(struct strbuf *out, char *text, const struct oci_id_mappings *container)
{
	bool relative = *text == '@';
	uint32_t number[3];
	char *rest = text + relative;

	for (size_t i = 0; i < ARRAY_LEN(number); i++) {
		const char *word = strsep(&rest, "-");

		if (!word || parse_u32(word, 10, &number[i]) < 0)
			return false;
	}
	if (rest || !number[2] || (relative && !to_host(container, number[2], &number[1])))
		return false;
	strbuf_printf(out, "%u %u %u\n", number[0], number[1], number[2]);
	return true;
}

static bool add_ranges(struct strbuf *out, char *text, const struct oci_id_mappings *container)
{
	char *range;

	if (!text || out->len) /* none, or the second time */
		return false;
	while ((range = strsep(&text, "#")))
		if (!add_range(out, range, container))
			return false;
	return true;
}

static int read_option(
	struct planner *p, const struct mount_item *item, struct maps *ret, struct husk_error **err)
{
	auto_free char *copy = strdup(item->options->idmap_text), *message = NULL;
	char *rest = copy, *part;
	bool valid = true;

	if (!copy)
		return fail_memory(err);
	while (valid && (part = strsep(&rest, ";"))) {
		const char *name = strsep(&part, "=");

		if (!strcmp(name, "uids"))
			valid = add_ranges(&ret->uids, part, &p->linux_->uid_mappings);
		else
			valid = !strcmp(name, "gids") &&
				add_ranges(&ret->gids, part, &p->linux_->gid_mappings);
	}
	if (valid && ret->uids.len && ret->gids.len)
		return 0;
	message = str_printf("invalid ID mapping '%s': it must be "
			     "uids=FROM-TO-SIZE[#FROM-TO-SIZE...];gids=...",
		item->options->idmap_text);
	return message ? refuse_option(item, message, err) : fail_memory(err);
}

static bool wanted(const struct mount_item *item)
{
	return item->options->idmap || item->mount->uid_mappings.n || item->mount->gid_mappings.n;
}

static int check(const struct planner *p, const struct mount_item *item, struct husk_error **err)
{
	auto_free char *at = str_printf("/mounts/%zu", item->index);

	if (!at)
		return fail_memory(err);
	if (item->options->flags & PLAN_MOUNT_REMOUNT)
		return fail_at(err, at, "a mount that is there already cannot be id-mapped");
	if (p->host->euid != 0)
		return fail_at(err, at,
			"id-mapped mounts need root: the kernel lets nobody else make them");
	if (item->mount->uid_mappings.n && item->options->idmap_text)
		return refuse_option(
			item, "the mapping is given twice: here and by uidMappings", err);
	return 0;
}

static plan_fd_ref namespace_for(
	struct planner *p, const struct mount_item *item, const char *uids, const char *gids)
{
	plan_str u = builder_str(&p->b, uids), g = builder_str(&p->b, gids);
	plan_fd_ref ref;

	for (size_t i = 0; i < p->b.fds.n; i++)
		if (p->b.fds.v[i].kind == PLAN_FD_USER_NAMESPACE && p->b.fds.v[i].path == u &&
			p->b.fds.v[i].gids == g)
			return (plan_fd_ref)(i + 1);
	ref = builder_fd(&p->b, PLAN_FD_USER_NAMESPACE, 0, uids,
		builder_strf(&p->b, "/mounts/%zu", item->index));
	if (ref)
		p->b.fds.v[ref - 1].gids = g;
	return ref;
}

/* The container's own namespace, joined by path: its maps are not for us to know, but it serves as it is. */
static int joined(
	struct planner *p, const struct mount_item *item, plan_fd_ref *ret, struct husk_error **err)
{
	const struct oci_namespace *user = oci_linux_namespace(p->linux_, OCI_NS_USER);

	if (!user || !given(user->path))
		return refuse_option(item,
			"there is no mapping: the mount has no uidMappings and gidMappings, and "
			"the container no user namespace with them",
			err);
	if (!(item->options->flags & PLAN_MOUNT_BIND))
		return refuse_option(item,
			"a new file system needs uidMappings and gidMappings when the user "
			"namespace is joined by its path",
			err);
	*ret = builder_fd(&p->b, PLAN_FD_NAMESPACE, CLONE_NEWUSER, user->path,
		builder_strf(&p->b, "/mounts/%zu", item->index));
	return 0;
}

int plan_idmap(
	struct planner *p, const struct mount_item *item, plan_fd_ref *ret, struct husk_error **err)
{
	const struct oci_linux *l = p->linux_;
	auto_(maps_done) struct maps maps = {};
	int r;

	if (!wanted(item))
		return 0;
	r = check(p, item, err);
	if (!r && item->mount->uid_mappings.n) {
		add_lines(&maps.uids, &item->mount->uid_mappings);
		add_lines(&maps.gids, &item->mount->gid_mappings);
	} else if (!r && item->options->idmap_text) {
		r = read_option(p, item, &maps, err);
	} else if (!r && has_namespace(p, CLONE_NEWUSER) && l->uid_mappings.n &&
		   l->gid_mappings.n) {
		add_lines(&maps.uids, &l->uid_mappings);
		add_lines(&maps.gids, &l->gid_mappings);
	} else if (!r) {
		return joined(p, item, ret, err);
	}
	if (r < 0)
		return r;
	p->b.failed |= strbuf_failed(&maps.uids) || strbuf_failed(&maps.gids);
	*ret = namespace_for(p, item, strbuf_text(&maps.uids), strbuf_text(&maps.gids));
	return 0;
}
