// SPDX-License-Identifier: Apache-2.0
/* Reading a request. It comes from a libhusk of the same version: what is not as it should be is refused whole. */
#include <bus/bus.h>
#include <base/parse.h>
#include <base/text.h>

#include <errno.h>
#include <string.h>

/* clang-format off */
static const struct {
	const char *name;
	unsigned int count;
} records[] = {
#define ROW(name, text, count) [BUS_##name] = {text, count},
	BUS_RECORDS(ROW)
#undef ROW
};
/* clang-format on */

enum { STRINGS_MAX = 3 };

static int add_address(struct bus_request *q, bool direct, const char *address)
{
	struct bus_address *a = list_add(&q->addresses);

	if (!a)
		return -ENOMEM;
	*a = (struct bus_address){direct, address};
	return 0;
}

static int add_property(struct bus_request *q, const char *const *s)
{
	struct bus_property *p = list_add(&q->properties);

	if (!p)
		return -ENOMEM;
	*p = (struct bus_property){s[0], s[1], s[2]};
	return 0;
}

static int take_record(struct bus_request *q, enum bus_record kind, const char *const *s)
{
	uint64_t ms;

	switch (kind) {
	case BUS_VERB:
		q->verb = s[0];
		return 0;
	case BUS_UNIT:
		q->unit = s[0];
		return 0;
	case BUS_TIMEOUT:
		if (parse_u64(s[0], 10, &ms) < 0 || ms > UINT32_MAX)
			return -EBADMSG;
		q->timeout_us = ms * 1000;
		return 0;
	case BUS_DIRECT:
	case BUS_BUS:
		return add_address(q, kind == BUS_DIRECT, s[0]);
	case BUS_PROPERTY:
		return add_property(q, s);
	case BUS_RECORD_COUNT:
		break;
	}
	return -EBADMSG;
}

static enum bus_record find_record(const char *name)
{
	unsigned int i = 0;

	while (i < BUS_RECORD_COUNT && !text_equal(records[i].name, name))
		i++;
	return (enum bus_record)i;
}

/* The next string, or NULL at the end and where its NUL is missing. */
static const char *take_string(const char **at, const char *end)
{
	const char *s = *at, *nul = memchr(s, '\0', (size_t)(end - s));

	if (!nul)
		return NULL;
	*at = nul + 1;
	return s;
}

int bus_request_read(const char *text, size_t n, struct bus_request *ret)
{
	const char *at = text, *const end = text + n;

	*ret = (struct bus_request){};
	while (at < end) {
		const char *name = take_string(&at, end), *strings[STRINGS_MAX];
		enum bus_record kind = name ? find_record(name) : BUS_RECORD_COUNT;
		int r;

		if (kind == BUS_RECORD_COUNT)
			return -EBADMSG;
		for (unsigned int i = 0; i < records[kind].count; i++) {
			strings[i] = take_string(&at, end);
			if (!strings[i])
				return -EBADMSG;
		}
		r = take_record(ret, kind, strings);
		if (r < 0)
			return r;
	}
	return ret->verb && ret->unit && ret->timeout_us && ret->addresses.n ? 0 : -EBADMSG;
}
