/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streaming JSON into a strbuf: no tree in between. The caller pairs begin and end and puts a name
 * before every value inside an object; commas, line ends and escapes are done here. Out of memory
 * shows in the strbuf, at the end.
 */
#ifndef HUSK_JSON_WRITE_H
#define HUSK_JSON_WRITE_H

#include <stdbool.h>
#include <stdint.h>

struct json;
struct strbuf;

enum { JSON_TAB = -1 };

struct json_writer {
	struct strbuf *out;
	int indent; /* 0: one line without blanks; JSON_TAB; else spaces per level */
	unsigned int depth;
	bool comma; /* something stands before in this object or array */
	bool named; /* the name of the next value is written */
};

void json_writer_init(struct json_writer *w, struct strbuf *out, int indent);
void json_begin_object(struct json_writer *w);
void json_end_object(struct json_writer *w);
void json_begin_array(struct json_writer *w);
void json_end_array(struct json_writer *w);
void json_write_name(struct json_writer *w, const char *name);
void json_write_string(struct json_writer *w, const char *s);
void json_write_bool(struct json_writer *w, bool value);
void json_write_i64(struct json_writer *w, int64_t value);
void json_write_u64(struct json_writer *w, uint64_t value);
void json_write_null(struct json_writer *w);
/* A whole tree; numbers as they were written. */
void json_write_tree(struct json_writer *w, const struct json *value);

#endif
