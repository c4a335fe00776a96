// SPDX-License-Identifier: Apache-2.0
/* Options in all the ways engines and people write them, and the words for what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <cli/opt.h>

struct inner {
	const char *socket;
	struct opt_u64 count;
};

struct outer {
	bool detach, quiet, cap_less;
	const char *bundle;
	struct args env;
	struct inner inner;
	struct opt_i64 nice;
	enum opt_tristate rootless;
};

static const struct opt_row inner_rows[] = {
	STRING(struct inner, socket, "console-socket", 0, "PATH", "socket"),
	UNSIGNED(struct inner, count, "preserve-fds", 0, "N", "count"),
	{},
};
static const struct opt_row rows[] = {
	FLAG(struct outer, detach, "detach", 'd', "detach"),
	FLAG(struct outer, quiet, "quiet", 'q', "quiet"),
	FLAG(struct outer, cap_less, "secret", 0, "hidden", .hidden = true),
	STRING(struct outer, bundle, "bundle", 'b', "DIR", "bundle"),
	STRINGS(struct outer, env, "env", 'e', "K=V", "env"),
	GROUP(struct outer, inner, struct inner, inner_rows),
	SIGNED(struct outer, nice, "nice", 0, "N", "nice"),
	TRISTATE(struct outer, rootless, "rootless", 0, "BOOL", "rootless"),
	{},
};

/* One command line and what becomes of it. */
struct line {
	struct outer into;
	struct args rest;
	struct husk_error *error;
	int r;
};

#define PARSE(line, mode, ...) parse(line, mode, (char *[]){__VA_ARGS__, NULL})

static void parse(struct line *line, enum opt_mode mode, char **argv)
{
	*line = (struct line){};
	line->r = opt_parse(rows, mode, argv, &line->into, &line->rest, &line->error);
	assert_true((line->r < 0) == (line->error != NULL));
}

static void done(struct line *line)
{
	opt_done(rows, &line->into);
	args_done(&line->rest);
	husk_error_free(line->error);
}

static void ways_to_give_a_value(void **state)
{
	static char *ways[][3] = {{"--bundle", "/b"}, {"--bundle=/b"}, {"-bundle", "/b"},
		{"-bundle=/b"}, {"-b", "/b"}, {"-b/b"}, {"-b=/b"}, {"--b", "/b"}, {"-db/b"}};
	struct line line;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		parse(&line, OPT_ANYWHERE, ways[i]);
		assert_int_equal(line.r, 0);
		assert_string_equal(line.into.bundle, "/b");
		assert_int_equal(line.rest.n, 0);
		done(&line);
	}
}

static void values_are_not_split(void **state)
{
	struct line line;

	(void)state;
	PARSE(&line, OPT_ANYWHERE, "-e", "A=1,2", "--env=B=c=d", "-eC=", "--env", "-x");
	assert_int_equal(line.r, 0);
	assert_int_equal(line.into.env.n, 4);
	assert_string_equal(line.into.env.v[0], "A=1,2");
	assert_string_equal(line.into.env.v[1], "B=c=d");
	assert_string_equal(line.into.env.v[2], "C=");
	assert_string_equal(line.into.env.v[3], "-x");
	assert_null(line.into.env.v[4]);
	done(&line);
}

static void many_strings_stay_ended_by_null(void **state)
{
	struct args args = {};

	(void)state;
	for (size_t i = 0; i < 40; i++) {
		assert_int_equal(args_add(&args, "x"), 0);
		assert_int_equal(args.n, i + 1);
		assert_null(args.v[i + 1]);
		assert_string_equal(args.v[i], "x");
	}
	args_done(&args);
}

static void flags(void **state)
{
	struct line line;

	(void)state;
	PARSE(&line, OPT_ANYWHERE, "-dq", "id");
	assert_true(line.into.detach && line.into.quiet && !line.into.cap_less);
	assert_string_equal(line.rest.v[0], "id");
	done(&line);
	PARSE(&line, OPT_ANYWHERE, "-detach", "--quiet=false", "-secret=true");
	assert_true(line.into.detach && !line.into.quiet && line.into.cap_less);
	done(&line);
}

