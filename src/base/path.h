/* SPDX-License-Identifier: Apache-2.0 */
/* Lexical path algebra: no file system access, so it proves nothing about symbolic links. */
#ifndef HUSK_BASE_PATH_H
#define HUSK_BASE_PATH_H

#include <stdbool.h>
#include <base/attr.h>

/* a + "/" + b without doubled slashes; b absolute or relative. Caller frees; NULL when out of memory. */
char *path_join(const char *a, const char *b) nodiscard;
/*
 * Absolute form without ".", ".." and doubled slashes, rooted: ".." at the top stays at "/". A relative path is
 * taken from "/". Caller frees; NULL when out of memory.
 */
char *path_clean(const char *path) nodiscard;
/* Is `path` equal to `dir` or below it? Both clean and absolute; whole components are compared. */
bool path_is_below(const char *path, const char *dir);
/* What follows the last '/', or the whole. */
const char *path_base(const char *path);

#endif
