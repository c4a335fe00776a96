// SPDX-License-Identifier: Apache-2.0
/*
 * `exec --user NAME[:GROUP]`. What is written in digits is a number, whatever the container's passwd calls its users;
 * a number changes nothing but itself, as in runc (Debian's 1.1 included): group and supplementary groups stay those
 * of the container's process. A name brings the groups it has in the container's own files. CVE-2016-3697,
 * CVE-2026-30892.
 */
#include <core/exec.h>
#include <base/fd.h>
#include <base/mem.h>
#include <base/parse.h>
#include <base/str.h>
#include <core/container.h>
#include <kern/userdb.h>
#include <oci/process.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>

/* One lookup. */
struct lookup {
	const char *text; /* as given */
	const struct container_now *now;
	int root; /* of the container, or -1 as long as nobody needs it */
};

static void lookup_done(struct lookup *l)
{
	fd_close(l->root);
}

/* Is it meant as a number? Such text is never looked up. */
static bool is_number(const char *text)
{
	return !*text || (*text >= '0' && *text <= '9') || *text == '-' || *text == '+';
}

static int parse_id(const char *text, struct opt_u64 *ret)
{
	uint32_t id;

	if (parse_u32(text, 10, &id) < 0 ||
		id == UINT32_MAX) /* -1 means "unchanged" to the kernel */
		return -EINVAL;
	*ret = (struct opt_u64){true, id};
	return 0;
}

/* What the process's root is, and that it was that process's. */
static int open_root(struct lookup *l, struct husk_error **err)
{
	auto_free char *path = str_printf("/proc/%d/root", (int)l->now->state.process.pid.value);
	struct pollfd alive = {.fd = l->now->pidfd, .events = POLLIN};

	if (l->root >= 0)
		return 0;
	if (!path)
		return fail_memory(err);
	l->root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (l->root < 0 && errno != ENOENT)
		return fail_errno(err, -errno, "cannot open the root of the container");
	if (l->root < 0 || poll(&alive, 1, 0) != 0)
		return fail(err, HUSK_ERROR_NOT_RUNNING, "container not running");
	return 0;
}

/* Text of a file in the container; no file is an empty one. */
static int read_file(struct lookup *l, const char *path, char **ret, struct husk_error **err)
{
	int r = open_root(l, err);

	if (r < 0)
		return r;
	r = userdb_read(l->root, path, ret);
	if (r == -ENOENT || r == -ENOTDIR) {
		*ret = strdup("");
		return *ret ? 0 : fail_memory(err);
	}
	if (r == -EINVAL)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
			"the container's '%s' is not a regular file", path);
	if (r == -EFBIG)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
			"the container's '%s' is too large, or has a line that is too long", path);
	return r < 0 ? fail_errno(err, r, "cannot read the container's '%s'", path) : 0;
}

static int no_entry(int r, const char *what, const char *name, struct husk_error **err)
{
	const char *file = *what == 'u' ? "passwd" : "group";

	if (r == -ENOMEM)
		return fail_memory(err);
	if (r == -ENOENT)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
			"unable to find %s '%s': no matching entries in %s file", what, name, file);
	return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
		"the container's entry for %s '%s' in its %s file is damaged", what, name, file);
}

static int set_groups(
	struct lookup *l, const char *name, struct oci_user *user, struct husk_error **err)
{
	auto_free char *text = NULL;
	struct userdb_groups groups = {};
	int r = read_file(l, "/etc/group", &text, err);

	if (r < 0)
		return r;
	r = userdb_groups_of(text, name, &groups);
	if (r == -E2BIG)
		return fail(
			err, HUSK_ERROR_INVALID_ARGUMENT, "user '%s' is in too many groups", name);
	if (r < 0)
		return fail_memory(err);
	free(user->additional_gids.v);
	user->additional_gids.n = groups.n;
	user->additional_gids.v = groups.v;
	return 0;
}

/* A name brings its group and, unless a group is given, its supplementary groups. */
static int set_named_user(struct lookup *l, const char *name, bool with_groups,
	struct oci_user *user, struct husk_error **err)
{
	auto_free char *text = NULL;
	struct userdb_user found;
	int r = read_file(l, "/etc/passwd", &text, err);

	if (r < 0)
		return r;
	r = userdb_find_user(text, name, &found);
	if (r < 0)
		return no_entry(r, "user", name, err);
	user->uid = (struct opt_u64){true, found.uid};
	user->gid = (struct opt_u64){true, found.gid};
	if (with_groups)
		return set_groups(l, name, user, err);
	free(user->additional_gids.v);
	user->additional_gids.v = NULL;
	user->additional_gids.n = 0;
	return 0;
}

static int set_group(
	struct lookup *l, const char *name, struct oci_user *user, struct husk_error **err)
{
	auto_free char *text = NULL;
	uint32_t gid;
	int r;

	if (is_number(name) && parse_id(name, &user->gid) == 0)
		return 0;
	if (is_number(name))
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
			"invalid group in '%s': must be a name, or a number below 4294967295",
			l->text);
	r = read_file(l, "/etc/group", &text, err);
	if (r < 0)
		return r;
	r = userdb_find_group(text, name, &gid);
	if (r < 0)
		return no_entry(r, "group", name, err);
	user->gid = (struct opt_u64){true, gid};
	return 0;
}

int exec_user(struct oci_user *user, const char *text, const struct container_now *now,
	struct husk_error **err)
{
	auto_(lookup_done) struct lookup l = {text, now, -1};
	auto_free char *name = strdup(text);
	char *group = name ? strchr(name, ':') : NULL;
	int r = 0;

	if (!name)
		return fail_memory(err);
	if (group)
		*group++ = '\0';
	if (is_number(name) && parse_id(name, &user->uid) < 0)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
			"invalid user '%s': must be a name, or a number below 4294967295, and may "
			"be "
			"followed by :GROUP",
			text);
	if (!is_number(name))
		r = set_named_user(&l, name, !group, user, err);
	return r < 0 || !group ? r : set_group(&l, group, user, err);
}
