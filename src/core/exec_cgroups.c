// SPDX-License-Identifier: Apache-2.0
/*
 * `exec --cgroup`: the process goes into a cgroup below the container's own. Either one path, for all hierarchies, or
 * "CONTROLLER[,CONTROLLER]:PATH" for those of cgroup v1, each controller once. The path is cleaned as rooted in the
 * container's cgroup, so it cannot reach a sibling, whatever its name begins with; that it tries is an error.
 */
#include <core/exec.h>
#include <base/mem.h>
#include <base/path.h>
#include <base/text.h>

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

static bool leads_up(const char *path)
{
	while (*path) {
		size_t n = strcspn(path, "/");

		if (n == 2 && !strncmp(path, "..", 2))
			return true;
		path += n + (path[n] == '/');
	}
	return false;
}

/* What has been asked for so far: where each directory goes, below its own place; NULL: it stays. */
struct moves {
	struct cgroup_dirs *dirs;
	char **to; /* owned */
};

static void moves_done(struct moves *m)
{
	for (size_t i = 0; m->to && i < m->dirs->n; i++)
		free(m->to[i]);
	free(m->to);
}

static int set(
	struct moves *m, size_t i, const char *spec, const char *below, struct husk_error **err)
{
	if (m->to[i] && !text_equal(m->to[i], below))
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
			"invalid --cgroup argument '%s': its hierarchy has another path already",
			spec);
	if (!m->to[i])
		m->to[i] = strdup(below);
	return m->to[i] ? 0 : fail_memory(err);
}

/* One controller of "a,b:path". */
static int set_controller(struct moves *m, const char *spec, size_t n, const char *argument,
	const char *below, struct husk_error **err)
{
	for (size_t i = 0; n && i < m->dirs->n; i++)
		if (list_has(m->dirs->v[i].controllers, spec, n))
			return set(m, i, argument, below, err);
	return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
		"invalid --cgroup argument '%s': no cgroup hierarchy has a controller '%.*s'",
		argument, (int)n, spec);
}

static int read_one(struct moves *m, const char *argument, struct husk_error **err)
{
	const char *colon = strchr(argument, ':'), *path = colon ? colon + 1 : argument;
	auto_free char *below = path_clean(path);
	int r = 0;

	if (!below)
		return fail_memory(err);
	if (strchr(path, ':'))
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
			"invalid --cgroup argument '%s': more than one ':'", argument);
	if (leads_up(path))
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
			"invalid sub-cgroup path '%s': must not contain '..'", path);
	for (size_t i = 0; !colon && !r && i < m->dirs->n; i++)
		r = set(m, i, argument, below, err);
	for (const char *c = argument; colon && !r && c <= colon;) {
		size_t n = strcspn(c, ",:");

		r = set_controller(m, c, n, argument, below, err);
		c += n + 1;
	}
	return r;
}

static int apply(struct moves *m, struct husk_error **err)
{
	for (size_t i = 0; i < m->dirs->n; i++) {
		struct cgroup_dir *d = &m->dirs->v[i];
		char *joined = m->to[i] ? path_join(d->path, m->to[i]) : NULL;

		if (!m->to[i])
			continue;
		if (!joined)
			return fail_memory(err);
		free(d->path);
		d->path = joined;
	}
	return 0;
}

int exec_cgroups(struct cgroup_dirs *dirs, const char *const *paths, struct husk_error **err)
{
	auto_(moves_done) struct moves m = {dirs, calloc(dirs->n + 1, sizeof *m.to)};
	int r = 0;

	if (!m.to)
		return fail_memory(err);
	for (size_t i = 0; paths && !r && paths[i]; i++)
		r = read_one(&m, paths[i], err);
	return r < 0 ? r : apply(&m, err);
}
