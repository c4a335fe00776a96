/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command line options as rows. A row says where in the command's own option struct its value goes; the struct is
 * zeroed before, so zero is "not given". Accepted as runc (the flag package of Go) and getopt users expect:
 * --name value, --name=value, -name value, -name=value, -n value, -nvalue, several flags in one (-dt), "--".
 * Values are never split at commas, and are borrowed from argv.
 */
#ifndef HUSK_CLI_OPT_H
#define HUSK_CLI_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <base/array.h>
#include <base/opt.h>
#include <husk/error.h>

enum opt_kind {
	OPT_FLAG, /* bool */
	OPT_STRING, /* const char * */
	OPT_STRINGS, /* struct args: each occurrence adds one */
	OPT_UNSIGNED, /* struct opt_u64 */
	OPT_SIGNED, /* struct opt_i64 */
	OPT_TRISTATE, /* enum opt_tristate */
	OPT_GROUP, /* a struct with rows of its own */
};

enum opt_tristate { OPT_AUTO, OPT_NO, OPT_YES };

/* Borrowed strings, with a NULL behind the last: v (if not NULL) is what execv() wants. */
struct args {
	size_t n;
	const char **v;
};

struct opt_row {
	const char *name; /* without dashes; NULL ends the table */
	char letter; /* 0: none */
	enum opt_kind kind;
	size_t offset;
	const char *value; /* what it is called in help; NULL for flags */
	const char *help;
	bool hidden; /* accepted for the sake of other runtimes' users; not shown */
	const struct opt_row *group;
};

/* The offset of a member; does not compile when the member has not the type of the row's kind. */
#define OPT_OFFSET(type, member, want)                                 \
	(offsetof(type, member) +                                      \
		0 * sizeof(char[1 - 2 * !__builtin_types_compatible_p( \
						__typeof__(((type *)0)->member), want)]))

#define OPT_ROW(type, member, want, kind_, name_, letter_, value_, help_, ...)            \
	{                                                                                 \
		.name = name_, .letter = letter_, .kind = kind_,                          \
		.offset = OPT_OFFSET(type, member, want), .value = value_, .help = help_, \
		##__VA_ARGS__                                                             \
	}
/* clang-format off */
#define FLAG(t, m, name, letter, help, ...)	     OPT_ROW(t, m, bool, OPT_FLAG, name, letter, NULL, help, ##__VA_ARGS__)
#define STRING(t, m, name, letter, value, help, ...)   OPT_ROW(t, m, const char *, OPT_STRING, name, letter, value, help, ##__VA_ARGS__)
#define STRINGS(t, m, name, letter, value, help, ...)  OPT_ROW(t, m, struct args, OPT_STRINGS, name, letter, value, help, ##__VA_ARGS__)
#define UNSIGNED(t, m, name, letter, value, help, ...) OPT_ROW(t, m, struct opt_u64, OPT_UNSIGNED, name, letter, value, help, ##__VA_ARGS__)
#define SIGNED(t, m, name, letter, value, help, ...)   OPT_ROW(t, m, struct opt_i64, OPT_SIGNED, name, letter, value, help, ##__VA_ARGS__)
#define TRISTATE(t, m, name, letter, value, help, ...) OPT_ROW(t, m, enum opt_tristate, OPT_TRISTATE, name, letter, value, help, ##__VA_ARGS__)
#define GROUP(t, m, member_type, rows)		     OPT_ROW(t, m, member_type, OPT_GROUP, "", 0, NULL, NULL, .group = rows)
/* clang-format on */

enum opt_mode {
	/* Options may follow arguments. */
	OPT_ANYWHERE,
	/* Options end at the first argument: what follows belongs to another program. */
	OPT_BEFORE_ARGS,
};

/*
 * Sorts argv (NULL-terminated, without the program's name) into the struct at `into` and the rest. Returns 0, 1 when
 * help was asked for (--help, -h), or < 0 with an error in runc's words. Free with opt_done() and args_done() in
 * any case.
 */
int opt_parse(const struct opt_row *rows, enum opt_mode mode, char *const *argv, void *into,
	struct args *rest, struct husk_error **err);
void opt_done(const struct opt_row *rows, void *into);

/* Calls visit for every row, groups resolved; `offset` counts from the outermost struct. Stops at non-zero. */
typedef int opt_visit_fn(const struct opt_row *row, size_t offset, void *data);
int opt_each(const struct opt_row *rows, opt_visit_fn *visit, void *data);

int args_add(struct args *args, const char *s);
void args_done(struct args *args);
#define auto_args auto_(args_done) struct args

/* "Did you mean": hold candidates against what was typed; `best` is NULL as long as none is near. */
struct suggestion {
	const char *typed;
	const char *best;
	size_t distance;
};
void suggestion_try(struct suggestion *s, const char *candidate);

#endif
