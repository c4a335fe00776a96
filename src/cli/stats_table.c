// SPDX-License-Identifier: Apache-2.0
/*
 * The table for people who know `docker stats`: the same columns and units. Memory is without the page cache that
 * could be dropped at once (inactive_file), as there; "--" is what there is not.
 */
#include <cli/out.h>
#include <cli/stats_json.h>
#include <cli/stats_out.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/text.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/sysinfo.h>

static const char none[] = "--";

void samples_done(struct samples *s)
{
	list_for_each (sample, s) {
		free(sample->id);
		husk_stats_free(sample->stats);
	}
	free(s->v);
	*s = (struct samples){};
}

uint64_t host_memory(void)
{
	struct sysinfo info;

	return sysinfo(&info) < 0 ? 0 : (uint64_t)info.totalram * info.mem_unit;
}

struct scale {
	unsigned int step;
	int digits;
	const char *units[7];
};

/* As docker has them: memory in powers of 1024 and four digits, traffic in powers of 1000 and three. */
static const struct scale memory_scale = {1024, 4, {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}};
static const struct scale traffic_scale = {1000, 3, {"B", "kB", "MB", "GB", "TB", "PB", "EB"}};

static void add_bytes(struct strbuf *out, const struct scale *scale, uint64_t value)
{
	double rest = (double)value;
	size_t unit = 0;

	for (; rest >= scale->step && unit + 1 < ARRAY_LEN(scale->units); rest /= scale->step)
		unit++;
	strbuf_printf(out, "%.*g%s", scale->digits, rest, scale->units[unit]);
}

static void add_pair(
	struct strbuf *out, const struct scale *scale, const uint64_t *a, const uint64_t *b)
{
	if (a)
		add_bytes(out, scale, *a);
	else
		strbuf_add(out, none);
	strbuf_add(out, " / ");
	if (b)
		add_bytes(out, scale, *b);
	else
		strbuf_add(out, none);
}

static const struct sample *find_sample(const struct samples *list, const char *id)
{
	for (size_t i = 0; i < list->n; i++)
		if (text_equal(list->v[i].id, id))
			return &list->v[i];
	return NULL;
}

/* One row while it is made. */
struct row {
	const struct husk_stats *now, *before; /* before: NULL when there is none */
	uint64_t host;
	struct strbuf *out;
};

/* Percent of one CPU. */
static void add_cpu(const struct row *row)
{
	const struct husk_stats *now = row->now, *before = row->before;
	uint64_t used = now->cpu ? now->cpu->total.value : 0, time = now->age.value;

	if (!now->cpu || !now->cpu->total.set || !now->pid) {
		strbuf_add(row->out, none);
		return;
	}
	/* the same process, and nobody has set the counter back */
	if (before && before->pid == now->pid && before->cpu && before->cpu->total.value <= used) {
		used -= before->cpu->total.value;
		time = now->time - before->time;
	}
	strbuf_printf(row->out, "%.2f%%", time ? (double)used * 100 / (double)time : 0.0);
}

static uint64_t raw_value(const struct husk_memory_stats *m, const char *name)
{
	for (size_t i = 0; i < m->raw_count; i++)
		if (text_equal(m->raw[i].name, name))
			return m->raw[i].value;
	return 0;
}

/* False when the container has no memory controller. */
static bool memory_of(const struct row *row, uint64_t *ret_usage, uint64_t *ret_limit)
{
	const struct husk_memory_stats *m = row->now->memory;
	uint64_t idle;

	if (!m || !m->usage.usage.set)
		return false;
	idle = raw_value(m, "total_inactive_file") ?: raw_value(m, "inactive_file");
	*ret_usage = m->usage.usage.value - MIN(idle, m->usage.usage.value);
	*ret_limit = m->usage.limit.set ? m->usage.limit.value : HUSK_UNLIMITED;
	if (row->host)
		*ret_limit = MIN(*ret_limit, row->host);
	return true;
}

static void add_memory(const struct row *row)
{
	uint64_t usage = 0, limit = 0;
	bool known = memory_of(row, &usage, &limit);

	add_pair(row->out, &memory_scale, known ? &usage : NULL, known ? &limit : NULL);
}

