// SPDX-License-Identifier: Apache-2.0
/*
 * Messages are built with explicit lengths and read with every length checked. The socket is connected to the kernel,
 * so nobody else can put an answer into it.
 */
#include <kern/netlink.h>
#include <base/fd.h>
#include <base/mem.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RECEIVE_ROOM = 65536 };

#ifndef NETLINK_GET_STRICT_CHK /* <linux/netlink.h> before 4.20 */
#define NETLINK_GET_STRICT_CHK 12
#endif

/* --- the socket */

static int open_here(struct netlink *ret)
{
	static const int options[] = {NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK};
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	auto_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), ns = -1;
	const int on = 1;

	if (fd < 0)
		return -errno;
	/* better words and shorter lists; it works without */
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		(void)setsockopt(fd, SOL_NETLINK, options[i], &on, sizeof on);
	if (connect(fd, (const struct sockaddr *)&kernel, sizeof kernel) < 0)
		return -errno;
	ns = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (ns < 0)
		return -errno;
	*ret = (struct netlink){.fd = TAKE_FD(fd), .ns = TAKE_FD(ns)};
	return 0;
}

struct visit {
	int ns, result;
	struct netlink *ret;
};

static void *visit_main(void *data)
{
	struct visit *v = data;

	v->result = setns(v->ns, CLONE_NEWNET) < 0 ? -errno : open_here(v->ret);
	return NULL;
}

int netlink_open(int ns, struct netlink *ret)
{
	struct visit v = {.ns = ns, .ret = ret};
	sigset_t all, before;
	pthread_t thread;
	int r;

	if (ns < 0)
		return open_here(ret);
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	r = pthread_create(&thread, NULL, visit_main, &v);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r)
		return -r;
	pthread_join(thread, NULL);
	return v.result;
}

void netlink_done(struct netlink *l)
{
	l->fd = fd_close(l->fd);
	l->ns = fd_close(l->ns);
}

/* --- messages */

static void add_padded(struct strbuf *m, const void *data, size_t n)
{
	static const char zero[NLMSG_ALIGNTO];

	strbuf_add_bytes(m, data, n);
	strbuf_add_bytes(m, zero, NLMSG_ALIGN(n) - n);
}

void netlink_begin(
	struct strbuf *m, uint16_t type, uint16_t flags, const void *header, size_t header_size)
{
	const struct nlmsghdr head = {.nlmsg_type = type, .nlmsg_flags = flags | NLM_F_REQUEST};

	strbuf_truncate(m, 0);
	add_padded(m, &head, sizeof head);
	add_padded(m, header, header_size);
}

void netlink_add(struct strbuf *m, uint16_t type, const void *data, size_t n)
{
	const struct nlattr head = {.nla_len = (uint16_t)(NLA_HDRLEN + n), .nla_type = type};

	if (n > UINT16_MAX - NLA_HDRLEN) {
		m->failed = true;
		return;
	}
	add_padded(m, &head, sizeof head);
	add_padded(m, data, n);
}

void netlink_add_u32(struct strbuf *m, uint16_t type, uint32_t value)
{
	netlink_add(m, type, &value, sizeof value);
}

void netlink_add_text(struct strbuf *m, uint16_t type, const char *text)
{
	netlink_add(m, type, text, strlen(text) + 1);
}

/* --- answers */

/* The attribute that begins at `p`, of `n` bytes at most. */
static bool attribute_at(const char *p, size_t n, struct netlink_attribute *ret)
{
	struct nlattr head;

	if (n < sizeof head)
		return false;
	memcpy(&head, p, sizeof head);
	if (head.nla_len < NLA_HDRLEN || head.nla_len > n)
		return false;
	*ret = (struct netlink_attribute){.type = head.nla_type & NLA_TYPE_MASK,
		.size = head.nla_len - (size_t)NLA_HDRLEN,
		.data = p + NLA_HDRLEN};
	return true;
}

bool netlink_next(const struct nlmsghdr *m, size_t header_size, struct netlink_attribute *at)
{
	const char *begin = (const char *)m, *end = begin + m->nlmsg_len,
		   *p = begin + NLMSG_HDRLEN + NLMSG_ALIGN(header_size);

	if (at->data)
		p = (const char *)at->data + NLMSG_ALIGN(at->size);
	return p <= end && attribute_at(p, (size_t)(end - p), at);
}

