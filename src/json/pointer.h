/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Pointers (RFC 6901): what they lead to in a tree, where that stands in the text, and changes
 * of a tree for who wants to know what would be without some part of it.
 */
#ifndef HUSK_JSON_POINTER_H
#define HUSK_JSON_POINTER_H

#include <stdbool.h>
#include <stddef.h>
#include <base/attr.h>

struct json;

/* The first member name of a pointer, unescaped, to free; *rest is moved behind it. NULL: no memory. */
char *json_pointer_step(const char **rest);

/* Is there a value, be it null? */
bool json_pointer_exists(const struct json *tree, const char *pointer);
/* Takes the value out; items behind it in an array move up. 0, -ENOENT or -ENOMEM. "" cannot go. */
int json_pointer_cut(struct json *tree, const char *pointer) nodiscard;
/* Puts the value that `text` is into the object that the pointer names a member of. */
int json_pointer_put(struct json *tree, const char *pointer, const char *text) nodiscard;

struct json_place {
	size_t line, column; /* from 1; columns count bytes */
};

/*
 * Where a member's name or an item begins, in text that json_parse() took; of what is not there, where
 * the innermost part on the way to it begins.
 */
struct json_place json_pointer_place(const char *text, size_t n, const char *pointer);

#endif
