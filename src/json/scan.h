/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scan that goes before json-c: is this text JSON, and is there something json-c would read
 * wrongly?
 */
#ifndef HUSK_JSON_SCAN_H
#define HUSK_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <base/attr.h>
#include <base/str.h>

struct husk_error;

struct json_scan {
	size_t names; /* of members, all objects together */
	struct strbuf
		fixed; /* not empty: to be parsed instead, for it has numbers too big for json-c */
};

int json_scan(const char *text, size_t n, struct json_scan *ret, struct husk_error **err) nodiscard;
/*
 * Finds the name that occurs twice in one object and words the error. For text in which
 * json_scan() counted `names`.
 */
int json_scan_duplicate(const char *text, size_t n, size_t names, struct husk_error **err) cold;

/* Put behind an integer beyond 64 bits, so that json-c takes it for a real and keeps its text. */
#define JSON_BIG_MARK "e0"
/* Is it an integer below -2^63 or above 2^64 - 1? */
bool json_is_big(const char *text, size_t n);

#endif
