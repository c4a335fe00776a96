// SPDX-License-Identifier: Apache-2.0
/* <husk/stats.h>: joins what cgroups, network namespace and resctrl say. One arena holds all of it. */
#include <core/container.h>
#include <cgroup/stats.h>
#include <core/factory.h>
#include <kern/pid.h>
#include <net/counters.h>
#include <base/mem.h>

#include <errno.h>
#include <stdlib.h>
#include <time.h>

enum { NSEC = 1000000000, NSEC_OF_TICK = NSEC / 100 };

struct public_stats {
	struct husk_stats stats; /* first: this is what the caller has in hand */
	struct arena arena;
};

void husk_stats_free(struct husk_stats *stats)
{
	struct public_stats *p = (struct public_stats *)stats;

	if (!p)
		return;
	arena_done(&p->arena);
	free(p);
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * NSEC + (uint64_t)t.tv_nsec;
}

static void set_process(struct husk_stats *stats, const struct container_now *now)
{
	uint64_t boot = now_ns(CLOCK_BOOTTIME);
	uint64_t start = opt_u64_or(now->state.process.start_time, 0) * NSEC_OF_TICK;

	stats->size = sizeof *stats;
	stats->status = now->status;
	stats->time = now_ns(CLOCK_MONOTONIC);
	if (now->pidfd < 0)
		return;
	stats->pid = (pid_t)now->state.process.pid.value;
	if (boot >= start)
		stats->age = (struct husk_value){1, boot - start};
}

static int add_network(
	struct public_stats *p, const struct container_now *now, struct husk_error **err)
{
	struct husk_network_stats *group = arena_alloc(&p->arena, sizeof *group);
	int r = group ? net_counters(p->stats.pid, &p->arena, group) : -ENOMEM;

	if (r < 0)
		return fail_errno(err, r, "cannot read the network counters of process %d",
			(int)p->stats.pid);
	/* it lives: so the pid was its own all the while */
	if (r > 0 && pid_wait(now->pidfd, 0) == 0) {
		group->size = sizeof *group;
		p->stats.network = group;
	}
	return 0;
}

static int add_rdt(struct public_stats *p, const struct rdt *rdt, struct husk_error **err)
{
	struct husk_rdt_stats *group = arena_alloc(&p->arena, sizeof *group);
	int r = group ? rdt_stats(rdt, &p->arena, group) : -ENOMEM;

	if (r < 0)
		return fail_errno(err, r, "cannot read the resctrl group '%s'", rdt->group);
	group->size = sizeof *group;
	p->stats.rdt = group;
	return 0;
}

static int add_cgroups(const struct husk_container *c, const struct container_now *now,
	unsigned int parts, struct public_stats *p, struct husk_error **err)
{
	auto_cgroups g = {};
	int r = container_cgroups(c, &now->state, &g, err);

	if (r < 0)
		return r;
	return cgroup_stats(
		&(struct cgroup_stats_context){
			.dirs = &g.dirs,
			.log = &c->factory->log,
			.arena = &p->arena,
			.hugepages = "/sys/kernel/mm/hugepages",
		},
		parts, &p->stats, err);
}

int husk_container_stats(struct husk_container *c, unsigned int parts, struct husk_stats **ret,
	struct husk_error **err)
{
	struct public_stats *p;
	auto_now now = {};
	int r;

	if (parts & ~(unsigned int)HUSK_STATS_ALL)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT, "0x%x are not parts of statistics",
			parts);
	r = container_look(c, &now, err);
	if (r < 0)
		return r;
	p = calloc(1, sizeof *p);
	if (!p)
		return fail_memory(err);
	set_process(&p->stats, &now);
	r = add_cgroups(c, &now, parts, p, err);
	if (!r && parts & HUSK_STATS_NETWORK && p->stats.pid)
		r = add_network(p, &now, err);
	if (!r && parts & HUSK_STATS_RDT && now.state.rdt)
		r = add_rdt(p, now.state.rdt, err);
	if (r < 0)
		husk_stats_free(&p->stats);
	else
		*ret = &p->stats;
	return r;
}
