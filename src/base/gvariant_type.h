/* SPDX-License-Identifier: Apache-2.0 */
/* Which type a tree of values has: between the two files of the GVariant reader. */
#ifndef HUSK_BASE_GVARIANT_TYPE_H
#define HUSK_BASE_GVARIANT_TYPE_H

#include <base/gvariant.h>

/* Gives every node its type; so far only those have one whose text names it. `text` is the whole, for errors. */
int gvariant_set_type(
	struct gvariant *v, const char *type, const char *text, struct husk_error **err);

#endif
