// SPDX-License-Identifier: Apache-2.0
/*
 * Our tables against the JSON schemas of the runtime-spec, both ways: a property without a row
 * fails, a row without a property fails unless it is on the list of extras. Kinds, required, names
 * of enums and ranges are compared, too. And the samples that come with the schemas: good ones
 * survive a round trip, bad ones are refused. HUSK_SPEC_DIR may name another copy of the
 * specification's schema directory.
 */
#include <base/array.h>
#include <base/error.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/str.h>
#include <base/text.h>
#include <json/json.h>
#include <oci/features.h>
#include <oci/spec.h>
#include <oci/state.h>
#include <schema/schema.h>

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* What we have and the schemas do not: engines send it, or it has a use here. */
static const char *const extras[] = {
	"/linux/intelRdt/enableCMT",
	"/linux/intelRdt/enableMBM",
	"/linux/rootfsPropagation rprivate",
	"/linux/rootfsPropagation rshared",
	"/linux/rootfsPropagation rslave",
	"/linux/rootfsPropagation runbindable",
	"/linux/devices/*/fileMode maximum", /* with type bits: podman */
	"/freebsd/devices/*/mode maximum",
	"features /linux/intelRdt/schemata",
	"features /linux/intelRdt/monitoring",
	"features /linux/memoryPolicy",
	"state /status paused",
};

struct file {
	char *name;
	struct json *tree;
};

struct specification {
	LIST_OF(struct file) files;
	struct strbuf faults;
	const char *prefix; /* of extras: "", "features " or "state " */
	bool used[ARRAY_LEN(extras)];
};

/* A place in a schema file; references are relative to the file. */
struct node {
	const char *file;
	const struct json *value;
};

static const char *spec_dir(void)
{
	const char *dir = getenv("HUSK_SPEC_DIR");

	return dir ? dir : "tests/data/runtime-spec-schema";
}

static const struct file *load(struct specification *s, const char *name)
{
	auto_free char *path = str_printf("%s/%s", spec_dir(), name), *text = NULL;
	struct file *f;
	size_t n;

	list_for_each (have, &s->files)
		if (text_equal(have->name, name))
			return have;
	assert_int_equal(io_read_at(AT_FDCWD, path, JSON_SIZE_MAX, &text, &n), 0);
	f = list_add(&s->files);
	f->name = strdup(name);
	assert_int_equal(json_parse(text, n, &f->tree, NULL), 0);
	return f;
}

/* "defs.json#/definitions/uint32", seen from a file. */
static struct node resolve(struct specification *s, const char *file, const char *reference)
{
	const char *hash = strchr(reference, '#');
	auto_free char *name = strndup(reference, (size_t)(hash - reference));
	const struct file *f = load(s, *name ? name : file);
	struct node node = {f->name, f->tree};

	for (const char *p = hash + 1; *p == '/';) {
		size_t n = strcspn(p + 1, "/");
		auto_free char *step = strndup(p + 1, n);

		node.value = json_get(node.value, step);
		p += 1 + n;
	}
	if (!node.value)
		fail_msg("no '%s' in '%s'", reference, file);
	return node;
}

/* Calls back for the node and all it refers to or is made of. */
static void each_part(struct specification *s, struct node node,
	void (*callback)(struct node part, void *data), void *data)
{
	static const char *const lists[] = {"allOf", "anyOf"};
	const char *reference = json_string(json_get(node.value, "$ref"));

	callback(node, data);
	if (reference)
		each_part(s, resolve(s, node.file, reference), callback, data);
	for (size_t l = 0; l < ARRAY_LEN(lists); l++) {
		const struct json *list = json_get(node.value, lists[l]);

		for (size_t i = 0; i < json_length(list); i++)
			each_part(s, (struct node){node.file, json_item(list, i)}, callback, data);
	}
}

struct search {
	const char *key;
	struct node found;
};

static void take_key(struct node part, void *data)
{
	struct search *search = data;
	const struct json *value = json_get(part.value, search->key);

	if (value)
		search->found = (struct node){part.file, value};
}

/* The keyword of the node ("type", "enum", "items"), wherever it comes from; .value NULL: none. */
static struct node keyword(struct specification *s, struct node node, const char *key)
{
	struct search search = {.key = key};

	each_part(s, node, take_key, &search);
	return search.found;
}

static void fault(struct specification *s, const char *pointer, const char *what)
{
	auto_free char *all = str_printf("%s%s%s%s", s->prefix, pointer, *what ? " " : "", what);

	for (size_t i = 0; i < ARRAY_LEN(extras); i++) {
		if (!text_equal(extras[i], all))
			continue;
		s->used[i] = true;
		return;
	}
	strbuf_printf(&s->faults, "%s\n", all);
}