bool netlink_find(
	const struct nlmsghdr *m, size_t header_size, uint16_t type, struct netlink_attribute *ret)
{
	struct netlink_attribute at = {};

	while (netlink_next(m, header_size, &at))
		if (at.type == type) {
			*ret = at;
			return true;
		}
	return false;
}

uint32_t netlink_find_u32(const struct nlmsghdr *m, size_t header_size, uint16_t type)
{
	struct netlink_attribute at;
	uint32_t value = 0;

	if (netlink_find(m, header_size, type, &at) && at.size >= sizeof value)
		memcpy(&value, at.data, sizeof value);
	return value;
}

/* What the kernel adds to an error behind the (capped) request, or nothing. */
static void add_words(const struct nlmsghdr *m, struct strbuf *words)
{
	const struct nlmsgerr *e = NLMSG_DATA(m);
	size_t header = sizeof *e;
	struct netlink_attribute at;

	if (!words || !(m->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(m->nlmsg_flags & NLM_F_CAPPED))
		header += NLMSG_ALIGN(e->msg.nlmsg_len) - NLMSG_HDRLEN;
	if (header > m->nlmsg_len || !netlink_find(m, header, NLMSGERR_ATTR_MSG, &at) || !at.size)
		return;
	strbuf_add_bytes(words, at.data, strnlen(at.data, at.size));
}

/* 1: that was the end, 0: go on, or -errno. */
static int take_one(const struct nlmsghdr *m, netlink_each *each, void *data, struct strbuf *words)
{
	const struct nlmsgerr *e = NLMSG_DATA(m);
	int32_t status = 0;

	switch (m->nlmsg_type) {
	case NLMSG_NOOP:
		return 0;
	case NLMSG_ERROR:
		if (m->nlmsg_len < NLMSG_LENGTH(sizeof *e))
			return -EBADMSG;
		if (e->error < 0)
			add_words(m, words);
		return e->error < 0 ? e->error : 1;
	case NLMSG_DONE:
		/* a dump that failed on the way says so here */
		if (m->nlmsg_len >= NLMSG_LENGTH(sizeof status))
			memcpy(&status, NLMSG_DATA(m), sizeof status);
		return status < 0 ? status : 1;
	default:
		return each ? each(data, m) : 0;
	}
}

/* All messages of one datagram: 1 when the last was among them. *changed: the list is not of one moment. */
static int take_all(const char *p, size_t n, uint32_t sequence, netlink_each *each, void *data,
	struct strbuf *words, bool *changed)
{
	while (n >= NLMSG_HDRLEN) {
		const struct nlmsghdr *m = (const struct nlmsghdr *)(const void *)p;
		size_t size = m->nlmsg_len;
		int r = 0;

		if (size < NLMSG_HDRLEN || size > n)
			return -EBADMSG;
		if (m->nlmsg_seq == sequence) {
			*changed |= m->nlmsg_flags & NLM_F_DUMP_INTR;
			r = take_one(m, each, data, words);
		}
		if (r)
			return r;
		size = MIN(NLMSG_ALIGN(size), n);
		p += size;
		n -= size;
	}
	return 0;
}

struct answers {
	netlink_each *each;
	void *data;
	struct strbuf *words;
};

static int receive_all(struct netlink *l, const struct answers *a)
{
	auto_free char *buffer = malloc(RECEIVE_ROOM);
	bool changed = false;

	if (!buffer)
		return -ENOMEM;
	for (;;) {
		ssize_t n = recv(l->fd, buffer, RECEIVE_ROOM, MSG_TRUNC);
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EPIPE;
		if (n > RECEIVE_ROOM)
			return -EMSGSIZE;
		r = take_all(buffer, (size_t)n, l->sequence, a->each, a->data, a->words, &changed);
		if (r)
			return r < 0 ? r : changed ? -EAGAIN : 0;
	}
}

int netlink_call(
	struct netlink *l, struct strbuf *m, netlink_each *each, void *data, struct strbuf *words)
{
	const struct answers answers = {each, data, words};
	struct nlmsghdr *head = (struct nlmsghdr *)(void *)m->text;
	ssize_t n;

	if (strbuf_failed(m))
		return -ENOMEM;
	head->nlmsg_len = (uint32_t)m->len;
	head->nlmsg_seq = ++l->sequence;
	if ((head->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		head->nlmsg_flags |= NLM_F_ACK;
	do
		n = send(l->fd, m->text, m->len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : receive_all(l, &answers);
}
