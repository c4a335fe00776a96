// SPDX-License-Identifier: Apache-2.0
/*
 * What the kernel does with its list (security/device_cgroup.c): while all is denied, an access is allowed if one
 * entry alone allows the whole of it; while all is allowed, it is denied if any entry denies a part of it. Entries are
 * told apart by type, major and minor as they are written, and each has a set of "rwm", which a write to devices.allow
 * or devices.deny makes larger or smaller: nothing can be taken out of the middle of "c 1:*". Writing "a" drops all
 * entries.
 */
#include <cgroup/devices_v1.h>
#include <base/mem.h>
#include <base/parse.h>
#include <base/text.h>

#include <errno.h>
#include <string.h>

static int add_entry(struct device_list *list, struct device_entry entry)
{
	struct device_entry *slot = entry.access ? list_add(list) : NULL;

	if (slot)
		*slot = entry;
	return slot || !entry.access ? 0 : -ENOMEM;
}

static int parse_number(const char *s, int64_t *ret)
{
	uint32_t number;
	int r = text_equal(s, "*") ? 0 : parse_u32(s, 10, &number);

	if (!r)
		*ret = text_equal(s, "*") ? DEVICE_ANY : (int64_t)number;
	return r;
}

/* "c 1:3 rw"; the kernel may have entries without any access, which mean nothing. */
static int parse_line(char *line, struct device_entry *ret)
{
	char *rest = line, *type = strsep(&rest, " "), *major = strsep(&rest, ":"),
	     *minor = strsep(&rest, " ");

	if (!rest || strlen(type) != 1 || !strchr("bc", *type) || rest[strspn(rest, "rwm")])
		return -EBADMSG;
	*ret = (struct device_entry){.type = *type == 'b' ? DEVICE_BLOCK : DEVICE_CHAR};
	if (parse_number(major, &ret->major) < 0 || parse_number(minor, &ret->minor) < 0)
		return -EBADMSG;
	ret->access = (uint8_t)((strchr(rest, 'r') ? DEVICE_READ : 0) |
				(strchr(rest, 'w') ? DEVICE_WRITE : 0) |
				(strchr(rest, 'm') ? DEVICE_MKNOD : 0));
	return 0;
}

int cgroup_devices_v1_parse(const char *text, struct device_list *ret)
{
	auto_free char *copy = strdup(text);
	struct device_list list = {};
	char *rest = copy;
	int r = copy ? 0 : -ENOMEM;

	if (text_equal(text, "a *:* rwm\n")) {
		*ret = (struct device_list){.allow_all = true, .unknown = true};
		return r;
	}
	for (char *line; !r && (line = strsep(&rest, "\n"));) {
		struct device_entry entry;

		if (!*line)
			continue;
		r = parse_line(line, &entry);
		if (!r)
			r = add_entry(&list, entry);
	}
	if (r < 0) {
		free(list.v);
		return r;
	}
	*ret = list;
	return 0;
}

/* The normal form read as what is allowed or, for a list of denials, as what is denied. */
struct view {
	const struct cgroup_devices *d;
	uint8_t invert;
	struct device_list list;
	struct device_entry
		fault; /* a device that lacks what an entry for more than it would say */
};

static uint8_t seen(const struct view *v, uint8_t access)
{
	return access ^ v->invert;
}

static uint8_t seen_at(const struct view *v, const struct device_major *m, uint32_t minor)
{
	list_for_each (i, &m->minors)
		if (i->minor == minor)
			return seen(v, i->access);
	return seen(v, m->access);
}

/* Does the device have all that the more general entry says? */
static bool covers(struct view *v, struct device_entry device, uint8_t general)
{
	uint8_t lack = general & (uint8_t)~device.access;

	if (lack) {
		v->fault = device;
		v->fault.access = lack;
	}
	return !lack;
}

/* An entry for a listed major; for its minors where that does not say it. */
static int view_major(
	struct view *v, const struct device_major *m, const struct device_major *others)
{
	uint8_t general = seen(v, others->access), own = seen(v, m->access);
	int r = 0;

