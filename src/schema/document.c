// SPDX-License-Identifier: Apache-2.0
/* Whole documents: text to object and back. */
#include <schema/kind.h>

#include <stdlib.h>

#include <base/error.h>
#include <base/str.h>

int schema_read_all(const struct schema_type *type, const char *json, size_t n, void **ret,
	struct schema_report *report)
{
	struct schema_at root = schema_root(report);
	struct json *tree = NULL;
	void *object;
	int r;

	r = json_parse(json, n, &tree, report->err);
	if (r < 0)
		return r;
	object = calloc(1, type->size);
	r = object ? schema_parse(type, tree, object, &root) : fail_memory(report->err);
	json_free(tree);
	if (r < 0) {
		schema_free(type, object);
		return r;
	}
	*ret = object;
	return 0;
}

int schema_read(const struct schema_type *type, const char *json, size_t n, void **ret,
	struct husk_error **err)
{
	struct schema_report report = {.err = err};

	return schema_read_all(type, json, n, ret, &report);
}

int schema_write(const struct schema_type *type, const void *object, int indent, char **ret,
	struct husk_error **err)
{
	struct json_writer w;
	struct strbuf out = {};
	char *text;

	json_writer_init(&w, &out, indent);
	schema_emit(type, object, &w);
	text = strbuf_take(&out);
	if (!text)
		return fail_memory(err);
	*ret = text;
	return 0;
}
