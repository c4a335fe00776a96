// SPDX-License-Identifier: Apache-2.0
/*
 * Mount options. A word in the table changes flags of the mount (MOUNT_ATTR_*), of the file system (MS_*), of the
 * whole tree (r*), the propagation, or how husk-init goes about it; any other word is for the file system. Later
 * words win over earlier ones. "acl" is not in the table: it is no flag, file systems read it themselves.
 */
#include <plan/mount_options.h>
#include <plan/planner.h>

#include <string.h>
#include <base/mem.h>
#include <base/text.h>
#include <kern/mount_flags.h>

struct option {
	const char *name;
	uint64_t set, clear; /* MOUNT_ATTR_* */
	uint32_t sb_set, sb_clear; /* MS_* */
	uint32_t propagation;
	uint32_t flags; /* enum plan_mount_flags */
	bool tree; /* set and clear are for the whole tree */
	bool idmap; /* a mapping may follow behind '=' */
};

#define ATTR(name, word)                \
	{                               \
		name, MOUNT_ATTR_##word \
	}
#define ATTR_OFF(name, word)                     \
	{                                        \
		name, .clear = MOUNT_ATTR_##word \
	}
/* The access time has one mode of three: a change has to clear all its bits. */
#define ATIME(name, word)                                  \
	{                                                  \
		name, MOUNT_ATTR_##word, MOUNT_ATTR__ATIME \
	}
#define TREE(name, word)                              \
	{                                             \
		name, MOUNT_ATTR_##word, .tree = true \
	}
#define TREE_OFF(name, word)                                   \
	{                                                      \
		name, .clear = MOUNT_ATTR_##word, .tree = true \
	}
#define TREE_ATIME(name, word)                                           \
	{                                                                \
		name, MOUNT_ATTR_##word, MOUNT_ATTR__ATIME, .tree = true \
	}
#define SB(name, word)                    \
	{                                 \
		name, .sb_set = MS_##word \
	}
#define SB_OFF(name, word)                  \
	{                                   \
		name, .sb_clear = MS_##word \
	}
#define PROPAGATION(name, word)           \
	{                                 \
		name, .propagation = word \
	}
#define FLAG(name, word)                         \
	{                                        \
		name, .flags = PLAN_MOUNT_##word \
	}

/* clang-format off */
static const struct option options_known[] = {
	{"defaults"},
	{"ro", MOUNT_ATTR_RDONLY, .sb_set = MS_RDONLY},
	{"rw", .clear = MOUNT_ATTR_RDONLY, .sb_clear = MS_RDONLY},
	ATTR("nosuid", NOSUID),          ATTR_OFF("suid", NOSUID),
	ATTR("nodev", NODEV),            ATTR_OFF("dev", NODEV),
	ATTR("noexec", NOEXEC),          ATTR_OFF("exec", NOEXEC),
	ATTR("nodiratime", NODIRATIME),  ATTR_OFF("diratime", NODIRATIME),
	ATTR("nosymfollow", NOSYMFOLLOW), ATTR_OFF("symfollow", NOSYMFOLLOW),
	ATIME("relatime", RELATIME),     {"norelatime"}, /* back to the default, which is relatime */
	ATIME("noatime", NOATIME),       ATIME("atime", RELATIME),
	ATIME("strictatime", STRICTATIME), ATIME("nostrictatime", RELATIME),
	SB("sync", SYNCHRONOUS),         SB_OFF("async", SYNCHRONOUS),
	SB("mand", MANDLOCK),            SB_OFF("nomand", MANDLOCK),
	SB("iversion", I_VERSION),       SB_OFF("noiversion", I_VERSION),
	SB("lazytime", LAZYTIME),        SB_OFF("nolazytime", LAZYTIME),
	SB("silent", SILENT),            SB_OFF("loud", SILENT),
	SB("dirsync", DIRSYNC),
	FLAG("bind", BIND),
	{"rbind", .flags = PLAN_MOUNT_BIND | PLAN_MOUNT_RECURSIVE},
	FLAG("remount", REMOUNT),
	FLAG("tmpcopyup", COPY_UP),
	FLAG("src-nofollow", SOURCE_NOFOLLOW),
	FLAG("dest-nofollow", TARGET_NOFOLLOW),
	PROPAGATION("private", MS_PRIVATE),       PROPAGATION("rprivate", MS_PRIVATE | MS_REC),
	PROPAGATION("shared", MS_SHARED),         PROPAGATION("rshared", MS_SHARED | MS_REC),
	PROPAGATION("slave", MS_SLAVE),           PROPAGATION("rslave", MS_SLAVE | MS_REC),
	PROPAGATION("unbindable", MS_UNBINDABLE), PROPAGATION("runbindable", MS_UNBINDABLE | MS_REC),
	TREE("rro", RDONLY),                 TREE_OFF("rrw", RDONLY),
	TREE("rnosuid", NOSUID),             TREE_OFF("rsuid", NOSUID),
	TREE("rnodev", NODEV),               TREE_OFF("rdev", NODEV),
	TREE("rnoexec", NOEXEC),             TREE_OFF("rexec", NOEXEC),
	TREE("rnodiratime", NODIRATIME),     TREE_OFF("rdiratime", NODIRATIME),
	TREE("rnosymfollow", NOSYMFOLLOW),   TREE_OFF("rsymfollow", NOSYMFOLLOW),
	TREE_ATIME("rrelatime", RELATIME),   {"rnorelatime"},
	TREE_ATIME("rnoatime", NOATIME),     TREE_ATIME("ratime", RELATIME),
	TREE_ATIME("rstrictatime", STRICTATIME), TREE_ATIME("rnostrictatime", RELATIME),
	{"copy-symlink", .flags = PLAN_MOUNT_COPY_SYMLINK | PLAN_MOUNT_SOURCE_NOFOLLOW},
	{"idmap", .idmap = true}, {"ridmap", .idmap = true},
	{},
};
/* clang-format on */

