// SPDX-License-Identifier: Apache-2.0
/* Bits to words, by tables; bits without a word are shown as numbers, never left out. */
#include <plan/words.h>

#include <linux/ioprio.h>
#include <stdbool.h>
#include <string.h>
#include <base/table.h>
#include <kern/caps.h>
#include <kern/mount_flags.h>
#include <kern/ns.h>
#include <oci/linux.h>
#include <oci/process.h>

/* clang-format off */
static const struct name_value attr_set_words[] = {
	{"ro", MOUNT_ATTR_RDONLY}, {"nosuid", MOUNT_ATTR_NOSUID}, {"nodev", MOUNT_ATTR_NODEV},
	{"noexec", MOUNT_ATTR_NOEXEC}, {"nodiratime", MOUNT_ATTR_NODIRATIME},
	{"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW}, {},
};
static const struct name_value attr_clear_words[] = {
	{"rw", MOUNT_ATTR_RDONLY}, {"suid", MOUNT_ATTR_NOSUID}, {"dev", MOUNT_ATTR_NODEV},
	{"exec", MOUNT_ATTR_NOEXEC}, {"diratime", MOUNT_ATTR_NODIRATIME},
	{"symfollow", MOUNT_ATTR_NOSYMFOLLOW}, {},
};
static const struct name_value atime_words[] = {
	{"noatime", MOUNT_ATTR_NOATIME}, {"strictatime", MOUNT_ATTR_STRICTATIME},
	{"relatime", MOUNT_ATTR_RELATIME}, {},
};
/* MS_RDONLY is said by the mount's own "ro", of which it is a part. */
static const struct name_value sb_words[] = {
	{"sync", MS_SYNCHRONOUS}, {"dirsync", MS_DIRSYNC}, {"mand", MS_MANDLOCK},
	{"iversion", MS_I_VERSION}, {"lazytime", MS_LAZYTIME}, {"silent", MS_SILENT}, {},
};
static const struct name_value how_words[] = {
	{"remount", PLAN_MOUNT_REMOUNT}, {"tmpcopyup", PLAN_MOUNT_COPY_UP},
	{"real-target", PLAN_MOUNT_REAL_TARGET}, {"slave-source", PLAN_MOUNT_SLAVE_SOURCE},
	{"src-nofollow", PLAN_MOUNT_SOURCE_NOFOLLOW},
	{"dest-nofollow", PLAN_MOUNT_TARGET_NOFOLLOW}, {"optional", PLAN_MOUNT_OPTIONAL},
	{"copy-symlink", PLAN_MOUNT_COPY_SYMLINK}, {"label-file", PLAN_MOUNT_LABEL_FILE}, {},
};
static const struct name_value propagation_words[] = {
	{"private", MS_PRIVATE}, {"rprivate", MS_PRIVATE | MS_REC},
	{"shared", MS_SHARED}, {"rshared", MS_SHARED | MS_REC},
	{"slave", MS_SLAVE}, {"rslave", MS_SLAVE | MS_REC},
	{"unbindable", MS_UNBINDABLE}, {"runbindable", MS_UNBINDABLE | MS_REC}, {},
};
/* clang-format on */

void word_plain(struct strbuf *out, const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			strbuf_printf(out, "\\x%02x", (unsigned int)(unsigned char)*s);
		else
			strbuf_add_char(out, *s);
}

void word_quoted(struct strbuf *out, const char *s)
{
	bool quote = !*s || s[strcspn(s, " \t\n\"'")];

	if (quote)
		strbuf_add_char(out, '"');
	word_plain(out, s);
	if (quote)
		strbuf_add_char(out, '"');
}

void word_add(struct word_list *list, const char *prefix, const char *word)
{
	if (list->n++)
		strbuf_add(list->out, list->separator);
	strbuf_add(list->out, prefix);
	strbuf_add(list->out, word);
}

static void add_bits(
	struct word_list *list, const struct name_value *table, const char *prefix, uint64_t bits)
{
	auto_strbuf rest = {};

	for (; table->name; table++)
		if (bits & table->value) {
			word_add(list, prefix, table->name);
			bits &= ~table->value;
		}
	if (!bits)
		return;
	strbuf_printf(&rest, "0x%llx", (unsigned long long)bits);
	word_add(list, prefix, strbuf_text(&rest));
}

static void add_attributes(struct word_list *list, const char *prefix, uint64_t set, uint64_t clear)
{
	const uint64_t atime = MOUNT_ATTR__ATIME;

	add_bits(list, attr_set_words, prefix, set & ~atime);
	add_bits(list, attr_clear_words, prefix, clear & ~atime);
	if ((set | clear) & atime)
		word_add(list, prefix, table_name(atime_words, set & atime, "atime?"));
}

const char *word_propagation(uint32_t flags)
{
	return table_name(propagation_words, flags, "propagation?");
}

void words_mount(struct strbuf *out, const struct plan_mount *mount)
{
	struct word_list list = {out, ",", 0};
	uint32_t sb = mount->sb_flags;

	if (mount->flags & PLAN_MOUNT_BIND)
		word_add(&list, mount->flags & PLAN_MOUNT_RECURSIVE ? "r" : "", "bind");
	add_bits(&list, how_words, "",
		mount->flags & ~(uint32_t)(PLAN_MOUNT_BIND | PLAN_MOUNT_RECURSIVE));
	add_attributes(&list, "", mount->attr_set, mount->attr_clear);
	add_attributes(&list, "r", mount->tree_attr_set, mount->tree_attr_clear);
	add_bits(&list, sb_words, "", sb & ~(uint32_t)MS_RDONLY);
	if (sb & MS_RDONLY && !(mount->attr_set & MOUNT_ATTR_RDONLY))
		word_add(&list, "", "fs-ro");
	for (int i = 0; i < 4 && mount->propagation[i]; i++)
		word_add(&list, "", word_propagation(mount->propagation[i]));
}

void words_namespaces(struct strbuf *out, uint64_t flags)
{
	struct word_list list = {out, ", ", 0};
	uint64_t rest = flags;

	for (const struct ns_kind *kind = ns_kinds; kind->name; kind++)
		if (flags & kind->flag) {
			word_add(&list, "", kind->name);
			rest &= ~kind->flag;
		}
	if (rest)
		strbuf_printf(out, "%s0x%llx", list.n ? ", " : "", (unsigned long long)rest);
	else if (!flags)
		strbuf_add(out, "none");
}

void words_caps(struct strbuf *out, uint64_t set)
{
	struct word_list list = {out, " ", 0};
	int last = 0;

	while (cap_names[last].name)
		last++;
	if (!set)
		strbuf_add(out, "none");
	else if (set == (UINT64_C(1) << last) - 1)
		strbuf_printf(out, "all %d", last);
	else
		for (int bit = 0; bit < 64; bit++)
			if (set >> bit & 1)
				word_add(&list, "",
					table_name(cap_names, (uint64_t)bit, "CAP_UNKNOWN"));
}

void words_io_priority(struct strbuf *out, uint32_t value)
{
	strbuf_printf(out, "%s priority %u",
		table_name(oci_ioprio_classes, value >> IOPRIO_CLASS_SHIFT, "?"),
		value & (uint32_t)IOPRIO_PRIO_MASK);
}

void words_memory_policy(struct strbuf *out, uint32_t mode)
{
	struct word_list list = {out, " ", 0};
	uint32_t flags = 0;

	for (const struct name_value *row = oci_memory_policy_flags; row->name; row++)
		flags |= mode & (uint32_t)row->value;
	word_add(&list, "", table_name(oci_memory_policy_modes, mode & ~flags, "?"));
	add_bits(&list, oci_memory_policy_flags, "", flags);
}

void words_scheduler(struct strbuf *out, const struct plan_scheduler *s)
{
	const struct sched_values *v = &s->values;
	struct word_list list = {out, " ", 0};

	word_add(&list, "", table_name(oci_sched_policies, v->policy, "?"));
	if (v->policy == OCI_SCHED_FIFO || v->policy == OCI_SCHED_RR)
		strbuf_printf(out, " priority %u", v->priority);
	else if (v->policy == OCI_SCHED_DEADLINE)
		strbuf_printf(out, " runtime %llu deadline %llu period %llu",
			(unsigned long long)v->runtime, (unsigned long long)v->deadline,
			(unsigned long long)v->period);
	else
		strbuf_printf(out, " nice %d", v->nice);
	add_bits(&list, oci_sched_flags, "", v->flags);
	if (s->by_parent)
		strbuf_add(out, ", by the runtime");
}
