// SPDX-License-Identifier: Apache-2.0
/*
 * Which of a kernel's answers become records of an interface, and the messages that put them on again. The kernel is
 * the other end of a socket pair: its answers wait there before the question is asked.
 */
#include <net/link.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

enum { INDEX = 7, OTHER = 8, NEW_INDEX = 3 };

static const struct net_link link7 = {.name = "eth0", .index = INDEX};
static const struct net_link moved = {.name = "net0", .index = NEW_INDEX};

struct kernel {
	struct netlink client;
	int fd;
	uint32_t sequence; /* of the question that the answers are for */
};

static void kernel_init(struct kernel *k)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	*k = (struct kernel){{.fd = ends[0], .ns = -1}, ends[1], 1};
}

static void kernel_done(struct kernel *k)
{
	netlink_done(&k->client);
	close(k->fd);
}

/* Ends the message and puts it into the socket. */
static void answer(struct kernel *k, struct strbuf *m)
{
	struct nlmsghdr *head = (struct nlmsghdr *)(void *)m->text;

	head->nlmsg_len = (uint32_t)m->len;
	head->nlmsg_seq = k->sequence;
	assert_int_equal(send(k->fd, m->text, m->len, 0), (ssize_t)m->len);
}

static void answer_end(struct kernel *k, uint16_t type)
{
	const struct nlmsgerr zero = {};
	auto_strbuf m = {};

	netlink_begin(&m, type, 0, &zero, sizeof zero);
	answer(k, &m);
	k->sequence++;
}

static void address(struct kernel *k, const struct ifaddrmsg *a, const char *text, uint32_t flags,
	const char *label)
{
	unsigned char bytes[16];
	auto_strbuf m = {};

	assert_int_equal(inet_pton(a->ifa_family, text, bytes), 1);
	netlink_begin(&m, RTM_NEWADDR, NLM_F_MULTI, a, sizeof *a);
	netlink_add(&m, IFA_ADDRESS, bytes, a->ifa_family == AF_INET ? 4 : 16);
	if (label)
		netlink_add_text(&m, IFA_LABEL, label);
	netlink_add_u32(&m, IFA_FLAGS, flags);
	answer(k, &m);
}

/* What came out: the message that was sent last, without what the harness cannot know. */
static struct nlmsghdr *sent(struct kernel *k, char *room, size_t size)
{
	struct nlmsghdr *head = (struct nlmsghdr *)(void *)room;
	ssize_t n = recv(k->fd, room, size, 0);

	assert_true(n >= NLMSG_HDRLEN && head->nlmsg_len == (size_t)n);
	return head;
}

#define V4(bits, scope_, index)                                                    \
	&(struct ifaddrmsg)                                                        \
	{                                                                          \
		.ifa_family = AF_INET, .ifa_prefixlen = bits, .ifa_scope = scope_, \
		.ifa_index = index                                                 \
	}
#define V6(scope_)                                                                \
	&(struct ifaddrmsg)                                                       \
	{                                                                         \
		.ifa_family = AF_INET6, .ifa_prefixlen = 64, .ifa_scope = scope_, \
		.ifa_index = INDEX                                                \
	}

static void list_addresses(struct kernel *k, struct net_records *ret)
{
	_Alignas(8) char question[256];

	address(k, V4(24, RT_SCOPE_UNIVERSE, INDEX), "10.0.0.1", IFA_F_PERMANENT, "eth0:web");
	address(k, V4(24, RT_SCOPE_UNIVERSE, OTHER), "10.0.0.2", IFA_F_PERMANENT, "eth1");
	address(k, V4(16, RT_SCOPE_LINK, INDEX), "169.254.0.1", IFA_F_PERMANENT, "eth0");
	address(k, V4(24, RT_SCOPE_UNIVERSE, INDEX), "10.0.0.3", 0, "eth0");
	address(k, V6(RT_SCOPE_UNIVERSE), "fd00::2", IFA_F_PERMANENT, NULL);
	address(k, V6(RT_SCOPE_UNIVERSE), "fd00::1", IFA_F_PERMANENT | IFA_F_TENTATIVE, NULL);
	address(k, V6(RT_SCOPE_LINK), "fe80::1", IFA_F_PERMANENT, NULL);
	address(k, V6(RT_SCOPE_UNIVERSE), "fd00::3", IFA_F_TEMPORARY, NULL);
	answer_end(k, NLMSG_DONE);
	assert_int_equal(net_addresses(&k->client, &link7, ret), 0);
	assert_int_equal(sent(k, question, sizeof question)->nlmsg_type, RTM_GETADDR);
}

