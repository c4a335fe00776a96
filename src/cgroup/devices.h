/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which devices the processes of a container may read, write, and make nodes of. Rules have an order: the last one
 * that matches decides, for each of the three kinds of access by itself. The normal form has none: what may be done
 * with each type, major and minor number. cgroup2 gets it as an eBPF program (device_prog.c), v1 as the list of
 * exceptions that it knows (devices_v1.c).
 *
 *	cgroup_devices_compile(rules, n, &devices);     from the configuration
 *	cgroup_devices_add(&devices, more, m);          what came by `update --device`, if anything
 *	cgroup_devices_apply(&context, NULL, &devices, false, &err);
 */
#ifndef HUSK_CGROUP_DEVICES_H
#define HUSK_CGROUP_DEVICES_H

#include <cgroup/cgroup.h>
#include <oci/devices.h>
#include <base/str.h>

/* As the kernel hands them to an eBPF program: BPF_DEVCG_ACC_*, BPF_DEVCG_DEV_*. */
enum { DEVICE_MKNOD = 1, DEVICE_READ = 2, DEVICE_WRITE = 4, DEVICE_ACCESS = 7 };
enum { DEVICE_BLOCK = 1, DEVICE_CHAR = 2, DEVICE_TYPES = 3 };
enum { DEVICE_ANY = -1, DEVICE_MAJOR_MAX = 0xfff, DEVICE_MINOR_MAX = 0xfffff };

struct device_rule {
	uint8_t types; /* DEVICE_BLOCK | DEVICE_CHAR */
	uint8_t access;
	bool allow;
	int64_t major, minor; /* or DEVICE_ANY */
	size_t origin; /* index in the configuration; SIZE_MAX: not from there */
};

struct device_minor {
	uint32_t minor;
	uint8_t access;
};

struct device_minors {
	size_t n;
	struct device_minor *v;
};

/* All devices of one major number. */
struct device_major {
	uint8_t type;
	uint8_t access; /* to the minor numbers that are not listed */
	uint32_t major;
	struct device_minors minors; /* ascending; none with the access that the others have */
};

/* Zeroed memory denies everything. */
struct cgroup_devices {
	struct device_major
		others[2]; /* block, then character devices whose major number is not listed */
	LIST_OF(struct device_major)
	majors; /* ascending; none that equals the others of its type */
	size_t cells; /* minor and major numbers above, as long as rules are added */
	LIST_OF(struct device_rule) rules; /* where it came from, for messages */
};

/*
 * From deny all, the rules of the configuration in their order, then those every container gets: nodes of any device
 * may be made; null, zero, full, tty, random, urandom, ptmx, pts and tun be used. In a rule, what is absent
 * means all, also the access (the specification leaves that open). 0, -ENOMEM, -EINVAL (no such access), or -E2BIG:
 * more than 16384 different numbers. On failure *ret is empty.
 */
int cgroup_devices_compile(
	const struct oci_device_rule *rules, size_t n, struct cgroup_devices *ret) nodiscard;
/* More rules, which win over those before. On failure only cgroup_devices_done() may follow. */
int cgroup_devices_add(struct cgroup_devices *d, const struct oci_device_rule *rules, size_t n)
	nodiscard;
void cgroup_devices_done(struct cgroup_devices *d);

/* What may be done with one device. */
uint8_t cgroup_devices_access(
	const struct cgroup_devices *d, uint8_t type, uint32_t major, uint32_t minor);
bool cgroup_devices_allow_all(const struct cgroup_devices *d);

/*
 * Has the kernel enforce it: on v1 if a hierarchy has the controller, else on cgroup2. May be called for a container
 * that runs; access changes in steps of which none allows what neither the old nor the new rules allow, or takes away
 * what both allow. Where v1 cannot do that (from an allow list to one of denials, or when all at once are taken away
 * before some are allowed again) the first is refused unless the container is frozen or empty, the second is done.
 *
 * `old` are the rules that were applied before, NULL if that is not known; v1 does not tell what it denies to a
 * container that may use all else. may_skip: a lack of rights is told as a debug line only (rootless, or inside of a
 * user namespace, where the kernel lets nobody do this). HUSK_ERROR_INVALID_CONFIG: v1 has no words for such rules.
 */
int cgroup_devices_apply(const struct cgroup_context *c, const struct cgroup_devices *old,
	const struct cgroup_devices *rules, bool may_skip, struct husk_error **err);

/*
 * The normal form as rules, one in a line, general before special: "allow c 1:3 rwm". Given to cgroup_devices_add()
 * they yield the same again.
 */
void cgroup_devices_text(const struct cgroup_devices *d, struct strbuf *out);
/* Appends "c 1:3 rw", as rules and the files of v1 have it. */
void cgroup_device_text(
	struct strbuf *out, uint8_t types, int64_t major, int64_t minor, uint8_t access);

/*
 * One rule from the command line: "[allow|deny] TYPE MAJOR:MINOR ACCESS" with single blanks, a, b or c for the type, a
 * number or * for each of the numbers, and r, w, m, each at most once. Without a verb it allows, as Docker's rules do.
 * ret->access is to be freed.
 */
int cgroup_device_rule_parse(
	const char *text, struct oci_device_rule *ret, struct husk_error **err);

#endif
