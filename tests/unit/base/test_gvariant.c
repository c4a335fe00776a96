// SPDX-License-Identifier: Apache-2.0
/* GVariant text: what it means, which type it gets, and what is refused where. */
#include <base/gvariant.h>
#include <base/mem.h>
#include <base/str.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/* The tree as text with every type: "as[s:a s:b]". */
static void dump(const struct gvariant *v, struct strbuf *out)
{
	strbuf_add(out, v->type);
	if (v->kind == GVARIANT_NUMBER || v->kind == GVARIANT_BOOL || v->kind == GVARIANT_STRING ||
		v->kind == GVARIANT_BYTES) {
		strbuf_printf(out, ":%s", v->text);
		return;
	}
	strbuf_add_char(out, '[');
	list_for_each (item, &v->items) {
		if (item != v->items.v)
			strbuf_add_char(out, ' ');
		dump(item, out);
	}
	strbuf_add_char(out, ']');
}

static void test_good(void **state)
{
	static const struct {
		const char *text, *type, *wanted;
	} rows[] = {
		{"true", NULL, "b:true"},
		{" false ", "b", "b:false"},
		{"5", NULL, "i:5"},
		{"5", "t", "t:5"},
		{"-5", "x", "x:-5"},
		{"18446744073709551615", "t", "t:18446744073709551615"},
		{"uint64 5", NULL, "t:5"},
		{"@t 5", NULL, "t:5"},
		{"uint64 5", "t", "t:5"},
		{"byte 0xff", NULL, "y:0xff"},
		{"byte 0x01", "y", "y:0x01"},
		{"0377", "y", "y:0377"},
		{"1.5", NULL, "d:1.5"},
		{"5", "d", "d:5"},
		{"-1e3", NULL, "d:-1e3"},
		{"inf", NULL, "d:inf"},
		{"'a b'", NULL, "s:a b"},
		{"\"it's\"", NULL, "s:it's"},
		{"'it\\'s\\n\\u00e4'", NULL, "s:it's\n\xc3\xa4"},
		{"objectpath '/a/b_1'", NULL, "o:/a/b_1"},
		{"'/'", "o", "o:/"},
		{"signature 'a{sv}u'", NULL, "g:a{sv}u"},
		{"b'ab\\001'", NULL, "ay:ab\001"},
		{"[]", "as", "as[]"},
		{"@as []", NULL, "as[]"},
		{"['a', 'b']", NULL, "as[s:a s:b]"},
		{"['/a', objectpath '/b']", NULL, "ao[o:/a o:/b]"},
		{"[1, uint32 2]", NULL, "au[u:1 u:2]"},
		{"[1, 2.0]", NULL, "ad[d:1 d:2.0]"},
		{"[byte 1, 2]", NULL, "ay[y:1 y:2]"},
		{"[0x01,0x02]", "ay", "ay[y:0x01 y:0x02]"},
		{"[[], [1]]", NULL, "aai[ai[] ai[i:1]]"},
		{"[('/dev/null', 'rwm')]", NULL, "a(ss)[(ss)[s:/dev/null s:rwm]]"},
		{"('a', true, 5)", "(sbt)", "(sbt)[s:a b:true t:5]"},
		{"(1,)", NULL, "(i)[i:1]"},
		{"{'a': <5>, 'b': <@as []>}", NULL, "a{sv}[{sv}[s:a v[i:5]] {sv}[s:b v[as[]]]]"},
		{"@a{sv} {}", NULL, "a{sv}[]"},
		{"{}", "a{sv}", "a{sv}[]"},
		{"[{'a', 1}, {'b', 2}]", NULL, "a{si}[{si}[s:a i:1] {si}[s:b i:2]]"},
		{"<<'x'>>", NULL, "v[v[s:x]]"},
		{"[<1>, <'a'>]", NULL, "av[v[i:1] v[s:a]]"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct husk_error *err = NULL;
		auto_gvariant v = {};
		auto_strbuf out = {};
		int r = gvariant_parse(rows[i].text, rows[i].type, &v, &err);

		if (r < 0)
			fail_msg("%s: %s", rows[i].text, husk_error_message(err));
		dump(&v, &out);
		assert_string_equal(strbuf_text(&out), rows[i].wanted);
	}
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *type, *message;
	} rows[] = {
		{"", NULL, "not a number at byte 0"},
		{"yes", NULL, "not a value at byte 0"},
		{"5 6", NULL, "something follows the value at byte 2"},
		{"'a", NULL, "a string does not end"},
		{"'\\", NULL, "not an escape"},
		{"'\\u0000'", NULL, "not an escape"},
		{"'\\ud800'", NULL, "not an escape"},
		{"'\xff'", NULL, "not UTF-8"},
		{"[1 2]", NULL, "a comma is missing"},
		{"(1)", NULL, "a comma is missing"},
		{"()", NULL, "no empty tuple"},
		{"{1}", NULL, "a colon is missing"},
		{"{1: 2, 3, 4}", NULL, "a colon is missing"},
		{"<5", NULL, "'>' is missing"},
		{"@m 5", NULL, "not a type of D-Bus"},
		{"@ 5", NULL, "not a type of D-Bus"},
		{"just 5", NULL, "not a value"},
		{"uint32 uint64 5", NULL, "two types"},
		{"5x", NULL, "not a number"},
		{"[]", NULL, "cannot be told"},
		{"{}", NULL, "cannot be told"},
		{"{}", "as", "not 'as'"},
		{"{<5>: 1}", NULL, "D-Bus has no type"},
		{"{1, 2}", NULL, "D-Bus has no type"},
		{"[1, 'a']", NULL, "do not agree"},
		{"string 5", NULL, "do not agree"},
		{"'5'", "t", "is of type 'S', not 't'"},
		{"5", "s", "is of type 'N', not 's'"},
		{"uint32 5", "t", "is of type 'u', not 't'"},
		{"-1", "t", "'-1' is out of range"},
		{"256", "y", "out of range"},
		{"-32769", "n", "out of range"},
		{"2147483648", NULL, "out of range"},
		{"18446744073709551616", "t", "out of range"},
		{"1.5", "t", "is of type 'd', not 't'"},
		{"089", "t", "is not an integer"},
		{"'a/b'", "o", "is not an object path"},
		{"'/a/'", "o", "is not an object path"},
		{"''", "o", "is not an object path"},
		{"'a'", "g", "is not a signature"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct husk_error *err = NULL;
		auto_gvariant v = {};

		if (!gvariant_parse(rows[i].text, rows[i].type, &v, &err))
			fail_msg("%s is of type %s", rows[i].text, v.type);
		if (!strstr(husk_error_message(err), rows[i].message))
			fail_msg("%s: %s", rows[i].text, husk_error_message(err));
		husk_error_free(err);
	}
}

static void test_depth(void **state)
{
	char text[300];

	(void)state;
	for (size_t depth = 1; depth < 140; depth++) {
		struct husk_error *err = NULL;
		auto_gvariant v = {};
		int r;

		memset(text, '[', depth);
		text[depth] = '1';
		memset(text + depth + 1, ']', depth);
		text[2 * depth + 1] = '\0';
		r = gvariant_parse(text, NULL, &v, &err);
		assert_true(depth < 32 ? !r : r < 0 && err);
		husk_error_free(err);
	}
}

static void test_types(void **state)
{
	static const char *const good[] = {"s", "as", "a{sv}", "(sa(ss))", "aay"},
				 *const bad[] = {"", "ss", "a", "{sv}", "a{vs}", "()", "(s", "m",
					 "N", "*", "a{s}", "a{sss}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(gvariant_is_type(good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(gvariant_is_type(bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
