// SPDX-License-Identifier: Apache-2.0
/*
 * Names that the schema takes for mere strings, held against the tables of the house, and what create needs though
 * the specification lets it be absent. Every finding points at the very word.
 */
#include <core/validate.h>
#include <base/mem.h>
#include <base/str.h>
#include <base/table.h>
#include <base/text.h>
#include <kern/caps.h>
#include <kern/rlimit.h>
#include <plan/mount_options.h>

#include <string.h>

static const char *name_of(const struct name_value *row)
{
	return row ? row->name : NULL;
}

/* Unknown ones are ignored with a warning, as the specification has it. */
static void check_capabilities(struct validation *v)
{
	static const struct oci_capabilities none;
	const struct oci_process *p = v->spec->process;
	const struct oci_capabilities *c = p && p->capabilities ? p->capabilities : &none;
	const struct {
		const char *name;
		const struct strv *set;
	} sets[] = {
		{"bounding", &c->bounding},
		{"effective", &c->effective},
		{"inheritable", &c->inheritable},
		{"permitted", &c->permitted},
		{"ambient", &c->ambient},
	};

	for (size_t s = 0; s < ARRAY_LEN(sets); s++)
		for (size_t i = 0; i < sets[s].set->n; i++) {
			const char *name = sets[s].set->v[i];
			auto_free char *at =
				str_printf("/process/capabilities/%s/%zu", sets[s].name, i);

			if (table_find(cap_names, name))
				continue;
			validate_tell(v,
				&(struct validate_at){HUSK_SEVERITY_WARNING, at,
					name_of(table_nearest(cap_names, name))},
				"unknown capability '%s', ignored", name);
		}
}

static void check_rlimits(struct validation *v)
{
	const struct oci_process *p = v->spec->process;

	for (size_t i = 0; p && i < p->rlimits.n; i++) {
		const char *name = p->rlimits.v[i].type;
		auto_free char *at = str_printf("/process/rlimits/%zu/type", i);

		if (!name || !text_after(name, "RLIMIT_") || table_find(rlimit_names, name))
			continue; /* the first two were said already */
		if (!at || !validate_once(v, at))
			continue;
		validate_tell(v,
			&(struct validate_at){HUSK_SEVERITY_ERROR, at,
				name_of(table_nearest(rlimit_names, name))},
			"there is no limit '%s'", name);
	}
}

/* Words that file systems take and that are near to ours. */
static bool is_other_word(const char *word)
{
	static const char *const words[] = {"acl", "noacl", "noac", "nolock", "nobarrier",
		"nodiscard", "noquota", "userxattr", "user_xattr", "nouser_xattr", "newinstance",
		"noswap", "discard", "quota", "barrier", "auto", "noauto", "user", "nouser",
		"users", "owner", "group", "context", "inode32", "inode64", "huge", "index",
		"volatile", "metacopy", "nsdelegate", "xattr", "none", "all"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (text_equal(words[i], word))
			return true;
	return false;
}

/* The option that was meant, if the word is no option but a slip of the pen away from one. */
static const char *near_option(const char *word)
{
	size_t best = 2; /* one letter: beyond that it is the file system's */
	const char *near = NULL;

	if (strchr(word, '=') || strlen(word) < 3 || is_other_word(word))
		return NULL;
	if (strlen(word) >= 5)
		best = 3;
	for (size_t i = 0; mount_option_name(i); i++) {
		size_t distance = text_distance(mount_option_name(i), word);

		if (!distance)
			return NULL;
		if (distance < best) {
			best = distance;
			near = mount_option_name(i);
		}
	}
	return near;
}

static void check_mount_options(struct validation *v)
{
	for (size_t i = 0; i < v->spec->mounts.n; i++) {
		const struct strv *options = &v->spec->mounts.v[i].options;

		for (size_t j = 0; j < options->n; j++) {
			const char *near = near_option(options->v[j]);
			auto_free char *at =
				near ? str_printf("/mounts/%zu/options/%zu", i, j) : NULL;

			if (near)
				validate_tell(v,
					&(struct validate_at){HUSK_SEVERITY_WARNING, at, near},
					"'%s' is no mount option, the file system would have to "
					"know it",
					options->v[j]);
		}
	}
}

/* A valid configuration, but not one that a container can be made of. */
static void check_runnable(struct validation *v)
{
	const struct oci_spec *s = v->spec;

	if (!s->root)
		validate_tell(v, AT(WARNING, "/root"), "is required to create a container");
	if (!s->process)
		validate_tell(v, AT(WARNING, "/process"), "is required to create a container");
	else if (!s->process->args.n)
		validate_tell(
			v, AT(WARNING, "/process/args"), "must not be empty to create a container");
	else if (!*s->process->args.v[0])
		validate_tell(v, AT(ERROR, "/process/args/0"), "must not be empty");
}

static void check_platforms(struct validation *v)
{
	const struct oci_spec *s = v->spec;
	const struct oci_process *process = s->process;
	const struct {
		const void *there;
		const char *at;
	} rows[] = {
		{process ? process->command_line : NULL, "/process/commandLine"},
		{process && process->user ? process->user->username : NULL,
			"/process/user/username"},
		{s->solaris, "/solaris"},
		{s->windows, "/windows"},
		{s->vm, "/vm"},
		{s->zos, "/zos"},
		{s->freebsd, "/freebsd"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].there)
			validate_tell(v, AT(NOTE, rows[i].at), "is for another platform, ignored");
}

void validate_names(struct validation *v)
{
	check_capabilities(v);
	check_rlimits(v);
	check_mount_options(v);
	check_runnable(v);
	check_platforms(v);
}