static void add_memory_percent(const struct row *row)
{
	uint64_t usage = 0, limit = 0;

	if (memory_of(row, &usage, &limit))
		strbuf_printf(
			row->out, "%.2f%%", limit ? (double)usage * 100 / (double)limit : 0.0);
	else
		strbuf_add(row->out, none);
}

/* Without the loopback interface. */
static void add_network(const struct row *row)
{
	const struct husk_network_stats *s = row->now->network;
	uint64_t received = 0, sent = 0;

	for (size_t i = 0; s && i < s->count; i++)
		if (!text_equal(s->interfaces[i].name, "lo")) {
			received += s->interfaces[i].rx_bytes;
			sent += s->interfaces[i].tx_bytes;
		}
	add_pair(row->out, &traffic_scale, s ? &received : NULL, s ? &sent : NULL);
}

static void add_io(const struct row *row)
{
	const struct husk_io_stats *s = row->now->io;
	uint64_t read = 0, written = 0;

	for (size_t i = 0; s && i < s->service_bytes.count; i++) {
		const struct husk_io_entry *e = &s->service_bytes.entries[i];

		if (text_equal(e->operation, "Read"))
			read += e->value;
		else if (text_equal(e->operation, "Write"))
			written += e->value;
	}
	add_pair(row->out, &traffic_scale, s ? &read : NULL, s ? &written : NULL);
}

static void add_pids(const struct row *row)
{
	const struct husk_pids_stats *s = row->now->pids;

	if (s && s->current.set)
		strbuf_printf(row->out, "%llu", (unsigned long long)s->current.value);
	else
		strbuf_add(row->out, none);
}

/* some avg10 of cpu, memory and io. */
static void add_pressure(const struct row *row)
{
	const struct husk_stats *s = row->now;
	const struct husk_pressure *all[] = {s->cpu ? &s->cpu->pressure : NULL,
		s->memory ? &s->memory->pressure : NULL, s->io ? &s->io->pressure : NULL};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		strbuf_add(row->out, i ? " / " : "");
		if (all[i] && all[i]->some.set)
			strbuf_printf(row->out, "%u.%02u", all[i]->some.avg10 / 100,
				all[i]->some.avg10 % 100);
		else
			strbuf_add(row->out, none);
	}
}

struct column {
	const char *title;
	void (*add)(const struct row *row);
};

static const struct column columns[] = {
	{"CPU %", add_cpu},
	{"MEM USAGE / LIMIT", add_memory},
	{"MEM %", add_memory_percent},
	{"NET I/O", add_network},
	{"BLOCK I/O", add_io},
	{"PIDS", add_pids},
	{"PSI CPU / MEM / IO", add_pressure},
};

static int add_row(struct table_out *table, const struct sample *sample, struct row *row)
{
	int r = table_add(table, sample->id);

	row->now = sample->stats;
	for (size_t i = 0; i < ARRAY_LEN(columns) && !r; i++) {
		auto_strbuf cell = {};

		row->out = &cell;
		columns[i].add(row);
		r = strbuf_failed(&cell) ? -ENOMEM : table_add(table, strbuf_text(&cell));
	}
	return r;
}

int stats_table(const struct samples *now, const struct samples *before, struct strbuf *out)
{
	auto_table table = {.columns = ARRAY_LEN(columns) + 1};
	struct row row = {.host = host_memory()};
	int r = table_add(&table, "ID");

	for (size_t i = 0; i < ARRAY_LEN(columns) && !r; i++)
		r = table_add(&table, columns[i].title);
	for (size_t i = 0; i < now->n && !r; i++) {
		const struct sample *last = find_sample(before, now->v[i].id);

		row.before = last ? last->stats : NULL;
		r = add_row(&table, &now->v[i], &row);
	}
	table_print(&table, out);
	return r;
}

void stats_lines(const struct samples *now, struct strbuf *out)
{
	for (size_t i = 0; i < now->n; i++) {
		struct json_out json = {.out = out};
		const struct husk_stats *s = now->v[i].stats;

		json_open(&json, NULL, '{');
		out_json_string(&json, "id", now->v[i].id);
		out_json_string(&json, "status", husk_status_name(s->status));
		json_int(&json, "pid", s->pid);
		json_uint(&json, "time", s->time);
		stats_json(&json, "data", s);
		json_close(&json, '}');
		strbuf_add_char(out, '\n');
	}
}
