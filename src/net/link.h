/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One network interface by rtnetlink: looked up, moved to another namespace, set up; its addresses and routes as
 * records that can be put on it again, in another namespace and under another name. Leaves: 0 or -errno; `words` get
 * what the kernel says besides.
 */
#ifndef HUSK_NET_LINK_H
#define HUSK_NET_LINK_H

#include <net/if.h>
#include <stdbool.h>
#include <base/array.h>
#include <kern/netlink.h>

struct net_link {
	char name[IF_NAMESIZE];
	uint32_t index, mtu;
	uint32_t master; /* index of the bridge or bond it belongs to, or 0 */
	bool up;
	uint8_t hardware[32]; /* address */
	size_t hardware_size;
};

/* By name (alternative names count). 1: found, 0: there is none. */
int net_link_find(struct netlink *l, const char *name, struct net_link *ret) nodiscard;
/* Is it the same interface, in whatever namespace and under whatever name? As far as the hardware address tells. */
bool net_link_same(const struct net_link *a, const struct net_link *b);
/* To the namespace of a descriptor, where it is called `name`; it is down then and has no addresses. */
int net_link_move(struct netlink *l, uint32_t index, int ns, const char *name, struct strbuf *words)
	nodiscard;
int net_link_set(struct netlink *l, const struct net_link *link, struct strbuf *words) nodiscard;

/* A whole RTM_NEWADDR or RTM_NEWROUTE message without the interface. */
struct net_record {
	struct strbuf message;
};
struct net_records {
	size_t n;
	struct net_record *v;
};
void net_records_done(struct net_records *records);
/* Adds one from the bytes of its message, RTM_NEWADDR or RTM_NEWROUTE; -EBADMSG when they are not that. */
int net_record_load(struct net_records *records, uint16_t type, const void *bytes, size_t n)
	nodiscard;

/* What an address is kept for. */
enum net_address_use {
	NET_ADDRESS_ANY,
	NET_ADDRESS_LASTING, /* permanent and of global scope: what goes with it into a container */
};
bool net_address_is(const struct net_record *record, enum net_address_use use);

/* All but those that the kernel makes by itself (IPv6 link-local and autoconfigured). */
int net_addresses(struct netlink *l, const struct net_link *link, struct net_records *ret)
	nodiscard;
int net_address_add(struct netlink *l, const struct net_link *link, const struct net_record *record,
	struct strbuf *words) nodiscard;
/*
 * The routes over this one interface that somebody configured, those to gateways last. *ret_shared counts those that
 * lead over other interfaces too, and are not among the records.
 */
int net_routes(struct netlink *l, const struct net_link *link, struct net_records *ret,
	size_t *ret_shared) nodiscard;
int net_route_add(struct netlink *l, const struct net_link *link, const struct net_record *record,
	struct strbuf *words) nodiscard;

#endif
