// SPDX-License-Identifier: Apache-2.0
/* Properties of a unit as text: what is always set, what annotations ask for, and devices. Pure. */
#include <cgroup/systemd.h>
#include <cgroup/systemd_call.h>
#include <base/gvariant.h>
#include <base/mem.h>
#include <base/parse.h>
#include <base/str.h>
#include <base/text.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ANNOTATION "org.systemd.property."

/*
 * Signatures of the properties that are set by this program, and of those that users set: their text may then leave
 * the type of a number open. What is not here has the type that its text says.
 */
static const struct {
	const char *name, *signature;
} known[] = {
	/* clang-format off */
	{"AllowedCPUs", "ay"},
	{"AllowedMemoryNodes", "ay"},
	{"BPFProgram", "a(ss)"},
	{"BlockIOAccounting", "b"},
	{"BlockIODeviceWeight", "a(st)"},
	{"BlockIOReadBandwidth", "a(st)"},
	{"BlockIOWeight", "t"},
	{"BlockIOWriteBandwidth", "a(st)"},
	{"CPUAccounting", "b"},
	{"CPUShares", "t"},
	{"CPUWeight", "t"},
	{"CollectMode", "s"},
	{"DefaultDependencies", "b"},
	{"Delegate", "b"},
	{"Description", "s"},
	{"DeviceAllow", "a(ss)"},
	{"DevicePolicy", "s"},
	{"IOAccounting", "b"},
	{"IODeviceLatencyTargetUSec", "a(st)"},
	{"IODeviceWeight", "a(st)"},
	{"IOReadBandwidthMax", "a(st)"},
	{"IOReadIOPSMax", "a(st)"},
	{"IOWeight", "t"},
	{"IOWriteBandwidthMax", "a(st)"},
	{"IOWriteIOPSMax", "a(st)"},
	{"KillMode", "s"},
	{"KillSignal", "i"},
	{"ManagedOOMMemoryPressure", "s"},
	{"ManagedOOMMemoryPressureLimit", "u"},
	{"ManagedOOMPreference", "s"},
	{"ManagedOOMSwap", "s"},
	{"MemoryAccounting", "b"},
	{"MemoryHigh", "t"},
	{"MemoryLimit", "t"},
	{"MemoryLow", "t"},
	{"MemoryMax", "t"},
	{"MemoryMin", "t"},
	{"MemorySwapMax", "t"},
	{"MemoryZSwapMax", "t"},
	{"OOMPolicy", "s"},
	{"PIDs", "au"},
	{"SendSIGHUP", "b"},
	{"SendSIGKILL", "b"},
	{"Slice", "s"},
	{"StartupCPUWeight", "t"},
	{"StartupIOWeight", "t"},
	{"TasksAccounting", "b"},
	{"TasksMax", "t"},
	{"Wants", "as"},
	/* clang-format on */
};

static bool ends_in(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n > m && text_equal(s + n - m, end);
}

const char *systemd_signature(const char *property)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (text_equal(known[i].name, property))
			return known[i].signature;
	return ends_in(property, "USec") ? "t" : NULL;
}

static void add_quoted(struct strbuf *out, const char *text)
{
	strbuf_add_char(out, '\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			strbuf_add_char(out, '\\');
		strbuf_add_char(out, *text);
	}
	strbuf_add_char(out, '\'');
}

char *systemd_quote(const char *text)
{
	auto_strbuf out = {};

	add_quoted(&out, text);
	return strbuf_take(&out);
}

/* ---- what every unit of ours has ---- */

int systemd_common_properties(const struct systemd_start *start, struct systemd_properties *ret)
{
	/* without them systemd would not make the controllers' directories on v1 */
	const char *const accounting[] = {"MemoryAccounting", "CPUAccounting",
		start->v2 ? "IOAccounting" : "BlockIOAccounting", "TasksAccounting"};
	bool slice = systemd_unit_is_slice(start->unit->name);
	int r = systemd_property_add(ret, "Description", "'husk container %s'", start->id);

	if (!r) { /* the name of a slice tells its parent */
		auto_free char *name = systemd_quote(start->unit->slice);

		r = !name   ? -ENOMEM
		    : slice ? systemd_property_add(ret, "Wants", "[%s]", name)
			    : systemd_property_add(ret, "Slice", "%s", name);
	}
	if (!r && !slice)
		r = systemd_property_add(ret, "Delegate", "true");
	if (!r && !slice)
		r = systemd_property_add(ret, "PIDs", "[%d]", (int)start->pid);
	for (size_t i = 0; !r && i < ARRAY_LEN(accounting); i++)
		r = systemd_property_add(ret, accounting[i], "true");
	return r ? r : systemd_property_add(ret, "DefaultDependencies", "false");
}

/* ---- annotations ---- */

static bool is_property_name(const char *s)
{
	size_t n = 0;

	while ((s[n] | 32) >= 'a' && (s[n] | 32) <= 'z')
		n++;
	return n && !s[n];
}

/* A decimal number of seconds in microseconds, what is smaller cut off. 0, -EINVAL or -ERANGE. */
static int microseconds(const char *number, uint64_t *ret)
{
	size_t whole = strcspn(number, ".");
	auto_free char *seconds = strndup(number + (*number == '+'), whole - (*number == '+'));
	const char *fraction = number[whole] ? number + whole + 1 : "";
	uint64_t us = 0;
	int r;

	if (!seconds)
		return -ENOMEM;
	if (fraction[strspn(fraction, "0123456789")])
		return -EINVAL;
	r = *seconds ? parse_u64(seconds, 10, &us) : 0;
	if (r < 0)
		return r;
	for (int i = 0; i < 6; i++) {
		unsigned int digit = *fraction ? (unsigned int)(*fraction++ - '0') : 0;

		if (__builtin_mul_overflow(us, 10, &us) || __builtin_add_overflow(us, digit, &us))
			return -ERANGE;
	}
	*ret = us;
	return 0;
}

