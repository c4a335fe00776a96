// SPDX-License-Identifier: Apache-2.0
/*
 * The adapter to json-c. It is given only text that json_scan() took, so its laxness does not
 * matter; what is left to do here is to find duplicate names (json-c keeps the last: the tree then
 * has fewer names than the text) and to read integers exactly (json-c keeps them as int64 or
 * uint64, and converts by saturating).
 */
#include <json/json.h>
#include <json/scan.h>

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <json-c/json.h>

#include <base/error.h>

/* `struct json` is never defined: it is json-c's object under a name of ours. */
static struct json_object *own(const struct json *value)
{
	return (struct json_object *)(uintptr_t)value;
}

static struct json *ours(struct json_object *value)
{
	return (struct json *)value;
}

static const struct lh_entry *entries(struct json_object *object)
{
	return lh_table_head(json_object_get_object(object));
}

/* Takes the mark off an integer that was too big for json-c. */
static void unmark(struct json_object *number)
{
	char *text = json_object_get_userdata(number);
	size_t n = text ? strlen(text) : 0, mark = strlen(JSON_BIG_MARK);

	if (n > mark && !strcmp(text + n - mark, JSON_BIG_MARK) && json_is_big(text, n - mark))
		text[n - mark] = '\0';
}

/* Counts the names below and settles the big integers. Depth is bounded by the scan. */
static size_t settle(struct json_object *value, bool marked)
{
	size_t names = 0;

	if (json_object_is_type(value, json_type_object)) {
		for (const struct lh_entry *e = entries(value); e; e = lh_entry_next(e))
			names += 1 + settle((struct json_object *)(uintptr_t)lh_entry_v(e), marked);
	} else if (json_object_is_type(value, json_type_array)) {
		for (size_t i = 0; i < json_object_array_length(value); i++)
			names += settle(json_object_array_get_idx(value, i), marked);
	} else if (marked && json_object_is_type(value, json_type_double)) {
		unmark(value);
	}
	return names;
}

static int parse(const char *text, size_t n, struct json_object **ret, struct husk_error **err)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX + 1);
	enum json_tokener_error error;
	struct json_object *tree;

	if (!tokener)
		return fail_memory(err);
	tree = json_tokener_parse_ex(tokener, text, (int)n);
	error = json_tokener_get_error(tokener);
	if (error == json_tokener_continue) { /* a bare number ends only where something follows */
		tree = json_tokener_parse_ex(tokener, " ", 1);
		error = json_tokener_get_error(tokener);
	}
	json_tokener_free(tokener);
	if (error != json_tokener_success)
		return fail(err, HUSK_ERROR_INVALID_CONFIG, "cannot parse JSON: %s",
			json_tokener_error_desc(error));
	*ret = tree;
	return 0;
}

int json_parse(const char *text, size_t n, struct json **ret, struct husk_error **err)
{
	struct json_object *tree = NULL;
	struct json_scan scan;
	bool marked;
	int r;

	r = json_scan(text, n, &scan, err);
	if (r < 0)
		return r;
	marked = scan.fixed.len > 0;
	if (marked)
		r = parse(scan.fixed.text, scan.fixed.len, &tree, err);
	else
		r = parse(text, n, &tree, err);
	strbuf_done(&scan.fixed);
	if (r >= 0 && settle(tree, marked) != scan.names)
		r = json_scan_duplicate(text, n, scan.names, err);
	if (r < 0) {
		json_object_put(tree);
		return r;
	}
	*ret = ours(tree);
	return 0;
}

void json_free(struct json *tree)
{
	json_object_put(own(tree));
}

/* An integer beyond 64 bits is a json-c double whose text has neither point nor exponent. */
static bool is_big(const struct json *value)
{
	const char *text = json_object_get_userdata(own(value));

	return text && !strpbrk(text, ".eE");
}

enum json_kind json_kind(const struct json *value)
{
	switch (json_object_get_type(own(value))) {
	case json_type_boolean:
		return JSON_BOOL;
	case json_type_int:
		return JSON_INTEGER;
	case json_type_double:
		return is_big(value) ? JSON_INTEGER : JSON_REAL;
	case json_type_string:
		return JSON_STRING;
	case json_type_array:
		return JSON_ARRAY;
	case json_type_object:
		return JSON_OBJECT;
	case json_type_null:
		break;
	}
	return JSON_NULL;
}

const char *json_kind_text(enum json_kind kind)
{
	static const char *const texts[] = {
		[JSON_NULL] = "null",
		[JSON_BOOL] = "a boolean",
		[JSON_INTEGER] = "an integer",
		[JSON_REAL] = "a number with a fraction or exponent",
		[JSON_STRING] = "a string",
		[JSON_ARRAY] = "an array",
		[JSON_OBJECT] = "an object",
	};

	return texts[kind];
}

bool json_boolean(const struct json *value)
{
	return json_object_get_boolean(own(value));
}

int json_u64(const struct json *value, uint64_t *ret)
{
	if (json_kind(value) != JSON_INTEGER)
		return -EINVAL;
	if (!json_object_is_type(own(value), json_type_int) ||
		json_object_get_int64(own(value)) < 0)
		return -ERANGE;
	*ret = json_object_get_uint64(own(value));
	return 0;
}

int json_i64(const struct json *value, int64_t *ret)
{
	if (json_kind(value) != JSON_INTEGER)
		return -EINVAL;
	/* json-c gives 0 for the negative ones here, the true value for all others */
	if (!json_object_is_type(own(value), json_type_int) ||
		json_object_get_uint64(own(value)) > INT64_MAX)
		return -ERANGE;
	*ret = json_object_get_int64(own(value));
	return 0;
}

const char *json_string(const struct json *value)
{
	return json_kind(value) == JSON_STRING ? json_object_get_string(own(value)) : NULL;
}

const char *json_number_text(const struct json *value)
{
	if (json_object_is_type(own(value), json_type_double))
		return json_object_get_userdata(own(value));
	if (json_object_is_type(own(value), json_type_int))
		return json_object_to_json_string(own(value));
	return NULL;
}

size_t json_length(const struct json *value)
{
	if (json_object_is_type(own(value), json_type_array))
		return json_object_array_length(own(value));
	if (json_object_is_type(own(value), json_type_object))
		return (size_t)json_object_object_length(own(value));
	return 0;
}

const struct json *json_item(const struct json *array, size_t index)
{
	return ours(json_object_array_get_idx(own(array), index));
}

const struct json *json_get(const struct json *object, const char *name)
{
	struct json_object *value = NULL;

	if (json_object_is_type(own(object), json_type_object))
		json_object_object_get_ex(own(object), name, &value);
	return ours(value);
}

static struct json_member member(const struct lh_entry *e)
{
	if (!e)
		return (struct json_member){};
	return (struct json_member){
		.name = lh_entry_k(e),
		.value = lh_entry_v(e),
		.next = lh_entry_next(e),
	};
}

struct json_member json_first(const struct json *object)
{
	if (!json_object_is_type(own(object), json_type_object))
		return (struct json_member){};
	return member(entries(own(object)));
}

struct json_member json_next(struct json_member m)
{
	return member(m.next);
}
