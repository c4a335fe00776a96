// SPDX-License-Identifier: Apache-2.0
/*
 * Everything that can be known to be wrong is looked for before the first interface moves. The sockets keep both
 * namespaces alive, so giving back works when the container's process is gone already.
 */
#include <net/netdev.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <base/mem.h>
#include <base/text.h>

enum { TEMPLATE_MAX = 4096 };

/* "/linux/netDevices/<key>" with ~ as RFC 6901 has it; a name has no '/'. */
static char *pointer(const char *key)
{
	struct strbuf b = {};

	strbuf_add(&b, "/linux/netDevices/");
	for (; *key; key++)
		if (*key == '~')
			strbuf_add(&b, "~0");
		else
			strbuf_add_char(&b, *key);
	return strbuf_take(&b);
}

static int refuse(const struct netdev *d, int r, const struct strbuf *words, const char *what,
	struct husk_error **err)
{
	return fail_full(err, HUSK_ERROR_SYSTEM, -r, d->at,
		"%s: cannot %s of interface '%s': %s%s%s%s", d->at, what, d->link.name,
		errno_text(-r), words && words->len ? " (" : "", words ? strbuf_text(words) : "",
		words && words->len ? ")" : "");
}

/* --- before */

static bool planned(const struct netdevs *n, const char *name)
{
	list_for_each (d, n)
		if (text_equal(d->name, name))
			return true;
	return false;
}

/* 1: the name is free in the container, 0: it is not. */
static int is_free(struct netdevs *n, const char *name)
{
	struct net_link other;
	int r;

	if (planned(n, name))
		return 0;
	r = net_link_find(&n->inside, name, &other);
	return r < 0 ? r : !r;
}

/* Does another one ask for exactly this name? */
static bool asked_for(const struct oci_linux *l, const char *name)
{
	list_for_each (o, &l->net_devices)
		if (text_equal(o->name && *o->name ? o->name : o->key, name))
			return true;
	return false;
}

/* The first free name of a template like "eth%d". 1, 0 when there is none. */
static int from_template(
	struct netdevs *n, const struct oci_linux *l, const char *template, char *ret)
{
	size_t prefix = strcspn(template, "%");

	for (int i = 0; i < TEMPLATE_MAX; i++) {
		auto_free char *name =
			str_printf("%.*s%d%s", (int)prefix, template, i, template + prefix + 2);
		int r = name ? 0 : -ENOMEM;

		if (!r && strlen(name) >= IF_NAMESIZE)
			return 0;
		if (!r)
			r = asked_for(l, name) ? 0 : is_free(n, name);
		if (r > 0)
			memcpy(ret, name, strlen(name) + 1);
		if (r)
			return r;
	}
	return 0;
}

static int choose_name(struct netdevs *n, const struct oci_linux *l, const struct oci_net_device *o,
	struct netdev *d, struct husk_error **err)
{
	/* the key may be an alternative name */
	const char *wanted = o->name && *o->name ? o->name : d->link.name;
	bool template = strchr(wanted, '%');
	auto_free char *at = str_printf("%s%s", d->at, o->name ? "/name" : "");
	char name[IF_NAMESIZE] = {};
	int r;

	if (!at)
		return fail_memory(err);
	if (!template)
		memcpy(name, wanted, MIN(strlen(wanted), sizeof name - 1));
	r = template ? from_template(n, l, wanted, name) : is_free(n, wanted);
	if (r < 0)
		return refuse(d, r, NULL, "find a name inside", err);
	if (!r)
		return fail_at(err, at,
			"the container's network namespace has an interface '%s' already", wanted);
	memcpy(d->name, name, sizeof name);
	return 0;
}

static int look_at(struct netdevs *n, const struct oci_linux *l, const struct oci_net_device *o,
	struct husk_error **err)
{
	struct netdev d = {.at = pointer(o->key)}, *end;
	size_t shared = 0;
	int r = d.at ? net_link_find(&n->host, o->key, &d.link) : -ENOMEM;

	if (r < 0)
		r = d.at ? fail_errno(err, r, "%s: cannot look at interface '%s'", d.at, o->key)
			 : fail_memory(err);
	else if (!r)
		r = fail_at(err, d.at,
			"there is no interface '%s' in the runtime's network namespace", o->key);
	else
		r = choose_name(n, l, o, &d, err);
	/* the list owns it from here on */
	end = list_add(n);
	if (!end) {
		free(d.at);
		return r < 0 ? r : fail_memory(err);
	}
	*end = d;
	if (r < 0)
		return r;
	r = net_addresses(&n->host, &d.link, &end->addresses);
	if (r < 0)
		return refuse(end, r, NULL, "list the addresses", err);
	r = net_routes(&n->host, &d.link, &end->routes, &shared);
	if (r < 0)
		return refuse(end, r, NULL, "list the routes", err);
	if (shared)
		log_warning(n->log,
			"%s: %zu routes over interface '%s' and others stay behind, ignoring",
			end->at, shared, d.link.name);
	return 0;
}

