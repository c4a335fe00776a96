// SPDX-License-Identifier: Apache-2.0
/*
 * The option parser: one loop over argv, one small store function per kind of row. A single dash may start a long
 * name (go-runc passes -no-subreaper) or letters; the long name wins.
 */
#include <cli/opt.h>
#include <base/attr.h>
#include <base/error.h>
#include <base/mem.h>
#include <base/parse.h>
#include <base/text.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int args_add(struct args *args, const char *s)
{
	const char **slot = list_add(args);

	if (!slot)
		return -ENOMEM;
	*slot = s;
	if (!list_add(args)) { /* the NULL behind the last */
		args->n--;
		return -ENOMEM;
	}
	args->v[--args->n] = NULL;
	return 0;
}

void args_done(struct args *args)
{
	free(args->v);
	*args = (struct args){};
}

static int parse_bool(const char *s, bool *ret)
{
	/* clang-format off */
	static const struct { const char *text; bool value; } words[] = {
		{"1", true}, {"t", true}, {"T", true}, {"true", true}, {"True", true}, {"TRUE", true},
		{"0", false}, {"f", false}, {"F", false}, {"false", false}, {"False", false}, {"FALSE", false},
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (text_equal(s, words[i].text)) {
			*ret = words[i].value;
			return 0;
		}
	return -EINVAL;
}

static int store_flag(void *member, const char *value)
{
	return parse_bool(value, member);
}

static int store_string(void *member, const char *value)
{
	*(const char **)member = value;
	return 0;
}

static int store_strings(void *member, const char *value)
{
	return args_add(member, value);
}

static int store_unsigned(void *member, const char *value)
{
	struct opt_u64 *number = member;
	int r = parse_u64(value, 10, &number->value);

	if (r == 0)
		number->set = true;
	return r;
}

static int store_signed(void *member, const char *value)
{
	struct opt_i64 *number = member;
	int r = parse_i64(value, &number->value);

	if (r == 0)
		number->set = true;
	return r;
}

static int store_tristate(void *member, const char *value)
{
	bool yes = false;

	if (text_equal(value, "auto")) {
		*(enum opt_tristate *)member = OPT_AUTO;
		return 0;
	}
	if (parse_bool(value, &yes) < 0)
		return -EINVAL;
	*(enum opt_tristate *)member = yes ? OPT_YES : OPT_NO;
	return 0;
}

static const struct {
	int (*store)(void *member, const char *value);
	const char *fault; /* how a wrong value is called */
} kinds[] = {
	[OPT_FLAG] = {store_flag, "parse error"},
	[OPT_STRING] = {store_string, ""},
	[OPT_STRINGS] = {store_strings, ""},
	[OPT_UNSIGNED] = {store_unsigned, "parse error"},
	[OPT_SIGNED] = {store_signed, "parse error"},
	[OPT_TRISTATE] = {store_tristate, "must be 'true', 'false' or 'auto'"},
};

static int each(const struct opt_row *rows, size_t offset, opt_visit_fn *visit, void *data)
{
	int r = 0;

	for (; rows && rows->name && !r; rows++)
		r = rows->kind == OPT_GROUP ? each(rows->group, offset + rows->offset, visit, data)
					    : visit(rows, offset + rows->offset, data);
	return r;
}

int opt_each(const struct opt_row *rows, opt_visit_fn *visit, void *data)
{
	return each(rows, 0, visit, data);
}

static int free_strings(const struct opt_row *row, size_t offset, void *data)
{
	if (row->kind == OPT_STRINGS)
		args_done((struct args *)((char *)data + offset));
	return 0;
}

void opt_done(const struct opt_row *rows, void *into)
{
	opt_each(rows, free_strings, into);
}

void suggestion_try(struct suggestion *s, const char *candidate)
{
	size_t distance = text_distance(s->typed, candidate);
	size_t limit = s->best ? s->distance : strlen(s->typed) / 3 + 1;

	if (distance < limit) {
		s->best = candidate;
		s->distance = distance;
	}
}

struct parse {
	const struct opt_row *rows;
	char *const *argv; /* what is still to be read */
	void *into;
	struct husk_error **err;
};

struct match {
	const char *name; /* wanted long name of n bytes, or NULL: by letter */
	size_t n;
	char letter;
	const struct opt_row *row; /* found */
	size_t offset;
};

static int match_row(const struct opt_row *row, size_t offset, void *data)
{
	struct match *m = data;
	bool hit = m->name ? strlen(row->name) == m->n && !memcmp(row->name, m->name, m->n)
			   : row->letter == m->letter;

	if (hit) {
		m->row = row;
		m->offset = offset;
	}
	return hit;
}

static int suggest_row(const struct opt_row *row, size_t offset, void *data)
{
	(void)offset;
	if (!row->hidden)
		suggestion_try(data, row->name);
	return 0;
}

static int unknown(struct parse *p, const char *name, size_t n)
{
	auto_free char *typed = strndup(name, n);
	struct suggestion s = {.typed = typed};

	if (!typed)
		return fail_memory(p->err);
	opt_each(p->rows, suggest_row, &s);
	if (s.best)
		return fail(p->err, HUSK_ERROR_INVALID_ARGUMENT,
			"flag provided but not defined: -%s (did you mean '--%s'?)", typed, s.best);
	return fail(
		p->err, HUSK_ERROR_INVALID_ARGUMENT, "flag provided but not defined: -%s", typed);
}

/* Stores `value`, or for rows that need one and got none, the next word. */
static int store(struct parse *p, const struct match *m, const char *value)
{
	int r;

	if (!value && m->row->kind == OPT_FLAG)
		value = "true";
	else if (!value && *p->argv)
		value = *p->argv++;
	if (!value)
		return fail(p->err, HUSK_ERROR_INVALID_ARGUMENT, "flag needs an argument: -%s",
			m->row->name);
	r = kinds[m->row->kind].store((char *)p->into + m->offset, value);
	if (r == -ENOMEM)
		return fail_memory(p->err);
	if (r < 0)
		return fail(p->err, HUSK_ERROR_INVALID_ARGUMENT,
			"invalid value \"%s\" for flag -%s: %s", value, m->row->name,
			r == -ERANGE ? "value out of range" : kinds[m->row->kind].fault);
	return 0;
}

/* "abc" of -abc: flags up to the last, which may have a value, glued to it or the next word. */
static int take_letters(struct parse *p, const char *letters)
{
	for (const char *s = letters; *s; s++) {
		struct match m = {.letter = *s};
		int r;

		if (*s == 'h' && !opt_each(p->rows, match_row, &m))
			return 1;
		if (!m.row && !opt_each(p->rows, match_row, &m))
			return unknown(p, letters, strcspn(letters, "="));
		if (s[1] == '=')
			return store(p, &m, s + 2);
		if (m.row->kind != OPT_FLAG)
			return store(p, &m, s[1] ? s + 1 : NULL);
		r = store(p, &m, NULL);
		if (r < 0)
			return r;
	}
	return 0;
}

/* One word that begins with a dash. Returns 1 for help. */
static int take_option(struct parse *p, const char *word)
{
	const char *name = word + (word[1] == '-' ? 2 : 1);
	size_t n = strcspn(name, "=");
	struct match m = {.name = name, .n = n};

	if (opt_each(p->rows, match_row, &m))
		return store(p, &m, name[n] ? name + n + 1 : NULL);
	if (n == 4 && !memcmp(name, "help", 4))
		return 1;
	if (word[1] != '-' || n == 1)
		return take_letters(p, name);
	return unknown(p, name, n);
}

int opt_parse(const struct opt_row *rows, enum opt_mode mode, char *const *argv, void *into,
	struct args *rest, struct husk_error **err)
{
	struct parse p = {.rows = rows, .argv = argv, .into = into, .err = err};
	bool options = true;

	while (*p.argv) {
		const char *word = *p.argv++;

		if (options && word[0] == '-' && word[1]) {
			int r;

			if (text_equal(word, "--")) {
				options = false;
				continue;
			}
			r = take_option(&p, word);
			if (r)
				return r;
			continue;
		}
		if (mode == OPT_BEFORE_ARGS)
			options = false;
		if (args_add(rest, word) < 0)
			return fail_memory(err);
	}
	return 0;
}
