// SPDX-License-Identifier: Apache-2.0
/* Files of statistics: the first byte says which one of v1 and v2 has the rest as its text. */
#include <base/io.h>
#include <cgroup/stats.h>
#include <net/counters.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const files[] = {"cpuacct.usage", "cpuacct.usage_percpu", "cpuacct.usage_all",
	"cpu.stat", "cpu.pressure", "cpuset.cpus", "cpuset.cpus.effective",
	"cpuset.sched_relax_domain_level", "memory.stat", "memory.numa_stat", "memory.events",
	"blkio.throttle.io_service_bytes_recursive", "io.stat", "hugetlb.2MB.events",
	"rdma.current", "misc.current", "misc.events"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char root[] = "/dev/shm/husk-fuzz-XXXXXX";
	struct cgroup_dir dir = {.mount_point = root, .path = (char[]){"/"}};
	struct cgroup_dirs dirs = {1, &dir};
	struct husk_network_stats network = {};
	struct husk_stats stats = {};
	const struct log log = {};
	struct arena arena = {};
	struct cgroup_stats_context c = {&dirs, &log, &arena, root};
	char path[128], text[4096];

	if (size < 1 || size > sizeof text || (root[20] == 'X' && !mkdtemp(root)))
		return 0;
	(void)snprintf(path, sizeof path, "%s/hugepages-2048kB", root);
	(void)mkdir(path, 0755);
	(void)snprintf(path, sizeof path, "%s/%s", root, files[data[0] / 2 % ARRAY_LEN(files)]);
	dir.v2 = data[0] & 1;
	dir.controllers = (char[]){""};
	if (!dir.v2)
		dir.controllers = (char[]){"cpu,cpuacct,cpuset,memory,blkio,hugetlb,rdma,misc"};
	if (!io_replace_at(AT_FDCWD, path, data + 1, size - 1, 0600))
		(void)cgroup_stats(
			&c, HUSK_STATS_ALL, &stats, NULL); /* only memory could be short */
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	ignored(net_counters_parse(text, &arena, &network) > 0);
	arena_done(&arena);
	(void)remove(path);
	return 0;
}
