// SPDX-License-Identifier: Apache-2.0
/*
 * The table engine over a type made for the test: every kind, every verb, the text of every
 * problem.
 */
#include <base/error.h>
#include <base/mem.h>
#include <base/str.h>
#include <json/write.h>
#include <schema/schema.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct leaf {
	struct opt_u64 number;
	char *text;
};

struct keyed {
	char *key;
	struct opt_i64 weight;
};

struct pair {
	char *name, *value;
};

struct all {
	struct opt_bool yes;
	struct opt_i64 small, wide, least;
	struct opt_u64 count, percent;
	struct opt_enum colour, maybe;
	char *name, *path, *raw;
	struct strv words;
	LIST_OF(uint32_t) ids;
	LIST_OF(int) colours;
	struct leaf *leaf;
	LIST_OF(struct leaf) leaves;
	LIST_OF(struct keyed) keyed;
	LIST_OF(struct pair) map;
};

static const struct name_value colours[] = {{"red", 1}, {"green", 2}, {"blue", 7}, {}};

static bool is_path(const char *s)
{
	return *s == '/';
}

static int leaf_check(const void *object, const struct schema_at *at)
{
	const struct leaf *l = object;
	struct schema_at here = schema_member(at, "number");

	return l->number.value == 13 ? schema_problem(&here, "must not be unlucky") : 0;
}

/* clang-format off */
#define S struct leaf
static const struct schema_field leaf_fields[] = {
	U64(S, number,  "number", REQUIRED),
	STRING(S, text, "text"),
	{}
};
static const struct schema_type leaf_type = TYPE(S, "leaf", leaf_fields, .check = leaf_check);
#undef S

#define S struct keyed
static const struct schema_field keyed_fields[] = {
	I64(S, weight, "weight"),
	{}
};
static const struct schema_type keyed_type = TYPE(S, "keyed", keyed_fields);
#undef S

#define S struct all
static const struct schema_field all_fields[] = {
	BOOL(S, yes,       "yes"),
	I64(S, small,      "small", RANGE(-5, 5)),
	I64(S, wide,       "wide"),
	I64(S, least,      "least", RANGE(1, INT64_MAX)),
	U64(S, count,      "count"),
	U64(S, percent,    "percent", RANGE(0, 100), DEPRECATED),
	ENUM(S, colour,    "colour", colours),
	ENUM(S, maybe,     "maybe", colours, .flags = F_EMPTY_ABSENT),
	STRING(S, name,    "name", .flags = F_REQUIRED | F_NONEMPTY),
	STRING(S, path,    "path", ACCEPT(is_path, "must be an absolute path")),
	RAW(S, raw,        "raw"),
	STRV(S, words,     "words", ACCEPT(is_path, "must be an absolute path"), .flags = F_NONEMPTY),
	U32S(S, ids,       "ids"),
	ENUMS(S, colours,  "colours", colours),
	OBJECT(S, leaf,    "leaf", leaf),
	LIST(S, leaves,    "leaves", leaf),
	MAP(S, keyed,      "key/ed~", keyed),
	STRING_MAP(S, map, "map"),
	{}
};
static const struct schema_type all_type = TYPE(S, "all", all_fields);
#undef S
/* clang-format on */

static const char full[] =
	"{\"yes\":false,\"small\":-5,\"wide\":-9223372036854775808,\"least\":9223372036854775807,"
	"\"count\":18446744073709551615,\"percent\":0,\"colour\":\"blue\",\"maybe\":\"red\","
	"\"name\":\"n\","
	"\"path\":\"/p\",\"raw\":{\"a\":[1,2.50,{}]},\"words\":[\"/a\",\"/"
	"b\"],\"ids\":[0,4294967295],"
	"\"colours\":[\"green\",\"green\"],\"leaf\":{\"number\":1,\"text\":\"\"},"
	"\"leaves\":[{\"number\":2},{\"number\":3}],\"key/ed~\":{\"y\":{\"weight\":1},\"x\":{}},"
	"\"map\":{\"b\":\"1\",\"a\":\"2\"}}";