static int add_seconds(
	const char *name, const char *text, struct systemd_properties *ret, struct husk_error **err)
{
	auto_free char *usec = str_printf("%.*sUSec", (int)(strlen(name) - strlen("Sec")), name);
	auto_gvariant v = {};
	uint64_t us = 0;
	int r;

	if (!usec)
		return fail_memory(err);
	r = gvariant_parse(text, NULL, &v, err);
	if (r < 0)
		return r;
	r = v.kind == GVARIANT_NUMBER ? microseconds(v.text, &us) : -EINVAL;
	if (r == -EINVAL || r == -ERANGE)
		return fail(
			err, HUSK_ERROR_INVALID_CONFIG, "'%s' is not a number of seconds", text);
	if (r < 0 || systemd_property_add(ret, usec, "uint64 %llu", (unsigned long long)us) < 0)
		return fail_memory(err);
	return 0;
}

static int add_annotation(const char *name, const char *value, struct systemd_properties *ret,
	struct husk_error **err)
{
	auto_gvariant v = {};
	int r;

	if (!is_property_name(name))
		return fail(err, HUSK_ERROR_INVALID_CONFIG,
			"'%s' is not the name of a property: only letters may be in it", name);
	if (ends_in(name, "Sec") && !ends_in(name, "USec"))
		return add_seconds(name, value, ret, err);
	r = gvariant_parse(value, systemd_signature(name), &v, err);
	if (r < 0)
		return r;
	return systemd_property_add(ret, name, "%s", value) < 0 ? fail_memory(err) : 0;
}

int systemd_annotations(const struct oci_string_map *annotations, struct systemd_properties *ret,
	struct husk_error **err)
{
	list_for_each (pair, annotations) {
		const char *name = text_after(pair->name, ANNOTATION);
		auto_error *why = NULL;
		auto_strbuf at = {};
		int r = name ? add_annotation(name, pair->value, ret, &why) : 0;

		if (!r)
			continue;
		strbuf_add(&at, "/annotations/");
		strbuf_add_pointer_part(&at, pair->name);
		if (strbuf_failed(&at) || husk_error_code(why) != HUSK_ERROR_INVALID_CONFIG)
			return fail_memory(err);
		return fail_at(err, strbuf_text(&at), "%s", husk_error_message(why));
	}
	return 0;
}

/* ---- devices ---- */

/*
 * The driver with that major number in /proc/devices, which has a list for each type: "Character devices:" and
 * "Block devices:", then lines of a number and a name. The length is 0 when there is none.
 */
static const char *driver_name(const char *proc_devices, char type, int64_t major, size_t *ret_len)
{
	const char *line =
		strstr(proc_devices, type == 'c' ? "Character devices:" : "Block devices:");

	*ret_len = 0;
	while (line) {
		char *end;
		long long number;

		line = strchr(line, '\n');
		if (!line || line[1] == '\n' || !line[1])
			break;
		line++;
		number = strtoll(line, &end, 10);
		if (number != major || *end != ' ')
			continue;
		*ret_len = strcspn(end + 1, "\n");
		return end + 1;
	}
	return "";
}

/* False: systemd has no word for it. */
static bool add_device(
	struct strbuf *out, const struct systemd_device *d, char type, const char *proc_devices)
{
	const char *list = type == 'c' ? "char" : "block", *driver;
	auto_strbuf node = {};
	size_t n;

	if (d->major < 0 && d->minor >= 0)
		return false;
	if (d->major < 0) {
		strbuf_printf(&node, "%s-*", list);
	} else if (d->minor >= 0) {
		strbuf_printf(
			&node, "/dev/%s/%lld:%lld", list, (long long)d->major, (long long)d->minor);
	} else {
		driver = driver_name(proc_devices, type, d->major, &n);
		if (!n)
			return false;
		strbuf_printf(&node, "%s-%.*s", list, (int)n, driver);
	}
	strbuf_add(out, out->len ? ", (" : "[(");
	add_quoted(out, strbuf_text(&node));
	strbuf_printf(out, ", '%s')", d->access);
	out->failed |= strbuf_failed(&node);
	return true;
}

static bool allows_all(const struct systemd_device *rules, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (rules[i].type == 'a' && rules[i].major < 0 && rules[i].minor < 0 &&
			strspn(rules[i].access, "rwm") == 3)
			return true;
	return false;
}

int systemd_devices(const struct systemd_device *rules, size_t n, const char *proc_devices,
	const struct log *log, struct systemd_properties *ret)
{
	bool all = allows_all(rules, n);
	auto_strbuf list = {};
	int r;

	for (size_t i = 0; !all && i < n; i++)
		for (const char *type = "cb"; *type; type++) {
			const struct systemd_device *d = &rules[i];

			if ((d->type == 'a' || d->type == *type) &&
				!add_device(&list, d, *type, proc_devices))
				log_debug(log,
					"systemd has no name for the devices '%c %lld:%lld', "
					"ignoring",
					*type, (long long)d->major, (long long)d->minor);
		}
	strbuf_add(&list, list.len ? "]" : "");
	if (strbuf_failed(&list))
		return -ENOMEM;
	r = systemd_property_add(ret, "DevicePolicy", all ? "'auto'" : "'strict'");
	if (!r) /* the empty list takes away what was there before */
		r = systemd_property_add(ret, "DeviceAllow", "[]");
	return r || !list.len ? r
			      : systemd_property_add(ret, "DeviceAllow", "%s", strbuf_text(&list));
}
