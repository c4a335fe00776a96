// SPDX-License-Identifier: Apache-2.0
/*
 * Comparing shares. Only for groups that exist: what is written into a new one the kernel judges, and it may know
 * forms that we do not. It shows what it was told in its own way: bit masks with leading zeros, bandwidth rounded up
 * to the next step.
 */
#include <rdt/rdt.h>

#include <base/io.h>
#include <base/mem.h>
#include <base/parse.h>
#include <base/str.h>
#include <base/text.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_MAX = 64 };

static char *trimmed(const char *s, size_t n)
{
	while (n && strchr(" \t", *s))
		s++, n--;
	while (n && strchr(" \t", s[n - 1]))
		n--;
	return strndup(s, n);
}

static struct rdt_share *find(const struct rdt_shares *s, const char *key)
{
	list_for_each (share, s)
		if (text_equal(share->key, key))
			return share;
	return NULL;
}

/* "0=ff" of the resource "L3"; takes over nothing. */
static int add_one(struct rdt_shares *s, const char *resource, const char *item, size_t n)
{
	const char *equal = memchr(item, '=', n);
	size_t domain_len = equal ? (size_t)(equal - item) : 0;
	auto_free char *domain = trimmed(item, domain_len);
	auto_free char *key = domain ? str_printf("%s:%s", resource, domain) : NULL;
	const char *from = equal ? equal + 1 : item;
	char *value = trimmed(from, n - (size_t)(from - item));
	struct rdt_share *share = key && value ? find(s, key) : NULL;

	if (!share && key && value)
		share = list_add(s);
	if (!share) {
		free(value);
		return -ENOMEM;
	}
	free(share->value);
	share->value = value;
	if (!share->key)
		share->key = TAKE_PTR(key);
	return 0;
}

static int add_line(struct rdt_shares *s, const char *line, size_t n)
{
	const char *colon = memchr(line, ':', n);
	auto_free char *resource = trimmed(line, colon ? (size_t)(colon - line) : 0);
	const char *end = line + n, *item = colon ? colon + 1 : line;

	if (!resource)
		return -ENOMEM;
	while (item < end) {
		const char *stop = memchr(item, ';', (size_t)(end - item));
		size_t len = (size_t)((stop ? stop : end) - item);
		int r = len ? add_one(s, resource, item, len) : 0;

		if (r < 0)
			return r;
		item += len + !!stop;
	}
	return 0;
}

int rdt_shares_add(struct rdt_shares *s, const char *text)
{
	int r = 0;

	for (; !r && *text; text += *text == '\n') {
		size_t n = strcspn(text, "\n");

		r = add_line(s, text, n);
		text += n;
	}
	return r;
}

void rdt_shares_done(struct rdt_shares *s)
{
	list_for_each (share, s) {
		free(share->key);
		free(share->value);
	}
	free(s->v);
	*s = (struct rdt_shares){};
}

/* The step of a bandwidth, or 0 for a resource that is given in bit masks. */
static uint64_t step_of(const char *root, const char *key)
{
	auto_free char *path =
		str_printf("%s/info/%.*s/bandwidth_gran", root, (int)strcspn(key, ":"), key);
	auto_free char *text = NULL;
	uint64_t step = 0;

	if (path && !io_read_at(AT_FDCWD, path, NUMBER_MAX, &text, NULL)) {
		text[strcspn(text, "\n")] = '\0';
		if (parse_u64(text, 10, &step) < 0)
			step = 1;
	}
	return step;
}

static bool same(const char *root, const char *key, const char *want, const char *have)
{
	uint64_t step = step_of(root, key), w, h;
	const char *digits = step ? NULL : text_after(want, "0x");

	if (parse_u64(digits ? digits : want, step ? 10 : 16, &w) < 0 ||
		parse_u64(have, step ? 10 : 16, &h) < 0)
		return text_equal(want, have);
	return w == h || (step && w < UINT64_MAX - step && (w + step - 1) / step * step == h);
}

const struct rdt_share *rdt_shares_differ(const char *root, const struct rdt_shares *want,
	const struct rdt_shares *have, const char **ret_value)
{
	list_for_each (w, want) {
		const struct rdt_share *h = find(have, w->key);

		if (h && same(root, w->key, w->value, h->value))
			continue;
		*ret_value = h ? h->value : NULL;
		return w;
	}
	return NULL;
}
