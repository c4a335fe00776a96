// SPDX-License-Identifier: Apache-2.0
/*
 * The files that are lists: by CPU, by node, by name. Each function returns 1 when the container has
 * something of it, 0 when not. A list gets its room once, from the number of lines or words there are.
 */
#include <cgroup/stats.h>
#include <base/bitlist.h>
#include <base/parse.h>
#include <base/text.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* ---- cpu ---- */

static size_t count_words(const char *text)
{
	size_t n = 0;

	for (text += strspn(text, " \t\n"); *text; n++) {
		text += strcspn(text, " \t\n");
		text += strspn(text, " \t\n");
	}
	return n;
}

/* "N N N..." */
static int read_percpu(const struct stats_reader *r, struct husk_cpu_stats *cpu)
{
	uint64_t *v;
	char *text, *line;
	size_t n = 0;
	int e = stats_read(r, "cpuacct.usage_percpu", &text);

	if (e < 0 || !text)
		return e;
	v = arena_array(r->context->arena, count_words(text), sizeof *v);
	if (!v)
		return -ENOMEM;
	line = stats_line(&text);
	for (char *word; line && (word = stats_word(&line));)
		if (parse_u64(word, 10, &v[n]) < 0)
			return 0;
		else
			n++;
	cpu->percpu = v;
	cpu->percpu_count = n;
	return 1;
}

/* "cpu user system", then a line of three numbers for each CPU. */
static int read_usage_all(const struct stats_reader *r, struct husk_cpu_stats *cpu)
{
	uint64_t *user, *kernel, number;
	size_t n = 0, room;
	char *text;
	int e = stats_read(r, "cpuacct.usage_all", &text);

	if (e < 0 || !text)
		return e;
	room = stats_count_lines(text);
	user = arena_array(r->context->arena, room, sizeof *user);
	kernel = arena_array(r->context->arena, room, sizeof *kernel);
	if (!user || !kernel)
		return -ENOMEM;
	(void)stats_line(&text);
	for (char *line; (line = stats_line(&text)); n++) {
		const char *words[] = {stats_word(&line), stats_word(&line), stats_word(&line)};

		if (!words[2] || parse_u64(words[0], 10, &number) < 0 || number != n ||
			parse_u64(words[1], 10, &user[n]) < 0 ||
			parse_u64(words[2], 10, &kernel[n]) < 0)
			return 0;
	}
	cpu->percpu_user = user;
	cpu->percpu_kernel = kernel;
	cpu->percpu_user_count = cpu->percpu_kernel_count = n;
	return 1;
}

int stats_cpu_lists(const struct stats_reader *r, void *group)
{
	int e = read_percpu(r, group), more = e < 0 ? 0 : read_usage_all(r, group);

	return e < 0 ? e : more < 0 ? more : e || more;
}

/* ---- cpuset ---- */

/* "0-3,7" as numbers. */
static int read_ids(
	const struct stats_reader *r, const char *file, const unsigned int **ret, size_t *ret_n)
{
	uint64_t mask[BITLIST_CPUS / 64] = {};
	unsigned int *v;
	size_t n = 0;
	char *text, *line;
	int e = stats_read(r, file, &text);

	if (e < 0 || !text)
		return e;
	line = stats_line(&text);
	if (line && bitlist_parse(line, BITLIST_CPUS, mask) < 0)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(mask); i++)
		n += (size_t)__builtin_popcountll(mask[i]);
	v = arena_array(r->context->arena, n, sizeof *v);
	if (!v)
		return -ENOMEM;
	*ret = v;
	*ret_n = n;
	for (unsigned int i = 0; i < ARRAY_LEN(mask); i++)
		for (uint64_t bits = mask[i]; bits; bits &= bits - 1)
			*v++ = i * 64 + (unsigned int)__builtin_ctzll(bits);
	return 1;
}

