// SPDX-License-Identifier: Apache-2.0
/*
 * Steps down a tree by pointer; the tree is json-c's (see json.c). Indices are decimal without leading
 * zeros, as the RFC wants them; "-" is no element.
 */
#include <json/pointer.h>
#include <json/json.h>

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <json-c/json.h>

#include <base/mem.h>
#include <base/parse.h>
#include <base/str.h>

char *json_pointer_step(const char **rest)
{
	const char *c = *rest + (**rest == '/');
	struct strbuf name = {};

	strbuf_add(&name, "");
	for (; *c && *c != '/'; c++) {
		if (c[0] == '~' && (c[1] == '0' || c[1] == '1'))
			strbuf_add_char(&name, *++c == '0' ? '~' : '/');
		else
			strbuf_add_char(&name, *c);
	}
	*rest = c;
	return strbuf_take(&name);
}

/* A value and what holds it. */
struct spot {
	struct json_object *up; /* NULL: the value is the root */
	char *name; /* the last step */
	uint64_t index; /* in an array */
	struct json_object *value;
};

static void spot_done(struct spot *s)
{
	free(s->name);
}

static int step(struct spot *s, const char **rest)
{
	free(s->name);
	s->up = s->value;
	s->name = json_pointer_step(rest);
	if (!s->name)
		return -ENOMEM;
	if (json_object_is_type(s->up, json_type_object))
		return json_object_object_get_ex(s->up, s->name, &s->value) ? 0 : -ENOENT;
	if (!json_object_is_type(s->up, json_type_array) || parse_u64(s->name, 10, &s->index) < 0 ||
		s->index >= json_object_array_length(s->up))
		return -ENOENT;
	s->value = json_object_array_get_idx(s->up, s->index);
	return 0;
}

/* -ENOENT: there is no value; then ret->up is set only when all but the last step were found. */
static int walk(const struct json *tree, const char *pointer, struct spot *ret)
{
	int r = 0;

	*ret = (struct spot){.value = (struct json_object *)(uintptr_t)tree};
	while (!r && *pointer)
		r = step(ret, &pointer);
	if (r == -ENOENT && *pointer)
		ret->up = NULL;
	return r;
}

bool json_pointer_exists(const struct json *tree, const char *pointer)
{
	auto_(spot_done) struct spot s = {};

	return !walk(tree, pointer, &s);
}

int json_pointer_cut(struct json *tree, const char *pointer)
{
	auto_(spot_done) struct spot s = {};
	int r = walk(tree, pointer, &s);

	if (r < 0 || !s.up)
		return r < 0 ? r : -ENOENT;
	if (json_object_is_type(s.up, json_type_array))
		json_object_array_del_idx(s.up, s.index, 1);
	else
		json_object_object_del(s.up, s.name);
	return 0;
}

int json_pointer_put(struct json *tree, const char *pointer, const char *text)
{
	auto_(spot_done) struct spot s = {};
	struct json *value = NULL;
	int r = walk(tree, pointer, &s);

	if ((r < 0 && r != -ENOENT) || !s.up || !json_object_is_type(s.up, json_type_object))
		return r == -ENOMEM ? r : -ENOENT;
	if (json_parse(text, strlen(text), &value, NULL) < 0)
		return -EINVAL;
	if (json_object_object_add(s.up, s.name, (struct json_object *)value) < 0) {
		json_free(value);
		return -ENOMEM;
	}
	return 0;
}
