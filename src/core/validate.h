/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of `validate`. Each looks at the configuration for one class of faults and tells what it finds; none
 * stops at the first.
 */
#ifndef HUSK_CORE_VALIDATE_H
#define HUSK_CORE_VALIDATE_H

#include <stdbool.h>
#include <base/array.h>
#include <base/error.h>
#include <husk/config.h>
#include <oci/spec.h>

struct json;
struct plan_host;

/* A finding until it is told, and the strings of it. */
struct validate_kept {
	struct husk_finding finding;
	char *pointer, *message, *suggestion;
	size_t order;
};

struct validation {
	const struct husk_validate_options *options;
	const char *text;
	size_t n;
	const char *bundle; /* absolute */
	struct json *tree;
	const struct oci_spec *spec; /* what could be read; members with faults are absent */
	const struct plan_host *host;
	struct strv told; /* for validate_once() */
	LIST_OF(struct validate_kept) kept;
	size_t errors;
	bool failed; /* memory was short */
};

/* What a finding is about, before its words. */
struct validate_at {
	enum husk_severity severity;
	const char *pointer;
	const char *suggestion; /* NULL: none */
};

/* Tells a finding. */
void validate_tell(struct validation *v, const struct validate_at *at, const char *format, ...)
	printf_like(3, 4);
/* True when it is called with that key for the first time: several parts may see the same fault. */
bool validate_once(struct validation *v, const char *key);

/* Shorter: findings without a suggestion, whose pointer is put together from a format and one index. */
#define AT(severity_, pointer_) \
	(&(struct validate_at){.severity = HUSK_SEVERITY_##severity_, .pointer = pointer_})

/* validate_names.c: misspelled capabilities, limits, mount options; what create needs besides */
void validate_names(struct validation *v);
/* validate_plan.c: what the planners refuse and mention */
int validate_plan(struct validation *v, struct husk_error **err);
/* validate_host.c: what the kernel lacks */
void validate_kernel(struct validation *v);
/* validate_paths.c: what is not there */
void validate_paths(struct validation *v);
/* validate_ids.c: ids that the caller may not map */
void validate_ids(struct validation *v);

#endif
