/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statistics of a container's cgroups. Most of it is tables: a row names a file, perhaps a key in it, and the member
 * that gets the number. What is left are the files that are lists: stats_lists.c, stats_io.c, stats_named.c.
 */
#ifndef HUSK_CGROUP_STATS_H
#define HUSK_CGROUP_STATS_H

#include <base/arena.h>
#include <base/error.h>
#include <base/log.h>
#include <husk/stats.h>
#include <kern/cgroupfs.h>

struct cgroup_stats_context {
	const struct cgroup_dirs *dirs;
	const struct log *log;
	struct arena *arena; /* what the statistics point to is in there */
	const char *hugepages; /* directory with the page sizes: "/sys/kernel/mm/hugepages" */
};

/*
 * Fills the groups of `stats` that are among `parts` (enum husk_stats_part) and that the container has. Only running
 * out of memory or descriptors is an error; what cannot be read is absent, with a debug line.
 */
int cgroup_stats(const struct cgroup_stats_context *c, unsigned int parts, struct husk_stats *stats,
	struct husk_error **err);

/* ---- what the files of the statistics share ---- */

/* One directory of the container while it is read. */
struct stats_reader {
	const struct cgroup_stats_context *context;
	int fd;
	const char *path; /* for messages */
};

/*
 * A number: the file's only one (key NULL), or the one behind `key` at the beginning of a line. Rows of the same file
 * follow each other, so that it is read once. Ended by a NULL file.
 */
struct stats_row {
	const char *file, *key;
	size_t offset; /* of a struct husk_value in the group */
	uint32_t scale; /* the number times this; 0: as it is */
};

/* The whole file in the arena; NULL in *ret when it is not there or says nothing. < 0: -ENOMEM, -EMFILE, -ENFILE. */
int stats_read(const struct stats_reader *r, const char *file, char **ret) nodiscard;
int stats_read_rows(const struct stats_reader *r, const struct stats_row *rows, void *group)
	nodiscard;
int stats_read_pressure(const struct stats_reader *r, const char *file, struct husk_pressure *ret)
	nodiscard;

/* Cuts the next line off *rest; NULL at the end. */
char *stats_line(char **rest);
/* Cuts the next word (blanks between) off *rest; NULL at the end of the line. */
char *stats_word(char **rest);
/* How many lines the text has. */
size_t stats_count_lines(const char *text);
/* A decimal number or "max" (HUSK_UNLIMITED); everything else leaves *ret as it is. */
void stats_value(const char *word, struct husk_value *ret);
/* a + b; no limit and no other number can be exceeded. */
uint64_t stats_sum(uint64_t a, uint64_t b);

/* ---- the files that are lists ---- */

int stats_cpu_lists(const struct stats_reader *r, void *group) nodiscard;
int stats_cpuset_lists_v1(const struct stats_reader *r, void *group) nodiscard;
int stats_cpuset_lists_v2(const struct stats_reader *r, void *group) nodiscard;
int stats_memory_raw_v1(const struct stats_reader *r, void *group) nodiscard;
int stats_memory_raw_v2(const struct stats_reader *r, void *group) nodiscard;
int stats_numa_v1(const struct stats_reader *r, void *group) nodiscard;
int stats_numa_v2(const struct stats_reader *r, void *group) nodiscard;
int stats_io_v1(const struct stats_reader *r, void *group) nodiscard;
int stats_io_v2(const struct stats_reader *r, void *group) nodiscard;
int stats_hugetlb_v1(const struct stats_reader *r, void *group) nodiscard;
int stats_hugetlb_v2(const struct stats_reader *r, void *group) nodiscard;
int stats_rdma(const struct stats_reader *r, void *group) nodiscard;
int stats_misc(const struct stats_reader *r, void *group) nodiscard;

#endif
