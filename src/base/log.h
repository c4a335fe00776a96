/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log sink: a function the host program gave. There is no default output; a NULL sink is silent.
 * Warnings are for what was deliberately ignored, and end in ", ignoring". Nobody logs and returns the same fault.
 */
#ifndef HUSK_BASE_LOG_H
#define HUSK_BASE_LOG_H

#include <base/attr.h>
#include <husk/factory.h>

struct log {
	husk_log_fn *write; /* NULL: silent */
	void *data;
	enum husk_log_level level; /* messages above it are not even formatted */
};

void log_at(const struct log *log, enum husk_log_level level, const char *format, ...)
	printf_like(3, 4);

#define log_warning(log, ...) log_at(log, HUSK_LOG_WARNING, __VA_ARGS__)
#define log_debug(log, ...) log_at(log, HUSK_LOG_DEBUG, __VA_ARGS__)

#endif
