/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `linux.resources` compiled into what has to be done: files to write in the container's cgroup directories and, where
 * systemd makes the cgroup, properties of its unit. Pure: one table (knobs.c) says for each resource where it goes on
 * v1, on v2 and in systemd. cgroup_apply() carries it out. Kernel documents: admin-guide/cgroup-v1/, cgroup-v2.rst.
 */
#ifndef HUSK_CGROUP_KNOBS_H
#define HUSK_CGROUP_KNOBS_H

#include <stdbool.h>
#include <base/array.h>
#include <base/error.h>
#include <base/log.h>
#include <base/str.h>
#include <cgroup/systemd.h>
#include <kern/cgroupfs.h>
#include <oci/resources.h>

enum cgroup_write_flags {
	CGROUP_WRITE_OPTIONAL = 1 << 0, /* a kernel without the file can do without */
	CGROUP_WRITE_DEPRECATED = 1 << 1, /* what the kernel refuses of it is a warning */
	CGROUP_WRITE_KEYED = 1 << 2, /* the file has a line for each key; ours begins with one */
	CGROUP_WRITE_LINES = 1 << 3, /* each line is a write of its own */
	CGROUP_WRITE_INHERIT = 1 << 4, /* not `value`, but what the directory above has (cpusets) */
};

struct cgroup_write {
	const struct cgroup_dir *dir; /* borrowed */
	const char *controller; /* static, or NULL: of the core */
	char *file, *value;
	char *other_file, *other_value; /* for a kernel that does not have `file`; or NULL */
	char *at; /* JSON Pointer of the property that asks for it */
	/* files that only fit together: tried again until all are in, whatever the order; 0: alone */
	unsigned int group;
	unsigned int flags; /* enum cgroup_write_flags */
	const char *reset; /* what a key has that nobody set ("8:0 RESET"); only with KEYED */
};

struct cgroup_orders {
	LIST_OF(struct cgroup_write) writes; /* in this order */
	struct systemd_properties properties;
};

struct cgroup_wishes {
	const struct oci_resources *all; /* as the container is to have them */
	/* what is set here is written, with the value of `all`; where `all` has none the kernel's default */
	const struct oci_resources *asked;
	const struct cgroup_dirs *dirs; /* must outlive the orders */
	const char *v2_controllers; /* that the cgroup2 hierarchy has: "cpu io memory" */
	bool systemd; /* a unit has them: what it has properties for is left to systemd */
	const struct log *log;
	/* hears every error instead of the first being returned; NULL: none does */
	void (*refused)(void *data, const struct husk_error *error);
	void *data; /* for it */
};

/* Errors name the JSON Pointer. The caller frees with cgroup_orders_done(), also after a failure. */
int cgroup_compile(
	const struct cgroup_wishes *wishes, struct cgroup_orders *ret, struct husk_error **err);
void cgroup_orders_done(struct cgroup_orders *orders);
/* The orders as text for people, a line each. */
void cgroup_orders_text(const struct cgroup_orders *orders, struct strbuf *out);

/* The controllers of the cgroup2 hierarchy as its mount has them; "" where there is none. The caller frees. 0 or -errno. */
int cgroup_v2_controllers(const struct cgroup_dirs *dirs, char **ret) nodiscard;

/* ---- between knobs.c and knob_lists.c ---- */

struct cgroup_compile {
	const struct cgroup_wishes *wishes;
	struct cgroup_orders *orders;
};

/* A controller by its names on v1 and v2 (NULL: only the other has it) and the directory that has it. */
struct cgroup_owner {
	const char *v1, *v2;
	const struct cgroup_dir *dir; /* NULL: nobody */
};
struct cgroup_owner cgroup_find_owner(
	const struct cgroup_wishes *wishes, const char *v1, const char *v2);
/* "there is no such controller here" */
int cgroup_fail_no_owner(const struct cgroup_owner *owner, const char *at, struct husk_error **err);
int cgroup_fail_not_here(const struct cgroup_owner *owner, const char *at, struct husk_error **err);
/* Appends a write; takes the strings over, NULL among file, value and at is out of memory. */
struct cgroup_write *cgroup_add_write(struct cgroup_compile *c, const struct cgroup_owner *owner,
	char *file, char *value, char *at);
/* Hands an error to whom it concerns: 0 when the wishes have somebody to hear it and it goes on. */
int cgroup_refused(struct cgroup_compile *c, struct husk_error **why, struct husk_error **err);
int cgroup_compile_lists(struct cgroup_compile *c, struct husk_error **err);

#endif
