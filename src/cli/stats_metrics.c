// SPDX-License-Identifier: Apache-2.0
/*
 * OpenMetrics 1.0. The format wants all samples of a family together, so the loop goes over families, and in each over
 * containers. A family is a row; what it has of one container is a list of series (values with the rest of their
 * labels), or a function of some members where the labels are not known before. Units are base units: seconds, bytes,
 * ratios.
 */
#include <cli/stats_out.h>
#include <base/attr.h>
#include <base/text.h>

#include <inttypes.h>
#include <stdio.h>

enum scale { PLAIN, NANOSECONDS, MICROSECONDS, HUNDREDTHS_OF_PERCENT };

struct series {
	const char *labels; /* besides the id; NULL ends the list */
	size_t offset; /* of a struct husk_value in the group */
};

struct family;

/* One family while it is written. */
struct writer {
	struct strbuf *out;
	const struct family *family;
	const char *id;
};

struct family {
	const char *name; /* behind "husk_" */
	const char *type, *unit, *help; /* unit "": none */
	size_t group; /* offset in struct husk_stats */
	enum scale scale;
	const struct series *series; /* or */
	void (*write)(const struct writer *w, const void *group);
	size_t members
		[2]; /* that `write` reads: offsets in the group, or in each entry of its list */
};

static const void *member(const struct writer *w, size_t i, const void *in)
{
	return (const char *)in + w->family->members[i];
}

/* ---- lines ---- */

/* What a container chose itself (the name of an interface) may hold anything. */
static void add_escaped(struct strbuf *out, const char *s)
{
	size_t left = strlen(s), valid = text_utf8_prefix(s, left);

	for (; left; s++, left--) {
		unsigned char c = (unsigned char)*s;

		if (!valid) { /* one byte that is no character */
			strbuf_add(out, "\xef\xbf\xbd");
			valid = text_utf8_prefix(s + 1, left - 1);
			continue;
		}
		valid--;
		if (c == '"' || c == '\\')
			strbuf_printf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			strbuf_add(out, "\xef\xbf\xbd");
		else if (text_is_c1(s)) { /* C1: a terminal may obey it */
			strbuf_add(out, "\xef\xbf\xbd");
			s++, left--, valid--;
		} else
			strbuf_add_char(out, (char)c);
	}
}

static bool is_counter(const struct writer *w)
{
	return text_equal(w->family->type, "counter");
}

static void begin_sample(const struct writer *w)
{
	strbuf_printf(w->out, "husk_%s%s{id=\"", w->family->name, is_counter(w) ? "_total" : "");
	add_escaped(w->out, w->id);
	strbuf_add_char(w->out, '"');
}

static void add_label(const struct writer *w, const char *name, const char *value)
{
	strbuf_printf(w->out, ",%s=\"", name);
	add_escaped(w->out, value);
	strbuf_add_char(w->out, '"');
}

static void end_sample(const struct writer *w, uint64_t value)
{
	static const uint64_t divisors[] = {[NANOSECONDS] = 1000000000,
		[MICROSECONDS] = 1000000,
		[HUNDREDTHS_OF_PERCENT] = 10000};
	static const int digits[] = {
		[NANOSECONDS] = 9, [MICROSECONDS] = 6, [HUNDREDTHS_OF_PERCENT] = 4};
	enum scale scale = w->family->scale;

	strbuf_add(w->out, "} ");
	if (scale)
		strbuf_printf(w->out, "%" PRIu64 ".%0*" PRIu64 "\n", value / divisors[scale],
			digits[scale], value % divisors[scale]);
	else if (value == HUSK_UNLIMITED)
		strbuf_add(w->out, "+Inf\n");
	else
		strbuf_printf(w->out, "%" PRIu64 "\n", value);
}

/* Unless it was not read; with one label more, if any. */
static void add_sample(const struct writer *w, const char *label, const char *value,
	const struct husk_value *number)
{
	if (!number->set)
		return;
	begin_sample(w);
	if (label)
		add_label(w, label, value);
	end_sample(w, number->value);
}

static void add_numbered(
	const struct writer *w, const char *label, size_t number, const struct husk_value *value)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%zu", number);
	add_sample(w, label, text, value);
}

/* ---- what is no list of series ---- */

static void write_value(const struct writer *w, const void *group)
{
	add_sample(w, NULL, NULL, member(w, 0, group));
}

