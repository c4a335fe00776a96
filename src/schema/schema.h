/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table engine: one C struct and one table of rows per JSON object; a handful of functions walk
 * the table to parse, check, emit, merge, set, compare, free and list. Nothing here knows what a
 * container is.
 *
 * Rows are typed: a row whose kind does not fit the C member does not compile. In memory a scalar
 * is an opt_*, a string is `char *` (NULL: absent), an object a pointer, a list {size_t n; T *v} (v
 * NULL: absent; [] is n = 0 with v not NULL). A map of objects is a list whose elements begin with
 * `char *key`.
 *
 *	#define S struct oci_memory
 *	static const struct schema_field memory_fields[] = {
 *		I64(S, limit, "limit", RANGE(-1, INT64_MAX)),
 *		U64(S, swappiness, "swappiness", RANGE(0, 100)),
 *		{}
 *	};
 *	const struct schema_type oci_memory_type =
 *		TYPE(S, "memory", memory_fields, .check = memory_check);
 *	#undef S
 *
 * Numbers and strings are exact, unknown properties are left out (a sink hears of them), `null` counts as
 * absent. Problems carry the JSON Pointer (RFC 6901), which is rendered only when there is a
 * problem.
 */
#ifndef HUSK_SCHEMA_SCHEMA_H
#define HUSK_SCHEMA_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <base/array.h>
#include <base/attr.h>
#include <base/opt.h>
#include <base/table.h>

struct husk_error;
struct json;
struct json_writer;
struct schema_at;
struct schema_kind;
struct strbuf;

enum schema_flags {
	F_REQUIRED = 1 << 0, /* its absence is an error */
	F_DEPRECATED = 1 << 1, /* its presence is noted to a sink */
	F_NONEMPTY = 1 << 2, /* a string, list or map that is present must have something in it */
	F_EMPTY_ABSENT = 1 << 3, /* an enum given as "" counts as absent (Go programs send such) */
};

struct schema_field {
	const char *name; /* JSON property; NULL ends the table */
	const struct schema_kind *kind;
	size_t offset;
	unsigned int flags;
	bool ranged; /* numbers: min and max hold; as int64_t in an I64() row */
	uint64_t min, max;
	bool (*accept)(const char *s); /* strings, and each one in a list of strings */
	const char *wanted; /* what accept() wants: "must ..." */
	union {
		const struct name_value *names; /* enums and lists of enums */
		const struct schema_type *type; /* objects, lists and maps of objects */
	};
};

struct schema_type {
	const char *name;
	size_t size;
	const struct schema_field *fields; /* at most 64 */
	/*
	 * May be NULL. Called once all fields of an object stand and have no problem of their own;
	 * looks at rules between fields of this one object. Returns 0 or what schema_problem()
	 * returned.
	 */
	int (*check)(const void *object, const struct schema_at *at);
};

/* clang-format off */
#define SCHEMA_ASSERT(ok) \
	(0 * sizeof(struct { _Static_assert(ok, "the row's kind does not fit the member"); int x_; }))
#define SCHEMA_IS(expr, T) __builtin_types_compatible_p(__typeof__(expr), T)
#define SCHEMA_M(S, m) (((S *)0)->m)
#define SCHEMA_IS_LIST(S, m, T) \
	(SCHEMA_IS(SCHEMA_M(S, m).n, size_t) && SCHEMA_IS(SCHEMA_M(S, m).v, T *) && \
	 sizeof(SCHEMA_M(S, m)) == sizeof(struct strv))
