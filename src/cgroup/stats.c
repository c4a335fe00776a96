// SPDX-License-Identifier: Apache-2.0
/*
 * Which file has which number, on v1 and on v2, and the loop over it. Each controller is looked for where the
 * container has it: in the v1 hierarchy with its name, else in the cgroup2 directory, whose files are there exactly if
 * the controller is. Pressure is a matter of cgroup2, also where the controllers are v1. Sources: the kernel's
 * admin-guide/cgroup-v1/ and admin-guide/cgroup-v2.rst. Numbers are converted as runc does: times to nanoseconds,
 * v2's swap to v1's sum of memory and swap.
 */
#include <cgroup/stats.h>
#include <base/fd.h>
#include <base/mem.h>
#include <cgroup/dir.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>

enum { NSEC_OF_USEC = 1000, NSEC_OF_TICK = 10000000 }; /* USER_HZ is 100 wherever Linux runs */

#define CPU(member) offsetof(struct husk_cpu_stats, member)
#define CPUSET(member) offsetof(struct husk_cpuset_stats, member)
#define MEMORY(member) offsetof(struct husk_memory_stats, member)
#define PIDS(member) offsetof(struct husk_pids_stats, member)

/* clang-format off */
static const struct stats_row cpuacct_v1[] = {
	{"cpuacct.usage",	NULL,		CPU(total)},
	{"cpuacct.stat",	"user",		CPU(user),	NSEC_OF_TICK},
	{"cpuacct.stat",	"system",	CPU(kernel),	NSEC_OF_TICK},
	{},
};

static const struct stats_row cpu_v1[] = {
	{"cpu.stat",	"nr_periods",		CPU(periods)},
	{"cpu.stat",	"nr_throttled",		CPU(throttled_periods)},
	{"cpu.stat",	"throttled_time",	CPU(throttled_time)},
	{"cpu.stat",	"nr_bursts",		CPU(burst_periods)},
	{"cpu.stat",	"burst_time",		CPU(burst_time)},
	{},
};

/* In every cgroup2 directory, with or without the controller. */
static const struct stats_row cpuacct_v2[] = {
	{"cpu.stat",	"usage_usec",		CPU(total),		NSEC_OF_USEC},
	{"cpu.stat",	"user_usec",		CPU(user),		NSEC_OF_USEC},
	{"cpu.stat",	"system_usec",		CPU(kernel),		NSEC_OF_USEC},
	{},
};

static const struct stats_row cpu_v2[] = {
	{"cpu.stat",	"nr_periods",		CPU(periods)},
	{"cpu.stat",	"nr_throttled",		CPU(throttled_periods)},
	{"cpu.stat",	"throttled_usec",	CPU(throttled_time),	NSEC_OF_USEC},
	{"cpu.stat",	"nr_bursts",		CPU(burst_periods)},
	{"cpu.stat",	"burst_usec",		CPU(burst_time),	NSEC_OF_USEC},
	{},
};

static const struct stats_row cpuset_v1[] = {
	{"cpuset.cpu_exclusive",		NULL, CPUSET(cpu_exclusive)},
	{"cpuset.mem_exclusive",		NULL, CPUSET(mem_exclusive)},
	{"cpuset.mem_hardwall",			NULL, CPUSET(mem_hardwall)},
	{"cpuset.memory_migrate",		NULL, CPUSET(memory_migrate)},
	{"cpuset.memory_spread_page",		NULL, CPUSET(memory_spread_page)},
	{"cpuset.memory_spread_slab",		NULL, CPUSET(memory_spread_slab)},
	{"cpuset.memory_pressure",		NULL, CPUSET(memory_pressure)},
	{"cpuset.sched_load_balance",		NULL, CPUSET(sched_load_balance)},
	{},
};

static const struct stats_row memory_v1[] = {
	{"memory.usage_in_bytes",		NULL, MEMORY(usage.usage)},
	{"memory.max_usage_in_bytes",		NULL, MEMORY(usage.max_usage)},
	{"memory.failcnt",			NULL, MEMORY(usage.fail_count)},
	{"memory.limit_in_bytes",		NULL, MEMORY(usage.limit)},
	{"memory.memsw.usage_in_bytes",		NULL, MEMORY(swap.usage)},
	{"memory.memsw.max_usage_in_bytes",	NULL, MEMORY(swap.max_usage)},
	{"memory.memsw.failcnt",		NULL, MEMORY(swap.fail_count)},
	{"memory.memsw.limit_in_bytes",		NULL, MEMORY(swap.limit)},
	{"memory.kmem.usage_in_bytes",		NULL, MEMORY(kernel.usage)},
	{"memory.kmem.max_usage_in_bytes",	NULL, MEMORY(kernel.max_usage)},
	{"memory.kmem.failcnt",			NULL, MEMORY(kernel.fail_count)},
	{"memory.kmem.limit_in_bytes",		NULL, MEMORY(kernel.limit)},
	{"memory.kmem.tcp.usage_in_bytes",	NULL, MEMORY(kernel_tcp.usage)},
	{"memory.kmem.tcp.max_usage_in_bytes",	NULL, MEMORY(kernel_tcp.max_usage)},
	{"memory.kmem.tcp.failcnt",		NULL, MEMORY(kernel_tcp.fail_count)},
	{"memory.kmem.tcp.limit_in_bytes",	NULL, MEMORY(kernel_tcp.limit)},
	{"memory.use_hierarchy",		NULL, MEMORY(use_hierarchy)},
	{"memory.oom_control",			"oom_kill", MEMORY(events.oom_kill)},
	{},
};

