// SPDX-License-Identifier: Apache-2.0
/* The interface itself. A move and the new name are one message, so that nobody sees it under another name. */
#include <net/link.h>

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

static int take_link(void *data, const struct nlmsghdr *m)
{
	const struct ifinfomsg *info = NLMSG_DATA(m);
	struct netlink_attribute name, hardware;
	struct net_link *link = data;

	if (m->nlmsg_type != RTM_NEWLINK || m->nlmsg_len < NLMSG_LENGTH(sizeof *info))
		return 0;
	*link = (struct net_link){.index = (uint32_t)info->ifi_index,
		.mtu = netlink_find_u32(m, sizeof *info, IFLA_MTU),
		.master = netlink_find_u32(m, sizeof *info, IFLA_MASTER),
		.up = info->ifi_flags & IFF_UP};
	if (netlink_find(m, sizeof *info, IFLA_IFNAME, &name))
		memcpy(link->name, name.data, MIN(name.size, sizeof link->name - 1));
	if (netlink_find(m, sizeof *info, IFLA_ADDRESS, &hardware)) {
		link->hardware_size = MIN(hardware.size, sizeof link->hardware);
		memcpy(link->hardware, hardware.data, link->hardware_size);
	}
	return 0;
}

int net_link_find(struct netlink *l, const char *name, struct net_link *ret)
{
	const struct ifinfomsg info = {};
	struct net_link found = {};
	auto_strbuf m = {};
	int r;

	netlink_begin(&m, RTM_GETLINK, 0, &info, sizeof info);
	netlink_add_text(&m, IFLA_IFNAME, name);
	r = netlink_call(l, &m, take_link, &found, NULL);
	if (r == -ENODEV)
		return 0;
	if (r < 0)
		return r;
	if (!found.index)
		return -EBADMSG;
	*ret = found;
	return 1;
}

bool net_link_same(const struct net_link *a, const struct net_link *b)
{
	return a->hardware_size == b->hardware_size &&
	       !memcmp(a->hardware, b->hardware, a->hardware_size);
}

int net_link_move(struct netlink *l, uint32_t index, int ns, const char *name, struct strbuf *words)
{
	const struct ifinfomsg info = {.ifi_index = (int)index};
	auto_strbuf m = {};

	netlink_begin(&m, RTM_SETLINK, 0, &info, sizeof info);
	netlink_add_u32(&m, IFLA_NET_NS_FD, (uint32_t)ns);
	netlink_add_text(&m, IFLA_IFNAME, name);
	return netlink_call(l, &m, NULL, NULL, words);
}

int net_link_set(struct netlink *l, const struct net_link *link, struct strbuf *words)
{
	const struct ifinfomsg info = {.ifi_index = (int)link->index,
		.ifi_flags = link->up ? IFF_UP : 0,
		.ifi_change = IFF_UP};
	auto_strbuf m = {};

	netlink_begin(&m, RTM_SETLINK, 0, &info, sizeof info);
	if (link->mtu)
		netlink_add_u32(&m, IFLA_MTU, link->mtu);
	if (link->master)
		netlink_add_u32(&m, IFLA_MASTER, link->master);
	return netlink_call(l, &m, NULL, NULL, words);
}