static bool same_namespace(const struct netdevs *n)
{
	struct stat a, b;

	return !fstat(n->host.ns, &a) && !fstat(n->inside.ns, &b) && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

int netdevs_look(struct netdevs *n, const struct oci_linux *l, int ns, struct husk_error **err)
{
	int r = netlink_open(-1, &n->host);

	if (!r)
		r = netlink_open(ns, &n->inside);
	if (r < 0)
		return fail_full(err, HUSK_ERROR_SYSTEM, -r, "/linux/netDevices",
			"/linux/netDevices: cannot open the container's network namespace: %s",
			errno_text(-r));
	if (same_namespace(n))
		return fail_at(err, "/linux/netDevices",
			"the container's network namespace is the runtime's own");
	list_for_each (o, &l->net_devices) {
		r = look_at(n, l, o, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- there */

static int put_on(struct netlink *where, const struct netdev *d, const struct net_link *link,
	enum net_address_use use, struct husk_error **err)
{
	auto_strbuf words = {};
	int r = net_link_set(where, link, &words);

	if (r < 0)
		return refuse(d, r, &words, "set MTU and state", err);
	list_for_each (address, &d->addresses) {
		r = net_address_is(address, use) ? net_address_add(where, link, address, &words)
						 : 0;
		if (r < 0)
			return refuse(d, r, &words, "put on an address", err);
	}
	/* of an interface that was down the routes are gone anyway */
	list_for_each (route, &d->routes) {
		r = net_route_add(where, link, route, &words);
		if (r < 0)
			return refuse(d, r, &words, "make a route", err);
	}
	return 0;
}

static int move_in(struct netdevs *n, struct netdev *d, struct husk_error **err)
{
	struct net_link link = {};
	auto_strbuf words = {};
	int r;

	d->moved = true; /* a move that only failed in the end is one */
	r = net_link_move(&n->host, d->link.index, n->inside.ns, d->name, &words);
	if (r < 0)
		return refuse(d, r, &words, "change the network namespace", err);
	r = net_link_find(&n->inside, d->name, &link);
	if (r <= 0)
		return refuse(d, r ? r : -ENODEV, NULL, "find the new index", err);
	link.mtu = d->link.mtu;
	link.master = 0;
	link.up = true; /* runtime-spec: whatever it was before */
	return put_on(&n->inside, d, &link, NET_ADDRESS_LASTING, err);
}

int netdevs_move(struct netdevs *n, struct husk_error **err)
{
	int r = 0;

	for (size_t i = 0; !r && i < n->n; i++)
		r = move_in(n, &n->v[i], err);
	return r;
}

/* --- and back */

/*
 * Where it is now: in the container under its new name or, if a move broke off, its old one; or fallen back by the
 * kernel under the new name. Never an interface that only has the same name. 1: found.
 */
static int find_again(
	struct netdevs *n, const struct netdev *d, struct netlink **ret_where, struct net_link *ret)
{
	struct netlink *where[] = {&n->inside, &n->inside, &n->host};
	const char *names[] = {d->name, d->link.name, d->name};

	for (size_t i = 0; i < ARRAY_LEN(where); i++) {
		int r = where[i]->fd < 0 ? 0 : net_link_find(where[i], names[i], ret);

		if (r < 0)
			return r;
		if (!r || !net_link_same(ret, &d->link))
			continue;
		*ret_where = where[i];
		return 1;
	}
	return 0;
}

static int bring_back(struct netdevs *n, const struct netdev *d, struct husk_error **err)
{
	struct net_link link = {}, home = {};
	struct netlink *where = NULL;
	auto_strbuf words = {};
	int r = net_link_find(&n->host, d->link.name, &home);

	if (r > 0 && net_link_same(&home, &d->link))
		return 0; /* it never left */
	r = find_again(n, d, &where, &link);
	if (r <= 0)
		return refuse(d, r ? r : -ENODEV, NULL, "find the place", err);
	if (where == &n->host) {
		/* only the name is wrong, and an interface that is up keeps it on old kernels */
		link.up = false;
		link.mtu = link.master = 0;
		r = net_link_set(where, &link, &words);
	}
	if (r >= 0)
		r = net_link_move(where, link.index, n->host.ns, d->link.name, &words);
	if (r < 0)
		return refuse(d, r, &words, "change the network namespace", err);
	r = net_link_find(&n->host, d->link.name, &home);
	if (r <= 0)
		return refuse(d, r ? r : -ENODEV, NULL, "find the old index", err);
	home.mtu = d->link.mtu;
	home.up = d->link.up;
	home.master = d->link.master;
	return put_on(&n->host, d, &home, NET_ADDRESS_ANY, err);
}

void netdevs_give_back(struct netdevs *n)
{
	for (size_t i = n->n; i-- > 0;) {
		struct husk_error *why = NULL;

		if (n->v[i].moved && bring_back(n, &n->v[i], &why) < 0)
			log_warning(n->log, "giving an interface back: %s, ignoring",
				husk_error_message(why));
		husk_error_free(why);
		n->v[i].moved = false;
	}
}

void netdevs_done(struct netdevs *n)
{
	list_for_each (d, n) {
		free(d->at);
		net_records_done(&d->addresses);
		net_records_done(&d->routes);
	}
	free(n->v);
	netlink_done(&n->host);
	netlink_done(&n->inside);
	*n = (struct netdevs)NETDEVS_INIT;
}
