/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making errors. The upper tier (everything above kern/) takes `struct husk_error **err` last and returns < 0
 * exactly when it set it; the number is -errno, or -EINVAL where no system call failed. `err` may be NULL.
 * Grammar: what was tried first, lower case, no full stop, subject in 'single quotes', no "failed to".
 *
 *	return fail(err, HUSK_ERROR_INVALID_ID, "invalid container ID '%s'", id);
 *	return fail_errno(err, -errno, "cannot open '%s'", path);       // appends ": no such file or directory"
 *	return fail_at(err, "/mounts/0/type", "must not be empty");     // HUSK_ERROR_INVALID_CONFIG at a JSON Pointer
 *	return wrap(err, r, "cannot create container '%s'", id);        // puts a prefix before the message
 */
#ifndef HUSK_BASE_ERROR_H
#define HUSK_BASE_ERROR_H

#include <base/attr.h>
#include <husk/error.h>

int fail(struct husk_error **err, enum husk_error_code code, const char *format, ...)
	printf_like(3, 4) cold;
/* `negative_errno` is what a leaf returned; it becomes the return value and the end of the message. */
int fail_errno(struct husk_error **err, int negative_errno, const char *format, ...)
	printf_like(3, 4) cold;
int fail_at(struct husk_error **err, const char *pointer, const char *format, ...) printf_like(3, 4)
	cold;
/* All of it at once; pointer may be NULL, errno_value 0. Returns -errno_value or -EINVAL. */
int fail_full(struct husk_error **err, enum husk_error_code code, int errno_value,
	const char *pointer, const char *format, ...) printf_like(5, 6) cold;
int fail_memory(struct husk_error **err) cold;
/* Puts "prefix: " before the message of the error that is set, returns r. */
int wrap(struct husk_error **err, int r, const char *format, ...) printf_like(3, 4) cold;
/* Gives the error that is set a pointer if it has none; returns r. */
int wrap_at(struct husk_error **err, int r, const char *pointer) cold;

/* strerror() without locale, in lower case, as the messages of Go programs have it; engines grep for these. */
const char *errno_text(int errno_value);

void husk_error_free_target(struct husk_error **error);
#define auto_error auto_(husk_error_free_target) struct husk_error

#endif
