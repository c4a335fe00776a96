/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a kind: one small function per verb. Only the engine (src/schema) includes this. */
#ifndef HUSK_SCHEMA_KIND_H
#define HUSK_SCHEMA_KIND_H

#include <json/json.h>
#include <json/write.h>
#include <schema/schema.h>

/*
 * `member` points at the member of the object. The walker calls emit, merge (for `from`), check and
 * equal only for members that are set. Where a verb returns int, < 0 means that the run ends and
 * the report has the error.
 */
struct schema_kind {
	const char *name; /* for listings */
	bool (*is_set)(const void *member);
	/* From a value that is not null, checked as check() does. The member is empty before. */
	int (*parse)(const struct schema_field *f, const struct json *value, void *member,
		const struct schema_at *at);
	/* Range, pattern, the objects below. NULL: nothing can be wrong. */
	int (*check)(const struct schema_field *f, const void *member, const struct schema_at *at);
	void (*emit)(const struct schema_field *f, const void *member, struct json_writer *out);
	/* Returns 0 or -ENOMEM. */
	int (*merge)(const struct schema_field *f, void *into, const void *from);
	/* Takes out of `from` what is set in `what`. NULL: all of it, by done(). */
	void (*subtract)(const struct schema_field *f, void *from, const void *what);
	bool (*equal)(const struct schema_field *f, const void *a, const void *b);
	/* Frees and zeroes the member, which may be empty. */
	void (*done)(const struct schema_field *f, void *member);
	/*
	 * From text; `rest` is what the pointer has left behind this member. NULL: cannot be set
	 * so.
	 */
	int (*set)(const struct schema_field *f, void *member, const char *rest, const char *text,
		const struct schema_at *at);
};

/* Any list. may_alias: the real type is one of the structs that LIST_OF() makes. */
struct __attribute__((may_alias)) schema_any_list {
	size_t n;
	void *v;
};

struct __attribute__((may_alias)) schema_any_pair {
	char *name, *value;
};

typedef void *__attribute__((may_alias)) schema_any_pointer;
typedef char *__attribute__((may_alias)) schema_any_string;

/* "must be <wanted>, is <kind of value>" */
int schema_mismatch(const struct schema_at *at, const char *wanted, const struct json *value) cold;
/* Tells a sink of a property that the type has no row for; one that looks misspelled is a warning. */
void schema_unknown(const struct schema_type *type, const struct schema_at *at) cold;
int schema_no_memory(const struct schema_at *at) cold;
/* schema_set() one step down; `rest` begins with '/'. */
int schema_set_below(const struct schema_type *type, void *object, const char *rest,
	const char *text, const struct schema_at *at) nodiscard;

/* Shared by kinds.c and compound.c: does the string fit the row? */
int schema_check_string(const struct schema_field *f, const char *s, const struct schema_at *at)
	nodiscard;
int schema_check_u64(const struct schema_field *f, uint64_t value, const struct schema_at *at)
	nodiscard;
int schema_read_u64(const struct schema_field *f, const struct json *value, uint64_t *ret,
	const struct schema_at *at) nodiscard;
int schema_unknown_name(const struct schema_field *f, const char *name, const struct schema_at *at)
	cold;

#endif
