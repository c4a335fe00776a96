// SPDX-License-Identifier: Apache-2.0
/*
 * rtnetlink messages byte by byte, and answers of a made-up kernel (the other end of a socket pair), whole and
 * damaged. That the real one understands them is shown by tests/integration/test_netdev.py.
 */
#include <kern/netlink.h>

#include <endian.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

static void test_message(void **state)
{
	static const unsigned char want[] = {/* length and sequence come with the call */
		0, 0, 0, 0, 0x13, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		/* struct ifinfomsg of index 7 */
		0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		/* IFLA_IFNAME "ab", padded */
		7, 0, 3, 0, 'a', 'b', 0, 0,
		/* IFLA_MTU */
		8, 0, 4, 0, 0xdc, 5, 0, 0};
	const struct ifinfomsg info = {.ifi_index = 7};
	auto_strbuf m = {};

	(void)state;
	netlink_begin(&m, RTM_SETLINK, 0, &info, sizeof info);
	netlink_add_text(&m, IFLA_IFNAME, "ab");
	netlink_add_u32(&m, IFLA_MTU, 1500);
	assert_int_equal(m.len, sizeof want);
#if __BYTE_ORDER == __LITTLE_ENDIAN
	assert_memory_equal(m.text, want, sizeof want);
#endif
	assert_false(strbuf_failed(&m));
	netlink_add(&m, IFLA_ADDRESS, want, UINT16_MAX);
	assert_true(strbuf_failed(&m));
}

static void test_attributes(void **state)
{
	const struct ifinfomsg info = {};
	struct netlink_attribute at = {};
	auto_strbuf m = {};
	struct nlmsghdr *head;

	(void)state;
	netlink_begin(&m, RTM_NEWLINK, 0, &info, sizeof info);
	netlink_add_text(&m, IFLA_IFNAME, "abc");
	netlink_add(&m, IFLA_ADDRESS | NLA_F_NESTED, "123456", 6);
	netlink_add_u32(&m, IFLA_MTU, 9000);
	head = (struct nlmsghdr *)(void *)m.text;
	head->nlmsg_len = (uint32_t)m.len;
	assert_int_equal(netlink_find_u32(head, sizeof info, IFLA_MTU), 9000);
	assert_true(netlink_find(head, sizeof info, IFLA_ADDRESS, &at));
	assert_int_equal(at.size, 6);
	assert_memory_equal(at.data, "123456", 6);
	assert_false(netlink_find(head, sizeof info, IFLA_LINK, &at));
	assert_int_equal(netlink_find_u32(head, sizeof info, IFLA_IFNAME), 0x636261 /* "abc" */);
	/* Whatever is cut off: nothing is read behind the end. */
	for (head->nlmsg_len = 0; head->nlmsg_len < m.len; head->nlmsg_len++)
		assert_int_equal(netlink_find_u32(head, sizeof info, IFLA_MTU), 0);
	/* Lengths that lead nowhere. */
	for (uint16_t size = 0; size < NLA_HDRLEN; size++) {
		memcpy(m.text + NLMSG_HDRLEN + sizeof info, &size, sizeof size);
		assert_int_equal(netlink_find_u32(head, sizeof info, IFLA_MTU), 0);
	}
}

/* --- the other end */

struct kernel {
	struct netlink client;
	int fd;
	struct strbuf answer;
	unsigned int heard;
};

static void kernel_init(struct kernel *k)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	*k = (struct kernel){.client = {.fd = ends[0], .ns = -1}, .fd = ends[1]};
}

static void kernel_done(struct kernel *k)
{
	netlink_done(&k->client);
	close(k->fd);
	strbuf_done(&k->answer);
}

static void answer(struct kernel *k, uint16_t type, uint16_t flags, uint32_t sequence,
	const void *payload, uint32_t n)
{
	const struct nlmsghdr head = {NLMSG_HDRLEN + n, type, flags, sequence, 0};

	strbuf_add_bytes(&k->answer, &head, sizeof head);
	strbuf_add_bytes(&k->answer, payload, n);
}