static void options_behind_arguments(void **state)
{
	struct line line;

	(void)state;
	PARSE(&line, OPT_ANYWHERE, "id", "--detach", "-", "--", "-q");
	assert_true(line.into.detach && !line.into.quiet);
	assert_int_equal(line.rest.n, 3);
	assert_string_equal(line.rest.v[1], "-");
	assert_string_equal(line.rest.v[2], "-q");
	done(&line);
	PARSE(&line, OPT_BEFORE_ARGS, "-d", "id", "ls", "-q", "--bundle", "--");
	assert_true(line.into.detach && !line.into.quiet && !line.into.bundle);
	assert_int_equal(line.rest.n, 5);
	assert_string_equal(line.rest.v[4], "--");
	done(&line);
}

static void numbers_and_groups(void **state)
{
	struct line line;

	(void)state;
	PARSE(&line, OPT_ANYWHERE, "--preserve-fds", "18446744073709551615", "--nice=-5",
		"-console-socket=/s", "--rootless=true");
	assert_int_equal(line.r, 0);
	assert_true(line.into.inner.count.set && line.into.inner.count.value == UINT64_MAX);
	assert_true(line.into.nice.set && line.into.nice.value == -5);
	assert_string_equal(line.into.inner.socket, "/s");
	assert_int_equal(line.into.rootless, OPT_YES);
	done(&line);
	PARSE(&line, OPT_ANYWHERE, "--rootless", "false");
	assert_int_equal(line.into.rootless, OPT_NO);
	assert_false(line.into.inner.count.set);
	done(&line);
}

static void help_is_asked_for(void **state)
{
	static char *ways[][3] = {{"--help"}, {"-h"}, {"-help"}, {"id", "-dh"}};
	struct line line;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		parse(&line, OPT_ANYWHERE, ways[i]);
		assert_int_equal(line.r, 1);
		done(&line);
	}
}

static void faults(void **state)
{
	static const struct {
		char *argv[3];
		const char *message;
	} cases[] = {
		{{"--bogus"}, "flag provided but not defined: -bogus"},
		{{"-z"}, "flag provided but not defined: -z"},
		{{"-dz"}, "flag provided but not defined: -dz"},
		{{"--budnle=x"},
			"flag provided but not defined: -budnle (did you mean '--bundle'?)"},
		{{"--secrets"}, "flag provided but not defined: -secrets"},
		{{"--bundle"}, "flag needs an argument: -bundle"},
		{{"-e"}, "flag needs an argument: -env"},
		{{"--preserve-fds=3x"}, "invalid value \"3x\" for flag -preserve-fds: parse error"},
		{{"--preserve-fds", "-1"},
			"invalid value \"-1\" for flag -preserve-fds: parse error"},
		{{"--preserve-fds", "18446744073709551616"},
			"invalid value \"18446744073709551616\" for flag -preserve-fds: value out "
			"of "
			"range"},
		{{"--nice="}, "invalid value \"\" for flag -nice: parse error"},
		{{"--detach=maybe"}, "invalid value \"maybe\" for flag -detach: parse error"},
		{{"--rootless=foo"}, "invalid value \"foo\" for flag -rootless: must be 'true', "
				     "'false' or 'auto'"},
	};
	struct line line;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		parse(&line, OPT_ANYWHERE, (char **)(uintptr_t)cases[i].argv);
		assert_true(line.r < 0);
		assert_string_equal(husk_error_message(line.error), cases[i].message);
		done(&line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ways_to_give_a_value),
		cmocka_unit_test(values_are_not_split),
		cmocka_unit_test(many_strings_stay_ended_by_null),
		cmocka_unit_test(flags),
		cmocka_unit_test(options_behind_arguments),
		cmocka_unit_test(numbers_and_groups),
		cmocka_unit_test(help_is_asked_for),
		cmocka_unit_test(faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
