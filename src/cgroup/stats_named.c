// SPDX-License-Identifier: Apache-2.0
/*
 * Resources with names: huge pages by size, RDMA devices, scalar resources of the misc controller. The names of huge
 * pages are not in a file of the cgroup: the kernel has a directory of them, and a number of files for each.
 */
#include <cgroup/stats.h>
#include <base/fd.h>
#include <base/mem.h>
#include <base/parse.h>
#include <base/text.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* ---- hugetlb ---- */

enum { SIZES_MAX = 64, NAME_MAX_LEN = 24, FILE_NAME_MAX = 96 };

struct hugetlb_row {
	const char *suffix; /* behind "hugetlb.SIZE." */
	const char *key; /* as in struct stats_row */
	size_t offset; /* in struct husk_hugetlb_entry */
};

#define HUGE(member) offsetof(struct husk_hugetlb_entry, member)

/* clang-format off */
static const struct hugetlb_row hugetlb_v1[] = {
	{"usage_in_bytes",		NULL,	HUGE(usage.usage)},
	{"max_usage_in_bytes",		NULL,	HUGE(usage.max_usage)},
	{"failcnt",			NULL,	HUGE(usage.fail_count)},
	{"limit_in_bytes",		NULL,	HUGE(usage.limit)},
	{"rsvd.usage_in_bytes",		NULL,	HUGE(reserved.usage)},
	{"rsvd.max_usage_in_bytes",	NULL,	HUGE(reserved.max_usage)},
	{"rsvd.failcnt",		NULL,	HUGE(reserved.fail_count)},
	{"rsvd.limit_in_bytes",		NULL,	HUGE(reserved.limit)},
	{},
};

static const struct hugetlb_row hugetlb_v2[] = {
	{"current",		NULL,	HUGE(usage.usage)},
	{"max",			NULL,	HUGE(usage.limit)},
	{"events",		"max",	HUGE(usage.fail_count)},
	{"rsvd.current",	NULL,	HUGE(reserved.usage)},
	{"rsvd.max",		NULL,	HUGE(reserved.limit)},
	{},
};
/* clang-format on */

/* "hugepages-2048kB" is called "2MB" in the names of files. */
static bool name_size(const char *entry, char name[static NAME_MAX_LEN])
{
	static const char *const units[] = {"KB", "MB", "GB"};
	const char *number = text_after(entry, "hugepages-");
	size_t n = number ? strspn(number, "0123456789") : 0, unit = 0;
	char digits[NAME_MAX_LEN];
	uint64_t size;

	if (!n || n >= sizeof digits || !text_equal(number + n, "kB"))
		return false;
	memcpy(digits, number, n);
	digits[n] = '\0';
	if (parse_u64(digits, 10, &size) < 0)
		return false;
	for (; size && size % 1024 == 0 && unit + 1 < ARRAY_LEN(units); size /= 1024)
		unit++;
	return snprintf(name, NAME_MAX_LEN, "%ju%s", (uintmax_t)size, units[unit]) < NAME_MAX_LEN;
}

static int read_size(const struct stats_reader *r, const struct hugetlb_row *rows, const char *size,
	struct husk_hugetlb_entry *entry)
{
	int found = 0;

	for (; rows->suffix; rows++) {
		char file[FILE_NAME_MAX];
		const struct stats_row row[] = {{file, rows->key, rows->offset, 0}, {}};
		int e;

		if (snprintf(file, sizeof file, "hugetlb.%s.%s", size, rows->suffix) >=
			FILE_NAME_MAX)
			continue;
		e = stats_read_rows(r, row, entry);
		if (e < 0)
			return e;
		if (!e && !found)
			return 0; /* the first file is not there: none is */
		found = 1;
	}
	return found;
}

static int read_sizes(const struct stats_reader *r, const struct hugetlb_row *rows, DIR *dir,
	struct husk_hugetlb_stats *h)
{
	struct husk_hugetlb_entry *v = arena_array(r->context->arena, SIZES_MAX, sizeof *v);

	if (!v)
		return -ENOMEM;
	h->entries = v;
	for (struct dirent *e; h->count < SIZES_MAX && (e = readdir(dir));) {
		char name[NAME_MAX_LEN], *copy;
		int found = name_size(e->d_name, name) ? read_size(r, rows, name, &v[h->count]) : 0;

		if (found < 0)
			return found;
		if (!found)
			continue;
		copy = arena_alloc(r->context->arena, sizeof name);
		if (!copy)
			return -ENOMEM;
		v[h->count++].page_size = memcpy(copy, name, sizeof name);
	}
	return h->count > 0;
}

