/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interfaces of a container that is being created. Before the first one moves it is written down (netdevices.json)
 * what they were; the file goes when the container stands. So a file that `delete` finds is of a create that was
 * killed, and the interfaces go back - unless they ended with a namespace that nobody else holds.
 */
#ifndef HUSK_CORE_NET_DEVICES_H
#define HUSK_CORE_NET_DEVICES_H

#include <net/netdev.h>

/* `dir`: the container's state; `pidfd`: its process. After a failure netdevs_give_back() is the caller's. */
int net_devices_move(
	struct netdevs *n, const struct oci_linux *l, int pidfd, int dir, struct husk_error **err);
/* The container stands, and they are its own. */
void net_devices_settled(const struct netdevs *n, int dir);
/* For delete; nothing when there is no file. */
void net_devices_recover(int dir, const struct log *log);

#endif
