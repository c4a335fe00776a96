// SPDX-License-Identifier: Apache-2.0
/*
 * Statistics of a container's resctrl groups (Documentation/arch/x86/resctrl.rst): what the CPU can do (info/), the
 * schemata of the root group and of its own, and the counters of each cache (mon_data/mon_L3_NN) of the monitoring
 * group, or of the control group when it has no monitoring group of its own.
 */
#include <rdt/rdt.h>
#include <base/fd.h>
#include <base/parse.h>
#include <base/text.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_LIMIT = 65536, DOMAINS_MAX = 1024 };

struct rdt_reader {
	struct arena *arena;
	int fd;
};

/* Is it one that has to be told? Everything else means that it is not there. */
static bool is_fatal(int r)
{
	return r == -ENOMEM || r == -EMFILE || r == -ENFILE;
}

/* The text without the newline at its end, or NULL. */
static int read_text(const struct rdt_reader *r, const char *file, const char **ret)
{
	char *text;
	int e = arena_read_at(r->arena, r->fd, file, FILE_LIMIT, &text);
	size_t n = e < 0 ? 0 : strlen(text);

	if (e < 0)
		return is_fatal(e) ? e : 0;
	if (n && text[n - 1] == '\n')
		text[n - 1] = '\0';
	*ret = text;
	return 0;
}

static int read_number(const struct rdt_reader *r, const char *file, struct husk_value *ret)
{
	const char *text = NULL;
	int e = read_text(r, file, &text);

	/* "Unavailable" and "Error" are no numbers */
	if (text && !parse_u64(text, 10, &ret->value))
		ret->set = 1;
	return e;
}

struct number_row {
	const char *file;
	size_t offset;
};

#define RDT(member) offsetof(struct husk_rdt_stats, member)
#define DOMAIN(member) offsetof(struct husk_rdt_domain, member)

/* clang-format off */
static const struct number_row info_rows[] = {
	{"info/L3/min_cbm_bits",	RDT(l3_min_cbm_bits)},
	{"info/L3/num_closids",		RDT(l3_num_closids)},
	{"info/MB/bandwidth_gran",	RDT(mb_bandwidth_gran)},
	{"info/MB/delay_linear",	RDT(mb_delay_linear)},
	{"info/MB/min_bandwidth",	RDT(mb_min_bandwidth)},
	{"info/MB/num_closids",		RDT(mb_num_closids)},
	{},
};

static const struct number_row domain_rows[] = {
	{"llc_occupancy",	DOMAIN(llc_occupancy)},
	{"mbm_total_bytes",	DOMAIN(mbm_total_bytes)},
	{"mbm_local_bytes",	DOMAIN(mbm_local_bytes)},
	{},
};
/* clang-format on */

static int read_numbers(const struct rdt_reader *r, const struct number_row *rows, void *into)
{
	int e = 0;

	for (; !e && rows->file; rows++)
		e = read_number(r, rows->file, (struct husk_value *)((char *)into + rows->offset));
	return e;
}

/* The lines without the blanks before them, ended by NULL. */
static int split(struct arena *arena, const char *text, const char *const **ret, size_t *ret_n)
{
	size_t len = strlen(text) + 1, room = 2, n = 0;
	char *rest = arena_alloc(arena, len);
	const char **v;

	for (const char *c = text; *c; c++)
		room += *c == '\n';
	v = arena_array(arena, room, sizeof *v);
	if (!rest || !v)
		return -ENOMEM;
	memcpy(rest, text, len);
	for (char *line; (line = strsep(&rest, "\n"));) {
		line += strspn(line, " ");
		if (*line)
			v[n++] = line;
	}
	*ret = v;
	*ret_n = n;
	return 0;
}

/* The line of one resource, "L3:0=ff;1=f0", or NULL. */
static const char *schema_of(const char *const *lines, size_t n, const char *prefix)
{
	for (size_t i = 0; i < n; i++)
		if (text_after(lines[i], prefix))
			return lines[i];
	return NULL;
}

static int read_schemata(const struct rdt_reader *r, const char *const **ret, size_t *ret_n)
{
	const char *text = NULL;
	int e = read_text(r, "schemata", &text);

	return e < 0 || !text ? e : split(r->arena, text, ret, ret_n);
}

/* One directory of mon_data: "mon_L3_00". */
static int read_domain(const struct rdt_reader *monitor, int mon_data, const char *name,
	struct husk_rdt_stats *ret, struct husk_rdt_domain *v)
{
	const char *number = text_after(name, "mon_L3_");
	struct rdt_reader r = {.arena = monitor->arena, .fd = -1};
	int e;

	if (!number || parse_u32(number, 10, &v[ret->domain_count].domain) < 0)
		return 0;
	r.fd = openat(mon_data, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r.fd < 0)
		return is_fatal(-errno) ? -errno : 0;
	e = read_numbers(&r, domain_rows, &v[ret->domain_count]);
	fd_close(r.fd);
	if (!e)
		ret->domain_count++;
	return e;
}

static int compare_domains(const void *a, const void *b)
{
	const struct husk_rdt_domain *x = a, *y = b;

	return (x->domain > y->domain) - (x->domain < y->domain);
}

static int read_domains(const struct rdt_reader *r, struct husk_rdt_stats *ret)
{
	int fd = openat(r->fd, "mon_data", O_RDONLY | O_DIRECTORY | O_CLOEXEC), e = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct husk_rdt_domain *v;

	if (!dir) {
		e = -errno;
		fd_close(fd);
		return is_fatal(e) ? e : 0;
	}
	v = arena_array(r->arena, DOMAINS_MAX, sizeof *v);
	if (!v)
		e = -ENOMEM;
	for (struct dirent *d; !e && ret->domain_count < DOMAINS_MAX && (d = readdir(dir));)
		e = read_domain(r, fd, d->d_name, ret, v);
	closedir(dir);
	if (v)
		qsort(v, ret->domain_count, sizeof *v, compare_domains);
	ret->domains = v;
	return e;
}

static int open_group(const char *path, int *ret)
{
	*ret = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return *ret < 0 && is_fatal(-errno) ? -errno : 0;
}

int rdt_stats(const struct rdt *rdt, struct arena *arena, struct husk_rdt_stats *ret)
{
	auto_close int root = -1, group = -1, monitor = -1;
	const char *const *root_lines = NULL;
	size_t root_n = 0;
	int e = open_group(rdt->root, &root);

	if (!e)
		e = open_group(rdt->group, &group);
	if (!e)
		e = open_group(rdt->monitor ? rdt->monitor : rdt->group, &monitor);
	if (e < 0)
		return e;
	if (root >= 0) {
		const struct rdt_reader r = {arena, root};

		e = read_text(&r, "info/L3/cbm_mask", &ret->l3_cbm_mask);
		if (!e)
			e = read_numbers(&r, info_rows, ret);
		if (!e)
			e = read_schemata(&r, &root_lines, &root_n);
	}
	if (!e && group >= 0)
		e = read_schemata(
			&(struct rdt_reader){arena, group}, &ret->schemata, &ret->schemata_count);
	if (!e && monitor >= 0)
		e = read_domains(&(struct rdt_reader){arena, monitor}, ret);
	ret->l3_schema_root = schema_of(root_lines, root_n, "L3:");
	ret->mb_schema_root = schema_of(root_lines, root_n, "MB:");
	ret->l3_schema = schema_of(ret->schemata, ret->schemata_count, "L3:");
	ret->mb_schema = schema_of(ret->schemata, ret->schemata_count, "MB:");
	return e;
}
