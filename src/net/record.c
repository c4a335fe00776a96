// SPDX-License-Identifier: Apache-2.0
/*
 * Addresses and routes as the kernel lists them, kept as messages that it takes again. Attributes are chosen, not
 * copied at large: what is about the moment (statistics, caches, offloads) or about the old interface stays out.
 */
#include <net/link.h>

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { DUMP_TRIES = 8 };

#ifndef IFA_PROTO /* <linux/if_addr.h> before 5.18 */
#define IFA_PROTO 11
#endif

static const uint16_t address_attributes[] = {
	IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST, IFA_CACHEINFO, IFA_RT_PRIORITY, IFA_PROTO};
static const uint16_t route_attributes[] = {RTA_DST, RTA_SRC, RTA_PRIORITY, RTA_GATEWAY, RTA_VIA,
	RTA_PREFSRC, RTA_METRICS, RTA_TABLE, RTA_PREF, RTA_ENCAP_TYPE, RTA_ENCAP};

struct listing {
	const struct net_link *link;
	struct net_records records;
	uint8_t family;
	size_t shared;
};

void net_records_done(struct net_records *records)
{
	list_for_each (record, records)
		strbuf_done(&record->message);
	free(records->v);
	*records = (struct net_records){};
}

int net_record_load(struct net_records *records, uint16_t type, const void *bytes, size_t n)
{
	size_t header = type == RTM_NEWADDR ? sizeof(struct ifaddrmsg) : sizeof(struct rtmsg);
	struct net_record *record;
	struct nlmsghdr head;

	if (n < NLMSG_LENGTH(header))
		return -EBADMSG;
	memcpy(&head, bytes, sizeof head);
	if (head.nlmsg_len != n || head.nlmsg_type != type)
		return -EBADMSG;
	record = list_add(records);
	if (!record)
		return -ENOMEM;
	strbuf_add_bytes(&record->message, bytes, n);
	return strbuf_failed(&record->message) ? -ENOMEM : 0;
}

static const struct nlmsghdr *message(const struct net_record *record)
{
	return (const struct nlmsghdr *)(const void *)record->message.text;
}

static bool chosen(const uint16_t *types, size_t n, uint16_t type)
{
	while (n && types[n - 1] != type)
		n--;
	return n;
}

static void copy_attributes(struct strbuf *to, const struct nlmsghdr *from, size_t header,
	const uint16_t *types, size_t n)
{
	struct netlink_attribute at = {};

	while (netlink_next(from, header, &at))
		if (chosen(types, n, at.type))
			netlink_add(to, at.type, at.data, at.size);
}

/* The length is that of the message from now on: records are read like messages. */
static int finish(struct net_record *record)
{
	if (strbuf_failed(&record->message))
		return -ENOMEM;
	((struct nlmsghdr *)(void *)record->message.text)->nlmsg_len =
		(uint32_t)record->message.len;
	return 0;
}

/* Asks for a list until it is of one moment. */
static int list(
	struct netlink *l, const struct strbuf *request, netlink_each *each, struct listing *ret)
{
	int r = -EAGAIN;

	for (int i = 0; r == -EAGAIN && i < DUMP_TRIES; i++) {
		auto_strbuf m = {};

		net_records_done(&ret->records);
		ret->shared = 0;
		strbuf_add_bytes(&m, request->text, request->len);
		r = netlink_call(l, &m, each, ret, NULL);
	}
	if (r < 0)
		net_records_done(&ret->records);
	return r;
}

/* --- addresses */

static uint32_t address_flags(const struct nlmsghdr *m)
{
	const struct ifaddrmsg *a = NLMSG_DATA(m);
	struct netlink_attribute at;

	return netlink_find(m, sizeof *a, IFA_FLAGS, &at)
		       ? netlink_find_u32(m, sizeof *a, IFA_FLAGS)
		       : a->ifa_flags;
}

bool net_address_is(const struct net_record *record, enum net_address_use use)
{
	const struct ifaddrmsg *a = NLMSG_DATA(message(record));

	return use == NET_ADDRESS_ANY || ((address_flags(message(record)) & IFA_F_PERMANENT) &&
						 a->ifa_scope == RT_SCOPE_UNIVERSE);
}

