// SPDX-License-Identifier: Apache-2.0
/*
 * What the planners refuse. They stop at the first fault, as create does; so the configuration is planned again and
 * again, each time without the part that was at fault, until nothing is refused. Parts that everything else hangs on
 * are replaced by something harmless, or end the search: findings that only follow from a cut must not be told.
 */
#include <core/validate.h>
#include <base/mem.h>
#include <base/parse.h>
#include <base/str.h>
#include <base/text.h>
#include <core/lsm.h>
#include <json/json.h>
#include <json/pointer.h>
#include <oci/check.h>
#include <plan/plan.h>
#include <schema/schema.h>

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS_MAX = 200 }; /* more faults nobody reads at once */

/* Items taken out of an array, in the order of the cuts: later pointers count without them. */
struct cut {
	char *array; /* pointer to it */
	uint64_t index;
};

struct search {
	struct validation *v;
	struct json *tree; /* of our own */
	LIST_OF(struct cut) cuts;
	unsigned int replaced; /* bit for each row of stand_ins that was used */
};

/* A host that has everything, for findings that are the same everywhere. */
static struct cgroup_hierarchy neutral_hierarchy[] = {
	{(char *)"", (char *)"/sys/fs/cgroup", (char *)"/", true},
};
static const struct plan_host neutral_host = {
	.known_capabilities = UINT64_MAX,
	.cgroups = {CGROUP_V2, {ARRAY_LEN(neutral_hierarchy), neutral_hierarchy}},
};

/* Without these there is no plan at all. */
static const struct {
	const char *pointer, *text;
} stand_ins[] = {
	{"/ociVersion", "\"1.0.0\""},
	{"/root/path", "\"rootfs\""},
	{"/root", "{\"path\":\"rootfs\"}"},
	{"/process/args", "[\"sh\"]"},
	{"/process/args/0", NULL},
	{"/process/cwd", "\"/\""},
	{"/process", "{\"cwd\":\"/\",\"args\":[\"sh\"]}"},
};

/* What other properties depend on; all below it, too. */
static const char *const pillars[] = {
	"/linux/namespaces", "/linux/uidMappings", "/linux/gidMappings"};

static void search_done(struct search *s)
{
	for (size_t i = 0; i < s->cuts.n; i++)
		free(s->cuts.v[i].array);
	free(s->cuts.v);
	json_free(s->tree);
}

static int replace(struct search *s, size_t row)
{
	if (s->replaced & 1U << row)
		return -1;
	s->replaced |= 1U << row;
	if (!stand_ins[row].text)
		return json_pointer_put(s->tree, "/process/args", "[\"sh\"]");
	return json_pointer_put(s->tree, stand_ins[row].pointer, stand_ins[row].text);
}

static bool is_pillar(const char *pointer)
{
	for (size_t i = 0; i < ARRAY_LEN(pillars); i++) {
		const char *rest = text_after(pointer, pillars[i]);

		if (rest && (!*rest || *rest == '/'))
			return true;
	}
	return !strcmp(pointer, "/linux") || !*pointer;
}

/* An item of an array leaves a gap that later pointers do not know of. */
static int note_cut(struct search *s, const char *pointer)
{
	const char *slash = strrchr(pointer, '/');
	struct cut *cut;
	uint64_t index;

	if (parse_u64(slash + 1, 10, &index) < 0)
		return 0;
	cut = list_add(&s->cuts);
	if (!cut)
		return -1;
	cut->index = index;
	cut->array = strndup(pointer, (size_t)(slash - pointer));
	return cut->array ? 0 : -1;
}

/* Takes away what is at fault: the value, or what it is missing from. < 0: the search ends. */
static int cut_away(struct search *s, const char *at)
{
	auto_free char *pointer = strdup(at);

	while (pointer) {
		char *slash = strrchr(pointer, '/');

		for (size_t i = 0; i < ARRAY_LEN(stand_ins); i++)
			if (text_equal(stand_ins[i].pointer, pointer))
				return replace(s, i);
		if (!slash || is_pillar(pointer))
			return -1;
		if (json_pointer_exists(s->tree, pointer))
			return note_cut(s, pointer) < 0 ? -1 : json_pointer_cut(s->tree, pointer);
		*slash = '\0';
	}
	return -1;
}

/* The index behind "ARRAY/" in the pointer, and where it ends. */
static bool index_below(const char *pointer, const char *array, uint64_t *ret, const char **rest)
{
	const char *from = text_after(pointer, array);
	auto_free char *digits = NULL;

	if (!from || *from != '/')
		return false;
	*rest = from + 1 + strcspn(from + 1, "/");
	digits = strndup(from + 1, (size_t)(*rest - from - 1));
	return digits && parse_u64(digits, 10, ret) >= 0;
}

