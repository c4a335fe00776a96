// SPDX-License-Identifier: Apache-2.0
/*
 * Carries out what knobs.c compiled: writes files. Where old values are to be kept (update) each file is read before,
 * left alone when it has the value already, and put back by cgroup_restore(). Files that only fit together (a quota
 * and its period, memory and memory with swap) are tried until all are in: which order the kernel takes depends on
 * what they have now.
 */
#include <cgroup/apply.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/str.h>
#include <base/text.h>
#include <cgroup/dir.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { FILE_LIMIT = 1 << 20 };

void cgroup_old_done(struct cgroup_old *old)
{
	list_for_each (o, old) {
		free(o->path);
		free(o->value);
	}
	free(old->v);
	*old = (struct cgroup_old){};
}

/* The line of a keyed file that begins with the first word of `value`, NULL when there is none. */
static const char *find_line(const char *text, const char *value)
{
	size_t n = strcspn(value, " ");

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, value, n) && (line[n] == ' ' || line[n] == '\t'))
			return line;
	}
	return NULL;
}

/* The line of now for the key in `value`; what is written without a key is the default's (io.weight). */
static char *key_back(const struct cgroup_write *w, const char *value, const char *now)
{
	size_t n = strcspn(value, " ");
	auto_free char *key = value[n] ? strndup(value, n) : strdup("default");
	const char *line = key ? find_line(now, key) : NULL;

	if (!key)
		return NULL;
	return line ? strndup(line, strcspn(line, "\n")) : str_printf("%s %s", key, w->reset);
}

/* What to write to have again what the file says now. NULL: out of memory. */
static char *way_back(const struct cgroup_write *w, const char *value, const char *now)
{
	const char *line;

	if (w->flags & CGROUP_WRITE_KEYED)
		return key_back(w, value, now);
	/* io.weight goes on with devices, which have orders of their own */
	if (text_after(now, "default "))
		return strndup(now, strcspn(now, "\n"));
	/* memory.oom_control says more than it takes */
	line = text_after(now, "oom_kill_disable ");
	if (line)
		return strndup(line, 1);
	return strdup(*now ? now : "\n");
}

static bool has_value(const struct cgroup_write *w, const char *value, const char *now)
{
	size_t n = strlen(now);

	if (w->flags & CGROUP_WRITE_KEYED)
		return false;
	while (n && now[n - 1] == '\n')
		n--;
	return strlen(value) == n && !strncmp(value, now, n);
}

/* Reads what is there: 1 when it is the value already, else 0. *ret is the way back, NULL after an error. */
static int read_old(const struct cgroup_write *w, const char *path, const char *value, char **ret)
{
	auto_free char *now = NULL;
	int r = io_read_at(AT_FDCWD, path, FILE_LIMIT, &now, NULL);

	*ret = r < 0 ? NULL : way_back(w, value, now);
	if (!*ret)
		return r < 0 ? r : -ENOMEM;
	return has_value(w, value, now);
}

static int remember(struct cgroup_old *old, const char *path, char **value, unsigned int flags)
{
	auto_free char *copy = *value ? strdup(path) : NULL;
	struct cgroup_old_value *o = copy ? list_add(old) : NULL;

	if (!*value)
		return 0; /* a file that only takes: nothing to put back */
	if (!o)
		return -ENOMEM;
	*o = (struct cgroup_old_value){.path = TAKE_PTR(copy),
		.value = TAKE_PTR(*value),
		.lines = (flags & CGROUP_WRITE_LINES) && !(flags & CGROUP_WRITE_KEYED)};
	return 0;
}

/* What is in force one directory up; on v1 the file itself says that. */
static int read_above(const struct cgroup_write *w, const char *file, char **ret)
{
	auto_free char *name = str_printf("../%s%s", file, w->dir->v2 ? ".effective" : ""),
		       *path = NULL;
	size_t n = 0;
	int r;

	path = name ? cgroup_dir_path(w->dir, name) : NULL;
	r = path ? io_read_at(AT_FDCWD, path, FILE_LIMIT, ret, &n) : -ENOMEM;
	if (!r)
		(*ret)[strcspn(*ret, "\n")] = '\0';
	return r;
}

static int write_value(
	const struct cgroup_write *w, const char *path, const char *value, struct cgroup_old *old)
{
	auto_free char *before = NULL;
	int r = old ? read_old(w, path, value, &before) : 0;

	if (old && old->only_look)
		return before ? remember(old, path, &before, w->flags) : r;
	if (r > 0 || r == -ENOMEM)
		return MIN(r, 0);
	r = io_write_at(AT_FDCWD, path, value);
	return r >= 0 && old ? remember(old, path, &before, w->flags) : r;
}

