// SPDX-License-Identifier: Apache-2.0
/*
 * Finds the cgroup hierarchies. /proc/self/cgroup lists them all, one line "ID:CONTROLLERS:PATH" each ("0::PATH" is
 * cgroup2); where they are mounted is guessed by custom and verified, and only what was not found that way is looked
 * up in /proc/self/mountinfo: another mount point, or (a container without a cgroup namespace) a mount that shows
 * only a part of the hierarchy, so that PATH does not lead there. What is mounted nowhere is left out.
 */
#include <kern/cgroupfs.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/path.h>
#include <base/str.h>
#include <base/text.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/statfs.h>
#include <unistd.h>

#define CGROUP_ROOT "/sys/fs/cgroup"

enum { PROC_FILE_LIMIT = 16 << 20 };

/* One line of /proc/self/cgroup while its mount is being looked for. */
struct candidate {
	const char *controllers, *path;
	bool v2;
	const char *mountinfo; /* text, or NULL as long as nobody needed it */
};

static void hierarchy_done(struct cgroup_hierarchy *h)
{
	free(h->controllers);
	free(h->mount_point);
	free(h->own_path);
}

void cgroup_layout_done(struct cgroup_layout *layout)
{
	list_for_each (h, &layout->hierarchies)
		hierarchy_done(h);
	free(layout->hierarchies.v);
	*layout = (struct cgroup_layout){};
}

static bool is_mount_of(const char *path, bool v2)
{
	struct statfs fs;

	if (statfs(path, &fs) < 0)
		return false;
	return (unsigned long)fs.f_type == (v2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC);
}

/* Adds the hierarchy; takes mount_point and own_path over, NULL is out of memory. */
static int add_hierarchy(
	struct cgroup_layout *layout, const struct candidate *c, char *mount_point, char *own_path)
{
	struct cgroup_hierarchy h = {
		.controllers = strdup(c->controllers),
		.mount_point = mount_point,
		.own_path = own_path,
		.v2 = c->v2,
	};
	struct cgroup_hierarchy *slot = NULL;

	if (h.controllers && mount_point && own_path)
		slot = list_add(&layout->hierarchies);
	if (!slot) {
		hierarchy_done(&h);
		return -ENOMEM;
	}
	*slot = h;
	return 0;
}

/* 1 when the hierarchy is where one expects it, 0 when not. */
static int add_customary(struct cgroup_layout *layout, const struct candidate *c)
{
	const char *name = text_after(c->controllers, "name=") ?: c->controllers;
	auto_free char *point = NULL, *own = path_clean(c->path), *own_dir = NULL;
	int r;

	if (layout->mode == CGROUP_V2)
		point = strdup(CGROUP_ROOT);
	else
		point = str_printf(CGROUP_ROOT "/%s", c->v2 ? "unified" : name);
	if (!point || !own)
		return -ENOMEM;
	if (!is_mount_of(point, c->v2))
		return 0;
	if (!text_equal(own, "/")) {
		own_dir = path_join(point, own);
		if (!own_dir)
			return -ENOMEM;
		if (access(own_dir, F_OK) < 0)
			return 0; /* the mount shows another part */
	}
	r = add_hierarchy(layout, c, TAKE_PTR(point), TAKE_PTR(own));
	return r < 0 ? r : 1;
}

/* Is every one of the comma-separated controllers among the comma-separated options? */
static bool has_controllers(const char *options, const char *controllers)
{
	for (const char *c = controllers; *c;) {
		size_t n = strcspn(c, ",");
		const char *o = options;

		while (*o && !(strcspn(o, ",") == n && !strncmp(o, c, n))) {
			o += strcspn(o, ",");
			o += *o == ',';
		}
		if (!*o)
			return false;
		c += n;
		c += *c == ',';
	}
	return true;
}

/* Undoes the octal escapes of mountinfo (blank, tab, newline, backslash) in place. */
static void unescape(char *s)
{
	char *out = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
			s[3] >= '0' && s[3] <= '7') {
			*out++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*out++ = *s;
		}
	}
	*out = '\0';
}

/* The fields of a line of mountinfo that matter here; points into the line, which it cuts up. */
struct mount_line {
	char *root, *point, *type, *options;
};

static char *cut(char **rest)
{
	char *field = *rest;

	*rest += strcspn(*rest, " ");
	if (**rest)
		*(*rest)++ = '\0';
	return field;
}

/* ID PARENT DEVICE ROOT POINT OPTIONS [OPTIONAL...] - TYPE SOURCE SUPER-OPTIONS */
static bool parse_mount_line(char *line, struct mount_line *ret)
{
	struct mount_line m;
	char *rest = line;

	for (int i = 0; i < 3; i++)
		(void)cut(&rest);
	m.root = cut(&rest);
	m.point = cut(&rest);
	rest = strstr(rest, " - ");
	if (!rest)
		return false;
	rest += strlen(" - ");
	m.type = cut(&rest);
	(void)cut(&rest);
	m.options = cut(&rest);
	unescape(m.root);
	unescape(m.point);
	*ret = m;
	return true;
}

/*
 * Where `path` is below a mount of the part `root`, or NULL when it is not in it. The caller's own cgroup may lie
 * outside of what is mounted: then nothing there can be called relative to it, and the top has to do.
 */
static char *path_in_mount(const char *path, const char *root)
{
	auto_free char *clean = path_clean(path);

	if (!clean)
		return NULL;
	if (text_equal(root, "/"))
		return TAKE_PTR(clean);
	return path_is_below(clean, root) ? path_clean(clean + strlen(root)) : strdup("/");
}

