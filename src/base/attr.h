/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiler attributes and scope-bound cleanup. Declare with a value, close on the way out by itself, hand over
 * with TAKE_PTR()/TAKE_FD(). Headers here may be included by husk-init too: nothing below uses libc.
 */
#ifndef HUSK_BASE_ATTR_H
#define HUSK_BASE_ATTR_H

#include <stddef.h>
#include <stdint.h>

#define printf_like(f, a) __attribute__((format(printf, f, a)))
#define nodiscard __attribute__((warn_unused_result))
/* For an answer that is not wanted although its function is nodiscard; the line says why. */
#define ignored(x) ((void)!(x))
#define cold __attribute__((cold))
#define auto_(func) __attribute__((cleanup(func)))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

/* Moves an owned pointer or descriptor out of its variable, which becomes empty. */
#define TAKE_PTR(p)                       \
	__extension__({                   \
		__auto_type taken_ = (p); \
		(p) = NULL;               \
		taken_;                   \
	})
#define TAKE_FD(fd)                \
	__extension__({            \
		int taken_ = (fd); \
		(fd) = -1;         \
		taken_;            \
	})

#endif