struct properties {
	LIST_OF(struct json_member) members;
	LIST_OF(const char *) files;
	struct strv required;
};

static void take_properties(struct node part, void *data)
{
	struct properties *p = data;
	const struct json *required = json_get(part.value, "required");

	for (struct json_member m = json_first(json_get(part.value, "properties")); m.name;
		m = json_next(m)) {
		*list_add(&p->members) = m;
		*list_add(&p->files) = part.file;
	}
	for (size_t i = 0; i < json_length(required); i++)
		assert_int_equal(strv_add(&p->required, json_string(json_item(required, i))), 0);
}

static bool strv_has(const struct strv *list, const char *s)
{
	list_for_each (item, list)
		if (text_equal(*item, s))
			return true;
	return false;
}

/* Which JSON schema a kind stands for. */
static const char *type_of(const struct schema_field *f)
{
	static const struct {
		const struct schema_kind *kind;
		const char *type;
	} rows[] = {{&schema_kind_bool, "boolean"}, {&schema_kind_i64, "integer"},
		{&schema_kind_u64, "integer"}, {&schema_kind_enum, "string"},
		{&schema_kind_string, "string"}, {&schema_kind_strv, "array"},
		{&schema_kind_u32s, "array"}, {&schema_kind_enums, "array"},
		{&schema_kind_list, "array"}, {&schema_kind_object, "object"},
		{&schema_kind_map, "object"}, {&schema_kind_raw, "object"},
		{&schema_kind_string_map, "object"}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].kind == f->kind)
			return rows[i].type;
	return "?";
}

static void compare(
	struct specification *s, const struct schema_type *type, struct node node, const char *at);

static void compare_names(
	struct specification *s, const struct schema_field *f, struct node node, const char *at)
{
	const struct json *names = keyword(s, node, "enum").value;
	auto_free char *pattern = NULL;

	for (size_t i = 0; i < json_length(names); i++)
		if (!table_find(f->names, json_string(json_item(names, i))))
			fault(s, at, json_string(json_item(names, i)));
	if (!names) { /* the device types are a pattern of letters: ^[cbup]$, or nothing at all */
		const char *text = json_string(keyword(s, node, "pattern").value);

		pattern = strdup(text ? text : "^[abc]$");
	}
	for (const struct name_value *row = f->names; row->name; row++) {
		bool have = pattern && strlen(row->name) == 1 && strstr(pattern, row->name);

		for (size_t i = 0; i < json_length(names); i++)
			have |= text_equal(json_string(json_item(names, i)), row->name);
		if (!have)
			fault(s, at, row->name);
	}
}

/* Our range must lie in the schema's. */
static void compare_range(
	struct specification *s, const struct schema_field *f, struct node node, const char *at)
{
	const struct json *lo = keyword(s, node, "minimum").value,
			  *hi = keyword(s, node, "maximum").value;
	bool is_signed = f->kind == &schema_kind_i64;
	uint64_t high = f->ranged ? f->max : is_signed ? INT64_MAX : UINT64_MAX, limit;
	int64_t low = !is_signed ? 0 : f->ranged ? (int64_t)f->min : INT64_MIN, bottom;

	if (f->kind == &schema_kind_u32s)
		high = f->ranged ? f->max : UINT32_MAX;
	if (json_u64(hi, &limit) >= 0 && high > limit)
		fault(s, at, "maximum");
	if (json_i64(lo, &bottom) >= 0 && low < bottom)
		fault(s, at, "minimum");
}

static void compare_value(
	struct specification *s, const struct schema_field *f, struct node node, const char *at)
{
	const char *type = json_string(keyword(s, node, "type").value);
	struct node items = keyword(s, node, "items"),
		    members = keyword(s, node, "additionalProperties");
	auto_free char *below = str_printf("%s/*", at);

	if (!type || !text_equal(type, type_of(f)))
		fault(s, at, "has another type");
	if (f->kind == &schema_kind_enum)
		compare_names(s, f, node, at);
	else if (f->kind == &schema_kind_enums)
		compare_names(s, f, items, at);
	else if (f->kind == &schema_kind_i64 || f->kind == &schema_kind_u64)
		compare_range(s, f, node, at);
	else if (f->kind == &schema_kind_u32s)
		compare_range(s, f, items, at);
	else if (f->kind == &schema_kind_strv &&
		 !text_equal(json_string(keyword(s, items, "type").value), "string"))
		fault(s, at, "is not a list of strings");
	else if (f->kind == &schema_kind_object)
		compare(s, f->type, node, at);
	else if (f->kind == &schema_kind_list)
		compare(s, f->type, items, below);
	else if (f->kind == &schema_kind_map)
		compare(s, f->type, members, below);
}