static int read_cpuset(const struct stats_reader *r, struct husk_cpuset_stats *s,
	const char *cpus_file, const char *mems_file)
{
	int cpus = read_ids(r, cpus_file, &s->cpus, &s->cpu_count);
	int mems = cpus < 0 ? 0 : read_ids(r, mems_file, &s->mems, &s->mem_count);

	return cpus < 0 ? cpus : mems < 0 ? mems : cpus || mems;
}

int stats_cpuset_lists_v1(const struct stats_reader *r, void *group)
{
	struct husk_cpuset_stats *s = group;
	int64_t level;
	char *text;
	int e = stats_read(r, "cpuset.sched_relax_domain_level", &text);

	if (e < 0)
		return e;
	if (text && !parse_i64(stats_line(&text) ?: "", &level))
		s->sched_relax_domain_level = (struct husk_value){1, (uint64_t)level};
	return read_cpuset(r, s, "cpuset.cpus", "cpuset.mems");
}

int stats_cpuset_lists_v2(const struct stats_reader *r, void *group)
{
	return read_cpuset(r, group, "cpuset.cpus.effective", "cpuset.mems.effective");
}

/* ---- memory.stat ---- */

static int read_raw(const struct stats_reader *r, struct husk_memory_stats *m)
{
	struct husk_named_value *v;
	size_t n = 0;
	char *text;
	int e = stats_read(r, "memory.stat", &text);

	if (e < 0 || !text)
		return e;
	v = arena_array(r->context->arena, stats_count_lines(text), sizeof *v);
	if (!v)
		return -ENOMEM;
	for (char *line; (line = stats_line(&text));) {
		const char *name = stats_word(&line), *value = stats_word(&line);

		if (value && !parse_u64(value, 10, &v[n].value))
			v[n++].name = name;
	}
	m->raw = v;
	m->raw_count = n;
	return 1;
}

static struct husk_value raw_value(const struct husk_memory_stats *m, const char *name)
{
	for (size_t i = 0; i < m->raw_count; i++)
		if (text_equal(m->raw[i].name, name))
			return (struct husk_value){1, m->raw[i].value};
	return (struct husk_value){};
}

int stats_memory_raw_v1(const struct stats_reader *r, void *group)
{
	struct husk_memory_stats *m = group;
	int e = read_raw(r, m);

	if (e > 0)
		m->cache = raw_value(m, "cache");
	return e;
}

/* v1's counter of memory and swap together, from v2's two. */
static struct husk_value both(const struct husk_value *a, const struct husk_value *b)
{
	if (!a->set || !b->set)
		return (struct husk_value){};
	if (a->value == HUSK_UNLIMITED || b->value == HUSK_UNLIMITED)
		return (struct husk_value){1, HUSK_UNLIMITED};
	return (struct husk_value){1, stats_sum(a->value, b->value)};
}

int stats_memory_raw_v2(const struct stats_reader *r, void *group)
{
	struct husk_memory_stats *m = group;
	int e;

	if (!m->usage.usage.set)
		return 0; /* the directory has no memory controller */
	e = read_raw(r, m);
	if (e < 0)
		return e;
	m->cache = raw_value(m, "file");
	m->kernel.usage = raw_value(m, "kernel");
	m->use_hierarchy = (struct husk_value){1, 1};
	m->swap.usage = both(&m->usage.usage, &m->swap_only.usage);
	m->swap.limit = both(&m->usage.limit, &m->swap_only.limit);
	return 1;
}

/* ---- memory.numa_stat ---- */

struct numa_row {
	const char *name;
	size_t offset; /* of a struct husk_numa_pages */
};

#define PAGES(set, kind) offsetof(struct husk_memory_stats, set.kind)

/* clang-format off */
static const struct numa_row numa_v1[] = {
	{"total",			PAGES(numa, total)},
	{"file",			PAGES(numa, file)},
	{"anon",			PAGES(numa, anon)},
	{"unevictable",			PAGES(numa, unevictable)},
	{"hierarchical_total",		PAGES(numa_hierarchical, total)},
	{"hierarchical_file",		PAGES(numa_hierarchical, file)},
	{"hierarchical_anon",		PAGES(numa_hierarchical, anon)},
	{"hierarchical_unevictable",	PAGES(numa_hierarchical, unevictable)},
	{},
};

