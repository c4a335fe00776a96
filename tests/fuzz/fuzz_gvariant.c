// SPDX-License-Identifier: Apache-2.0
/* GVariant text from annotations: whatever it is, each node of the tree has a type of D-Bus. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <base/gvariant.h>
#include <base/mem.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct gvariant *v)
{
	if (v->kind != GVARIANT_ENTRY && !gvariant_is_type(v->type))
		abort();
	list_for_each (item, &v->items)
		check(item);
}

/* A type, a NUL, and the text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *copy = malloc(size + 1);
	auto_gvariant v = {};
	const char *text;

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	copy[size] = '\0';
	text = memchr(copy, '\0', size);
	text = text ? text + 1 : copy;
	if (!gvariant_parse(text, text != copy && gvariant_is_type(copy) ? copy : NULL, &v, NULL))
		check(&v);
	return 0;
}