static int read_hugetlb(
	const struct stats_reader *r, const struct hugetlb_row *rows, struct husk_hugetlb_stats *h)
{
	DIR *dir = opendir(r->context->hugepages);
	int e;

	if (!dir)
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? -errno : 0;
	e = read_sizes(r, rows, dir, h);
	closedir(dir);
	return e;
}

int stats_hugetlb_v1(const struct stats_reader *r, void *group)
{
	return read_hugetlb(r, hugetlb_v1, group);
}

int stats_hugetlb_v2(const struct stats_reader *r, void *group)
{
	return read_hugetlb(r, hugetlb_v2, group);
}

/* ---- rdma ---- */

/* "mlx4_0 hca_handle=2 hca_object=max", a line for each device. */
static int read_rdma(const struct stats_reader *r, const char *file,
	const struct husk_rdma_entry **ret, size_t *ret_n)
{
	struct husk_rdma_entry *v;
	size_t n = 0;
	char *text;
	int e = stats_read(r, file, &text);

	if (e < 0 || !text)
		return e;
	v = arena_array(r->context->arena, stats_count_lines(text), sizeof *v);
	if (!v)
		return -ENOMEM;
	for (char *line; (line = stats_line(&text));) {
		const char *device = stats_word(&line), *value;

		if (!device)
			continue;
		v[n].device = device;
		for (char *word; (word = stats_word(&line));)
			if ((value = text_after(word, "hca_handle=")))
				stats_value(value, &v[n].hca_handles);
			else if ((value = text_after(word, "hca_object=")))
				stats_value(value, &v[n].hca_objects);
		n++;
	}
	*ret = v;
	*ret_n = n;
	return 1;
}

int stats_rdma(const struct stats_reader *r, void *group)
{
	struct husk_rdma_stats *s = group;
	int current = read_rdma(r, "rdma.current", &s->current, &s->current_count);
	int limit = current > 0 ? read_rdma(r, "rdma.max", &s->limit, &s->limit_count) : current;

	return limit < 0 ? limit : current;
}

/* ---- misc ---- */

struct misc_row {
	const char *file, *suffix; /* of the key behind the name of the resource */
	size_t offset; /* in struct husk_misc_entry */
};

#define MISC(member) offsetof(struct husk_misc_entry, member)

/* clang-format off */
static const struct misc_row misc_rows[] = {
	{"misc.current",	"",	MISC(usage)},
	{"misc.peak",		"",	MISC(peak)},
	{"misc.max",		"",	MISC(limit)},
	{"misc.events",		".max",	MISC(events)},
};
/* clang-format on */

/* The names come from the first file. */
static int list_misc(const struct stats_reader *r, struct husk_misc_entry **ret, size_t *ret_n)
{
	struct husk_misc_entry *v;
	size_t n = 0;
	char *text;
	int e = stats_read(r, misc_rows[0].file, &text);

	if (e < 0 || !text)
		return e;
	v = arena_array(r->context->arena, stats_count_lines(text), sizeof *v);
	if (!v)
		return -ENOMEM;
	for (char *line; (line = stats_line(&text));) {
		v[n].resource = stats_word(&line);
		stats_value(stats_word(&line), &v[n].usage);
		n += v[n].usage.set;
	}
	*ret = v;
	*ret_n = n;
	return 1;
}

/* "res_a 3" or "res_a.max 3" for one of the resources. */
static void set_misc(const struct misc_row *row, struct husk_misc_entry *v, size_t n, char *line)
{
	const char *key = stats_word(&line), *rest;

	for (size_t i = 0; key && i < n; i++)
		if ((rest = text_after(key, v[i].resource)) && text_equal(rest, row->suffix))
			stats_value(stats_word(&line),
				(struct husk_value *)((char *)&v[i] + row->offset));
}

int stats_misc(const struct stats_reader *r, void *group)
{
	struct husk_misc_stats *s = group;
	struct husk_misc_entry *v = NULL;
	size_t n = 0;
	int found = list_misc(r, &v, &n);

	for (size_t i = 1; found > 0 && i < ARRAY_LEN(misc_rows); i++) {
		char *text;
		int e = stats_read(r, misc_rows[i].file, &text);

		if (e < 0)
			return e;
		for (char *line; text && (line = stats_line(&text));)
			set_misc(&misc_rows[i], v, n, line);
	}
	s->entries = v;
	s->count = n;
	return found;
}