static const struct option *option_find(const char *word)
{
	for (const struct option *row = options_known; row->name; row++)
		if (text_equal(row->name, word))
			return row;
	/* crun's way to give the mapping with the option */
	if (text_after(word, "idmap="))
		return option_find("idmap");
	return text_after(word, "ridmap=") ? option_find("ridmap") : NULL;
}

const char *mount_option_name(size_t i)
{
	for (const struct option *row = options_known; row->name; row++)
		if (!i--)
			return row->name;
	return NULL;
}

/* Sets some bits of a pair and clears others; a bit is never in both, but for the mask of the access time. */
static void apply_pair(uint64_t *set, uint64_t *clear, const struct option *row)
{
	*set = (*set & ~row->clear) | row->set;
	*clear = (*clear & ~row->set) | row->clear;
}

static bool apply_propagation(uint32_t *list, uint32_t value)
{
	for (size_t i = 0; i < 4; i++)
		if (!list[i]) {
			list[i] = value;
			return true;
		}
	return false;
}

static bool apply(struct mount_options *o, const struct option *row)
{
	if (row->tree)
		apply_pair(&o->tree_set, &o->tree_clear, row);
	else
		apply_pair(&o->attr_set, &o->attr_clear, row);
	o->sb_flags = (o->sb_flags & ~row->sb_clear) | row->sb_set;
	o->flags |= row->flags;
	return !row->propagation || apply_propagation(o->propagation, row->propagation);
}

static void apply_idmap(struct mount_options *o, const char *word)
{
	const char *text = strchr(word, '=');

	o->idmap = true;
	o->idmap_all |= *word == 'r';
	if (text)
		o->idmap_text = text + 1;
}

static int one(struct mount_options *o, const char *word, const char *at, struct husk_error **err)
{
	const struct option *row = option_find(word);

	if (!row) {
		if (o->data.len)
			strbuf_add_char(&o->data, ',');
		strbuf_add(&o->data, word);
		return strbuf_failed(&o->data) ? fail_memory(err) : 0;
	}
	if (row->idmap)
		apply_idmap(o, word);
	if (!apply(o, row))
		return fail_at(err, at, "a mount has at most 4 propagation options");
	return 0;
}

int mount_options_parse(const struct strv *options, size_t index, struct mount_options *ret,
	struct husk_error **err)
{
	for (size_t i = 0; i < options->n; i++) {
		const char *mapping = ret->idmap_text;
		bool had = ret->data.len, mapped = ret->idmap;
		auto_free char *at = str_printf("/mounts/%zu/options/%zu", index, i);
		int r = at ? one(ret, options->v[i], at, err) : fail_memory(err);

		if (r < 0)
			return r;
		if (!had && ret->data.len)
			ret->data_index = i;
		if (mapped != ret->idmap || mapping != ret->idmap_text)
			ret->idmap_index = i;
	}
	return 0;
}

void mount_options_done(struct mount_options *o)
{
	strbuf_done(&o->data);
}