static struct all *must_read(const char *text)
{
	void *ret = NULL;
	struct husk_error *err = NULL;

	if (schema_read(&all_type, text, strlen(text), &ret, &err) < 0)
		fail_msg("%s", husk_error_message(err));
	return ret;
}

static void expect_text(const struct all *all, const char *text)
{
	auto_free char *out = NULL;

	assert_int_equal(schema_write(&all_type, all, 0, &out, NULL), 0);
	assert_string_equal(out, text);
}

static void test_round_trip(void **state)
{
	struct all *all = must_read(full);

	(void)state;
	assert_true(all->yes.set && !all->yes.value);
	assert_true(all->count.value == UINT64_MAX && all->wide.value == INT64_MIN);
	assert_int_equal(all->colour.value, 7);
	assert_int_equal(all->ids.v[1], UINT32_MAX);
	assert_string_equal(all->keyed.v[0].key, "y");
	assert_string_equal(all->map.v[1].value, "2");
	assert_string_equal(all->raw, "{\"a\":[1,2.50,{}]}");
	expect_text(all, full);
	schema_free(&all_type, all);
}

static void test_absent(void **state)
{
	struct all *all = must_read(
		"{\"name\":\"n\",\"count\":null,\"words\":null,\"leaf\":null,\"maybe\":\"\","
		"\"leaves\":[],\"map\":{\"x\":null},\"future\":{\"a\":1}}");

	(void)state;
	assert_false(all->count.set || all->maybe.set);
	assert_null(all->words.v);
	assert_null(all->leaf);
	assert_non_null(all->leaves.v);
	assert_int_equal(all->leaves.n, 0);
	expect_text(all, "{\"name\":\"n\",\"leaves\":[],\"map\":{}}");
	schema_free(&all_type, all);
	schema_free(&all_type, NULL);
}

