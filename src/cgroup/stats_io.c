// SPDX-License-Identifier: Apache-2.0
/*
 * I/O by device. v1 has a file for each kind of number, and up to four names for it: of the CFQ scheduler (before 5.0),
 * of BFQ, of the throttling layer, which counts always. A scheduler's files are there, and empty, for devices it does
 * not schedule; so the first one that names a device is taken. v2 has all in io.stat, one line a device.
 */
#include <cgroup/stats.h>
#include <base/parse.h>
#include <base/text.h>

#include <errno.h>
#include <string.h>

#define IO(member) offsetof(struct husk_io_stats, member)

enum { NAMES = 4 };

struct io_v1_row {
	size_t offset; /* of a struct husk_io_list */
	const char *names[NAMES];
};

/* clang-format off */
static const struct io_v1_row rows_v1[] = {
	{IO(service_bytes), {"blkio.io_service_bytes_recursive", "blkio.bfq.io_service_bytes_recursive",
		"blkio.throttle.io_service_bytes_recursive", "blkio.throttle.io_service_bytes"}},
	{IO(serviced), {"blkio.io_serviced_recursive", "blkio.bfq.io_serviced_recursive",
		"blkio.throttle.io_serviced_recursive", "blkio.throttle.io_serviced"}},
	{IO(queued), {"blkio.io_queued_recursive", "blkio.bfq.io_queued_recursive"}},
	{IO(service_time), {"blkio.io_service_time_recursive", "blkio.bfq.io_service_time_recursive"}},
	{IO(wait_time), {"blkio.io_wait_time_recursive", "blkio.bfq.io_wait_time_recursive"}},
	{IO(merged), {"blkio.io_merged_recursive", "blkio.bfq.io_merged_recursive"}},
	{IO(time), {"blkio.time_recursive", "blkio.bfq.time_recursive"}},
	{IO(sectors), {"blkio.sectors_recursive", "blkio.bfq.sectors_recursive"}},
};

struct io_v2_row {
	const char *key;
	size_t offset;
	const char *operation;
};

static const struct io_v2_row rows_v2[] = {
	{"rbytes",	IO(service_bytes),	"Read"},
	{"wbytes",	IO(service_bytes),	"Write"},
	{"dbytes",	IO(service_bytes),	"Discard"},
	{"rios",	IO(serviced),		"Read"},
	{"wios",	IO(serviced),		"Write"},
	{"dios",	IO(serviced),		"Discard"},
	{"cost.usage",	IO(cost_usage),		""},
	{"cost.wait",	IO(cost_wait),		""},
	{"cost.indebt",	IO(cost_indebt),	""},
	{"cost.indelay", IO(cost_indelay),	""},
};
/* clang-format on */
enum { MOST_PER_LIST = 3 }; /* rows of v2 that go into the same list */

static struct husk_io_list *list_at(void *group, size_t offset)
{
	return (struct husk_io_list *)((char *)group + offset);
}

/* "8:0" */
static bool parse_device(char *word, struct husk_io_entry *ret)
{
	char *colon = strchr(word, ':');
	bool good;

	if (!colon)
		return false;
	*colon = '\0';
	good = !parse_u32(word, 10, &ret->major) && !parse_u32(colon + 1, 10, &ret->minor);
	*colon = ':';
	return good;
}

/* "8:0 Read 4096", or without an operation "8:0 17"; the last line "Total 4096" belongs to no device. */
static bool parse_v1_line(char *line, struct husk_io_entry *ret)
{
	char *device = stats_word(&line), *operation = stats_word(&line),
	     *value = stats_word(&line);

	if (!operation || !parse_device(device, ret))
		return false;
	ret->operation = value ? operation : "";
	return !parse_u64(value ? value : operation, 10, &ret->value);
}

/* 1 when the file is there; the list stays as it is when it names no device. */
static int read_v1_file(const struct stats_reader *r, const char *file, struct husk_io_list *ret)
{
	struct husk_io_entry *v;
	size_t n = 0;
	char *text;
	int e = stats_read(r, file, &text);

	if (e < 0 || !text)
		return e;
	v = arena_array(r->context->arena, stats_count_lines(text), sizeof *v);
	if (!v)
		return -ENOMEM;
	for (char *line; (line = stats_line(&text));)
		n += parse_v1_line(line, &v[n]);
	if (n)
		*ret = (struct husk_io_list){n, v};
	return 1;
}

int stats_io_v1(const struct stats_reader *r, void *group)
{
	int found = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows_v1); i++) {
		struct husk_io_list *list = list_at(group, rows_v1[i].offset);

		for (size_t k = 0; k < NAMES && rows_v1[i].names[k] && !list->count; k++) {
			int e = read_v1_file(r, rows_v1[i].names[k], list);

			if (e < 0)
				return e;
			found |= e;
		}
	}
	return found;
}

/* "8:0 rbytes=1 wbytes=2 ..."; the lists have room for what one line can add. */
static void parse_v2_line(char *line, void *group)
{
	struct husk_io_entry entry = {};
	char *device = stats_word(&line);

	if (!device || !parse_device(device, &entry))
		return;
	for (char *word; (word = stats_word(&line));) {
		char *value = strchr(word, '=');

		if (!value)
			continue;
		*value++ = '\0';
		for (size_t i = 0; i < ARRAY_LEN(rows_v2); i++) {
			struct husk_io_list *list = list_at(group, rows_v2[i].offset);
			size_t used = list->count;

			if (!text_equal(rows_v2[i].key, word) ||
				parse_u64(value, 10, &entry.value) < 0)
				continue;
			entry.operation = rows_v2[i].operation;
			((struct husk_io_entry *)(uintptr_t)list->entries)[used] = entry;
			list->count = used + 1;
		}
	}
}

/* Gives every list of v2 room for `lines` devices. */
static int make_room(struct arena *arena, size_t lines, void *group)
{
	for (size_t i = 0; i < ARRAY_LEN(rows_v2); i++) {
		struct husk_io_list *list = list_at(group, rows_v2[i].offset);

		if (!list->entries)
			list->entries = arena_array(
				arena, lines, MOST_PER_LIST * sizeof(struct husk_io_entry));
		if (!list->entries)
			return -ENOMEM;
	}
	return 0;
}

int stats_io_v2(const struct stats_reader *r, void *group)
{
	char *text;
	int e = stats_read(r, "io.stat", &text);

	if (e < 0 || !text)
		return e;
	if (make_room(r->context->arena, stats_count_lines(text), group) < 0)
		return -ENOMEM;
	for (char *line; (line = stats_line(&text));)
		parse_v2_line(line, group);
	return 1;
}