/* Adds the hierarchy if that line is a mount of it: 1, else 0. */
static int add_from_line(struct cgroup_layout *layout, const struct candidate *c, char *line)
{
	struct mount_line m;
	char *own, *point;
	int r;

	if (!parse_mount_line(line, &m) || !text_equal(m.type, c->v2 ? "cgroup2" : "cgroup"))
		return 0;
	if (!c->v2 && !has_controllers(m.options, c->controllers))
		return 0;
	if (text_after(m.root, "/.."))
		return 0; /* shows what is above our cgroup namespace: our place in it has no name */
	own = path_in_mount(c->path, m.root);
	point = strdup(m.point);
	r = add_hierarchy(layout, c, point, own);
	return r < 0 ? r : 1;
}

static int add_from_mountinfo(struct cgroup_layout *layout, const struct candidate *c)
{
	for (const char *line = c->mountinfo; *line;) {
		size_t n = strcspn(line, "\n");
		auto_free char *copy = strndup(line, n);
		int r = copy ? add_from_line(layout, c, copy) : -ENOMEM;

		if (r)
			return r;
		line += n;
		line += *line == '\n';
	}
	return 0;
}

/* One line of /proc/self/cgroup, which is cut up. */
static int add_line(struct cgroup_layout *layout, char *line, char **mountinfo)
{
	char *controllers = strchr(line, ':'),
	     *path = controllers ? strchr(controllers + 1, ':') : NULL;
	struct candidate c;
	int r;

	if (!path)
		return -EBADMSG;
	*controllers++ = '\0';
	*path++ = '\0';
	c = (struct candidate){.controllers = controllers, .path = path, .v2 = !*controllers};
	if (layout->mode == CGROUP_V2 && !c.v2)
		return 0; /* a stray v1 hierarchy: not what manages resources here */
	r = add_customary(layout, &c);
	if (r)
		return r;
	if (!*mountinfo) {
		r = io_read_at(AT_FDCWD, "/proc/self/mountinfo", PROC_FILE_LIMIT, mountinfo, NULL);
		if (r < 0)
			return r;
	}
	c.mountinfo = *mountinfo;
	return add_from_mountinfo(layout, &c);
}

/* The kernel lists cgroup2 last, since its ID is 0; a v1-only system has the line too. */
static enum cgroup_mode mode_of(const struct cgroup_layout *layout)
{
	bool v1 = false, v2 = false;

	list_for_each (h, &layout->hierarchies)
		*(h->v2 ? &v2 : &v1) = true;
	if (v1)
		return v2 ? CGROUP_HYBRID : CGROUP_V1;
	return v2 ? CGROUP_V2 : CGROUP_NONE;
}

int cgroup_layout_detect(struct cgroup_layout *ret)
{
	auto_(cgroup_layout_done) struct cgroup_layout layout = {};
	auto_free char *text = NULL, *mountinfo = NULL;
	char *rest;
	int r = io_read_at(AT_FDCWD, "/proc/self/cgroup", PROC_FILE_LIMIT, &text, NULL);

	if (r < 0 && r != -ENOENT) /* a kernel without cgroups has no such file */
		return r;
	layout.mode = is_mount_of(CGROUP_ROOT, true) ? CGROUP_V2 : CGROUP_NONE;
	rest = text;
	for (char *line; rest && (line = strsep(&rest, "\n"));) {
		if (!*line)
			continue;
		r = add_line(&layout, line, &mountinfo);
		if (r < 0)
			return r;
	}
	layout.mode = mode_of(&layout);
	*ret = layout;
	layout = (struct cgroup_layout){};
	return 0;
}

void cgroup_dirs_done(struct cgroup_dirs *dirs)
{
	for (size_t i = 0; i < dirs->n; i++) {
		free(dirs->v[i].controllers);
		free(dirs->v[i].mount_point);
		free(dirs->v[i].path);
	}
	free(dirs->v);
	*dirs = (struct cgroup_dirs){};
}

static char *resolve(const struct cgroup_hierarchy *h, const char *wanted)
{
	auto_free char *above = NULL, *joined = NULL;

	if (*wanted == '/')
		return path_clean(wanted);
	above = strdup(h->own_path);
	if (!above)
		return NULL;
	if (h->v2)
		*strrchr(above, '/') = '\0';
	joined = path_join(*above ? above : "/", wanted);
	return joined ? path_clean(joined) : NULL;
}

int cgroup_dirs_resolve(const struct cgroup_layout *layout, const char *cgroups_path,
	const char *id, struct cgroup_dirs *ret)
{
	auto_(cgroup_dirs_done) struct cgroup_dirs dirs = {};
	const char *wanted = cgroups_path && *cgroups_path ? cgroups_path : id;

	if (!layout->hierarchies.n) {
		*ret = dirs;
		return 0;
	}
	dirs.v = calloc(layout->hierarchies.n, sizeof *dirs.v);
	if (!dirs.v)
		return -ENOMEM;
	list_for_each (h, &layout->hierarchies) {
		struct cgroup_dir *dir = &dirs.v[dirs.n++];

		dir->controllers = strdup(h->controllers);
		dir->mount_point = strdup(h->mount_point);
		dir->path = resolve(h, wanted);
		dir->v2 = h->v2;
		if (!dir->controllers || !dir->mount_point || !dir->path)
			return -ENOMEM;
	}
	*ret = dirs;
	dirs = (struct cgroup_dirs){};
	return 0;
}
