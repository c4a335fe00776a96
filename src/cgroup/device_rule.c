// SPDX-License-Identifier: Apache-2.0
/* Device rules as text: the normal form written, one rule read. */
#include <cgroup/devices.h>
#include <base/parse.h>
#include <base/mem.h>
#include <base/text.h>

#include <errno.h>
#include <string.h>

static const char *access_text(uint8_t access)
{
	static const char *const texts[] = {"", "m", "r", "rm", "w", "wm", "rw", "rwm"};

	return texts[access & DEVICE_ACCESS];
}

static void add_number(struct strbuf *out, int64_t number)
{
	if (number == DEVICE_ANY)
		strbuf_add_char(out, '*');
	else
		strbuf_printf(out, "%llu", (unsigned long long)number);
}

void cgroup_device_text(
	struct strbuf *out, uint8_t types, int64_t major, int64_t minor, uint8_t access)
{
	strbuf_add(out, types == DEVICE_TYPES ? "a " : types == DEVICE_BLOCK ? "b " : "c ");
	add_number(out, major);
	strbuf_add_char(out, ':');
	add_number(out, minor);
	strbuf_printf(out, " %s", access_text(access));
}

static void add_line(struct strbuf *out, bool allow, const struct device_rule *rule, uint8_t access)
{
	if (!access)
		return;
	strbuf_add(out, allow ? "allow " : "deny ");
	cgroup_device_text(out, rule->types, rule->major, rule->minor, access);
	strbuf_add_char(out, '\n');
}

/* What makes `from`, which the lines before left, `to`. */
static void add_change(struct strbuf *out, const struct device_rule *rule, uint8_t from, uint8_t to)
{
	add_line(out, false, rule, (uint8_t)(from & ~to));
	add_line(out, true, rule, (uint8_t)(to & ~from));
}

static uint8_t access_of(const struct device_major *m, uint32_t minor)
{
	list_for_each (i, &m->minors)
		if (i->minor == minor)
			return i->access;
	return m->access;
}

/* One minor of a listed major: its line, seen from where the lines for the others and for the major left it. */
static void add_minor(struct strbuf *out, const struct device_major *m,
	const struct device_major *others, uint32_t minor)
{
	const struct device_rule rule = {.types = m->type, .major = m->major, .minor = minor};
	uint8_t denied = (uint8_t)(others->access & ~m->access);
	uint8_t allowed = (uint8_t)(m->access & ~others->access);
	uint8_t before = (uint8_t)((access_of(others, minor) & ~denied) | allowed);

	add_change(out, &rule, before, access_of(m, minor));
}

static void add_major(
	struct strbuf *out, const struct device_major *m, const struct device_major *others)
{
	const struct device_rule all = {.types = m->type, .major = m->major, .minor = DEVICE_ANY};
	size_t i = 0, k = 0;

	add_change(out, &all, others->access, m->access);
	while (i < m->minors.n || k < others->minors.n) { /* both ascend: each number once */
		uint32_t a = i < m->minors.n ? m->minors.v[i].minor : UINT32_MAX;
		uint32_t b = k < others->minors.n ? others->minors.v[k].minor : UINT32_MAX;

		add_minor(out, m, others, MIN(a, b));
		i += a <= b;
		k += b <= a;
	}
}

void cgroup_devices_text(const struct cgroup_devices *d, struct strbuf *out)
{
	const struct device_major *block = &d->others[0], *chars = &d->others[1];
	bool all = block->access == DEVICE_ACCESS && chars->access == DEVICE_ACCESS;
	struct device_rule rule = {.types = DEVICE_TYPES, .major = DEVICE_ANY, .minor = DEVICE_ANY};

	add_line(out, all, &rule, DEVICE_ACCESS);
	for (uint8_t type = DEVICE_CHAR; type; type--) {
		const struct device_major *others = &d->others[type - 1];

		rule = (struct device_rule){
			.types = type, .major = DEVICE_ANY, .minor = DEVICE_ANY};
		add_change(out, &rule, all ? DEVICE_ACCESS : 0, others->access);
		list_for_each (i, &others->minors) {
			rule.minor = i->minor;
			add_change(out, &rule, others->access, i->access);
		}
		list_for_each (m, &d->majors)
			if (m->type == type)
				add_major(out, m, others);
	}
}

/* Up to `end` (which is passed over) a number or '*'. */
static int take_number(const char **text, char end, int64_t max, struct opt_i64 *ret)
{
	const char *stop = strchr(*text, end);
	auto_free char *part = stop ? strndup(*text, (size_t)(stop - *text)) : NULL;
	uint32_t number;
	int r;

	if (!stop)
		return -EINVAL;
	if (!part)
		return -ENOMEM;
	*text = stop + 1;
	if (text_equal(part, "*")) {
		*ret = (struct opt_i64){true, DEVICE_ANY};
		return 0;
	}
	r = parse_u32(part, 10, &number);
	if (!r && number > max)
		r = -ERANGE;
	if (!r)
		*ret = (struct opt_i64){true, number};
	return r;
}

static int take_type(const char **text, struct opt_enum *ret)
{
	const char name[2] = {**text};
	const struct name_value *row = table_find(oci_device_rule_kinds, name);

	if (!row || (*text)[1] != ' ')
		return -EINVAL;
	*ret = (struct opt_enum){true, (int)row->value};
	*text += 2;
	return 0;
}

static int take_access(const char *text, char **ret)
{
	size_t n = strlen(text);

	if (!n || n > 3 || text[strspn(text, "rwm")])
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (strchr(text + i + 1, text[i]))
			return -EINVAL;
	*ret = strdup(text);
	return *ret ? 0 : -ENOMEM;
}

int cgroup_device_rule_parse(const char *text, struct oci_device_rule *ret, struct husk_error **err)
{
	const char *allow = text_after(text, "allow "), *deny = text_after(text, "deny ");
	const char *at = allow ? allow : deny ? deny : text;
	struct oci_device_rule rule = {.allow = {true, !deny}};
	int r = take_type(&at, &rule.type);

	if (!r)
		r = take_number(&at, ':', DEVICE_MAJOR_MAX, &rule.major);
	if (!r)
		r = take_number(&at, ' ', DEVICE_MINOR_MAX, &rule.minor);
	if (!r)
		r = take_access(at, &rule.access);
	if (r == -ENOMEM)
		return fail_memory(err);
	if (r == -ERANGE)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
			"invalid device rule '%s': the largest numbers are %d:%d", text,
			DEVICE_MAJOR_MAX, DEVICE_MINOR_MAX);
	if (r < 0)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT,
			"invalid device rule '%s': must be like 'allow c 1:3 rwm' or 'deny b *:* "
			"w'",
			text);
	*ret = rule;
	return 0;
}