/* clang-format off */
static const struct {
	const char *text, *pointer, *message;
} bad[] = {
	{"[]", NULL, "/: must be an object, is an array"},
	{"null", NULL, "/: must be an object, is null"},
	{"{}", "/name", "/name: is required"},
	{"{\"name\":null}", "/name", "/name: is required"},
	{"{\"name\":\"\"}", "/name", "/name: must not be empty"},
	{"{\"name\":1}", "/name", "/name: must be a string, is an integer"},
	{"{\"yes\":\"true\"}", "/yes", "/yes: must be a boolean, is a string"},
	{"{\"small\":6}", "/small", "/small: must be between -5 and 5, is 6"},
	{"{\"small\":-6}", "/small", "/small: must be between -5 and 5, is -6"},
	{"{\"small\":99999999999999999999}", "/small", "/small: must be between -5 and 5, is 99999999999999999999"},
	{"{\"small\":1.0}", "/small", "/small: must be an integer, is a number with a fraction or exponent"},
	{"{\"small\":1e0}", "/small", "/small: must be an integer, is a number with a fraction or exponent"},
	{"{\"small\":true}", "/small", "/small: must be an integer, is a boolean"},
	{"{\"wide\":9223372036854775808}", "/wide",
		"/wide: must be between -9223372036854775808 and 9223372036854775807, is 9223372036854775808"},
	{"{\"wide\":-9223372036854775809}", "/wide",
		"/wide: must be between -9223372036854775808 and 9223372036854775807, is -9223372036854775809"},
	{"{\"least\":0}", "/least", "/least: must be at least 1, is 0"},
	{"{\"least\":-7}", "/least", "/least: must be at least 1, is -7"},
	{"{\"count\":-1}", "/count", "/count: must not be negative, is -1"},
	{"{\"count\":18446744073709551616}", "/count",
		"/count: must be between 0 and 18446744073709551615, is 18446744073709551616"},
	{"{\"count\":\"5\"}", "/count", "/count: must be an integer, is a string"},
	{"{\"count\":1e3}", "/count", "/count: must be an integer, is a number with a fraction or exponent"},
	{"{\"percent\":101}", "/percent", "/percent: must be between 0 and 100, is 101"},
	{"{\"percent\":-1}", "/percent", "/percent: must not be negative, is -1"},
	{"{\"colour\":\"gren\"}", "/colour", "/colour: unknown value 'gren', did you mean 'green'?"},
	{"{\"colour\":\"violet\"}", "/colour", "/colour: unknown value 'violet', must be one of: red, green, blue"},
	{"{\"colour\":\"\"}", "/colour", "/colour: unknown value '', must be one of: red, green, blue"},
	{"{\"colour\":7}", "/colour", "/colour: must be a string, is an integer"},
	{"{\"path\":\"p\"}", "/path", "/path: must be an absolute path, is 'p'"},
	{"{\"raw\":[]}", "/raw", "/raw: must be an object, is an array"},
	{"{\"words\":{}}", "/words", "/words: must be an array, is an object"},
	{"{\"words\":[]}", "/words", "/words: must not be empty"},
	{"{\"words\":[\"/a\",null]}", "/words/1", "/words/1: must be a string, is null"},
	{"{\"words\":[\"/a\",\"b\"]}", "/words/1", "/words/1: must be an absolute path, is 'b'"},
	{"{\"ids\":[0,4294967296]}", "/ids/1", "/ids/1: must be between 0 and 4294967295, is 4294967296"},
	{"{\"ids\":[-1]}", "/ids/0", "/ids/0: must not be negative, is -1"},
	{"{\"ids\":\"1\"}", "/ids", "/ids: must be an array, is a string"},
	{"{\"colours\":[\"red\",\"rde\"]}", "/colours/1",
		"/colours/1: unknown value 'rde', must be one of: red, green, blue"},
	{"{\"colours\":[1]}", "/colours/0", "/colours/0: must be a string, is an integer"},
	{"{\"leaf\":7}", "/leaf", "/leaf: must be an object, is an integer"},
	{"{\"leaf\":{}}", "/leaf/number", "/leaf/number: is required"},
	{"{\"leaf\":{\"number\":13}}", "/leaf/number", "/leaf/number: must not be unlucky"},
	{"{\"leaves\":[{\"number\":1},null]}", "/leaves/1", "/leaves/1: must be an object, is null"},
	{"{\"leaves\":[{\"number\":1},{\"number\":13}]}", "/leaves/1/number", "/leaves/1/number: must not be unlucky"},
	{"{\"leaves\":{}}", "/leaves", "/leaves: must be an array, is an object"},
	{"{\"key/ed~\":{\"a/b~c\":{\"weight\":\"1\"}}}", "/key~1ed~0/a~1b~0c/weight",
		"/key~1ed~0/a~1b~0c/weight: must be an integer, is a string"},
	{"{\"key/ed~\":{\"\":{}}}", "/key~1ed~0/", "/key~1ed~0/: the name must not be empty"},
	{"{\"key/ed~\":[]}", "/key~1ed~0", "/key~1ed~0: must be an object, is an array"},
	{"{\"map\":{\"a\":\"1\",\"b\":2}}", "/map/b", "/map/b: must be a string, is an integer"},
	{"{\"map\":{\"\":\"1\"}}", "/map/", "/map/: the name must not be empty"},
	{"{\"map\":[\"a\"]}", "/map", "/map: must be an object, is an array"},
	{"{\"name\":\"n\",\n\"count\":01}", NULL, "line 2 column 9: numbers must not begin with 0"},
};
/* clang-format on */

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		void *ret = (void *)1;
		auto_error *err = NULL;

		assert_true(
			schema_read(&all_type, bad[i].text, strlen(bad[i].text), &ret, &err) < 0);
		assert_ptr_equal(ret, (void *)1);
		assert_string_equal(husk_error_message(err), bad[i].message);
		if (bad[i].pointer)
			assert_string_equal(husk_error_pointer(err), bad[i].pointer);
		else
			assert_null(husk_error_pointer(err));
	}
}

