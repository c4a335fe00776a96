// SPDX-License-Identifier: Apache-2.0
/* Formats a message for the sink. */
#include <base/log.h>
#include <base/str.h>

void log_at(const struct log *log, enum husk_log_level level, const char *format, ...)
{
	auto_strbuf b = {};
	va_list args;

	if (!log || !log->write || level > log->level)
		return;
	va_start(args, format);
	strbuf_vprintf(&b, format, args);
	va_end(args);
	log->write(log->data, level, strbuf_text(&b));
}
