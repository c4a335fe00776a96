// SPDX-License-Identifier: Apache-2.0
/*
 * resources.memory.checkBeforeUpdate: cgroup2 takes a memory.max below what is in use, and then kills. With this it is
 * refused beforehand. Best effort, as the specification has it: what is in use may grow meanwhile.
 */
#include <cgroup/apply.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/parse.h>
#include <cgroup/dir.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

enum { NUMBER_LIMIT = 64 };

/* What is in use; 0 when that is not known. */
static uint64_t read_usage(const struct cgroup_dir *dir, const char *file)
{
	auto_free char *path = cgroup_dir_path(dir, file), *text = NULL;
	uint64_t value;

	if (!path || io_read_at(AT_FDCWD, path, NUMBER_LIMIT, &text, NULL) < 0)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	return parse_u64(text, 10, &value) < 0 ? 0 : value;
}

static int check(const struct cgroup_dir *dir, const char *file, int64_t limit, const char *at,
	struct husk_error **err)
{
	uint64_t usage = limit > 0 ? read_usage(dir, file) : 0;

	if (!usage || usage < (uint64_t)limit)
		return 0;
	return fail_full(err, HUSK_ERROR_SYSTEM, EBUSY, at,
		"%s: rejecting %" PRId64 ": the container uses %" PRIu64
		" bytes, and memory.checkBeforeUpdate is set",
		at, limit, usage);
}

int cgroup_check_memory(const struct cgroup_context *c, const struct oci_resources *all,
	const struct oci_resources *asked, struct husk_error **err)
{
	const struct oci_memory *m = all->memory;
	int r = 0;

	if (!m || !asked->memory || !opt_true(m->check_before_update))
		return 0;
	for (size_t i = 0; !r && i < c->dirs->n; i++) {
		const struct cgroup_dir *dir = &c->dirs->v[i];
		int64_t limit = opt_i64_or(m->limit, 0), swap = opt_i64_or(m->swap, 0);

		if (!dir->v2)
			continue; /* v1 refuses by itself */
		r = check(dir, "memory.current", limit, "/linux/resources/memory/limit", err);
		if (!r && limit > 0 && swap > limit)
			r = check(dir, "memory.swap.current", swap - limit,
				"/linux/resources/memory/swap", err);
	}
	return r;
}