static void collect(void *data, const struct schema_finding *f)
{
	static const char *const severities[] = {"error", "warning", "note"};

	strbuf_printf(data, "%s %s: %s%s%s\n", severities[f->severity], f->pointer, f->message,
		f->suggestion ? " -> " : "", f->suggestion ? f->suggestion : "");
}

/* A sink hears everything, in order, and rules of an object with problems are not asked. */
static void test_sink(void **state)
{
	static const char text[] =
		"{\"small\":9,\"percent\":5,\"count\":-1,\"extra\":1,\"percend\":1,\"words\":[1,"
		"\"x\"],"
		"\"leaf\":{\"number\":13},\"leaves\":[{\"text\":1},{\"number\":13}],"
		"\"colours\":[\"red\",1,\"no\"],\"map\":{\"a\":1,\"b\":\"x\"}}";
	struct husk_error *err = NULL;
	auto_strbuf heard = {};
	struct schema_report report = {.err = &err, .sink = collect, .sink_data = &heard};
	struct all *all;
	void *ret = NULL;

	(void)state;
	assert_int_equal(schema_read_all(&all_type, text, strlen(text), &ret, &report), 0);
	assert_null(err);
	assert_string_equal(strbuf_text(&heard),
		"error /small: must be between -5 and 5, is 9\n"
		"note /percent: deprecated\n"
		"error /count: must not be negative, is -1\n"
		"note /extra: unknown property\n"
		"warning /percend: unknown property -> percent\n"
		"error /words/0: must be a string, is an integer\n"
		"error /words/1: must be an absolute path, is 'x'\n"
		"error /leaf/number: must not be unlucky\n"
		"error /leaves/0/text: must be a string, is an integer\n"
		"error /leaves/0/number: is required\n"
		"error /leaves/1/number: must not be unlucky\n"
		"error /colours/1: must be a string, is an integer\n"
		"error /colours/2: unknown value 'no', must be one of: red, green, blue\n"
		"error /map/a: must be a string, is an integer\n"
		"error /name: is required\n");
	assert_int_equal(report.problems, 12);
	all = ret;
	assert_int_equal(all->map.n, 1);
	schema_free(&all_type, all);
}

static void test_check(void **state)
{
	struct all *all = must_read(full);
	auto_error *err = NULL;
	struct schema_report report = {.err = &err};
	struct schema_at root = schema_root(&report);

	(void)state;
	assert_int_equal(schema_check(&all_type, all, &root), 0);
	all->leaves.v[1].number.value = 13;
	assert_true(schema_check(&all_type, all, &root) < 0);
	assert_string_equal(husk_error_message(err), "/leaves/1/number: must not be unlucky");
	husk_error_free(TAKE_PTR(err));
	all->leaves.v[1].number.set = false;
	assert_true(schema_check(&all_type, all, &root) < 0);
	assert_string_equal(husk_error_message(err), "/leaves/1/number: is required");
	husk_error_free(TAKE_PTR(err));
	all->small.value = 6;
	assert_true(schema_check(&all_type, all, &root) < 0);
	assert_string_equal(husk_error_message(err), "/small: must be between -5 and 5, is 6");
	schema_free(&all_type, all);
}

static void test_merge(void **state)
{
	struct all *into = must_read(
		"{\"name\":\"old\",\"count\":1,\"small\":2,\"words\":[\"/x\",\"/y\",\"/z\"],"
		"\"leaf\":{\"number\":5,\"text\":\"keep\"},\"leaves\":[{\"number\":8}],"
		"\"key/ed~\":{\"a\":{\"weight\":1},\"b\":{\"weight\":2}},\"map\":{\"m\":\"1\"}}");
	struct all *from = must_read(
		"{\"name\":\"new\",\"count\":9,\"words\":[\"/w\"],\"leaf\":{\"number\":6},"
		"\"leaves\":[],\"key/ed~\":{\"b\":{\"weight\":3},\"c\":{}},"
		"\"map\":{\"m\":\"2\",\"n\":\"3\"}}");

	(void)state;
	assert_int_equal(schema_merge(&all_type, into, from), 0);
	expect_text(into, "{\"small\":2,\"count\":9,\"name\":\"new\",\"words\":[\"/w\"],"
			  "\"leaf\":{\"number\":6,\"text\":\"keep\"},\"leaves\":[],"
			  "\"key/ed~\":{\"a\":{\"weight\":1},\"b\":{\"weight\":3},\"c\":{}},"
			  "\"map\":{\"m\":\"2\",\"n\":\"3\"}}");
	schema_free(&all_type, into);
	schema_free(&all_type, from);
}

