// SPDX-License-Identifier: Apache-2.0
/*
 * Names of units and where systemd puts them: pure. A name that systemd would refuse, or would understand as another
 * place than we do, is refused here: our directories are found by these rules, not by asking.
 */
#include <cgroup/systemd.h>
#include <base/mem.h>
#include <base/str.h>
#include <base/text.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define AT "/linux/cgroupsPath"

enum { UNIT_NAME_MAX = 255 };

static bool ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && text_equal(s + n - m, end);
}

bool systemd_unit_is_slice(const char *name)
{
	return ends_in(name, ".slice");
}

static bool is_name_char(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
	       (c && strchr("_.-\\@", c));
}

static bool is_unit_name(const char *s)
{
	size_t n = 0;

	while (is_name_char(s[n]))
		n++;
	return n && !s[n] && n <= UNIT_NAME_MAX;
}

/* Each dash is one level: none at the ends, no two in a row. */
static bool is_slice(const char *s)
{
	if (text_equal(s, "-.slice"))
		return true;
	return systemd_unit_is_slice(s) && is_unit_name(s) && *s != '-' && *s != '.' &&
	       !strstr(s, "--") && !strstr(s, "-.slice");
}

/* The nested slices: "/a.slice/a-b.slice"; the root slice is "". */
static void add_slice(struct strbuf *out, const char *slice)
{
	const char *end = slice + strlen(slice) - strlen(".slice");

	if (text_equal(slice, "-.slice"))
		return;
	for (const char *dash = slice; dash < end;) {
		dash += strcspn(dash, "-");
		if (dash > end)
			dash = end;
		strbuf_add_char(out, '/');
		strbuf_add_bytes(out, slice, (size_t)(dash - slice));
		strbuf_add(out, ".slice");
		dash++;
	}
}

char *systemd_unit_path(const struct systemd_unit *unit, const char *root)
{
	auto_strbuf out = {};

	if (!text_equal(root, "/"))
		strbuf_add(&out, root);
	if (systemd_unit_is_slice(unit->name)) {
		add_slice(&out, unit->name);
	} else {
		add_slice(&out, unit->slice);
		strbuf_printf(&out, "/%s", unit->name);
	}
	return strbuf_take(&out);
}

/* IDs may have a character that names of units may not: '+'. */
static char *escaped(const char *id)
{
	auto_strbuf out = {};

	for (; *id; id++)
		if (is_name_char(*id))
			strbuf_add_char(&out, *id);
		else
			strbuf_printf(&out, "\\x%02x", (unsigned char)*id);
	return strbuf_take(&out);
}

void systemd_unit_done(struct systemd_unit *unit)
{
	free(unit->name);
	free(unit->slice);
	*unit = (struct systemd_unit){};
}

/* Splits SLICE:PREFIX:NAME. False: it is not that. */
static bool split(const char *path, char *copy, char *ret[3])
{
	char *rest = copy;

	for (int i = 0; i < 3; i++)
		ret[i] = strsep(&rest, ":");
	return !rest && ret[1] && ret[2] && *ret[2] && !strchr(path, '/');
}

static int check_names(const struct systemd_unit *unit, struct husk_error **err)
{
	if (!is_slice(unit->slice))
		return fail_at(err, AT, "'%s' is not the name of a slice", unit->slice);
	if (systemd_unit_is_slice(unit->name)) {
		if (!is_slice(unit->name) || text_equal(unit->name, "-.slice"))
			return fail_at(err, AT, "'%s' is not the name of a slice", unit->name);
	} else if (!is_unit_name(unit->name)) {
		return fail_at(err, AT, "'%s' is not the name of a unit: %s", unit->name,
			strlen(unit->name) > UNIT_NAME_MAX
				? "too long"
				: "only letters, digits and '_', '.', '-', '@', '\\' may be in it");
	}
	return 0;
}

int systemd_unit_find(const char *cgroups_path, const char *id, bool user, struct systemd_unit *ret,
	struct husk_error **err)
{
	bool given = cgroups_path && *cgroups_path;
	auto_(systemd_unit_done) struct systemd_unit unit = {.user = user};
	auto_free char *name = given ? NULL : escaped(id),
		       *copy = given ? strdup(cgroups_path)
				     : str_printf(":husk:%s", name ? name : "");
	char *parts[3];
	int r;

	if (!copy || (!given && !name))
		return fail_memory(err);
	if (!split(given ? cgroups_path : "", copy, parts))
		return fail_at(err, AT,
			"expected cgroupsPath to be of format \"slice:prefix:name\" for systemd "
			"cgroups, got \"%s\" instead",
			cgroups_path);
	unit.slice = strdup(*parts[0] ? parts[0] : user ? "user.slice" : "system.slice");
	if (systemd_unit_is_slice(parts[2]))
		unit.name = strdup(parts[2]);
	else
		unit.name = str_printf("%s%s%s.scope", parts[1], *parts[1] ? "-" : "", parts[2]);
	if (!unit.slice || !unit.name)
		return fail_memory(err);
	r = check_names(&unit, err);
	if (r < 0)
		return r;
	*ret = unit;
	unit = (struct systemd_unit){};
	return 0;
}
