// SPDX-License-Identifier: Apache-2.0
/*
 * May the caller map these ids? Root maps what its own user namespace has; an ordinary user its own id, and what
 * /etc/subuid and /etc/subgid give to it (newuidmap(1)).
 */
#include <core/validate.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/parse.h>
#include <base/str.h>
#include <base/text.h>
#include <oci/linux.h>
#include <plan/plan.h>

#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

enum { SUBID_FILE_MAX = 1 << 20 };

struct allowed {
	const char *map, *grants; /* files */
	const char *at;
	uint32_t own;
};

/* The caller's name, or its number if it has none; to free. */
static char *user_name(uid_t uid)
{
	struct passwd entry, *found = NULL;
	auto_free char *buffer = malloc(65536);

	if (buffer && getpwuid_r(uid, &entry, buffer, 65536, &found) == 0 && found)
		return strdup(found->pw_name);
	return str_printf("%u", uid);
}

/* Is [from, from + n) inside the range? */
static bool inside(uint64_t from, uint64_t n, uint64_t start, uint64_t count)
{
	return from >= start && n <= count && from - start <= count - n;
}

/* /proc/self/uid_map: "INSIDE OUTSIDE COUNT" */
static bool in_own_map(const char *text, uint64_t from, uint64_t n)
{
	uint64_t start, count;

	while (text && sscanf(text, "%" SCNu64 " %*u %" SCNu64, &start, &count) == 2) {
		if (inside(from, n, start, count))
			return true;
		text = strchr(text, '\n');
		text += text != NULL;
	}
	return false;
}

/* Lines "NAME:START:COUNT" */
static bool granted(const char *text, uid_t uid, uint64_t from, uint64_t n)
{
	auto_free char *name = user_name(uid), *number = str_printf("%u", uid);

	while (text && *text && name && number) {
		const char *rest = text_after(text, name);
		uint64_t start, count;

		if (!rest || *rest != ':')
			rest = text_after(text, number);
		if (rest && *rest == ':' &&
			sscanf(rest, ":%" SCNu64 ":%" SCNu64, &start, &count) == 2 &&
			inside(from, n, start, count))
			return true;
		text = strchr(text, '\n');
		text += text != NULL;
	}
	return false;
}

static void check(struct validation *v, const struct oci_id_mappings *ids, const struct allowed *a)
{
	bool root = v->host->euid == 0;
	auto_free char *text = NULL;

	if (io_read_at(AT_FDCWD, root ? a->map : a->grants, SUBID_FILE_MAX, &text, NULL) < 0 &&
		root)
		return;
	for (size_t i = 0; i < ids->n; i++) {
		const struct oci_id_mapping *m = &ids->v[i];
		auto_free char *at = str_printf("/linux/%s/%zu", a->at, i);

		if (!m->host_id.set || !m->size.set)
			continue; /* said already */
		if (root ? in_own_map(text, m->host_id.value, m->size.value)
			 : (m->host_id.value == a->own && m->size.value == 1) ||
					granted(text, v->host->euid, m->host_id.value,
						m->size.value))
			continue;
		validate_tell(v, AT(ERROR, at),
			root ? "host ids %" PRIu64 " to %" PRIu64 " do not all exist here ('%s')"
			     : "host ids %" PRIu64 " to %" PRIu64 " are not yours to map ('%s')",
			m->host_id.value, m->host_id.value + m->size.value - 1,
			root ? a->map : a->grants);
	}
}

void validate_ids(struct validation *v)
{
	const struct oci_linux *l = v->spec->linux;

	if (!l || !oci_linux_new_namespace(l, OCI_NS_USER))
		return;
	check(v, &l->uid_mappings,
		&(struct allowed){
			"/proc/self/uid_map", "/etc/subuid", "uidMappings", v->host->euid});
	check(v, &l->gid_mappings,
		&(struct allowed){
			"/proc/self/gid_map", "/etc/subgid", "gidMappings", v->host->egid});
}