static void compare(
	struct specification *s, const struct schema_type *type, struct node node, const char *at)
{
	struct properties p = {};

	each_part(s, node, take_properties, &p);
	for (const struct schema_field *f = type->fields; f->name; f++) {
		auto_free char *here = str_printf("%s/%s", at, f->name);
		size_t i = 0;

		while (i < p.members.n && !text_equal(p.members.v[i].name, f->name))
			i++;
		if (i == p.members.n) {
			fault(s, here, "");
			continue;
		}
		if (strv_has(&p.required, f->name) != !!(f->flags & F_REQUIRED))
			fault(s, here, "required");
		compare_value(s, f, (struct node){p.files.v[i], p.members.v[i].value}, here);
	}
	for (size_t i = 0; i < p.members.n; i++) {
		const struct schema_field *f = type->fields;

		while (f->name && !text_equal(f->name, p.members.v[i].name))
			f++;
		if (!f->name)
			strbuf_printf(&s->faults, "no row for %s%s/%s\n", s->prefix, at,
				p.members.v[i].name);
	}
	assert_true(type->fields[0].name && p.members.n);
	free(p.members.v);
	free(p.files.v);
	strv_done(&p.required);
}

static void test_both_ways(void **state)
{
	static const struct {
		const struct schema_type *type;
		const char *file, *prefix;
	} documents[] = {{&oci_spec_type, "config-schema.json", ""},
		{&oci_features_type, "features-schema.json", "features "},
		{&oci_state_type, "state-schema.json", "state "}};
	struct specification s = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(documents); i++) {
		const struct file *f = load(&s, documents[i].file);

		s.prefix = documents[i].prefix;
		compare(&s, documents[i].type, (struct node){f->name, f->tree}, "");
	}
	for (size_t i = 0; i < ARRAY_LEN(extras); i++)
		if (!s.used[i])
			strbuf_printf(&s.faults, "no longer an extra: %s\n", extras[i]);
	if (s.faults.len)
		fail_msg("\n%s", s.faults.text);
	list_for_each (f, &s.files) {
		free(f->name);
		json_free(f->tree);
	}
	free(s.files.v);
}

/* ---- samples ---- */

/* Text to object, to text, to object: the same; and a second text is the same text. */
static void round_trip(const struct schema_type *type, const char *name, const char *text, size_t n)
{
	auto_free char *once = NULL, *twice = NULL;
	struct husk_error *err = NULL;
	void *a = NULL, *b = NULL;

	if (schema_read(type, text, n, &a, &err) < 0)
		fail_msg("%s: %s", name, husk_error_message(err));
	assert_int_equal(schema_write(type, a, 4, &once, NULL), 0);
	if (schema_read(type, once, strlen(once), &b, &err) < 0)
		fail_msg("%s, read again: %s", name, husk_error_message(err));
	assert_true(schema_equal(type, a, b));
	assert_int_equal(schema_write(type, b, 4, &twice, NULL), 0);
	assert_string_equal(once, twice);
	schema_free(type, a);
	schema_free(type, b);
}

static void refuse(const struct schema_type *type, const char *name, const char *text, size_t n)
{
	auto_error *err = NULL;
	void *a = NULL;

	if (schema_read(type, text, n, &a, &err) >= 0)
		fail_msg("%s was accepted", name);
	assert_non_null(err);
}

static size_t each_sample(const struct schema_type *type, const char *folder,
	void (*judge)(const struct schema_type *type, const char *name, const char *text, size_t n))
{
	auto_free char *path = str_printf("%s/test/%s", spec_dir(), folder);
	DIR *dir = opendir(path);
	size_t count = 0;

	assert_non_null(dir);
	for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
		auto_free char *text = NULL;
		size_t n;

		if (*e->d_name == '.')
			continue;
		assert_int_equal(io_read_at(dirfd(dir), e->d_name, JSON_SIZE_MAX, &text, &n), 0);
		judge(type, e->d_name, text, n);
		count++;
	}
	closedir(dir);
	return count;
}

static void test_samples(void **state)
{
	(void)state;
	assert_true(each_sample(&oci_spec_type, "config/good", round_trip) >= 9);
	assert_true(each_sample(&oci_features_type, "features/good", round_trip) >= 2);
	assert_true(each_sample(&oci_state_type, "state/good", round_trip) >= 1);
	assert_true(each_sample(&oci_spec_type, "config/bad", refuse) >= 5);
	assert_true(each_sample(&oci_features_type, "features/bad", refuse) >= 1);
	assert_true(each_sample(&oci_state_type, "state/bad", refuse) >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
