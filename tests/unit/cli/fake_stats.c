// SPDX-License-Identifier: Apache-2.0
/* Statistics and events of the made-up libhusk, see fake_husk.c. */
#include "fake.h"

#include <base/error.h>
#include <base/fd.h>
#include <base/io.h>
#include <base/text.h>
#include <husk/husk.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct husk_events {
	int fds[2]; /* a pipe: a byte is the type of an event */
};

/* $FAKE_EVENTS is what happens, a digit for each event (enum husk_event_type), all at once. */
int husk_container_events(struct husk_container *container,
	const struct husk_events_options *options, struct husk_events **ret,
	struct husk_error **err)
{
	const char *types = getenv("FAKE_EVENTS");

	note("events id=%s triggers=%zu", container->id, options->trigger_count);
	for (size_t i = 0; i < options->trigger_count; i++)
		note("trigger %d %d %llu/%llu", options->triggers[i].resource,
			options->triggers[i].level,
			(unsigned long long)options->triggers[i].stall_us,
			(unsigned long long)options->triggers[i].window_us);
	*ret = calloc(1, sizeof **ret);
	if (pipe2((*ret)->fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return fail_errno(err, -errno, "cannot make a pipe");
	if (types && io_write_fd((*ret)->fds[1], types, strlen(types)) < 0)
		abort();
	return 0;
}

int husk_events_fd(const struct husk_events *events)
{
	return events->fds[0];
}

int husk_events_next(struct husk_events *events, struct husk_event *event, struct husk_error **err)
{
	char type;

	if (read(events->fds[0], &type, 1) != 1)
		return 0;
	if (type == '!')
		return fail(err, HUSK_ERROR_SYSTEM, "cannot look for events");
	event->type = (enum husk_event_type)(type - '0');
	event->trigger = 0;
	return 1;
}

void husk_events_free(struct husk_events *events)
{
	if (events) {
		fd_close(events->fds[0]);
		fd_close(events->fds[1]);
	}
	free(events);
}

/* Made-up numbers in every group; "stopped" has none. */
static const struct husk_cpu_stats fake_cpu = {
	.size = sizeof fake_cpu,
	.total = {1, 3000000000},
	.kernel = {1, 1000000000},
	.user = {1, 2000000000},
	.percpu_count = 2,
	.percpu = (const uint64_t[]){1000000000, 2000000000},
	.periods = {1, 10},
	.throttled_periods = {1, 0},
	.burst_periods = {1, 0},
	.pressure = {.some = {1, 150, 20, 3, 1234567}},
};
static const struct husk_memory_stats fake_memory = {
	.size = sizeof fake_memory,
	.usage = {.usage = {1, 3 << 20}, .limit = {1, HUSK_UNLIMITED}},
	.swap = {.limit = {1, 8 << 20}},
	.events = {.oom_kill = {1, 0}},
	.raw_count = 1,
	.raw = &(const struct husk_named_value){"inactive_file", 1 << 20},
};
static const struct husk_pids_stats fake_pids = {
	.size = sizeof fake_pids, .current = {1, 7}, .limit = {1, HUSK_UNLIMITED}};
static const struct husk_io_stats fake_io = {
	.size = sizeof fake_io,
	.service_bytes = {2,
		(const struct husk_io_entry[]){{8, 0, "Read", 1500}, {8, 0, "Write", 2500000}}},
	.cost_usage = {1, &(const struct husk_io_entry){8, 0, "", 17}},
};
static const struct husk_hugetlb_stats fake_hugetlb = {
	.size = sizeof fake_hugetlb,
	.count = 1,
	.entries = &(const struct husk_hugetlb_entry){"2MB", .usage = {.usage = {1, 2 << 20}}},
};
static const struct husk_rdma_stats fake_rdma = {
	.size = sizeof fake_rdma,
	.limit_count = 1,
	.limit = &(const struct husk_rdma_entry){"mlx4_0", {1, 2}, {1, HUSK_UNLIMITED}},
};
static const struct husk_misc_stats fake_misc = {
	.size = sizeof fake_misc,
	.count = 1,
	.entries =
		&(const struct husk_misc_entry){"res_a", {1, 3}, {}, {1, HUSK_UNLIMITED}, {1, 1}},
};
static const struct husk_network_stats fake_network = {
	.size = sizeof fake_network,
	.count = 3,
	.interfaces = (const struct husk_network_interface[]){{"lo", .rx_bytes = 1 << 20},
		{"e\"\033\377", .rx_bytes = 1000, .tx_bytes = 2000000}, {"n\302\233m"}},
};
static const struct husk_rdt_stats fake_rdt = {
	.size = sizeof fake_rdt,
	.l3_cbm_mask = "fff",
	.l3_num_closids = {1, 4},
	.domain_count = 1,
	.domains = &(const struct husk_rdt_domain){0, {1, 4096}, {1, 8192}, {1, 1024}},
};

int husk_container_stats(struct husk_container *container, unsigned int parts,
	struct husk_stats **ret, struct husk_error **err)
{
	static _Atomic uint64_t round;

	if (text_equal(container->id, "broken"))
		return fail(err, HUSK_ERROR_CORRUPT, "state is damaged");
	*ret = calloc(1, sizeof **ret);
	(*ret)->size = sizeof **ret;
	(*ret)->status = HUSK_STATUS_STOPPED;
	if (text_equal(container->id, "stopped"))
		return 0;
	(*ret)->status = HUSK_STATUS_RUNNING;
	(*ret)->pid = 4711;
	(*ret)->time = ++round * 1000000000;
	(*ret)->age = (struct husk_value){1, 6000000000};
	(*ret)->cpu = &fake_cpu;
	(*ret)->memory = &fake_memory;
	(*ret)->pids = &fake_pids;
	(*ret)->io = &fake_io;
	if (parts == HUSK_STATS_ALL) {
		(*ret)->hugetlb = &fake_hugetlb;
		(*ret)->rdma = &fake_rdma;
		(*ret)->misc = &fake_misc;
		(*ret)->rdt = &fake_rdt;
	}
	(*ret)->network = &fake_network;
	return 0;
}

void husk_stats_free(struct husk_stats *stats)
{
	free(stats);
}
