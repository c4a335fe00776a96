/* SPDX-License-Identifier: Apache-2.0 */
/* What commands print: JSON in the two shapes runc prints it, tables in columns, all in one write at the end. */
#ifndef HUSK_CLI_OUT_H
#define HUSK_CLI_OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <base/str.h>
#include <husk/error.h>

/*
 * A JSON writer. Zeroed but for `out`, it writes on one line; `indent` blanks a level otherwise. `key` is NULL
 * inside arrays and for the outermost value.
 */
struct json_out {
	struct strbuf *out;
	unsigned int indent, depth;
	bool filled; /* the innermost object or array has something in it */
};

void json_open(struct json_out *j, const char *key, char bracket);
void json_close(struct json_out *j, char bracket);
/* Bytes that are not UTF-8 become U+FFFD, as every reader of JSON expects. */
void out_json_string(struct json_out *j, const char *key, const char *value);
void json_int(struct json_out *j, const char *key, int64_t value);
void json_uint(struct json_out *j, const char *key, uint64_t value);
/* A number with two digits behind the point. */
void json_hundredths(struct json_out *j, const char *key, uint64_t value);
/* null */
void json_nothing(struct json_out *j, const char *key);

/* One cell of a table whose columns are at least 12 wide and 3 apart (as runc's); the last of a row ends the line. */
enum { TABLE_COLUMN_MIN = 12, TABLE_GAP = 3 };
struct table_out {
	size_t columns;
	size_t n; /* cells so far */
	char **cell; /* owned */
};

/* Returns 0 or -ENOMEM. */
int table_add(struct table_out *t, const char *cell);
void table_print(const struct table_out *t, struct strbuf *out);
void table_done(struct table_out *t);
#define auto_table auto_(table_done) struct table_out

/*
 * All to standard output. Whoever shares the description may have made it non-blocking: then a slow reader is waited for.
 * 0 or -errno.
 */
int out_write(const char *text, size_t n) nodiscard;
/* The same, with the error said. */
int out_print(const struct strbuf *out, struct husk_error **err);
/* The same for text from the library, which gets a newline if it has none. */
int out_print_text(const char *text, struct husk_error **err);

#endif