/* The pointer as it was before the cuts; to free. */
static char *original(const struct search *s, const char *pointer)
{
	char *now = strdup(pointer);

	for (size_t i = s->cuts.n; now && i--;) {
		const struct cut *cut = &s->cuts.v[i];
		const char *rest;
		uint64_t index;
		char *next;

		if (!index_below(now, cut->array, &index, &rest) || index < cut->index)
			continue;
		next = str_printf("%s/%" PRIu64 "%s", cut->array, index + 1, rest);
		free(now);
		now = next;
	}
	return now;
}

/* "linux.seccomp.flags: what, ignoring": the property is at the beginning, with dots. */
static void hear_log(void *data, enum husk_log_level level, const char *message)
{
	struct search *s = data;
	auto_strbuf pointer = {};
	size_t n = 0;

	if (level > HUSK_LOG_WARNING || strstr(message, "unknown capability") ||
		!validate_once(s->v, message))
		return; /* validate_names.c tells of capabilities, with the place */
	strbuf_add_char(&pointer, '/');
	for (; isalnum((unsigned char)message[n]) || message[n] == '.'; n++)
		strbuf_add_char(&pointer, message[n] == '.' ? '/' : message[n]);
	if (!json_pointer_exists(s->v->tree, strbuf_text(&pointer)))
		strbuf_truncate(&pointer, 0);
	else if (text_after(message + n, ": "))
		message += n + 2;
	validate_tell(s->v, AT(WARNING, strbuf_text(&pointer)), "%s", message);
}

static int plan_once(struct search *s, const struct oci_spec *spec, const struct plan_host *host,
	struct husk_error **err)
{
	auto_(cgroup_dirs_done) struct cgroup_dirs dirs = {};
	auto_(plan_done) struct plan plan = {};
	const struct log log = {hear_log, s, HUSK_LOG_WARNING};
	uint32_t lsm = PLAN_LSM_APPARMOR | PLAN_LSM_SELINUX;
	int r = host == &neutral_host ? 0 : lsm_find(spec, spec->process, &lsm, err);

	if (r < 0)
		return r;
	if (cgroup_dirs_resolve(&host->cgroups, spec->linux ? spec->linux->cgroups_path : NULL,
		    "container", &dirs) < 0)
		return fail_memory(err);
	return plan_create(&(struct plan_create_input){.spec = spec,
				   .id = "container",
				   .bundle = s->v->bundle,
				   .host = host,
				   .cgroups = &dirs,
				   .lsm = lsm,
				   .log = &log},
		&plan, err);
}

/* Returns 1 when nothing is wrong, 0 when something was told or cut, < 0 when the search ends. */
static int search_round(struct search *s, const struct plan_host *host)
{
	struct oci_spec *spec = calloc(1, sizeof *spec);
	auto_error *why = NULL;
	struct schema_report report = {.err = &why};
	struct schema_at root = schema_root(&report);
	bool readable = false;
	int r;

	if (!spec)
		return -1;
	r = schema_parse(&oci_spec_type, s->tree, spec, &root);
	if (r >= 0)
		r = oci_check(spec, &root);
	if (r >= 0)
		r = oci_check_runnable(spec, &why);
	readable = r >= 0;
	if (r >= 0)
		r = plan_once(s, spec, host, &why);
	oci_spec_free(spec);
	if (r >= 0)
		return 1;
	if (readable) { /* what cannot be read was told before, or follows from a cut */
		const char *at = husk_error_pointer(why);
		auto_free char *pointer = original(s, at ? at : "");
		const char *message = husk_error_message(why), *rest;

		if (!pointer)
			return -1;
		rest = at && *at ? text_after(message, at) : NULL;
		if (validate_once(s->v, pointer))
			validate_tell(s->v, AT(ERROR, pointer), "%s",
				rest && text_after(rest, ": ") ? rest + 2 : message);
	}
	return husk_error_pointer(why) ? cut_away(s, husk_error_pointer(why)) : -1;
}

int validate_plan(struct validation *v, struct husk_error **err)
{
	const struct plan_host *host = v->host ? v->host : &neutral_host;
	auto_(search_done) struct search s = {.v = v};
	int r = json_parse(v->text, v->n, &s.tree, err);

	for (int round = 0; r == 0 && round < ROUNDS_MAX; round++)
		if (search_round(&s, host))
			break;
	return r;
}