static const struct stats_row memory_v2[] = {
	{"memory.current",	NULL,			MEMORY(usage.usage)},
	{"memory.peak",		NULL,			MEMORY(usage.max_usage)},
	{"memory.max",		NULL,			MEMORY(usage.limit)},
	{"memory.swap.current",	NULL,			MEMORY(swap_only.usage)},
	{"memory.swap.peak",	NULL,			MEMORY(swap_only.max_usage)},
	{"memory.swap.max",	NULL,			MEMORY(swap_only.limit)},
	{"memory.swap.events",	"fail",			MEMORY(swap_only.fail_count)},
	{"memory.zswap.current", NULL,			MEMORY(zswap.usage)},
	{"memory.zswap.max",	NULL,			MEMORY(zswap.limit)},
	{"memory.events",	"low",			MEMORY(events.low)},
	{"memory.events",	"high",			MEMORY(events.high)},
	{"memory.events",	"max",			MEMORY(events.max)},
	{"memory.events",	"oom",			MEMORY(events.oom)},
	{"memory.events",	"oom_kill",		MEMORY(events.oom_kill)},
	{"memory.events",	"oom_group_kill",	MEMORY(events.oom_group_kill)},
	{},
};

static const struct stats_row pids_both[] = {
	{"pids.current",	NULL,	PIDS(current)},
	{"pids.max",		NULL,	PIDS(limit)},
	{"pids.peak",		NULL,	PIDS(peak)},
	{"pids.events",		"max",	PIDS(max_events)},
	{},
};
/* clang-format on */

typedef int read_lists_fn(const struct stats_reader *r, void *group);

/* How to read a part in one directory. */
struct source {
	const struct stats_row *rows; /* may be NULL */
	read_lists_fn *lists; /* may be NULL */
};

/* Rows of the same part fill the same group. */
struct controller {
	unsigned int part;
	const char *name; /* of the v1 hierarchy */
	size_t group; /* offset of the pointer in struct husk_stats */
	size_t size; /* of the group */
	struct source v1, v2;
	const char *pressure_file; /* NULL: none */
	size_t pressure; /* offset in the group */
};

#define GROUP(member, type) offsetof(struct husk_stats, member), sizeof(struct type)
#define PRESSURE(file, type) .pressure_file = file, .pressure = offsetof(struct type, pressure)

/* clang-format off */
static const struct controller controllers[] = {
	{HUSK_STATS_CPU, "cpuacct", GROUP(cpu, husk_cpu_stats),
		.v1 = {cpuacct_v1, stats_cpu_lists}, .v2 = {cpuacct_v2, NULL}},
	{HUSK_STATS_CPU, "cpu", GROUP(cpu, husk_cpu_stats),
		.v1 = {cpu_v1, NULL}, .v2 = {cpu_v2, NULL},
		PRESSURE("cpu.pressure", husk_cpu_stats)},
	{HUSK_STATS_CPUSET, "cpuset", GROUP(cpuset, husk_cpuset_stats),
		.v1 = {cpuset_v1, stats_cpuset_lists_v1}, .v2 = {NULL, stats_cpuset_lists_v2}},
	{HUSK_STATS_MEMORY, "memory", GROUP(memory, husk_memory_stats),
		.v1 = {memory_v1, stats_memory_raw_v1}, .v2 = {memory_v2, stats_memory_raw_v2},
		PRESSURE("memory.pressure", husk_memory_stats)},
	{HUSK_STATS_NUMA, "memory", GROUP(memory, husk_memory_stats),
		.v1 = {NULL, stats_numa_v1}, .v2 = {NULL, stats_numa_v2}},
	{HUSK_STATS_PIDS, "pids", GROUP(pids, husk_pids_stats),
		.v1 = {pids_both, NULL}, .v2 = {pids_both, NULL}},
	{HUSK_STATS_IO, "blkio", GROUP(io, husk_io_stats),
		.v1 = {NULL, stats_io_v1}, .v2 = {NULL, stats_io_v2},
		PRESSURE("io.pressure", husk_io_stats)},
	{HUSK_STATS_HUGETLB, "hugetlb", GROUP(hugetlb, husk_hugetlb_stats),
		.v1 = {NULL, stats_hugetlb_v1}, .v2 = {NULL, stats_hugetlb_v2}},
	{HUSK_STATS_RDMA, "rdma", GROUP(rdma, husk_rdma_stats),
		.v1 = {NULL, stats_rdma}, .v2 = {NULL, stats_rdma}},
	{HUSK_STATS_MISC, "misc", GROUP(misc, husk_misc_stats),
		.v1 = {NULL, stats_misc}, .v2 = {NULL, stats_misc}},
};
/* clang-format on */