static void test_subtract(void **state)
{
	struct all *from =
		must_read("{\"name\":\"old\",\"count\":1,\"small\":2,\"words\":[\"/x\"],"
			  "\"leaf\":{\"number\":5,\"text\":\"keep\"},\"leaves\":[{\"number\":8}],"
			  "\"map\":{\"m\":\"1\",\"n\":\"2\",\"o\":\"3\"}}");
	struct all *what = must_read("{\"name\":\"any\",\"leaf\":{\"number\":0},"
				     "\"leaves\":[],\"map\":{\"n\":\"\",\"x\":\"\"}}");
	struct all *rest = must_read("{\"name\":\"n\",\"leaf\":{\"number\":1,\"text\":\"\"}}");

	(void)state;
	schema_subtract(&all_type, from, what);
	expect_text(from,
		"{\"small\":2,\"count\":1,\"words\":[\"/x\"],\"leaf\":{\"text\":\"keep\"},"
		"\"map\":{\"m\":\"1\",\"o\":\"3\"}}");
	/* an object that has nothing left goes */
	schema_subtract(&all_type, from, rest);
	expect_text(from, "{\"small\":2,\"count\":1,\"words\":[\"/x\"],"
			  "\"map\":{\"m\":\"1\",\"o\":\"3\"}}");
	assert_false(schema_is_empty(&all_type, from));
	schema_free(&all_type, from);
	schema_free(&all_type, what);
	schema_free(&all_type, rest);
}

/* Merging into nothing copies. */
static void test_copy(void **state)
{
	struct all *all = must_read(full);
	struct all copy = {};

	(void)state;
	assert_int_equal(schema_merge(&all_type, &copy, all), 0);
	schema_free(&all_type, all);
	expect_text(&copy, full);
	schema_done(&all_type, &copy);
	assert_memory_equal(&copy, &(struct all){}, sizeof copy);
}

/* Each member of `full` changed alone, so that no other difference can hide a broken equal(). */
static void test_equal_each(void **state)
{
	struct all *a = must_read(full), *b = must_read(full);

	(void)state;
#define DIFFERS(change, restore)                             \
	do {                                                 \
		change;                                      \
		assert_false(schema_equal(&all_type, a, b)); \
		restore;                                     \
		assert_true(schema_equal(&all_type, a, b));  \
	} while (0)
	DIFFERS(b->yes.value = true, b->yes.value = false);
	DIFFERS(b->yes.set = false, b->yes.set = true);
	DIFFERS(b->small.value++, b->small.value--);
	DIFFERS(b->count.value--, b->count.value++);
	DIFFERS(b->colour.value = 1, b->colour.value = 7);
	DIFFERS(*b->name = 'm', *b->name = 'n');
	DIFFERS(b->raw[2] = 'b', b->raw[2] = 'a');
	DIFFERS(b->words.n--, b->words.n++);
	DIFFERS(b->words.v[1][1] = 'c', b->words.v[1][1] = 'b');
	DIFFERS(b->ids.v[0]++, b->ids.v[0]--);
	DIFFERS(b->ids.n--, b->ids.n++);
	DIFFERS(b->colours.v[1] = 1, b->colours.v[1] = 2);
	DIFFERS(b->leaf->number.value++, b->leaf->number.value--);
	DIFFERS(b->leaves.v[1].number.value++, b->leaves.v[1].number.value--);
	DIFFERS(b->leaves.n--, b->leaves.n++);
	DIFFERS(b->keyed.v[0].weight.value++, b->keyed.v[0].weight.value--);
	DIFFERS(*b->keyed.v[1].key = 'w', *b->keyed.v[1].key = 'x');
	DIFFERS(*b->map.v[1].value = '5', *b->map.v[1].value = '2');
	DIFFERS(*b->map.v[1].name = 'c', *b->map.v[1].name = 'a');
#undef DIFFERS
	schema_free(&all_type, a);
	schema_free(&all_type, b);
}

