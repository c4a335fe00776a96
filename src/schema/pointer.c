// SPDX-License-Identifier: Apache-2.0
/* Setting one property by JSON Pointer, for options of the command line. */
#include <schema/kind.h>

#include <base/error.h>

int schema_set(const struct schema_type *type, void *object, const char *pointer, const char *text,
	struct husk_error **err)
{
	struct schema_report report = {.err = err};
	struct schema_at root = schema_root(&report);

	if (*pointer != '/')
		return fail(
			err, HUSK_ERROR_INVALID_ARGUMENT, "'%s' is not a JSON pointer", pointer);
	return schema_set_below(type, object, pointer, text, &root);
}
