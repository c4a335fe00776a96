/* SPDX-License-Identifier: Apache-2.0 */
/* A seccomp profile as a BPF program; the one part of planning that asks a library. */
#ifndef HUSK_PLAN_SECCOMP_FILTER_H
#define HUSK_PLAN_SECCOMP_FILTER_H

#include <stddef.h>
#include <base/attr.h>
#include <base/error.h>
#include <base/log.h>

struct oci_seccomp;

/*
 * On success the caller frees *ret, *ret_size bytes of struct sock_filter. 1: something was ignored, as a warning said.
 * Listener and flags say nothing here: the filter is the same whatever they are.
 */
int plan_seccomp_filter(const struct oci_seccomp *profile, const struct log *log, void **ret,
	size_t *ret_size, struct husk_error **err) nodiscard;
/* "2.5.4", to free; NULL when there is no libseccomp. */
char *plan_seccomp_version(void) nodiscard;

#endif
