// SPDX-License-Identifier: Apache-2.0
/* Units and their properties, without a systemd: names, places, texts. */
#include <cgroup/systemd.h>
#include <cgroup/systemd_call.h>
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

static void test_units(void **state)
{
	static const struct {
		const char *path, *id;
		bool user;
		const char *name, *slice, *cgroup;
	} rows[] = {
		{NULL, "c1", false, "husk-c1.scope", "system.slice", "/system.slice/husk-c1.scope"},
		{"", "c1", false, "husk-c1.scope", "system.slice", "/system.slice/husk-c1.scope"},
		{NULL, "c1", true, "husk-c1.scope", "user.slice", "/user.slice/husk-c1.scope"},
		{"", "a+b", false, "husk-a\\x2bb.scope", "system.slice",
			"/system.slice/husk-a\\x2bb.scope"},
		{"system.slice:docker:0af", "x", false, "docker-0af.scope", "system.slice",
			"/system.slice/docker-0af.scope"},
		{"::n", "x", false, "n.scope", "system.slice", "/system.slice/n.scope"},
		{"-.slice:p:n", "x", false, "p-n.scope", "-.slice", "/p-n.scope"},
		{"a-b-c.slice:p:n", "x", false, "p-n.scope", "a-b-c.slice",
			"/a.slice/a-b.slice/a-b-c.slice/p-n.scope"},
		{"kubepods.slice:p:kubepods-burst.slice", "x", false, "kubepods-burst.slice",
			"kubepods.slice", "/kubepods.slice/kubepods-burst.slice"},
		{"user.slice:libpod:1", "x", true, "libpod-1.scope", "user.slice",
			"/user.slice/libpod-1.scope"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_(systemd_unit_done) struct systemd_unit unit = {};
		auto_free char *path = NULL, *below = NULL, *expected = NULL;
		struct husk_error *err = NULL;

		if (systemd_unit_find(rows[i].path, rows[i].id, rows[i].user, &unit, &err) < 0)
			fail_msg("%s", husk_error_message(err));
		assert_string_equal(unit.name, rows[i].name);
		assert_string_equal(unit.slice, rows[i].slice);
		assert_int_equal(unit.user, rows[i].user);
		path = systemd_unit_path(&unit, "/");
		assert_string_equal(path, rows[i].cgroup);
		below = systemd_unit_path(&unit, "/user.slice/user@1.service");
		expected = str_printf("/user.slice/user@1.service%s", rows[i].cgroup);
		assert_string_equal(below, expected);
	}
}

static void test_bad_units(void **state)
{
	static const char *const rows[][2] = {
		{"/a/b", "expected cgroupsPath to be of format \"slice:prefix:name\""},
		{"a.slice", "got \"a.slice\" instead"},
		{"a.slice:b", "format"},
		{"a.slice:b:c:d", "format"},
		{"a.slice:b:", "format"},
		{"a.slice:b:../c", "format"},
		{"a/b.slice:p:n", "format"},
		{"a:b:c", "'a' is not the name of a slice"},
		{".slice:b:c", "'.slice' is not the name of a slice"},
		{"-a.slice:b:c", "not the name of a slice"},
		{"a--b.slice:b:c", "not the name of a slice"},
		{"a-.slice:b:c", "not the name of a slice"},
		{"a b.slice:b:c", "not the name of a slice"},
		{"a.slice:b:-.slice", "'-.slice' is not the name of a slice"},
		{"a.slice:b:c d", "'b-c d.scope' is not the name of a unit: only"},
		{"a.slice:b:c+d", "not the name of a unit"},
	};
	char path[400];

	(void)state;
	for (size_t i = 0; i <= ARRAY_LEN(rows); i++) {
		auto_(systemd_unit_done) struct systemd_unit unit = {};
		struct husk_error *err = NULL;

		strcpy(path, i < ARRAY_LEN(rows) ? rows[i][0] : "a.slice:b:");
		if (i == ARRAY_LEN(rows))
			memset(path + 10, 'n', 300);
		path[310] = '\0';
		if (!systemd_unit_find(path, "id", false, &unit, &err))
			fail_msg("'%s' is accepted", path);
		assert_string_equal(husk_error_pointer(err), "/linux/cgroupsPath");
		if (!strstr(husk_error_message(err), i < ARRAY_LEN(rows) ? rows[i][1] : "too long"))
			fail_msg("%s", husk_error_message(err));
		husk_error_free(err);
	}
}

/* All as one text. */
static void expect(const struct systemd_properties *list, const char *expected)
{
	auto_strbuf out = {};

	list_for_each (p, list) {
		struct husk_error *err = NULL;
		auto_gvariant v = {};

		if (gvariant_parse(p->value, systemd_signature(p->name), &v, &err) < 0)
			fail_msg("%s: %s", p->name, husk_error_message(err));
		strbuf_printf(&out, "%s=%s;", p->name, p->value);
	}
	assert_string_equal(strbuf_text(&out), expected);
}

static void test_common(void **state)
{
	const struct systemd_unit scope = {(char *)"a-b.scope", (char *)"a\\x2db.slice", false},
				  slice = {(char *)"a\\x2db-c.slice", (char *)"a\\x2db.slice",
					  false};
	auto_properties one = {}, two = {};

	(void)state;
	assert_int_equal(
		systemd_common_properties(
			&(struct systemd_start){.unit = &scope, .id = "b", .pid = 7, .v2 = true},
			&one),
		0);
	expect(&one,
		"Description='husk container b';Slice='a\\\\x2db.slice';Delegate=true;PIDs=[7];"
		"MemoryAccounting=true;CPUAccounting=true;IOAccounting=true;TasksAccounting=true;"
		"DefaultDependencies=false;");
	assert_int_equal(
		systemd_common_properties(
			&(struct systemd_start){.unit = &slice, .id = "b", .pid = 7}, &two),
		0);
	expect(&two,
		"Description='husk container b';Wants=['a\\\\x2db.slice'];MemoryAccounting=true;"
		"CPUAccounting=true;BlockIOAccounting=true;TasksAccounting=true;"
		"DefaultDependencies=false;");
}

static void test_annotations(void **state)
{
	static const char *const good[][3] = {
		{"CollectMode", "'inactive-or-failed'", "CollectMode='inactive-or-failed';"},
		{"TimeoutStopUSec", "uint64 5", "TimeoutStopUSec=uint64 5;"},
		{"TimeoutStopUSec", "5", "TimeoutStopUSec=5;"},
		{"TimeoutStopSec", "5", "TimeoutStopUSec=uint64 5000000;"},
		{"TimeoutStopSec", "uint64 5", "TimeoutStopUSec=uint64 5000000;"},
		{"TimeoutStopSec", "@t 5", "TimeoutStopUSec=uint64 5000000;"},
		{"TimeoutStopSec", "1.25", "TimeoutStopUSec=uint64 1250000;"},
		{"TimeoutStopSec", "0.0000019", "TimeoutStopUSec=uint64 1;"},
		{"TimeoutStopSec", ".5", "TimeoutStopUSec=uint64 500000;"},
		{"After", "['a.service']", "After=['a.service'];"},
	};
	static const char *const bad[][3] = {
		{"Collect-Mode", "'a'", "'Collect-Mode' is not the name of a property"},
		{"", "'a'", "'' is not the name of a property"},
		{"CollectMode", "inactive", "not a value at byte 0"},
		{"CollectMode", "5", "is of type 'N', not 's'"},
		{"MemoryMax", "int32 5", "is of type 'i', not 't'"},
		{"TimeoutStopSec", "'5'", "is not a number of seconds"},
		{"TimeoutStopSec", "-5", "is not a number of seconds"},
		{"TimeoutStopSec", "1e3", "is not a number of seconds"},
		{"TimeoutStopSec", "inf", "is not a number of seconds"},
		{"TimeoutStopSec", "@t 18446744073709551615", "is not a number of seconds"},
		{"a/b", "5", "'a/b' is not the name of a property"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good) + ARRAY_LEN(bad); i++) {
		bool fine = i < ARRAY_LEN(good);
		const char *const *row = fine ? good[i] : bad[i - ARRAY_LEN(good)];
		auto_free char *name = str_printf("org.systemd.property.%s", row[0]);
		struct oci_string_pair pairs[] = {
			{(char *)"org.systemd.propert", (char *)"x"},
			{name, (char *)(uintptr_t)row[1]},
		};
		const struct oci_string_map map = {.n = 2, .v = pairs};
		auto_properties list = {};
		struct husk_error *err = NULL;
		int r = systemd_annotations(&map, &list, &err);

		if (fine != !r)
			fail_msg("%s: %s", row[1], r ? husk_error_message(err) : "is accepted");
		if (fine) {
			expect(&list, row[2]);
			continue;
		}
		if (!strstr(husk_error_message(err), row[2]))
			fail_msg("%s", husk_error_message(err));
		if (strchr(row[0], '/'))
			assert_string_equal(
				husk_error_pointer(err), "/annotations/org.systemd.property.a~1b");
		husk_error_free(err);
	}
}

static void test_devices(void **state)
{
	static const char devices[] =
		"Character devices:\n  1 mem\n  4 /dev/vc/0\n  4 tty\n136 pts\n\nBlock devices:\n"
		"  8 sd\n253 device-mapper\n";
	static const struct systemd_device some[] =
		{
			{'c', 1, 3, "rwm"},
			{'c', -1, -1, "m"},
			{'c', 136, -1, "rw"},
			{'b', 8, 0, "r"},
			{'b', 136, -1, "rw"},
			{'c', 8, -1, "rw"},
			{'c', -1, 3, "rw"},
			{'a', 253, -1, "rwm"},
		},
					   all[] = {{'c', 1, 3, "rwm"}, {'a', -1, -1, "wmr"}},
					   both[] = {{'a', -1, -1, "r"}};
	struct log log = {};
	auto_properties list = {}, open = {}, none = {}, any = {};

	(void)state;
	assert_int_equal(systemd_devices(some, ARRAY_LEN(some), devices, &log, &list), 0);
	expect(&list, "DevicePolicy='strict';DeviceAllow=[];DeviceAllow=[('/dev/char/1:3', 'rwm'), "
		      "('char-*', 'm'), ('char-pts', 'rw'), ('/dev/block/8:0', 'r'), "
		      "('block-device-mapper', 'rwm')];");
	assert_int_equal(systemd_devices(all, ARRAY_LEN(all), devices, &log, &open), 0);
	expect(&open, "DevicePolicy='auto';DeviceAllow=[];");
	assert_int_equal(systemd_devices(NULL, 0, "", &log, &none), 0);
	expect(&none, "DevicePolicy='strict';DeviceAllow=[];");
	assert_int_equal(systemd_devices(both, 1, "", &log, &any), 0);
	expect(&any, "DevicePolicy='strict';DeviceAllow=[];DeviceAllow=[('char-*', 'r'), "
		     "('block-*', 'r')];");
}

static void test_quote(void **state)
{
	auto_free char *quoted = systemd_quote("it's \\ \xc3\xa4");
	auto_gvariant v = {};

	(void)state;
	assert_string_equal(quoted, "'it\\'s \\\\ \xc3\xa4'");
	assert_int_equal(gvariant_parse(quoted, NULL, &v, NULL), 0);
	assert_string_equal(v.text, "it's \\ \xc3\xa4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_units),
		cmocka_unit_test(test_bad_units),
		cmocka_unit_test(test_common),
		cmocka_unit_test(test_annotations),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_quote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
