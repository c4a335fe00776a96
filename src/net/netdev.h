/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `linux.netDevices`: interfaces of the runtime's network namespace that move into the container's, with their
 * permanent global addresses and their routes, under another name if wanted, and up. If the container does not come to
 * be they are given back as they were. What happens to them at its end is the kernel's business (runtime-spec: the
 * runtime must not move them out): physical ones fall back to the initial namespace, virtual ones end with theirs.
 */
#ifndef HUSK_NET_NETDEV_H
#define HUSK_NET_NETDEV_H

#include <base/error.h>
#include <base/log.h>
#include <net/link.h>
#include <oci/linux.h>

struct netdev {
	char *at; /* JSON Pointer; NULL in a record that was read again */
	struct net_link link; /* as it was, where it came from */
	char name[IF_NAMESIZE]; /* in the container */
	struct net_records addresses, routes;
	bool moved;
};

struct netdevs {
	struct netlink host, inside;
	const struct log *log;
	size_t n;
	struct netdev *v;
};
#define NETDEVS_INIT                                          \
	{                                                     \
		.host = NETLINK_INIT, .inside = NETLINK_INIT, \
	}

/*
 * Finds the interfaces and notes what there is to keep; nothing is changed yet. `ns` is the container's network
 * namespace: a namespace file or the pidfd of a process in it. Also on failure the caller frees n with netdevs_done().
 */
int netdevs_look(struct netdevs *n, const struct oci_linux *l, int ns, struct husk_error **err);
/* Moves all. After a failure netdevs_give_back() is the caller's, too. */
int netdevs_move(struct netdevs *n, struct husk_error **err);
/* Brings back what was moved, wherever it is; what cannot be is told to the log. */
void netdevs_give_back(struct netdevs *n);
void netdevs_done(struct netdevs *n);

#endif