static void test_addresses(void **state)
{
	/* in this order, and which of them go into a container */
	static const struct {
		const char *text;
		bool lasting;
		uint32_t flags;
		const char *label;
	} want[] = {
		{"10.0.0.1", true, 0, "net0:web"},
		{"169.254.0.1", false, 0, NULL},
		{"10.0.0.3", false, 0, NULL},
		{"fd00::1", true, 0, NULL},
		{"fd00::2", true, IFA_F_NODAD, NULL},
	};
	struct net_records records = {};
	struct kernel k;

	(void)state;
	kernel_init(&k);
	list_addresses(&k, &records);
	assert_int_equal(records.n, ARRAY_LEN(want));
	for (size_t i = 0; i < records.n; i++) {
		_Alignas(8) char room[256];
		struct netlink_attribute at = {};
		const struct ifaddrmsg *a;
		struct nlmsghdr *m;
		char text[64];

		assert_true(net_address_is(&records.v[i], NET_ADDRESS_ANY));
		assert_int_equal(
			net_address_is(&records.v[i], NET_ADDRESS_LASTING), want[i].lasting);
		answer_end(&k, NLMSG_ERROR);
		assert_int_equal(net_address_add(&k.client, &moved, &records.v[i], NULL), 0);
		m = sent(&k, room, sizeof room);
		a = NLMSG_DATA(m);
		assert_int_equal(m->nlmsg_type, RTM_NEWADDR);
		assert_int_equal(a->ifa_index, NEW_INDEX);
		assert_true(netlink_find(m, sizeof *a, IFA_ADDRESS, &at));
		assert_non_null(inet_ntop(a->ifa_family, at.data, text, sizeof text));
		assert_string_equal(text, want[i].text);
		assert_int_equal(netlink_find_u32(m, sizeof *a, IFA_FLAGS), want[i].flags);
		assert_int_equal(netlink_find(m, sizeof *a, IFA_LABEL, &at), !!want[i].label);
		if (want[i].label)
			assert_string_equal(at.data, want[i].label);
	}
	net_records_done(&records);
	kernel_done(&k);
}

static void route(
	struct kernel *k, uint8_t protocol, uint32_t index, uint32_t gateway, unsigned int flags)
{
	const struct rtmsg head = {.rtm_family = AF_INET,
		.rtm_protocol = protocol,
		.rtm_type = RTN_UNICAST,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_flags = flags};
	auto_strbuf m = {};

	netlink_begin(&m, RTM_NEWROUTE, NLM_F_MULTI, &head, sizeof head);
	netlink_add_u32(&m, RTA_TABLE, RT_TABLE_MAIN);
	if (index)
		netlink_add_u32(&m, RTA_OIF, index);
	else {
		const struct rtnexthop hops[] = {{.rtnh_len = sizeof *hops, .rtnh_ifindex = OTHER},
			{.rtnh_len = sizeof *hops, .rtnh_ifindex = INDEX}};

		netlink_add(&m, RTA_MULTIPATH, hops, sizeof hops);
	}
	if (gateway)
		netlink_add_u32(&m, RTA_GATEWAY, gateway);
	answer(k, &m);
}

static void test_routes(void **state)
{
	_Alignas(8) char room[256];
	struct net_records records = {};
	struct nlmsghdr *m;
	size_t shared = 0;
	struct kernel k;

	(void)state;
	kernel_init(&k);
	route(&k, RTPROT_STATIC, INDEX, 0x01020304, RTNH_F_ONLINK | RTNH_F_LINKDOWN);
	route(&k, RTPROT_KERNEL, INDEX, 0, 0);
	route(&k, RTPROT_BOOT, OTHER, 0, 0);
	route(&k, RTPROT_BOOT, INDEX, 0, 0);
	route(&k, RTPROT_RA, INDEX, 0, 0);
	route(&k, RTPROT_BOOT, INDEX, 0, RTM_F_CLONED);
	route(&k, RTPROT_BOOT, 0, 0, 0);
	answer_end(&k, NLMSG_DONE);
	route(&k, RTPROT_BOOT, INDEX, 0, 0); /* not IPv6, which is asked for now */
	answer_end(&k, NLMSG_DONE);
	assert_int_equal(net_routes(&k.client, &link7, &records, &shared), 0);
	assert_int_equal(records.n, 2);
	assert_int_equal(shared, 1);
	assert_int_equal(sent(&k, room, sizeof room)->nlmsg_type, RTM_GETROUTE);
	assert_int_equal(sent(&k, room, sizeof room)->nlmsg_type, RTM_GETROUTE);
	for (size_t i = 0; i < records.n; i++) {
		const struct rtmsg *r;

		answer_end(&k, NLMSG_ERROR);
		assert_int_equal(net_route_add(&k.client, &moved, &records.v[i], NULL), 0);
		m = sent(&k, room, sizeof room);
		r = NLMSG_DATA(m);
		assert_int_equal(netlink_find_u32(m, sizeof *r, RTA_OIF), NEW_INDEX);
		/* the gateway's comes last, and no flag is of the moment */
		assert_int_equal(netlink_find_u32(m, sizeof *r, RTA_GATEWAY), i ? 0x01020304 : 0);
		assert_int_equal(r->rtm_flags, i ? RTNH_F_ONLINK : 0);
	}
	net_records_done(&records);
	kernel_done(&k);
}

static void test_load(void **state)
{
	struct net_records records = {}, copy = {};
	const struct strbuf *first;
	struct kernel k;

	(void)state;
	kernel_init(&k);
	list_addresses(&k, &records);
	first = &records.v[0].message;
	assert_int_equal(net_record_load(&copy, RTM_NEWADDR, first->text, first->len), 0);
	assert_int_equal(copy.n, 1);
	assert_memory_equal(copy.v[0].message.text, first->text, first->len);
	assert_int_equal(net_record_load(&copy, RTM_NEWROUTE, first->text, first->len), -EBADMSG);
	for (size_t n = 0; n < first->len; n++)
		assert_int_equal(net_record_load(&copy, RTM_NEWADDR, first->text, n), -EBADMSG);
	assert_int_equal(copy.n, 1);
	net_records_done(&copy);
	net_records_done(&records);
	kernel_done(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