static void write_percpu(const struct writer *w, const void *group)
{
	const struct husk_cpu_stats *s = group;

	for (size_t i = 0; i < s->percpu_count; i++)
		add_numbered(w, "cpu", i, &(struct husk_value){1, s->percpu[i]});
}

static void write_raw(const struct writer *w, const void *group)
{
	const struct husk_memory_stats *s = group;

	for (size_t i = 0; i < s->raw_count; i++)
		add_sample(w, "name", s->raw[i].name, &(struct husk_value){1, s->raw[i].value});
}

static void write_numa(const struct writer *w, const void *group)
{
	const struct husk_numa_stats *s = &((const struct husk_memory_stats *)group)->numa;
	const struct {
		const char *name;
		const struct husk_numa_pages *pages;
	} kinds[] = {{"file", &s->file}, {"anon", &s->anon}, {"unevictable", &s->unevictable}};

	for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
		for (size_t i = 0; i < kinds[k].pages->node_count; i++) {
			const struct husk_numa_node *node = &kinds[k].pages->nodes[i];

			begin_sample(w);
			add_label(w, "kind", kinds[k].name);
			strbuf_printf(w->out, ",node=\"%u\"", node->node);
			end_sample(w, node->pages);
		}
}

static void write_io_list(const struct writer *w, const void *group)
{
	const struct husk_io_list *list = member(w, 0, group);

	for (size_t i = 0; i < list->count; i++) {
		const struct husk_io_entry *e = &list->entries[i];

		/* sums of the others would count twice in every sum over this label */
		if (text_equal(e->operation, "Total"))
			continue;
		begin_sample(w);
		strbuf_printf(w->out, ",device=\"%u:%u\"", e->major, e->minor);
		if (*e->operation)
			add_label(w, "operation", e->operation);
		end_sample(w, e->value);
	}
}

static void write_io_cost(const struct writer *w, const void *group)
{
	const struct husk_io_stats *s = group;
	const struct {
		const char *name;
		const struct husk_io_list *list;
	} kinds[] = {{"usage", &s->cost_usage}, {"wait", &s->cost_wait},
		{"indebt", &s->cost_indebt}, {"indelay", &s->cost_indelay}};

	for (size_t k = 0; k < ARRAY_LEN(kinds); k++)
		for (size_t i = 0; i < kinds[k].list->count; i++) {
			const struct husk_io_entry *e = &kinds[k].list->entries[i];

			begin_sample(w);
			strbuf_printf(w->out, ",device=\"%u:%u\"", e->major, e->minor);
			add_label(w, "kind", kinds[k].name);
			end_sample(w, e->value);
		}
}

static void write_hugetlb(const struct writer *w, const void *group)
{
	const struct husk_hugetlb_stats *s = group;

	for (size_t i = 0; i < s->count; i++)
		add_sample(w, "size", s->entries[i].page_size, member(w, 0, &s->entries[i]));
}

/* Of the length and the pointer of a list. */
static void write_rdma(const struct writer *w, const void *group)
{
	size_t n = *(const size_t *)member(w, 0, group);
	const struct husk_rdma_entry *v =
		*(const struct husk_rdma_entry *const *)member(w, 1, group);

	for (size_t i = 0; i < n; i++) {
		const struct husk_value *values[] = {&v[i].hca_handles, &v[i].hca_objects};

		for (size_t k = 0; k < ARRAY_LEN(values); k++) {
			if (!values[k]->set)
				continue;
			begin_sample(w);
			add_label(w, "device", v[i].device);
			add_label(w, "kind", k ? "hca_object" : "hca_handle");
			end_sample(w, values[k]->value);
		}
	}
}

static void write_misc(const struct writer *w, const void *group)
{
	const struct husk_misc_stats *s = group;

	for (size_t i = 0; i < s->count; i++)
		add_sample(w, "resource", s->entries[i].resource, member(w, 0, &s->entries[i]));
}

/* Of what was received and what was sent. */
static void write_interfaces(const struct writer *w, const void *group)
{
	const struct husk_network_stats *s = group;

	for (size_t i = 0; i < s->count; i++)
		for (size_t sent = 0; sent < 2; sent++) {
			begin_sample(w);
			add_label(w, "interface", s->interfaces[i].name);
			add_label(w, "direction", sent ? "sent" : "received");
			end_sample(w, *(const uint64_t *)member(w, sent, &s->interfaces[i]));
		}
}

