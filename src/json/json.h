/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON text to a tree, strictly (RFC 8259), and the tree's accessors. The tree is json-c's, which
 * nobody else sees. What json-c 0.16 gets wrong is settled here, by a scan of the text before it is
 * parsed: trailing garbage, comments, control characters, NUL in strings, lone surrogates, bad
 * UTF-8, duplicate names, more than 64 levels, more than 8 MiB are errors with line and column;
 * integers are never saturated or clamped.
 */
#ifndef HUSK_JSON_JSON_H
#define HUSK_JSON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <base/attr.h>

struct husk_error;
struct json;

enum json_kind {
	JSON_NULL,
	JSON_BOOL,
	JSON_INTEGER, /* no fraction, no exponent; of any size */
	JSON_REAL,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

enum { JSON_DEPTH_MAX = 64, JSON_SIZE_MAX = 8 << 20 };

/*
 * n bytes, no NUL needed. *ret is NULL for the document `null`, which is a valid value to all
 * accessors; json_free() it. A syntax error is HUSK_ERROR_INVALID_CONFIG: "line 3 column 7: ..."
 * (columns count bytes).
 */
int json_parse(const char *text, size_t n, struct json **ret, struct husk_error **err) nodiscard;
void json_free(struct json *tree);

enum json_kind json_kind(const struct json *value);
/* "an integer", "a string", ... */
const char *json_kind_text(enum json_kind kind);

bool json_boolean(const struct json *value);
/* 0; -EINVAL: not an integer; -ERANGE: one that does not fit. *ret is untouched on failure. */
int json_i64(const struct json *value, int64_t *ret) nodiscard;
int json_u64(const struct json *value, uint64_t *ret) nodiscard;
/* The string's text; it has no NUL inside. Lives as long as the tree. NULL when it is no string. */
const char *json_string(const struct json *value);
/* The number as it was written. Lives as long as the tree. NULL when it is no number. */
const char *json_number_text(const struct json *value);

/* Items of an array, members of an object; 0 for anything else. */
size_t json_length(const struct json *value);
const struct json *json_item(const struct json *array, size_t index);
/* The member's value, or NULL. */
const struct json *json_get(const struct json *object, const char *name);

/* Members in the order of the text: for (m = json_first(o); m.name; m = json_next(m)) */
struct json_member {
	const char *name; /* NULL: behind the last one */
	const struct json *value;
	const void *next;
};
struct json_member json_first(const struct json *object);
struct json_member json_next(struct json_member member);

#endif