static void answer_send(struct kernel *k)
{
	assert_int_equal(send(k->fd, k->answer.text, k->answer.len, 0), (ssize_t)k->answer.len);
	strbuf_truncate(&k->answer, 0);
}

static int hear(void *data, const struct nlmsghdr *m)
{
	struct kernel *k = data;

	assert_int_equal(m->nlmsg_type, RTM_NEWLINK);
	k->heard++;
	return 0;
}

static int call(struct kernel *k, uint16_t flags, struct strbuf *words)
{
	const struct ifinfomsg info = {};
	auto_strbuf m = {};

	netlink_begin(&m, RTM_GETLINK, flags, &info, sizeof info);
	return netlink_call(&k->client, &m, hear, k, words);
}

static void test_acknowledged(void **state)
{
	const struct nlmsgerr fine = {};
	struct nlmsghdr request;
	struct kernel k;

	(void)state;
	kernel_init(&k);
	answer(&k, RTM_NEWLINK, 0, 77, "", 0); /* not for us */
	answer(&k, RTM_NEWLINK, 0, 1, "abcd", 4);
	answer(&k, NLMSG_ERROR, NLM_F_CAPPED, 1, &fine, sizeof fine);
	answer_send(&k);
	assert_int_equal(call(&k, 0, NULL), 0);
	assert_int_equal(k.heard, 1);
	assert_int_equal(recv(k.fd, &request, sizeof request, 0), sizeof request);
	assert_int_equal(request.nlmsg_len, NLMSG_LENGTH(sizeof(struct ifinfomsg)));
	assert_int_equal(request.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
	assert_int_equal(request.nlmsg_seq, 1);
	kernel_done(&k);
}

static void test_list(void **state)
{
	const int32_t end = 0, broken = -ENODEV;
	struct kernel k;

	(void)state;
	kernel_init(&k);
	answer(&k, RTM_NEWLINK, NLM_F_MULTI, 1, "", 0);
	answer(&k, RTM_NEWLINK, NLM_F_MULTI, 1, "", 0);
	answer_send(&k);
	answer(&k, NLMSG_DONE, NLM_F_MULTI, 1, &end, sizeof end);
	answer_send(&k);
	assert_int_equal(call(&k, NLM_F_DUMP, NULL), 0);
	assert_int_equal(k.heard, 2);
	answer(&k, RTM_NEWLINK, NLM_F_MULTI | NLM_F_DUMP_INTR, 2, "", 0);
	answer(&k, NLMSG_DONE, NLM_F_MULTI, 2, &end, sizeof end);
	answer_send(&k);
	assert_int_equal(call(&k, NLM_F_DUMP, NULL), -EAGAIN);
	answer(&k, NLMSG_DONE, NLM_F_MULTI, 3, &broken, sizeof broken);
	answer_send(&k);
	assert_int_equal(call(&k, NLM_F_DUMP, NULL), -ENODEV);
	kernel_done(&k);
}

static void test_refused(void **state)
{
	const struct nlmsgerr refusal = {.error = -EBUSY};
	auto_strbuf words = {}, payload = {};
	const uint16_t message[2] = {NLA_HDRLEN + 4, NLMSGERR_ATTR_MSG};
	struct kernel k;

	(void)state;
	kernel_init(&k);
	strbuf_add_bytes(&payload, &refusal, sizeof refusal);
	strbuf_add_bytes(&payload, message, sizeof message);
	strbuf_add_bytes(&payload, "why", 4);
	answer(&k, NLMSG_ERROR, NLM_F_CAPPED | NLM_F_ACK_TLVS, 1, payload.text,
		(uint32_t)payload.len);
	answer_send(&k);
	assert_int_equal(call(&k, 0, &words), -EBUSY);
	assert_string_equal(strbuf_text(&words), "why");
	answer(&k, NLMSG_ERROR, 0, 2, &refusal, 3); /* cut off */
	answer_send(&k);
	assert_int_equal(call(&k, 0, &words), -EBADMSG);
	answer(&k, RTM_NEWLINK, 0, 3, "", 0);
	k.answer.text[0] = 100; /* longer than what came */
	answer_send(&k);
	assert_int_equal(call(&k, 0, &words), -EBADMSG);
	kernel_done(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_acknowledged),
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
