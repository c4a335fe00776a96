/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a value of `linux.resources` is in the files of cgroup v1, of v2, and as a property of a systemd unit. The rules
 * are those other runtimes have (runtime-spec config-linux.md, kernel admin-guide/cgroup-v2.rst): engines compare.
 */
#ifndef HUSK_CGROUP_CONVERT_H
#define HUSK_CGROUP_CONVERT_H

#include <stdbool.h>
#include <stdint.h>
#include <base/error.h>
#include <base/str.h>
#include <oci/resources.h>

/* A property, and all the others: some files hold two. */
struct knob_value {
	bool set;
	int64_t number; /* unsigned ones above its range are out of every kernel's, too */
	uint64_t magnitude; /* the same, unsigned */
	const char *text; /* of a string property */
	const struct oci_resources *all;
	const char *at; /* JSON Pointer, for errors */
};

/* Appends the text. 1: that is to be written; 0: nothing is; < 0 with *err set: there is no such value. */
typedef int knob_fn(const struct knob_value *v, struct strbuf *out, struct husk_error **err);

/* Files. 0 counts as "not set" where engines send it for that. */
knob_fn knob_number, knob_number_or_zero, knob_size, knob_flag, knob_text;
knob_fn knob_shares, knob_memsw;
knob_fn knob_size_max, knob_low, knob_swap_max, knob_weight, knob_cpu_max, knob_pids,
	knob_io_weight;

/* Properties of a systemd unit. */
knob_fn property_number, property_bytes, property_swap, property_shares, property_weight,
	property_quota, property_period, property_tasks, property_cpus, property_io_weight;

/* cpu.shares (2..262144) to cpu.weight (1..10000), so that 1024 becomes 100. */
uint64_t cgroup_cpu_weight(uint64_t shares);
/* blkio weight (10..1000) to io.weight (1..10000). */
uint64_t cgroup_io_weight(uint64_t weight);
/* A list like "0-3,7" as the bytes of a bit mask in GVariant text: "[byte 0x8f]". 0 or -EINVAL, -ERANGE. */
int cgroup_cpu_mask(const char *list, struct strbuf *out) nodiscard;

#endif
