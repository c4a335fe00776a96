// SPDX-License-Identifier: Apache-2.0
/* Answers of rtnetlink: whatever comes over the socket, nothing is read behind its end, and records can be used. */
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <base/attr.h>
#include <net/link.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct net_link link = {.name = "eth0", .index = 1};
	struct net_records addresses = {}, routes = {};
	struct netlink l = NETLINK_INIT;
	size_t shared;
	int ends[2];

	if (size > 16384 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return 0;
	l.fd = ends[0];
	/* the same answer to each question; then the end of the file */
	for (int i = 0; i < 4; i++)
		ignored(send(ends[1], data, size, MSG_NOSIGNAL) >= 0);
	shutdown(ends[1], SHUT_WR);
	if (!net_addresses(&l, &link, &addresses))
		list_for_each (record, &addresses)
			ignored(net_address_add(&l, &link, record, NULL));
	if (!net_routes(&l, &link, &routes, &shared))
		list_for_each (record, &routes)
			ignored(net_route_add(&l, &link, record, NULL));
	net_records_done(&addresses);
	net_records_done(&routes);
	netlink_done(&l);
	close(ends[1]);
	return 0;
}
