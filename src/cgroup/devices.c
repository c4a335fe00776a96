// SPDX-License-Identifier: Apache-2.0
/*
 * From rules to the normal form. Each rule is applied to all that is listed so far; a number that it is the first to
 * name gets a place of its own, with what was allowed to all the others until then. In the end the places that make
 * no difference are removed.
 */
#include <cgroup/devices.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CELLS_MAX = 16384 };

/* Engines count on these: what config.md of the specification calls default devices, nodes of anything, and tun. */
/* clang-format off */
static const struct device_rule defaults[] = {
	{DEVICE_CHAR,  DEVICE_MKNOD,  true, DEVICE_ANY, DEVICE_ANY, SIZE_MAX},
	{DEVICE_BLOCK, DEVICE_MKNOD,  true, DEVICE_ANY, DEVICE_ANY, SIZE_MAX},
	{DEVICE_CHAR,  DEVICE_ACCESS, true, 1,   3,          SIZE_MAX}, /* null */
	{DEVICE_CHAR,  DEVICE_ACCESS, true, 1,   5,          SIZE_MAX}, /* zero */
	{DEVICE_CHAR,  DEVICE_ACCESS, true, 1,   7,          SIZE_MAX}, /* full */
	{DEVICE_CHAR,  DEVICE_ACCESS, true, 1,   8,          SIZE_MAX}, /* random */
	{DEVICE_CHAR,  DEVICE_ACCESS, true, 1,   9,          SIZE_MAX}, /* urandom */
	{DEVICE_CHAR,  DEVICE_ACCESS, true, 5,   0,          SIZE_MAX}, /* tty */
	{DEVICE_CHAR,  DEVICE_ACCESS, true, 5,   2,          SIZE_MAX}, /* ptmx */
	{DEVICE_CHAR,  DEVICE_ACCESS, true, 136, DEVICE_ANY, SIZE_MAX}, /* pts */
	{DEVICE_CHAR,  DEVICE_ACCESS, true, 10,  200,        SIZE_MAX}, /* tun */
};
/* clang-format on */

void cgroup_devices_done(struct cgroup_devices *d)
{
	list_for_each (m, &d->majors)
		free(m->minors.v);
	for (size_t i = 0; i < ARRAY_LEN(d->others); i++)
		free(d->others[i].minors.v);
	free(d->majors.v);
	free(d->rules.v);
	*d = (struct cgroup_devices){};
}

static const struct device_minor *find_minor(const struct device_major *m, uint32_t minor)
{
	list_for_each (i, &m->minors)
		if (i->minor == minor)
			return i;
	return NULL;
}

static const struct device_major *find_major(
	const struct cgroup_devices *d, uint8_t type, uint32_t major)
{
	list_for_each (m, &d->majors)
		if (m->major == major && m->type == type)
			return m;
	return NULL;
}

uint8_t cgroup_devices_access(
	const struct cgroup_devices *d, uint8_t type, uint32_t major, uint32_t minor)
{
	const struct device_major *m = find_major(d, type, major);
	const struct device_minor *i;

	if (!m)
		m = &d->others[type - 1];
	i = find_minor(m, minor);
	return i ? i->access : m->access;
}

bool cgroup_devices_allow_all(const struct cgroup_devices *d)
{
	for (size_t i = 0; i < ARRAY_LEN(d->others); i++)
		if (d->others[i].access != DEVICE_ACCESS || d->others[i].minors.n)
			return false;
	return !d->majors.n;
}

static int take_cells(struct cgroup_devices *d, size_t n)
{
	if (n > CELLS_MAX - d->cells)
		return -E2BIG;
	d->cells += n;
	return 0;
}

static int make_minor(
	struct cgroup_devices *d, struct device_major *m, uint32_t minor, struct device_minor **ret)
{
	struct device_minor *i = (struct device_minor *)(uintptr_t)find_minor(m, minor);

	if (!i) {
		int r = take_cells(d, 1);

		if (r < 0)
			return r;
		i = list_add(&m->minors);
		if (!i)
			return -ENOMEM;
		*i = (struct device_minor){minor, m->access};
	}
	*ret = i;
	return 0;
}

static int make_major(
	struct cgroup_devices *d, uint8_t type, uint32_t major, struct device_major **ret)
{
	struct device_major *m = (struct device_major *)(uintptr_t)find_major(d, type, major);
	const struct device_major *others = &d->others[type - 1];

	if (!m) {
		int r = take_cells(d, 1 + others->minors.n);

		if (r < 0)
			return r;
		m = list_add(&d->majors);
		if (!m)
			return -ENOMEM;
		*m = (struct device_major){.type = type, .access = others->access, .major = major};
		list_for_each (i, &others->minors) {
			struct device_minor *copy = list_add(&m->minors);

			if (!copy)
				return -ENOMEM;
			*copy = *i;
		}
	}
	*ret = m;
	return 0;
}

static void change(uint8_t *access, const struct device_rule *rule)
{
	if (rule->allow)
		*access |= rule->access;
	else
		*access &= (uint8_t)~rule->access;
}

static int apply_to_major(
	struct cgroup_devices *d, struct device_major *m, const struct device_rule *rule)
{
	struct device_minor *one;
	int r;

	if (rule->minor == DEVICE_ANY) {
		change(&m->access, rule);
		list_for_each (i, &m->minors)
			change(&i->access, rule);
		return 0;
	}
	r = make_minor(d, m, (uint32_t)rule->minor, &one);
	if (!r)
		change(&one->access, rule);
	return r;
}