/* Only what follows the interface's name, ":1" of "eth0:1": the rest changes with it. */
static void keep_label(struct strbuf *to, const struct nlmsghdr *m, const struct net_link *link)
{
	size_t n = strlen(link->name);
	struct netlink_attribute at;
	const char *label;

	if (!netlink_find(m, sizeof(struct ifaddrmsg), IFA_LABEL, &at))
		return;
	label = at.data;
	if (at.size > n + 1 && !label[at.size - 1] && !memcmp(label, link->name, n) &&
		label[n] == ':')
		netlink_add_text(to, IFA_LABEL, label + n);
}

static int take_address(void *data, const struct nlmsghdr *m)
{
	const struct ifaddrmsg *a = NLMSG_DATA(m);
	struct listing *listing = data;
	struct net_record *record;

	if (m->nlmsg_type != RTM_NEWADDR || m->nlmsg_len < NLMSG_LENGTH(sizeof *a) ||
		a->ifa_index != listing->link->index)
		return 0;
	if (a->ifa_family == AF_INET6 &&
		(a->ifa_scope == RT_SCOPE_LINK || !(address_flags(m) & IFA_F_PERMANENT)))
		return 0;
	record = list_add(&listing->records);
	if (!record)
		return -ENOMEM;
	netlink_begin(&record->message, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, a, sizeof *a);
	copy_attributes(
		&record->message, m, sizeof *a, address_attributes, ARRAY_LEN(address_attributes));
	netlink_add_u32(&record->message, IFA_FLAGS, address_flags(m));
	keep_label(&record->message, m, listing->link);
	return finish(record);
}

/* Of equal IPv6 addresses the kernel lists the latest first: put on in reverse they keep their order. */
static void reverse_ipv6(struct net_records *records)
{
	size_t a = 0, b = records->n;

	while (a < b &&
		((const struct ifaddrmsg *)NLMSG_DATA(message(&records->v[a])))->ifa_family !=
			AF_INET6)
		a++;
	for (; a + 1 < b; a++) {
		struct net_record last = records->v[--b];

		records->v[b] = records->v[a];
		records->v[a] = last;
	}
}

int net_addresses(struct netlink *l, const struct net_link *link, struct net_records *ret)
{
	const struct ifaddrmsg all = {.ifa_index = link->index};
	struct listing listing = {.link = link};
	auto_strbuf m = {};
	int r;

	netlink_begin(&m, RTM_GETADDR, NLM_F_DUMP, &all, sizeof all);
	r = list(l, &m, take_address, &listing);
	if (!r) {
		reverse_ipv6(&listing.records);
		*ret = listing.records;
	}
	return r;
}

/*
 * The flags that can be asked for. An address that was in use on this link a moment ago has been tested for doubles:
 * to do that again would keep it from the container for a second or more.
 */
static uint32_t wanted_flags(const struct nlmsghdr *m)
{
	const struct ifaddrmsg *a = NLMSG_DATA(m);
	uint32_t flags = address_flags(m),
		 kept = flags & (IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR |
					IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN);

	if (a->ifa_family == AF_INET6 && !(flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)))
		kept |= IFA_F_NODAD;
	return kept;
}

int net_address_add(struct netlink *l, const struct net_link *link, const struct net_record *record,
	struct strbuf *words)
{
	const struct nlmsghdr *from = message(record);
	struct ifaddrmsg a = *(const struct ifaddrmsg *)NLMSG_DATA(from);
	char label[2 * IF_NAMESIZE] = {};
	struct netlink_attribute at;
	auto_strbuf m = {};
	int r;

	a.ifa_index = link->index;
	a.ifa_flags = 0;
	netlink_begin(&m, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &a, sizeof a);
	copy_attributes(&m, from, sizeof a, address_attributes, ARRAY_LEN(address_attributes));
	netlink_add_u32(&m, IFA_FLAGS, wanted_flags(from));
	if (netlink_find(from, sizeof a, IFA_LABEL, &at)) {
		size_t n = strlen(link->name);

		memcpy(label, link->name, n);
		memcpy(label + n, at.data, MIN(at.size, (size_t)IF_NAMESIZE));
		/* a label that became too long is only decoration */
		if (strlen(label) < IF_NAMESIZE)
			netlink_add_text(&m, IFA_LABEL, label);
	}
	r = netlink_call(l, &m, NULL, NULL, words);
	return r == -EEXIST ? 0 : r;
}

/* --- routes */