static void test_equal_order(void **state)
{
	struct all *a = must_read("{\"name\":\"n\",\"map\":{\"a\":\"1\",\"b\":\"2\"}}");
	struct all *b = must_read("{\"map\":{\"b\":\"2\",\"a\":\"1\"},\"name\":\"n\"}");

	(void)state;
	assert_true(schema_equal(&all_type, a, b));
	schema_free(&all_type, a);
	schema_free(&all_type, b);
}

static void test_set(void **state)
{
	static const struct {
		const char *pointer, *text, *message;
	} rows[] = {
		{"/yes", "true", NULL},
		{"/small", "-3", NULL},
		{"/count", "18446744073709551615", NULL},
		{"/colour", "green", NULL},
		{"/name", "x", NULL},
		{"/words", "/1", NULL},
		{"/words", "/2", NULL},
		{"/leaf/number", "4", NULL},
		{"/map/a~1b", "v", NULL},
		{"/map/a~1b", "w", NULL},
		{"yes", "true", "'yes' is not a JSON pointer"},
		{"/yes", "1", "/yes: must be true or false, is '1'"},
		{"/yes/no", "true", "/yes: has no members"},
		{"/small", "6", "/small: must be between -5 and 5, is 6"},
		{"/small", "x", "/small: must be an integer, is 'x'"},
		{"/count", "-1", "/count: must not be negative, is -1"},
		{"/count", "18446744073709551616",
			"/count: must be between 0 and 18446744073709551615, is "
			"18446744073709551616"},
		{"/count", "", "/count: must be an integer, is ''"},
		{"/colour", "grey",
			"/colour: unknown value 'grey', must be one of: red, green, blue"},
		{"/path", "p", "/path: must be an absolute path, is 'p'"},
		{"/words", "q", "/words/2: must be an absolute path, is 'q'"},
		{"/leaf", "4", "/leaf: is an object"},
		{"/leaf/none", "4", "/leaf/none: unknown property"},
		{"/none", "4", "/none: unknown property"},
		{"/leaves", "4", "/leaves: cannot be set from text"},
		{"/map", "4", "/map: needs the name of a member"},
		{"/map/a/b", "4", "/map: 'a/b' is not the name of a member"},
	};
	struct all all = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_error *err = NULL;
		int r = schema_set(&all_type, &all, rows[i].pointer, rows[i].text, &err);

		if (rows[i].message) {
			assert_true(r < 0);
			assert_string_equal(husk_error_message(err), rows[i].message);
		} else {
			assert_int_equal(r, 0);
		}
	}
	expect_text(&all,
		"{\"yes\":true,\"small\":-3,\"count\":18446744073709551615,\"colour\":\"green\","
		"\"name\":\"x\",\"words\":[\"/1\",\"/2\"],\"leaf\":{\"number\":4},"
		"\"map\":{\"a/b\":\"w\"}}");
	schema_done(&all_type, &all);
}

static void test_dump(void **state)
{
	auto_strbuf out = {};

	(void)state;
	schema_dump(&all_type, &out);
	assert_non_null(strstr(out.text, "/small\ti64\t -5..5\n"));
	assert_non_null(strstr(out.text, "/percent\tu64\t 0..100 deprecated\n"));
	assert_non_null(strstr(out.text, "/colour\tenum\t red|green|blue\n"));
	assert_non_null(strstr(out.text, "/name\tstring\t required not empty\n"));
	assert_non_null(strstr(out.text, "\n/leaves/*/number\tu64\t required\n"));
	assert_non_null(strstr(out.text, "\n/leaf/text\tstring\t\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_sink),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_subtract),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_equal_each),
		cmocka_unit_test(test_equal_order),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_dump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