static int apply_to_type(struct cgroup_devices *d, uint8_t type, const struct device_rule *rule)
{
	struct device_major *one;
	int r = 0;

	if (rule->major != DEVICE_ANY) {
		r = make_major(d, type, (uint32_t)rule->major, &one);
		return r < 0 ? r : apply_to_major(d, one, rule);
	}
	list_for_each (m, &d->majors)
		if (!r && m->type == type)
			r = apply_to_major(d, m, rule);
	return r < 0 ? r : apply_to_major(d, &d->others[type - 1], rule);
}

static int add_rule(struct cgroup_devices *d, const struct device_rule *rule)
{
	struct device_rule *copy = list_add(&d->rules);
	int r = 0;

	if (!copy)
		return -ENOMEM;
	*copy = *rule;
	if (rule->major > DEVICE_MAJOR_MAX || rule->minor > DEVICE_MINOR_MAX)
		return 0; /* the kernel has no such device */
	for (uint8_t type = DEVICE_BLOCK; !r && type <= DEVICE_CHAR; type++)
		if (rule->types & type)
			r = apply_to_type(d, type, rule);
	return r;
}

static int compare_minors(const void *a, const void *b)
{
	const struct device_minor *x = a, *y = b;

	return (x->minor > y->minor) - (x->minor < y->minor);
}

static int compare_majors(const void *a, const void *b)
{
	const struct device_major *x = a, *y = b;

	if (x->type != y->type)
		return y->type - x->type; /* character devices first: most are asked for */
	return (x->major > y->major) - (x->major < y->major);
}

static void normalize_minors(struct device_major *m)
{
	size_t n = 0;

	list_for_each (i, &m->minors)
		if (i->access != m->access)
			m->minors.v[n++] = *i;
	m->minors.n = n;
	if (n)
		qsort(m->minors.v, n, sizeof *m->minors.v, compare_minors);
}

static bool same_access(const struct device_major *a, const struct device_major *b)
{
	if (a->access != b->access || a->minors.n != b->minors.n)
		return false;
	for (size_t i = 0; i < a->minors.n; i++)
		if (compare_minors(&a->minors.v[i], &b->minors.v[i]) ||
			a->minors.v[i].access != b->minors.v[i].access)
			return false;
	return true;
}

/*
 * array_grow() takes the room from the length: the lists may shrink, as it grows a block to what the length asks for.
 */
static void normalize(struct cgroup_devices *d)
{
	size_t n = 0;

	d->cells = 0;
	for (size_t i = 0; i < ARRAY_LEN(d->others); i++) {
		normalize_minors(&d->others[i]);
		d->cells += d->others[i].minors.n;
	}
	list_for_each (m, &d->majors) {
		normalize_minors(m);
		if (same_access(m, &d->others[m->type - 1])) {
			free(m->minors.v);
			continue;
		}
		d->cells += 1 + m->minors.n;
		d->majors.v[n++] = *m;
	}
	d->majors.n = n;
	if (n)
		qsort(d->majors.v, n, sizeof *d->majors.v, compare_majors);
}

static int access_from_text(const char *text, uint8_t *ret)
{
	uint8_t access = 0;

	for (; text && *text; text++) {
		if (!strchr("rwm", *text))
			return -EINVAL;
		access |= *text == 'r' ? DEVICE_READ : *text == 'w' ? DEVICE_WRITE : DEVICE_MKNOD;
	}
	*ret = access ? access : DEVICE_ACCESS;
	return 0;
}

static int rule_from_oci(const struct oci_device_rule *from, size_t origin, struct device_rule *ret)
{
	*ret = (struct device_rule){
		.types = DEVICE_TYPES,
		.allow = opt_true(from->allow),
		.major = MAX(opt_i64_or(from->major, DEVICE_ANY), (int64_t)DEVICE_ANY),
		.minor = MAX(opt_i64_or(from->minor, DEVICE_ANY), (int64_t)DEVICE_ANY),
		.origin = origin,
	};
	if (from->type.set && from->type.value != OCI_DEVICE_ALL)
		ret->types = from->type.value == OCI_DEVICE_BLOCK ? DEVICE_BLOCK : DEVICE_CHAR;
	return access_from_text(from->access, &ret->access);
}

static int add_all(struct cgroup_devices *d, const struct oci_device_rule *rules, size_t n,
	bool from_configuration)
{
	for (size_t i = 0; i < n; i++) {
		struct device_rule rule;
		int r = rule_from_oci(&rules[i], from_configuration ? i : SIZE_MAX, &rule);

		if (!r)
			r = add_rule(d, &rule);
		if (r < 0)
			return r;
	}
	return 0;
}

static void prepare(struct cgroup_devices *d)
{
	for (uint8_t type = DEVICE_BLOCK; type <= DEVICE_CHAR; type++)
		d->others[type - 1].type = type;
}

int cgroup_devices_add(struct cgroup_devices *d, const struct oci_device_rule *rules, size_t n)
{
	int r;

	prepare(d);
	r = add_all(d, rules, n, false);
	normalize(d);
	return r;
}

int cgroup_devices_compile(
	const struct oci_device_rule *rules, size_t n, struct cgroup_devices *ret)
{
	auto_(cgroup_devices_done) struct cgroup_devices d = {};
	int r;

	prepare(&d);
	r = add_all(&d, rules, n, true);
	for (size_t i = 0; !r && i < ARRAY_LEN(defaults); i++)
		r = add_rule(&d, &defaults[i]);
	normalize(&d);
	*ret = (struct cgroup_devices){};
	if (r < 0)
		return r;
	*ret = d;
	d = (struct cgroup_devices){};
	return 0;
}