	if (!covers(v, (struct device_entry){m->type, own, m->major, DEVICE_ANY}, general))
		return 1;
	if (own != general)
		r = add_entry(&v->list, (struct device_entry){m->type, own, m->major, DEVICE_ANY});
	for (size_t i = 0; !r && i < m->minors.n + others->minors.n; i++) {
		bool listed = i < m->minors.n;
		uint32_t minor =
			listed ? m->minors.v[i].minor : others->minors.v[i - m->minors.n].minor;
		uint8_t access = seen_at(v, m, minor), across = seen_at(v, others, minor);
		struct device_entry entry = {m->type, access, m->major, minor};

		if (!covers(v, entry, own | across))
			return 1;
		if (listed && access != own && access != across)
			r = add_entry(&v->list, entry);
	}
	return r;
}

static int view_type(struct view *v, uint8_t type)
{
	const struct device_major *others = &v->d->others[type - 1];
	uint8_t general = seen(v, others->access);
	int r = add_entry(&v->list, (struct device_entry){type, general, DEVICE_ANY, DEVICE_ANY});

	list_for_each (i, &others->minors) {
		struct device_entry entry = {type, seen(v, i->access), DEVICE_ANY, i->minor};

		if (!r && !covers(v, entry, general))
			r = 1;
		if (!r)
			r = add_entry(&v->list, entry);
	}
	list_for_each (m, &v->d->majors)
		if (!r && m->type == type)
			r = view_major(v, m, others);
	return r;
}

static int view(struct view *v)
{
	int r = view_type(v, DEVICE_CHAR);

	return r ? r : view_type(v, DEVICE_BLOCK);
}

/*
 * The last rule that has a say about the device. In place of DEVICE_ANY, which stands for the numbers that are not
 * listed, no rule with a number matches.
 */
static const struct device_rule *rule_for(
	const struct cgroup_devices *d, const struct device_entry *device)
{
	const struct device_rule *found = NULL;

	list_for_each (rule, &d->rules)
		if (rule->types & device->type && rule->access & device->access &&
			(rule->major == DEVICE_ANY || rule->major == device->major) &&
			(rule->minor == DEVICE_ANY || rule->minor == device->minor))
			found = rule;
	return found;
}

int cgroup_devices_v1_list(const struct cgroup_devices *d, struct device_list *ret,
	const struct device_rule **ret_rule)
{
	struct view allowed = {.d = d}, denied = {.d = d, .invert = DEVICE_ACCESS};
	int r = cgroup_devices_allow_all(d) ? 1 : view(&allowed);

	if (r > 0) {
		free(allowed.list.v);
		denied.list.allow_all = true;
		r = view(&denied);
		if (r) {
			free(denied.list.v);
			if (r > 0)
				*ret_rule = rule_for(d, &allowed.fault);
			return r;
		}
		*ret = denied.list;
		return 0;
	}
	if (r < 0) {
		free(allowed.list.v);
		return r;
	}
	*ret = allowed.list;
	return 0;
}

static uint8_t entry_access(const struct device_list *list, const struct device_entry *like)
{
	list_for_each (e, list)
		if (e->type == like->type && e->major == like->major && e->minor == like->minor)
			return e->access;
	return 0;
}

bool cgroup_devices_v1_equal(const struct device_list *a, const struct device_list *b)
{
	if (a->allow_all != b->allow_all || a->n != b->n)
		return false;
	list_for_each (e, a)
		if (entry_access(b, e) != e->access)
			return false;
	return true;
}

static int add_step(struct device_steps *s, bool allow, struct device_entry entry)
{
	struct device_step *slot = entry.access ? list_add(s) : NULL;

	if (slot)
		*slot = (struct device_step){.allow = allow, .entry = entry};
	return slot || !entry.access ? 0 : -ENOMEM;
}

static int add_step_all(struct device_steps *s, bool allow)
{
	struct device_step *slot = list_add(s);

	if (slot)
		*slot = (struct device_step){.allow = allow, .all = true};
	return slot ? 0 : -ENOMEM;
}

static struct device_entry with_access(const struct device_entry *e, uint8_t access)
{
	struct device_entry copy = *e;

	copy.access = access;
	return copy;
}

/* Both lists are of allowed or both of denied things. Adds what of `a` is not in `b`, if only (not) `mixed` entries. */
enum which { ONLY_MORE, ONLY_MIXED, ANY_CHANGE };