/* Does a route of several paths lead over the interface? */
static bool passes(const struct netlink_attribute *paths, uint32_t index)
{
	const char *p = paths->data;
	size_t n = paths->size;
	struct rtnexthop hop;

	while (n >= sizeof hop) {
		memcpy(&hop, p, sizeof hop);
		if ((uint32_t)hop.rtnh_ifindex == index)
			return true;
		if (hop.rtnh_len < sizeof hop || (size_t)RTNH_ALIGN(hop.rtnh_len) > n)
			return false;
		p += RTNH_ALIGN(hop.rtnh_len);
		n -= (size_t)RTNH_ALIGN(hop.rtnh_len);
	}
	return false;
}

static int take_route(void *data, const struct nlmsghdr *m)
{
	const struct rtmsg *route = NLMSG_DATA(m);
	struct listing *listing = data;
	struct netlink_attribute paths;
	struct net_record *record;
	struct rtmsg kept;

	if (m->nlmsg_type != RTM_NEWROUTE || m->nlmsg_len < NLMSG_LENGTH(sizeof *route) ||
		route->rtm_family != listing->family || route->rtm_type != RTN_UNICAST ||
		route->rtm_protocol == RTPROT_KERNEL || route->rtm_protocol == RTPROT_REDIRECT ||
		route->rtm_protocol == RTPROT_RA || route->rtm_flags & RTM_F_CLONED)
		return 0;
	if (netlink_find(m, sizeof *route, RTA_MULTIPATH, &paths)) {
		listing->shared += passes(&paths, listing->link->index);
		return 0;
	}
	if (netlink_find_u32(m, sizeof *route, RTA_OIF) != listing->link->index)
		return 0;
	record = list_add(&listing->records);
	if (!record)
		return -ENOMEM;
	kept = *route;
	kept.rtm_flags &= RTNH_F_ONLINK | RTNH_F_PERVASIVE;
	netlink_begin(
		&record->message, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &kept, sizeof kept);
	copy_attributes(
		&record->message, m, sizeof kept, route_attributes, ARRAY_LEN(route_attributes));
	return finish(record);
}

static bool has_gateway(const struct net_record *record)
{
	struct netlink_attribute at;

	return netlink_find(message(record), sizeof(struct rtmsg), RTA_GATEWAY, &at) ||
	       netlink_find(message(record), sizeof(struct rtmsg), RTA_VIA, &at);
}

/* A gateway must be reachable by the time its route comes. */
static int append(struct net_records *to, struct net_records *from, bool gateways)
{
	list_for_each (record, from) {
		struct net_record *end;

		if (has_gateway(record) != gateways)
			continue;
		end = list_add(to);
		if (!end)
			return -ENOMEM;
		strbuf_add_bytes(&end->message, record->message.text, record->message.len);
		if (strbuf_failed(&end->message))
			return -ENOMEM;
	}
	return 0;
}

static int routes_of(struct netlink *l, uint8_t family, struct listing *listing)
{
	const struct rtmsg all = {.rtm_family = family};
	auto_strbuf m = {};

	listing->family = family;
	netlink_begin(&m, RTM_GETROUTE, NLM_F_DUMP, &all, sizeof all);
	return list(l, &m, take_route, listing);
}

int net_routes(
	struct netlink *l, const struct net_link *link, struct net_records *ret, size_t *ret_shared)
{
	static const uint8_t families[] = {AF_INET, AF_INET6};
	struct net_records sorted = {};
	size_t shared = 0;
	int r = 0;

	for (size_t i = 0; !r && i < ARRAY_LEN(families); i++) {
		struct listing listing = {.link = link};

		r = routes_of(l, families[i], &listing);
		if (!r)
			r = append(&sorted, &listing.records, false);
		if (!r)
			r = append(&sorted, &listing.records, true);
		shared += listing.shared;
		net_records_done(&listing.records);
	}
	if (r < 0) {
		net_records_done(&sorted);
		return r;
	}
	*ret = sorted;
	*ret_shared = shared;
	return 0;
}

int net_route_add(struct netlink *l, const struct net_link *link, const struct net_record *record,
	struct strbuf *words)
{
	const struct nlmsghdr *from = message(record);
	const struct rtmsg *route = NLMSG_DATA(from);
	auto_strbuf m = {};
	int r;

	netlink_begin(&m, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route, sizeof *route);
	copy_attributes(&m, from, sizeof *route, route_attributes, ARRAY_LEN(route_attributes));
	netlink_add_u32(&m, RTA_OIF, link->index);
	r = netlink_call(l, &m, NULL, NULL, words);
	return r == -EEXIST ? 0 : r;
}
