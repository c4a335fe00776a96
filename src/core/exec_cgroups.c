// SPDX-License-Identifier: Apache-2.0
/*
 * `exec --cgroup`: the process goes into a cgroup below the container's own. The path is cleaned as rooted there, so
 * ".." cannot reach a sibling, whatever its name begins with.
 */
#include <core/exec.h>
#include <base/mem.h>
#include <base/path.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Is the word in the comma-separated list? */
static bool list_has(const char *list, const char *word, size_t n)
{
	for (const char *p = list; *p;) {
		size_t m = strcspn(p, ",");

		if (m == n && !strncmp(p, word, n))
			return true;
		p += m + (p[m] == ',');
	}
	return false;
}

/* Does one of the controllers before the colon live in this hierarchy? Without a colon all do. */
static bool wanted(const struct cgroup_dir *d, const char *spec, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t m = strcspn(spec + i, ",:");

		if (list_has(d->controllers, spec + i, m))
			return true;
		i += m + 1;
	}
	return !n;
}

static int move_one(struct cgroup_dirs *dirs, const char *spec, struct husk_error **err)
{
	const char *colon = strchr(spec, ':'), *path = colon ? colon + 1 : spec;
	auto_free char *below = path_clean(path);
	bool found = false;

	if (!below)
		return fail_memory(err);
	if (strstr(path, ".."))
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
			"invalid sub-cgroup path '%s': must not contain '..'", path);
	for (size_t i = 0; i < dirs->n; i++) {
		struct cgroup_dir *d = &dirs->v[i];
		char *joined;

		if (!wanted(d, spec, colon ? (size_t)(colon - spec) : 0))
			continue;
		joined = path_join(d->path, below);
		if (!joined)
			return fail_memory(err);
		free(d->path);
		d->path = joined;
		found = true;
	}
	if (!found)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
			"no cgroup hierarchy has a controller of '%.*s'", (int)(colon - spec),
			spec);
	return 0;
}

int exec_cgroups(struct cgroup_dirs *dirs, const char *const *paths, struct husk_error **err)
{
	int r = 0;

	for (; paths && !r && *paths; paths++)
		r = move_one(dirs, *paths, err);
	return r;
}