static int add_missing(struct device_steps *s, const struct device_list *a,
	const struct device_list *b, bool allow, enum which which)
{
	int r = 0;

	list_for_each (e, a) {
		uint8_t other = entry_access(b, e);
		bool mixed = other & (uint8_t)~e->access;

		if (!r && (which == ANY_CHANGE || mixed == (which == ONLY_MIXED)))
			r = add_step(s, allow, with_access(e, e->access & (uint8_t)~other));
	}
	return r;
}

/* Entries that change both ways: one bit set would hold what neither list does, so the old has to go first. */
static int add_mixed(
	struct device_steps *s, const struct device_list *from, const struct device_list *to)
{
	int r = 0;

	list_for_each (e, from) {
		uint8_t wanted = entry_access(to, e);
		uint8_t less = e->access & (uint8_t)~wanted, more = wanted & (uint8_t)~e->access;

		if (r || !less || !more)
			continue;
		r = add_step(s, false, with_access(e, less));
		if (!r)
			r = add_step(s, true, with_access(e, more));
	}
	return r;
}

/* What an allow list gives to devices that two entries meet on, "c 1:*" and "c *:3". */
static uint8_t access_at(const struct device_list *list, const struct device_entry *e)
{
	uint8_t best = 0;

	list_for_each (i, list)
		if (i->type == e->type && (i->major == DEVICE_ANY || i->major == e->major) &&
			(i->minor == DEVICE_ANY || i->minor == e->minor))
			best |= i->access;
	return best;
}

/*
 * While "c 1:*" and "c *:3" both change both ways, what c 1:3 keeps may have come from the one and be going to come
 * from the other. For that time it gets an entry of its own.
 */
static int add_crossings(struct device_steps *s, const struct device_list *from,
	const struct device_list *to, bool allow)
{
	int r = 0;

	list_for_each (a, from) {
		uint8_t wanted = entry_access(to, a);

		if (a->major == DEVICE_ANY || a->minor != DEVICE_ANY || !(a->access & ~wanted) ||
			!(wanted & ~a->access))
			continue;
		list_for_each (b, from) {
			struct device_entry at = {a->type, DEVICE_ACCESS, a->major, b->minor};

			if (r || b->type != a->type || b->major != DEVICE_ANY ||
				b->minor == DEVICE_ANY || entry_access(from, &at) ||
				entry_access(to, &at))
				continue;
			at.access = access_at(from, &at) & access_at(to, &at);
			r = add_step(s, allow, at);
		}
	}
	return r;
}

/* From an allow list to another: what comes, what changes, what goes. */
static int steps_allowed(
	const struct device_list *from, const struct device_list *to, struct device_steps *s)
{
	int r = add_missing(s, to, from, true, ONLY_MORE);

	if (!r)
		r = add_crossings(s, from, to, true);
	if (!r)
		r = add_mixed(s, from, to);
	if (!r)
		r = add_missing(s, from, to, false, ONLY_MORE);
	return r ? r : add_crossings(s, from, to, false);
}

/* From all or nothing, by "a". */
static int steps_anew(const struct device_list *to, struct device_steps *s)
{
	const struct device_list none = {};
	int r = add_step_all(s, to->allow_all);

	s->widens = to->allow_all && to->n;
	return r ? r : add_missing(s, to, &none, !to->allow_all, ANY_CHANGE);
}

/* Between lists of denials: as each denial counts by itself, all new ones may be there before the first old one goes. */
static int steps_denied(
	const struct device_list *from, const struct device_list *to, struct device_steps *s)
{
	int r = add_missing(s, to, from, false, ANY_CHANGE);

	return r ? r : add_missing(s, from, to, true, ANY_CHANGE);
}

int cgroup_devices_v1_steps(
	const struct device_list *from, const struct device_list *to, struct device_steps *ret)
{
	struct device_steps s = {};
	int r;

	if (from->allow_all != to->allow_all || (from->allow_all && from->unknown))
		r = steps_anew(to, &s);
	else if (from->allow_all)
		r = steps_denied(from, to, &s);
	else
		r = steps_allowed(from, to, &s);
	if (r < 0) {
		free(s.v);
		return r;
	}
	*ret = s;
	return 0;
}

char *cgroup_devices_v1_line(const struct device_step *step)
{
	const struct device_entry *e = &step->entry;
	auto_strbuf line = {};

	if (step->all)
		return strdup("a");
	cgroup_device_text(&line, e->type, e->major, e->minor, e->access);
	return strbuf_take(&line);
}