static const struct numa_row numa_v2[] = {
	{"file",			PAGES(numa, file)},
	{"anon",			PAGES(numa, anon)},
	{"unevictable",			PAGES(numa, unevictable)},
	{},
};
/* clang-format on */

/* "N0=12 N1=3": values in units of `unit`. The total is theirs where the line does not begin with one. */
static int parse_nodes(struct arena *arena, char *line, uint64_t unit, struct husk_numa_pages *ret)
{
	struct husk_numa_node *v = arena_array(arena, count_words(line), sizeof *v);
	uint64_t sum = 0;
	size_t n = 0;

	if (!v)
		return -ENOMEM;
	for (char *word; (word = stats_word(&line));) {
		char *value = strchr(word, '=');

		if (*word != 'N' || !value)
			continue;
		*value++ = '\0';
		if (parse_u32(word + 1, 10, &v[n].node) < 0 ||
			parse_u64(value, 10, &v[n].pages) < 0)
			continue;
		v[n].pages /= unit;
		sum = stats_sum(sum, v[n++].pages);
	}
	ret->nodes = v;
	ret->node_count = n;
	if (!ret->total.set)
		ret->total = (struct husk_value){1, sum};
	return 0;
}

/* v1: "total=15 N0=12 N1=3", in pages; v2: "file N0=49152", in bytes. */
static int parse_numa(const struct stats_reader *r, char *text, const struct numa_row *rows,
	uint64_t unit, void *group)
{
	for (char *line; (line = stats_line(&text));) {
		char *name = stats_word(&line), *total = name ? strchr(name, '=') : NULL;
		const struct numa_row *row = rows;

		if (!name || !total != (unit > 1))
			continue;
		if (total)
			*total++ = '\0';
		while (row->name && !text_equal(row->name, name))
			row++;
		if (row->name) {
			struct husk_numa_pages *p = (void *)((char *)group + row->offset);
			int e;

			stats_value(total, &p->total);
			e = parse_nodes(r->context->arena, line, unit, p);
			if (e < 0)
				return e;
		}
	}
	return 1;
}

int stats_numa_v1(const struct stats_reader *r, void *group)
{
	char *text;
	int e = stats_read(r, "memory.numa_stat", &text);

	return e < 0 || !text ? e : parse_numa(r, text, numa_v1, 1, group);
}

/* Memory of user space by node; v2 has no line for all of it. */
static int add_total(struct arena *arena, struct husk_numa_stats *s)
{
	const struct husk_numa_pages *file = &s->file, *anon = &s->anon;
	struct husk_numa_node *v;

	if (!file->total.set || !anon->total.set || file->node_count != anon->node_count)
		return 0;
	v = arena_array(arena, file->node_count, sizeof *v);
	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < file->node_count; i++)
		v[i] = (struct husk_numa_node){
			file->nodes[i].node, stats_sum(file->nodes[i].pages, anon->nodes[i].pages)};
	s->total = (struct husk_numa_pages){
		.total = {1, stats_sum(file->total.value, anon->total.value)},
		.node_count = file->node_count,
		.nodes = v,
	};
	return 0;
}

int stats_numa_v2(const struct stats_reader *r, void *group)
{
	struct husk_memory_stats *m = group;
	char *text;
	int e = stats_read(r, "memory.numa_stat", &text);

	if (e < 0 || !text)
		return e;
	e = parse_numa(r, text, numa_v2, (uint64_t)sysconf(_SC_PAGESIZE), group);
	if (e > 0 && add_total(r->context->arena, &m->numa) < 0)
		return -ENOMEM;
	m->numa_hierarchical = m->numa;
	return e;
}