/* Each has a way back of its own: those before one that is refused are in. */
static int write_lines(
	const struct cgroup_write *w, const char *path, const char *value, struct cgroup_old *old)
{
	int r = 0;

	for (const char *p = value; r >= 0 && *p;) {
		size_t n = strcspn(p, "\n");
		auto_free char *line = strndup(p, n);

		r = !line ? -ENOMEM : n ? write_value(w, path, line, old) : 0;
		p += n + (p[n] == '\n');
	}
	return r;
}

static int write_file(
	const struct cgroup_write *w, const char *file, const char *value, struct cgroup_old *old)
{
	auto_free char *path = cgroup_dir_path(w->dir, file), *above = NULL;
	int r = path ? 0 : -ENOMEM;

	if (!r && w->flags & CGROUP_WRITE_INHERIT) {
		r = read_above(w, file, &above);
		value = above;
	}
	if (r < 0)
		return r;
	return w->flags & CGROUP_WRITE_LINES ? write_lines(w, path, value, old)
					     : write_value(w, path, value, old);
}

static int write_one(const struct cgroup_write *w, struct cgroup_old *old)
{
	int r = write_file(w, w->file, w->value, old);

	if (r == -ENOENT && w->other_file)
		r = write_file(w, w->other_file, w->other_value, old);
	return r;
}

int cgroup_remember(const struct cgroup_orders *orders, struct cgroup_old *old)
{
	int r = 0;

	old->only_look = true;
	for (size_t i = 0; r != -ENOMEM && i < orders->writes.n; i++)
		r = write_one(&orders->writes.v[i], old);
	old->only_look = false;
	return r == -ENOMEM ? r : 0; /* what cannot be read cannot be written either */
}

/* 0 when it is done or may be left out. */
static int settle(const struct cgroup_context *c, const struct cgroup_write *w, int r,
	struct husk_error **err)
{
	if (r >= 0 || (r == -ENOENT && w->flags & CGROUP_WRITE_OPTIONAL))
		return 0;
	if (w->flags & CGROUP_WRITE_DEPRECATED && r != -ENOMEM) {
		log_warning(c->log, "%s: cannot write '%s': %s, ignoring", w->at, w->file,
			errno_text(-r));
		return 0;
	}
	return cgroup_fail_write(w, r, err);
}

/* Some of the n writes may be refused as long as others are not done. */
static int write_group(const struct cgroup_context *c, const struct cgroup_write *v, size_t n,
	struct cgroup_old *old, struct husk_error **err)
{
	uint64_t waiting = (UINT64_C(1) << n) - 1, before;
	int refused = 0, r;
	size_t which = 0;

	do {
		before = waiting;
		for (size_t i = 0; i < n; i++) {
			if (!(waiting >> i & 1))
				continue;
			r = write_one(&v[i], old);
			if (r == -EINVAL) {
				refused = r;
				which = i;
				continue;
			}
			r = settle(c, &v[i], r, err);
			if (r < 0)
				return r;
			waiting &= ~(UINT64_C(1) << i);
		}
	} while (waiting && waiting != before);
	return waiting ? settle(c, &v[which], refused, err) : 0;
}

int cgroup_apply(const struct cgroup_context *c, const struct cgroup_orders *orders,
	struct cgroup_old *old, struct husk_error **err)
{
	const struct cgroup_write *v = orders->writes.v;
	size_t i = 0, n = orders->writes.n;

	while (i < n) {
		size_t end = i + 1;
		int r;

		while (end < n && v[i].group && v[end].group == v[i].group &&
			v[end].dir == v[i].dir)
			end++;
		r = write_group(c, v + i, end - i, old, err);
		if (r < 0)
			return r;
		i = end;
	}
	return 0;
}

/* A file of lines that we know no keys of: all that it said. */
static int put_lines(const struct cgroup_old_value *o)
{
	int r = 0;

	for (const char *p = o->value; *p;) {
		size_t n = strcspn(p, "\n");
		auto_free char *line = strndup(p, n);
		int one = line ? io_write_at(AT_FDCWD, o->path, n ? line : "\n") : -ENOMEM;

		r = r < 0 ? r : one;
		p += n + (p[n] == '\n');
	}
	return r;
}

/* Backwards, and again as long as that helps: the same files that fit only together. */
void cgroup_restore(const struct cgroup_context *c, struct cgroup_old *old)
{
	size_t left = old->n, before;
	bool last_try = false;
	int r = 0;

	if (!left)
		return;
	do {
		before = left;
		for (size_t i = old->n; i; i--) {
			struct cgroup_old_value *o = &old->v[i - 1];

			if (!o->path)
				continue;
			r = o->lines ? put_lines(o) : io_write_at(AT_FDCWD, o->path, o->value);
			if (r == -EINVAL && !last_try)
				continue;
			if (r < 0)
				log_warning(c->log, "cannot put '%s' back into '%s': %s, ignoring",
					o->value, o->path, errno_text(-r));
			free(TAKE_PTR(o->path));
			left--;
		}
		last_try = left == before;
	} while (left);
}