#define SCHEMA_ROW(S, m, json, ok, kind_, ...) \
	{ .name = json, .kind = &schema_kind_##kind_, .offset = offsetof(S, m) + SCHEMA_ASSERT(ok), __VA_ARGS__ }

/* Attributes of rows. */
#define RANGE(lo, hi) .ranged = true, .min = (uint64_t)(lo), .max = (uint64_t)(hi)
#define ACCEPT(func, text) .accept = func, .wanted = text
#define REQUIRED .flags = F_REQUIRED
#define DEPRECATED .flags = F_DEPRECATED

/* Rows. */
#define BOOL(S, m, json, ...) \
	SCHEMA_ROW(S, m, json, SCHEMA_IS(SCHEMA_M(S, m), struct opt_bool), bool, __VA_ARGS__)
#define I64(S, m, json, ...) \
	SCHEMA_ROW(S, m, json, SCHEMA_IS(SCHEMA_M(S, m), struct opt_i64), i64, __VA_ARGS__)
#define U64(S, m, json, ...) \
	SCHEMA_ROW(S, m, json, SCHEMA_IS(SCHEMA_M(S, m), struct opt_u64), u64, __VA_ARGS__)
#define ENUM(S, m, json, table, ...) \
	SCHEMA_ROW(S, m, json, SCHEMA_IS(SCHEMA_M(S, m), struct opt_enum), enum, .names = table, __VA_ARGS__)
#define STRING(S, m, json, ...) \
	SCHEMA_ROW(S, m, json, SCHEMA_IS(SCHEMA_M(S, m), char *), string, __VA_ARGS__)
/* A JSON object nobody looks into, kept as compact text. */
#define RAW(S, m, json, ...) \
	SCHEMA_ROW(S, m, json, SCHEMA_IS(SCHEMA_M(S, m), char *), raw, __VA_ARGS__)
#define STRV(S, m, json, ...) \
	SCHEMA_ROW(S, m, json, SCHEMA_IS(SCHEMA_M(S, m), struct strv), strv, __VA_ARGS__)
/* LIST_OF(uint32_t) */
#define U32S(S, m, json, ...) \
	SCHEMA_ROW(S, m, json, SCHEMA_IS_LIST(S, m, uint32_t), u32s, __VA_ARGS__)
/* LIST_OF(int) of values of the name table */
#define ENUMS(S, m, json, table, ...) \
	SCHEMA_ROW(S, m, json, SCHEMA_IS_LIST(S, m, int), enums, .names = table, __VA_ARGS__)
/* struct T *m, with `const struct schema_type T_type` */
#define OBJECT(S, m, json, T, ...) \
	SCHEMA_ROW(S, m, json, SCHEMA_IS(SCHEMA_M(S, m), struct T *), object, .type = &T##_type, __VA_ARGS__)
/* LIST_OF(struct T) m */
#define LIST(S, m, json, T, ...) \
	SCHEMA_ROW(S, m, json, SCHEMA_IS_LIST(S, m, struct T), list, .type = &T##_type, __VA_ARGS__)
/* LIST_OF(struct T) m, where struct T begins with `char *key` */
#define MAP(S, m, json, T, ...) \
	SCHEMA_ROW(S, m, json, SCHEMA_IS_LIST(S, m, struct T) && offsetof(struct T, key) == 0 && \
		SCHEMA_IS(((struct T *)0)->key, char *), map, .type = &T##_type, __VA_ARGS__)
/* {size_t n; struct {char *name, *value;} *v} in the order of the text */
#define STRING_MAP(S, m, json, ...) \
	SCHEMA_ROW(S, m, json, SCHEMA_IS(SCHEMA_M(S, m).n, size_t) && \
		SCHEMA_IS(SCHEMA_M(S, m).v->name, char *) && SCHEMA_IS(SCHEMA_M(S, m).v->value, char *) && \
		sizeof(*SCHEMA_M(S, m).v) == 2 * sizeof(char *), string_map, __VA_ARGS__)
#define TYPE(S, name_, fields_, ...) { .name = name_, .size = sizeof(S), .fields = fields_, __VA_ARGS__ }
/* clang-format on */

extern const struct schema_kind schema_kind_bool, schema_kind_i64, schema_kind_u64,
	schema_kind_enum, schema_kind_string, schema_kind_raw, schema_kind_strv, schema_kind_u32s,
	schema_kind_enums, schema_kind_object, schema_kind_list, schema_kind_map,
	schema_kind_string_map;

/* ---- where problems go ---- */

enum schema_severity { SCHEMA_ERROR, SCHEMA_WARNING, SCHEMA_NOTE };

struct schema_finding {
	enum schema_severity severity;
	const char *pointer;
	const char *message; /* without the pointer, and without the suggestion */
	const char *suggestion; /* the name that was probably meant, or NULL */
};

/* Hears every problem; the strings live only during the call. */
typedef void (*schema_sink_fn)(void *data, const struct schema_finding *finding);

/*
 * One run over one document. Without a sink the first problem becomes *err and ends the run; with
 * one, all are told to it, and `problems` counts those that are errors.
 */
struct schema_report {
	struct husk_error **err;
	schema_sink_fn sink;
	void *sink_data;
	size_t problems;
};

/* One step of the way from the root of the document to here; lives on the stack. */
struct schema_at {
	struct schema_report *report;
	const struct schema_at *up; /* NULL: the root */
	const char *name; /* member, or NULL: then it is `index` of a list */
	size_t index;
};

/* A step down, for use in checks: `struct schema_at at = schema_member(up, "type");` */
struct schema_at schema_root(struct schema_report *report);
struct schema_at schema_member(const struct schema_at *up, const char *name);
struct schema_at schema_index(const struct schema_at *up, size_t index);

/*
 * A problem at this place. Returns < 0 when the run has to end, 0 when a sink took it and the run
 * goes on.
 */
int schema_problem(const struct schema_at *at, const char *format, ...) printf_like(2, 3) cold;
/* The same with the name that was probably meant (NULL: none is near). */
int schema_problem_near(const struct schema_at *at, const char *suggestion, const char *format, ...)
	printf_like(3, 4) cold;
/* Tells the sink, if there is one, something that is not an error. */
void schema_note(const struct schema_at *at, const char *format, ...) printf_like(2, 3) cold;
/* Appends the JSON Pointer of a place. */
void schema_pointer(const struct schema_at *at, struct strbuf *out);

/* ---- verbs; `object` is a struct of the type, zeroed when empty ---- */

/*
 * Fills a zeroed object from a tree. On failure the object holds what was read so far:
 * schema_done() it.
 */
int schema_parse(const struct schema_type *type, const struct json *tree, void *object,
	const struct schema_at *at) nodiscard;
/*
 * Required fields, ranges, patterns, hooks of an object that was put together or changed by other
 * means.
 */
int schema_check(const struct schema_type *type, const void *object, const struct schema_at *at)
	nodiscard;
void schema_emit(const struct schema_type *type, const void *object, struct json_writer *out);
/*
 * Lays what is set in `from` over `into`: objects and maps member by member, scalars and lists as a
 * whole. Merging into a zeroed object copies. Returns 0 or -ENOMEM.
 */
int schema_merge(const struct schema_type *type, void *into, const void *from) nodiscard;
/*
 * The other way round: what is set in `what`, with whatever value, is absent in `from` afterwards; objects and string
 * maps member by member, and an object that has nothing left goes, too.
 */
void schema_subtract(const struct schema_type *type, void *from, const void *what);
/* Is nothing set in it? */
bool schema_is_empty(const struct schema_type *type, const void *object);
bool schema_equal(const struct schema_type *type, const void *a, const void *b);
/* Frees all that the object owns and zeroes it; not the object itself. */
void schema_done(const struct schema_type *type, void *object);
/*
 * Sets the property at a JSON Pointer below the object ("/cpu/quota") from the text of a command
 * line option. Objects on the way are made. Scalars, strings, lists of strings (adds one) and
 * string maps only.
 */
int schema_set(const struct schema_type *type, void *object, const char *pointer, const char *text,
	struct husk_error **err) nodiscard;
/* Appends one line per property: pointer, kind, range or names, flags. For tests and documents. */
void schema_dump(const struct schema_type *type, struct strbuf *out);

/* ---- whole documents ---- */

/* Text to a new object of the type; n bytes, no NUL needed. */
int schema_read(const struct schema_type *type, const char *json, size_t n, void **ret,
	struct husk_error **err) nodiscard;
/*
 * The same, telling every problem to the report's sink; *ret may be set even so. < 0: err of the
 * report is set.
 */
int schema_read_all(const struct schema_type *type, const char *json, size_t n, void **ret,
	struct schema_report *report) nodiscard;
/* indent: 0 compact, JSON_TAB, or that many spaces. */
int schema_write(const struct schema_type *type, const void *object, int indent, char **ret,
	struct husk_error **err) nodiscard;
/* schema_done() and free(); NULL is allowed. */
void schema_free(const struct schema_type *type, void *object);

#endif