/* The directories of the container, opened when first asked for. */
struct dir_fd {
	bool tried;
	int fd;
};

struct opened {
	const struct cgroup_stats_context *context;
	struct dir_fd *dirs; /* as many as the context has */
};

static void opened_done(struct opened *o)
{
	for (size_t i = 0; o->dirs && i < o->context->dirs->n; i++)
		if (o->dirs[i].tried)
			fd_close(o->dirs[i].fd);
}

/* 1 when it is there, 0 when not. */
static int open_dir(struct opened *o, size_t i, int *ret_fd)
{
	const struct cgroup_stats_context *c = o->context;
	struct dir_fd *d = &o->dirs[i];

	if (!d->tried) {
		auto_free char *path = cgroup_dir_path(&c->dirs->v[i], NULL);

		if (!path)
			return -ENOMEM;
		d->fd = openat(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (d->fd < 0 && (errno == EMFILE || errno == ENFILE))
			return -errno;
		if (d->fd < 0 && errno != ENOENT)
			log_debug(c->log, "cannot open cgroup '%s': %s, ignoring", path,
				errno_text(errno));
		d->tried = true;
	}
	*ret_fd = d->fd;
	return d->fd >= 0;
}

/* The v1 directory of a controller (NULL: the cgroup2 directory): 1 when it is there. */
static int find_dir(struct opened *o, const char *controller, struct stats_reader *ret)
{
	const struct cgroup_dirs *dirs = o->context->dirs;

	for (size_t i = 0; i < dirs->n; i++) {
		const struct cgroup_dir *dir = &dirs->v[i];
		int r = 0;

		if (controller ? cgroup_dir_has(dir, controller) : dir->v2)
			r = open_dir(o, i, &ret->fd);
		if (r) {
			ret->context = o->context;
			ret->path = dir->path;
			return r;
		}
	}
	return 0;
}

static int read_source(const struct stats_reader *r, const struct source *s, void *group)
{
	int found = s->rows ? stats_read_rows(r, s->rows, group) : 0, more;

	if (found < 0 || !s->lists)
		return found;
	more = s->lists(r, group);
	return more < 0 ? more : found || more;
}

/* 1 when the container has something of it. */
static int read_controller(struct opened *o, const struct controller *c, void *group)
{
	struct stats_reader v1, v2;
	int has_v1 = find_dir(o, c->name, &v1), has_v2 = has_v1 < 0 ? 0 : find_dir(o, NULL, &v2);
	int found = 0, more = 0;

	if (has_v1 < 0 || has_v2 < 0)
		return has_v1 < 0 ? has_v1 : has_v2;
	if (has_v1)
		found = read_source(&v1, &c->v1, group);
	else if (has_v2)
		found = read_source(&v2, &c->v2, group);
	if (found >= 0 && has_v2 && c->pressure_file)
		more = stats_read_pressure(&v2, c->pressure_file,
			(struct husk_pressure *)((char *)group + c->pressure));
	return found < 0 ? found : more < 0 ? more : found || more;
}

/* Fills one group, which may have been begun by another row; what has nothing has no group. */
static int read_group(struct opened *o, const struct controller *c, struct husk_stats *stats)
{
	void **slot = (void **)((char *)stats + c->group), *group = *slot;
	int r;

	if (!group)
		group = arena_alloc(o->context->arena, c->size);
	if (!group)
		return -ENOMEM;
	memcpy(group, &c->size, sizeof c->size); /* each begins with its size */
	r = read_controller(o, c, group);
	if (r > 0)
		*slot = group;
	return r;
}

int cgroup_stats(const struct cgroup_stats_context *c, unsigned int parts, struct husk_stats *stats,
	struct husk_error **err)
{
	auto_(opened_done) struct opened opened = {
		.context = c,
		.dirs = arena_array(c->arena, c->dirs->n, sizeof *opened.dirs),
	};

	if (!opened.dirs)
		return fail_memory(err);
	for (size_t i = 0; i < ARRAY_LEN(controllers); i++) {
		int r = parts & controllers[i].part ? read_group(&opened, &controllers[i], stats)
						    : 0;

		if (r < 0)
			return fail_errno(
				err, r, "cannot read the statistics of '%s'", controllers[i].name);
	}
	return 0;
}
