// SPDX-License-Identifier: Apache-2.0
/*
 * husk update: new limits for a container that runs. Options name properties of `linux.resources`; the word "unset"
 * takes one back to the kernel's default. They are laid over what -r says.
 */
#include <cli/commands.h>
#include <base/error.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/parse.h>
#include <base/str.h>
#include <base/text.h>

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { RESOURCES_MAX = 8 << 20 };

struct update {
	const char *resources, *blkio_weight, *cpu_burst, *cpu_idle, *cpu_period, *cpu_quota,
		*cpu_rt_period, *cpu_rt_runtime, *cpu_share, *cpuset_cpus, *cpuset_mems,
		*kernel_memory, *kernel_memory_tcp, *memory, *memory_reservation, *memory_swap,
		*memory_swappiness, *pids_limit, *l3_cache_schema, *mem_bw_schema;
	struct args devices, unified;
};

/* clang-format off */
static const struct opt_row rows[] = {
	STRING(struct update, resources, "resources", 'r', "FILE",
		"take the resources from FILE (JSON, as in config.json); '-' is standard input"),
	STRING(struct update, blkio_weight, "blkio-weight", 0, "WEIGHT", "block I/O weight, 10 to 1000"),
	STRING(struct update, cpu_burst, "cpu-burst", 0, "USEC", "CPU time that may be used above the quota"),
	STRING(struct update, cpu_idle, "cpu-idle", 0, "0|1", "run only when nobody else wants the CPU"),
	STRING(struct update, cpu_period, "cpu-period", 0, "USEC", "period of the CPU quota"),
	STRING(struct update, cpu_quota, "cpu-quota", 0, "USEC", "CPU time in each period; -1: no limit"),
	STRING(struct update, cpu_rt_period, "cpu-rt-period", 0, "USEC", "period of the realtime quota"),
	STRING(struct update, cpu_rt_runtime, "cpu-rt-runtime", 0, "USEC", "realtime CPU time in each period"),
	STRING(struct update, cpu_share, "cpu-share", 0, "SHARES", "relative CPU weight, 2 to 262144"),
	STRING(struct update, cpuset_cpus, "cpuset-cpus", 0, "LIST", "CPUs to use, like 0-3,7"),
	STRING(struct update, cpuset_mems, "cpuset-mems", 0, "LIST", "memory nodes to use"),
	STRING(struct update, kernel_memory, "kernel-memory", 0, "BYTES", "kernel memory (cgroup v1)", .hidden = true),
	STRING(struct update, kernel_memory_tcp, "kernel-memory-tcp", 0, "BYTES",
		"kernel memory for TCP buffers (cgroup v1)", .hidden = true),
	STRING(struct update, memory, "memory", 0, "BYTES", "memory limit, also as 512m; -1: no limit"),
	STRING(struct update, memory_reservation, "memory-reservation", 0, "BYTES", "memory that is spared when memory is short"),
	STRING(struct update, memory_swap, "memory-swap", 0, "BYTES", "limit of memory and swap together; -1: no limit"),
	STRING(struct update, memory_swappiness, "memory-swappiness", 0, "0-100", "how readily to swap (cgroup v1)"),
	STRING(struct update, pids_limit, "pids-limit", 0, "N", "how many processes and threads; -1: no limit"),
	STRINGS(struct update, devices, "device", 0, "RULE",
		"add a device rule: [allow|deny] TYPE MAJOR:MINOR ACCESS, like 'allow c 10:200 rwm'"),
	STRINGS(struct update, unified, "unified", 0, "FILE=VALUE", "write VALUE to FILE of cgroup v2"),
	STRING(struct update, l3_cache_schema, "l3-cache-schema", 0, "LINE", "share of the L3 cache (Intel RDT)"),
	STRING(struct update, mem_bw_schema, "mem-bw-schema", 0, "LINE", "share of the memory bandwidth (Intel RDT)"),
	{},
};

enum value_kind { AS_IT_IS, SIZE };

