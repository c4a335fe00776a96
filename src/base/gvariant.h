/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values in GVariant text format, as `busctl` and `gdbus` users know it, parsed into a tree of which every node has a
 * type of D-Bus: `true`, `5`, `uint64 5`, `@t 5`, `'text'`, `b'bytes'`, `[1, 2]`, `('a', true)`, `{'key': <5>}`. What
 * D-Bus has no type for (maybe) is refused. See https://docs.gtk.org/glib/gvariant-text-format.html.
 */
#ifndef HUSK_BASE_GVARIANT_H
#define HUSK_BASE_GVARIANT_H

#include <stdbool.h>
#include <stdint.h>
#include <base/array.h>
#include <base/error.h>

enum gvariant_kind {
	GVARIANT_NUMBER,
	GVARIANT_BOOL,
	GVARIANT_STRING,
	GVARIANT_BYTES, /* a NUL follows the bytes and counts */
	GVARIANT_VARIANT, /* one item */
	GVARIANT_ARRAY, /* of a dictionary: the items are entries */
	GVARIANT_ENTRY, /* key and value */
	GVARIANT_TUPLE,
};

struct gvariant {
	enum gvariant_kind kind;
	char *type; /* a complete D-Bus signature */
	char *text; /* of numbers as written, of strings and bytes without quotes and escapes; "true", "false" */
	size_t len; /* of text */
	LIST_OF(struct gvariant) items;
};

/*
 * `type` (may be NULL) is the signature it has to have, which also decides what the text leaves open; without one a
 * number is an int32, as in GLib. The message of an error tells where and what.
 */
int gvariant_parse(
	const char *text, const char *type, struct gvariant *ret, struct husk_error **err);
void gvariant_done(struct gvariant *v);
#define auto_gvariant auto_(gvariant_done) struct gvariant

/* The integer a number stands for: sign and magnitude. 0, -EINVAL (it has a fraction) or -ERANGE. */
int gvariant_integer(const char *text, bool *ret_negative, uint64_t *ret) nodiscard;
/* Is s one complete type that D-Bus has? */
bool gvariant_is_type(const char *s);

#endif
