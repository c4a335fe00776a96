/* SPDX-License-Identifier: Apache-2.0 */
/* Where messages go: --log, --log-format, --log-level. One record is one line and one write. */
#ifndef HUSK_CLI_LOG_H
#define HUSK_CLI_LOG_H

#include <stdbool.h>
#include <husk/factory.h>

struct log_sink {
	int fd; /* of the file; -1: standard error */
	bool json; /* {"level":..,"msg":..,"time":..} instead of time=".." level=.. msg=".." */
	enum husk_log_level level;
};
#define LOG_SINK_INIT                               \
	{                                           \
		.fd = -1, .level = HUSK_LOG_WARNING \
	}

/* Each may be NULL for its default: standard error, "text", "warning". */
int log_sink_open(struct log_sink *sink, const char *file, const char *format, const char *level,
	struct husk_error **err);
void log_sink_done(struct log_sink *sink);
#define auto_log_sink auto_(log_sink_done) struct log_sink
/* A husk_log_fn; data is the sink. May be called by several threads. */
void log_sink_write(void *data, enum husk_log_level level, const char *message);
/* The error the command ends with: into the log, and in plain words on standard error if the log is elsewhere. */
void log_sink_error(struct log_sink *sink, const char *message);

#endif