static const struct {
	const char *option;
	size_t offset;
	const char *pointer;
	enum value_kind kind;
} settings[] = {
#define TO(member, option, pointer, kind) {option, offsetof(struct update, member), pointer, kind}
	TO(blkio_weight, "blkio-weight", "/blockIO/weight", AS_IT_IS),
	TO(cpu_burst, "cpu-burst", "/cpu/burst", AS_IT_IS),
	TO(cpu_idle, "cpu-idle", "/cpu/idle", AS_IT_IS),
	TO(cpu_period, "cpu-period", "/cpu/period", AS_IT_IS),
	TO(cpu_quota, "cpu-quota", "/cpu/quota", AS_IT_IS),
	TO(cpu_rt_period, "cpu-rt-period", "/cpu/realtimePeriod", AS_IT_IS),
	TO(cpu_rt_runtime, "cpu-rt-runtime", "/cpu/realtimeRuntime", AS_IT_IS),
	TO(cpu_share, "cpu-share", "/cpu/shares", AS_IT_IS),
	TO(cpuset_cpus, "cpuset-cpus", "/cpu/cpus", AS_IT_IS),
	TO(cpuset_mems, "cpuset-mems", "/cpu/mems", AS_IT_IS),
	TO(kernel_memory, "kernel-memory", "/memory/kernel", SIZE),
	TO(kernel_memory_tcp, "kernel-memory-tcp", "/memory/kernelTCP", SIZE),
	TO(memory, "memory", "/memory/limit", SIZE),
	TO(memory_reservation, "memory-reservation", "/memory/reservation", SIZE),
	TO(memory_swap, "memory-swap", "/memory/swap", SIZE),
	TO(memory_swappiness, "memory-swappiness", "/memory/swappiness", AS_IT_IS),
	TO(pids_limit, "pids-limit", "/pids/limit", AS_IT_IS),
};
/* clang-format on */

static int add(struct strv *list, char *text, struct husk_error **err)
{
	return strv_take(list, text) < 0 ? fail_memory(err) : 0;
}

static int add_setting(struct strv *list, const char *option, const char *pointer,
	enum value_kind kind, const char *value, struct husk_error **err)
{
	uint64_t bytes;

	if (text_equal(value, "unset"))
		return add(list, strdup(pointer), err);
	if (kind == AS_IT_IS || text_equal(value, "-1"))
		return add(list, str_printf("%s=%s", pointer, value), err);
	if (parse_size(value, &bytes) < 0)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
			"invalid value '%s' for --%s: must be a size like 512m, -1 or unset", value,
			option);
	return add(list, str_printf("%s=%" PRIu64, pointer, bytes), err);
}

static int add_unified(struct strv *list, const char *text, struct husk_error **err)
{
	const char *equals = strchr(text, '=');
	auto_strbuf pointer = {};
	auto_free char *file = equals ? strndup(text, (size_t)(equals - text)) : NULL;

	if (!equals || equals == text)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
			"invalid value '%s' for --unified: must be FILE=VALUE", text);
	if (!file)
		return fail_memory(err);
	strbuf_add(&pointer, "/unified/");
	strbuf_add_pointer_part(&pointer, file);
	if (!text_equal(equals + 1, "unset"))
		strbuf_printf(&pointer, "=%s", equals + 1);
	return add(list, strbuf_take(&pointer), err);
}

/* With a NULL behind the last. */
static int end_list(struct strv *list, struct husk_error **err)
{
	char **v = array_grow(list->v, list->n, sizeof *v);

	if (!v)
		return fail_memory(err);
	list->v = v;
	return 0;
}

static int read_settings(const struct update *o, struct strv *list, struct husk_error **err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_LEN(settings); i++) {
		const char *value = *(const char *const *)((const char *)o + settings[i].offset);

		if (value)
			r = add_setting(list, settings[i].option, settings[i].pointer,
				settings[i].kind, value, err);
	}
	for (size_t i = 0; r >= 0 && i < o->unified.n; i++)
		r = add_unified(list, o->unified.v[i], err);
	return r < 0 ? r : end_list(list, err);
}

static int read_resources(const char *file, char **ret, struct husk_error **err)
{
	int r = text_equal(file, "-") ? io_read_fd(STDIN_FILENO, RESOURCES_MAX, ret, NULL)
				      : io_read_at(AT_FDCWD, file, RESOURCES_MAX, ret, NULL);

	return r < 0 ? fail_errno(err, r, "cannot read resources '%s'", file) : 0;
}

static int run(
	struct cli *cli, const void *options, const struct args *args, struct husk_error **err)
{
	const struct update *o = options;
	auto_container *container = NULL;
	auto_(strv_done) struct strv list = {};
	auto_free char *json = NULL;
	int r = o->resources ? read_resources(o->resources, &json, err) : 0;

	if (r == 0)
		r = read_settings(o, &list, err);
	if (r == 0)
		r = cli_container(cli, args->v[0], &container, err);
	if (r < 0)
		return r;
	return husk_container_update(container,
		&(struct husk_update_options){.size = sizeof(struct husk_update_options),
			.resources_json = json,
			.settings = (const char *const *)list.v,
			.devices = o->devices.v,
			.l3_cache_schema = o->l3_cache_schema,
			.mem_bw_schema = o->mem_bw_schema},
		err);
}

const struct command cmd_update = {
	.name = "update",
	.arguments = "ID",
	.summary = "change the limits of a container",
	.options = rows,
	.size = sizeof(struct update),
	.least = 1,
	.most = 1,
	.run = run,
};
