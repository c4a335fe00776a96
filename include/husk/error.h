/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors of libhusk. Every call that can fail takes `struct husk_error **err` as its last parameter (may be NULL),
 * returns a negative number exactly when it failed, and then sets *err to an object the caller frees.
 * Codes are for programs; messages are for people and may change.
 */
#ifndef HUSK_ERROR_H
#define HUSK_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

struct husk_error;

/* Since 0.1. New codes may be added at the end. */
enum husk_error_code {
	HUSK_ERROR_SYSTEM = 1, /* the kernel refused: see husk_error_errno() */
	HUSK_ERROR_NO_MEMORY, /* allocation failed */
	HUSK_ERROR_INVALID_ARGUMENT, /* the call or its options make no sense */
	HUSK_ERROR_INVALID_CONFIG, /* config.json is wrong: see husk_error_pointer() */
	HUSK_ERROR_INVALID_ID, /* not a valid container ID */
	HUSK_ERROR_EXISTS, /* a container with that ID exists */
	HUSK_ERROR_NOT_FOUND, /* no container with that ID */
	HUSK_ERROR_NOT_RUNNING, /* the container has no process (any more) */
	HUSK_ERROR_BAD_STATE, /* the call is not possible in the container's present status */
	HUSK_ERROR_UNSUPPORTED, /* this kernel or this build cannot do it */
	HUSK_ERROR_NO_COMMAND, /* the program to run was not found or may not be executed */
	HUSK_ERROR_INIT, /* something failed inside the new container */
	HUSK_ERROR_CORRUPT, /* a state file is damaged */
	HUSK_ERROR_TIMEOUT, /* the other side did not answer in time */
	HUSK_ERROR_HOOK /* a hook failed: see husk_error_pointer() */
};

/* Class of the error. Since 0.1. */
enum husk_error_code husk_error_code(const struct husk_error *error);
/* The errno(3) value of the system call that failed, or 0. Since 0.1. */
int husk_error_errno(const struct husk_error *error);
/* The whole message: one line, lower case, no full stop. Valid until husk_error_free(). Since 0.1. */
const char *husk_error_message(const struct husk_error *error);
/* JSON Pointer (RFC 6901) to the property of config.json that is at fault, or NULL. Since 0.1. */
const char *husk_error_pointer(const struct husk_error *error);
/* Frees the error; NULL is allowed. Since 0.1. */
void husk_error_free(struct husk_error *error);

#ifdef __cplusplus
}
#endif

#endif