static void write_rdt(const struct writer *w, const void *group)
{
	const struct husk_rdt_stats *s = group;

	for (size_t i = 0; i < s->domain_count; i++)
		add_numbered(w, "domain", s->domains[i].domain, member(w, 0, &s->domains[i]));
}

static void write_stall(const struct writer *w, const void *group)
{
	const struct husk_pressure *p = member(w, 0, group);

	add_sample(w, "level", "some", &(struct husk_value){p->some.set, p->some.total});
	add_sample(w, "level", "full", &(struct husk_value){p->full.set, p->full.total});
}

static void write_averages(const struct writer *w, const void *group)
{
	const struct husk_pressure *p = member(w, 0, group);
	const struct husk_pressure_line *lines[] = {&p->some, &p->full};

	for (size_t k = 0; k < ARRAY_LEN(lines); k++) {
		const struct {
			const char *name;
			unsigned int value;
		} windows[] = {{"10s", lines[k]->avg10}, {"60s", lines[k]->avg60},
			{"300s", lines[k]->avg300}};

		for (size_t i = 0; lines[k]->set && i < ARRAY_LEN(windows); i++) {
			begin_sample(w);
			add_label(w, "level", k ? "full" : "some");
			add_label(w, "window", windows[i].name);
			end_sample(w, windows[i].value);
		}
	}
}

/* ---- the families ---- */

#define CPU(member) offsetof(struct husk_cpu_stats, member)
#define MEMORY(member) offsetof(struct husk_memory_stats, member)
#define IO(member) offsetof(struct husk_io_stats, member)
#define HUGETLB(member) offsetof(struct husk_hugetlb_entry, member)
#define RDMA(member) offsetof(struct husk_rdma_stats, member)
#define MISC(member) offsetof(struct husk_misc_entry, member)
#define NET(member) offsetof(struct husk_network_interface, member)
#define RDT(member) offsetof(struct husk_rdt_domain, member)
#define PIDS(member) offsetof(struct husk_pids_stats, member)
#define IN(member) offsetof(struct husk_stats, member)

/* clang-format off */
static const struct series cpu_modes[] = {
	{"mode=\"user\"", CPU(user)}, {"mode=\"kernel\"", CPU(kernel)}, {}};

/* One member of the memory counters. */
#define COUNTERS(member) { \
	{"of=\"memory\"",	MEMORY(usage.member)}, \
	{"of=\"memory_swap\"",	MEMORY(swap.member)}, \
	{"of=\"swap\"",		MEMORY(swap_only.member)}, \
	{"of=\"kernel\"",	MEMORY(kernel.member)}, \
	{"of=\"kernel_tcp\"",	MEMORY(kernel_tcp.member)}, \
	{"of=\"zswap\"",	MEMORY(zswap.member)}, \
	{}}
static const struct series memory_usage[] = COUNTERS(usage);
static const struct series memory_peak[] = COUNTERS(max_usage);
static const struct series memory_limit[] = COUNTERS(limit);
static const struct series memory_failures[] = COUNTERS(fail_count);

static const struct series memory_events[] = {
	{"event=\"low\"",		MEMORY(events.low)},
	{"event=\"high\"",		MEMORY(events.high)},
	{"event=\"max\"",		MEMORY(events.max)},
	{"event=\"oom\"",		MEMORY(events.oom)},
	{"event=\"oom_kill\"",		MEMORY(events.oom_kill)},
	{"event=\"oom_group_kill\"",	MEMORY(events.oom_group_kill)},
	{},
};

