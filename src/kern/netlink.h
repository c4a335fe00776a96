/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rtnetlink(7): messages are put together in a strbuf, sent, and answered until the kernel's acknowledgement or the
 * end of a dump. A socket belongs for ever to the network namespace in which it was opened, so that one program can
 * talk to several. All functions return 0 or -errno.
 */
#ifndef HUSK_KERN_NETLINK_H
#define HUSK_KERN_NETLINK_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <base/str.h>

struct netlink {
	int fd; /* or -1 */
	uint32_t sequence;
	int ns; /* the network namespace, for IFLA_NET_NS_FD; or -1 */
};
#define NETLINK_INIT                \
	{                           \
		.fd = -1, .ns = -1, \
	}

/*
 * Opens a socket in the network namespace of a descriptor (a namespace file or a pidfd), or in the caller's: -1. Where
 * it takes another namespace a short-lived thread enters it: the caller's threads stay where they are.
 */
int netlink_open(int ns, struct netlink *ret) nodiscard;
void netlink_done(struct netlink *l);

/* Begins a message of a type with its fixed header; NLM_F_REQUEST is added. Failures show in strbuf_failed(). */
void netlink_begin(
	struct strbuf *m, uint16_t type, uint16_t flags, const void *header, size_t header_size);
void netlink_add(struct strbuf *m, uint16_t type, const void *data, size_t n);
void netlink_add_u32(struct strbuf *m, uint16_t type, uint32_t value);
void netlink_add_text(struct strbuf *m, uint16_t type, const char *text);

/* Hears each answer that is neither acknowledgement nor error; < 0 ends the conversation. */
typedef int netlink_each(void *data, const struct nlmsghdr *m);
/*
 * Sends the message and takes all answers. NLM_F_DUMP in its flags asks for a list; one that changed while it was
 * read is -EAGAIN. `words` (may be NULL) gets what the kernel says about an error, if anything.
 */
int netlink_call(struct netlink *l, struct strbuf *m, netlink_each *each, void *data,
	struct strbuf *words) nodiscard;

/* One attribute behind the fixed header of a message. */
struct netlink_attribute {
	uint16_t type; /* without NLA_F_* */
	size_t size;
	const void *data;
};
/* The first attribute, or the one behind `at`: begin with {}. False at the end, and where the rest is damaged. */
bool netlink_next(const struct nlmsghdr *m, size_t header_size, struct netlink_attribute *at)
	nodiscard;
bool netlink_find(const struct nlmsghdr *m, size_t header_size, uint16_t type,
	struct netlink_attribute *ret) nodiscard;
/* 0 when it is missing or too short. */
uint32_t netlink_find_u32(const struct nlmsghdr *m, size_t header_size, uint16_t type);

#endif
