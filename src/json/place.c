// SPDX-License-Identifier: Apache-2.0
/*
 * Where in the text the target of a pointer stands. Only for text that was found to be JSON (scan.c), so
 * that a look at brackets and quotes is enough to pass over what is not on the way.
 */
#include <json/pointer.h>
#include <json/json.h>

#include <string.h>

#include <base/mem.h>
#include <base/parse.h>
#include <base/text.h>

struct walk {
	const char *at, *end;
};

static void skip_space(struct walk *w)
{
	while (w->at < w->end && strchr(" \n\t\r", *w->at))
		w->at++;
}

/* At the opening quote; steps behind the closing one. */
static void skip_string(struct walk *w)
{
	for (w->at++; w->at < w->end && *w->at != '"'; w->at++)
		w->at += *w->at == '\\';
	w->at++;
}

/* At a value; steps behind it. */
static void skip_value(struct walk *w)
{
	size_t depth = 0;

	do {
		skip_space(w);
		if (w->at >= w->end)
			return;
		if (*w->at == '"') {
			skip_string(w);
			continue;
		}
		if (strchr("{[", *w->at))
			depth++;
		else if (strchr("}]", *w->at))
			depth--;
		else if (!strchr(",:", *w->at))
			while (w->at + 1 < w->end && !strchr(" \n\t\r,:]}", w->at[1]))
				w->at++;
		w->at++;
	} while (depth);
}

static bool is_name(const char *from, const char *to, const char *name)
{
	size_t n = strlen(name);
	struct json *value = NULL;
	bool same;

	if (!memchr(from, '\\', (size_t)(to - from)))
		return (size_t)(to - from) == n + 2 && !memcmp(from + 1, name, n);
	same = json_parse(from, (size_t)(to - from), &value, NULL) >= 0 &&
	       text_equal(json_string(value), name);
	json_free(value);
	return same;
}

/* At the '{'. Found: *ret_from is its name, and we stand at its value. */
static bool find_member(struct walk *w, const char *name, const char **ret_from)
{
	for (w->at++;; w->at++) {
		const char *from;
		bool found;

		skip_space(w);
		if (w->at >= w->end || *w->at != '"')
			return false;
		from = w->at;
		skip_string(w);
		found = is_name(from, w->at, name);
		skip_space(w);
		w->at++; /* the colon */
		skip_space(w);
		if (found) {
			*ret_from = from;
			return true;
		}
		skip_value(w);
		skip_space(w);
		if (w->at >= w->end || *w->at != ',')
			return false;
	}
}

/* At the '['. */
static bool find_item(struct walk *w, const char *name, const char **ret_from)
{
	uint64_t index;

	if (parse_u64(name, 10, &index) < 0)
		return false;
	for (w->at++;; w->at++) {
		skip_space(w);
		if (w->at >= w->end || *w->at == ']')
			return false;
		if (!index--) {
			*ret_from = w->at;
			return true;
		}
		skip_value(w);
		skip_space(w);
		if (w->at >= w->end || *w->at != ',')
			return false;
	}
}

static struct json_place place_of(const char *text, const char *at)
{
	struct json_place place = {1, 1};

	for (const char *p = text; p < at; p++) {
		place.column++;
		if (*p == '\n')
			place = (struct json_place){place.line + 1, 1};
	}
	return place;
}

struct json_place json_pointer_place(const char *text, size_t n, const char *pointer)
{
	struct walk w = {text, text + n};
	const char *from;

	skip_space(&w);
	from = w.at;
	while (*pointer) {
		auto_free char *name = json_pointer_step(&pointer);
		bool found = false;

		if (name && w.at < w.end && *w.at == '{')
			found = find_member(&w, name, &from);
		else if (name && w.at < w.end && *w.at == '[')
			found = find_item(&w, name, &from);
		if (!found)
			break;
	}
	return place_of(text, from);
}