static const struct family families[] = {
	{"cpu_usage_seconds", "counter", "seconds", "CPU time used.", IN(cpu), NANOSECONDS, NULL, write_value, {CPU(total)}},
	{"cpu_mode_seconds", "counter", "seconds", "CPU time used, by mode.", IN(cpu), NANOSECONDS, cpu_modes},
	{"cpu_core_seconds", "counter", "seconds", "CPU time used, by CPU.", IN(cpu), NANOSECONDS, .write = write_percpu},
	{"cpu_periods", "counter", "", "Periods of the CPU quota.", IN(cpu), PLAIN, NULL, write_value, {CPU(periods)}},
	{"cpu_throttled_periods", "counter", "", "Periods in which the CPU quota was used up.", IN(cpu), PLAIN, NULL, write_value, {CPU(throttled_periods)}},
	{"cpu_throttled_seconds", "counter", "seconds", "Time spent throttled.", IN(cpu), NANOSECONDS, NULL, write_value, {CPU(throttled_time)}},
	{"cpu_bursts", "counter", "", "Periods in which saved CPU time was used.", IN(cpu), PLAIN, NULL, write_value, {CPU(burst_periods)}},
	{"cpu_burst_seconds", "counter", "seconds", "Saved CPU time used.", IN(cpu), NANOSECONDS, NULL, write_value, {CPU(burst_time)}},
	{"cpu_stall_seconds", "counter", "seconds", "Time tasks were waiting for CPU (PSI).", IN(cpu), MICROSECONDS, NULL, write_stall, {CPU(pressure)}},
	{"cpu_pressure_ratio", "gauge", "ratio", "Share of recent time tasks were waiting for CPU (PSI).", IN(cpu), HUNDREDTHS_OF_PERCENT, NULL, write_averages, {CPU(pressure)}},
	{"memory_usage_bytes", "gauge", "bytes", "Memory used.", IN(memory), PLAIN, memory_usage},
	{"memory_peak_bytes", "gauge", "bytes", "Most memory used.", IN(memory), PLAIN, memory_peak},
	{"memory_limit_bytes", "gauge", "bytes", "Memory limit.", IN(memory), PLAIN, memory_limit},
	{"memory_failures", "counter", "", "Times a memory limit was hit.", IN(memory), PLAIN, memory_failures},
	{"memory_cache_bytes", "gauge", "bytes", "Page cache.", IN(memory), PLAIN, NULL, write_value, {MEMORY(cache)}},
	{"memory_events", "counter", "", "Events of the memory controller.", IN(memory), PLAIN, memory_events},
	{"memory_numa_pages", "gauge", "pages", "Memory by node.", IN(memory), PLAIN, .write = write_numa},
	{"memory_stat", "unknown", "", "The lines of memory.stat.", IN(memory), PLAIN, .write = write_raw},
	{"memory_stall_seconds", "counter", "seconds", "Time tasks were waiting for memory (PSI).", IN(memory), MICROSECONDS, NULL, write_stall, {MEMORY(pressure)}},
	{"memory_pressure_ratio", "gauge", "ratio", "Share of recent time tasks were waiting for memory (PSI).", IN(memory), HUNDREDTHS_OF_PERCENT, NULL, write_averages, {MEMORY(pressure)}},
	{"pids", "gauge", "", "Processes and threads.", IN(pids), PLAIN, NULL, write_value, {PIDS(current)}},
	{"pids_limit", "gauge", "", "Limit of processes and threads.", IN(pids), PLAIN, NULL, write_value, {PIDS(limit)}},
	{"pids_peak", "gauge", "", "Most processes and threads.", IN(pids), PLAIN, NULL, write_value, {PIDS(peak)}},
	{"pids_limit_hits", "counter", "", "Forks refused by the limit.", IN(pids), PLAIN, NULL, write_value, {PIDS(max_events)}},
	{"io_bytes", "counter", "bytes", "Bytes read and written, by device.", IN(io), PLAIN, NULL, write_io_list, {IO(service_bytes)}},
	{"io_operations", "counter", "", "I/O operations, by device.", IN(io), PLAIN, NULL, write_io_list, {IO(serviced)}},
	{"io_cost_seconds", "counter", "seconds", "Times of the I/O cost controller, by device.", IN(io), MICROSECONDS, .write = write_io_cost},
	{"io_stall_seconds", "counter", "seconds", "Time tasks were waiting for I/O (PSI).", IN(io), MICROSECONDS, NULL, write_stall, {IO(pressure)}},
	{"io_pressure_ratio", "gauge", "ratio", "Share of recent time tasks were waiting for I/O (PSI).", IN(io), HUNDREDTHS_OF_PERCENT, NULL, write_averages, {IO(pressure)}},
	{"hugetlb_usage_bytes", "gauge", "bytes", "Huge pages used, by size.", IN(hugetlb), PLAIN, NULL, write_hugetlb, {HUGETLB(usage.usage)}},
	{"hugetlb_limit_bytes", "gauge", "bytes", "Limit of huge pages, by size.", IN(hugetlb), PLAIN, NULL, write_hugetlb, {HUGETLB(usage.limit)}},
	{"hugetlb_failures", "counter", "", "Times a limit of huge pages was hit.", IN(hugetlb), PLAIN, NULL, write_hugetlb, {HUGETLB(usage.fail_count)}},
	{"rdma_current", "gauge", "", "RDMA resources used.", IN(rdma), PLAIN, NULL, write_rdma, {RDMA(current_count), RDMA(current)}},
	{"rdma_limit", "gauge", "", "Limits of RDMA resources.", IN(rdma), PLAIN, NULL, write_rdma, {RDMA(limit_count), RDMA(limit)}},
	{"misc_current", "gauge", "", "Resources of the misc controller used.", IN(misc), PLAIN, NULL, write_misc, {MISC(usage)}},
	{"misc_limit", "gauge", "", "Limits of resources of the misc controller.", IN(misc), PLAIN, NULL, write_misc, {MISC(limit)}},
	{"misc_limit_hits", "counter", "", "Times a limit of the misc controller was hit.", IN(misc), PLAIN, NULL, write_misc, {MISC(events)}},
	{"network_bytes", "counter", "bytes", "Traffic, by interface.", IN(network), PLAIN, NULL, write_interfaces, {NET(rx_bytes), NET(tx_bytes)}},
	{"network_packets", "counter", "", "Packets, by interface.", IN(network), PLAIN, NULL, write_interfaces, {NET(rx_packets), NET(tx_packets)}},
	{"network_errors", "counter", "", "Errors, by interface.", IN(network), PLAIN, NULL, write_interfaces, {NET(rx_errors), NET(tx_errors)}},
	{"network_dropped_packets", "counter", "", "Packets dropped, by interface.", IN(network), PLAIN, NULL, write_interfaces, {NET(rx_dropped), NET(tx_dropped)}},
	{"rdt_llc_occupancy_bytes", "gauge", "bytes", "Last-level cache occupied, by domain.", IN(rdt), PLAIN, NULL, write_rdt, {RDT(llc_occupancy)}},
	{"rdt_memory_bandwidth_bytes", "counter", "bytes", "Memory traffic, by domain.", IN(rdt), PLAIN, NULL, write_rdt, {RDT(mbm_total_bytes)}},
	{"rdt_local_memory_bandwidth_bytes", "counter", "bytes", "Traffic with the memory of the domain itself.", IN(rdt), PLAIN, NULL, write_rdt, {RDT(mbm_local_bytes)}},
};
/* clang-format on */

