/* SPDX-License-Identifier: Apache-2.0 */
/* What `husk stats` collects in one pass, and its shapes: table, JSON lines, OpenMetrics. */
#ifndef HUSK_CLI_STATS_OUT_H
#define HUSK_CLI_STATS_OUT_H

#include <stdbool.h>
#include <base/array.h>
#include <base/str.h>
#include <husk/stats.h>

/* One container at one time. */
struct sample {
	char *id; /* owned */
	struct husk_stats *stats; /* owned */
};

struct samples {
	size_t n;
	struct sample *v;
};

void samples_done(struct samples *s);

/* What the host has, the limit of those without one; 0 when it is not known. */
uint64_t host_memory(void);

/*
 * A line for each, under a heading. CPU is of the time since `before` was collected; of a container that is not there,
 * since its process was started. 0 or -ENOMEM.
 */
int stats_table(const struct samples *now, const struct samples *before, struct strbuf *out);
/* An object a line. */
void stats_lines(const struct samples *now, struct strbuf *out);
/* The text format of OpenMetrics 1.0, with its end mark. */
void stats_metrics(const struct samples *now, struct strbuf *out);

#endif