static void add_heading(struct strbuf *out, const struct family *f)
{
	strbuf_printf(out, "# TYPE husk_%s %s\n", f->name, f->type);
	if (*f->unit)
		strbuf_printf(out, "# UNIT husk_%s %s\n", f->name, f->unit);
	strbuf_printf(out, "# HELP husk_%s %s\n", f->name, f->help);
}

static void add_series(const struct writer *w, const void *group)
{
	for (const struct series *s = w->family->series; s->labels; s++) {
		const struct husk_value *v =
			(const struct husk_value *)((const char *)group + s->offset);

		if (!v->set)
			continue;
		begin_sample(w);
		strbuf_printf(w->out, ",%s", s->labels);
		end_sample(w, v->value);
	}
}

static void add_family(struct strbuf *out, const struct family *f, const struct samples *now)
{
	add_heading(out, f);
	for (size_t i = 0; i < now->n; i++) {
		const struct writer w = {.out = out, .family = f, .id = now->v[i].id};
		const void *group;

		memcpy(&group, (const char *)now->v[i].stats + f->group, sizeof group);
		if (group)
			f->series ? add_series(&w, group) : f->write(&w, group);
	}
}

static void add_up(struct strbuf *out, const struct samples *now)
{
	static const struct family up = {.name = "up",
		.type = "gauge",
		.unit = "",
		.help = "Whether the container has a process."};

	add_heading(out, &up);
	for (size_t i = 0; i < now->n; i++) {
		const struct writer w = {.out = out, .family = &up, .id = now->v[i].id};

		begin_sample(&w);
		end_sample(&w, now->v[i].stats->pid != 0);
	}
}

void stats_metrics(const struct samples *now, struct strbuf *out)
{
	add_up(out, now);
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		add_family(out, &families[i], now);
	strbuf_add(out, "# EOF\n");
}
