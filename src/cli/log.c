// SPDX-License-Identifier: Apache-2.0
/*
 * The log sink. Engines read these lines: containerd takes the last record of level "error" in the JSON file for the
 * reason of a failure, conmon what stands on standard error. Time is UTC, made without the time zone of the host:
 * that would be a file to open.
 */
#include <cli/log.h>
#include <cli/out.h>
#include <base/error.h>
#include <base/fd.h>
#include <base/io.h>
#include <base/text.h>

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

static const char *const level_names[] = {
	[HUSK_LOG_ERROR] = "error",
	[HUSK_LOG_WARNING] = "warning",
	[HUSK_LOG_INFO] = "info",
	[HUSK_LOG_DEBUG] = "debug",
};

int log_sink_open(struct log_sink *sink, const char *file, const char *format, const char *level,
	struct husk_error **err)
{
	size_t i = sink->level;

	sink->json = format && text_equal(format, "json");
	if (format && !sink->json && *format && !text_equal(format, "text"))
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT, "invalid log-format: '%s'", format);
	if (level)
		for (i = 0; i < ARRAY_LEN(level_names); i++)
			if (text_equal(level, level_names[i]))
				break;
	if (i == ARRAY_LEN(level_names))
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT, "invalid log-level: '%s'", level);
	sink->level = (enum husk_log_level)i;
	if (!file || !*file || text_equal(file, "/dev/stderr"))
		return 0;
	sink->fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_SYNC | O_CLOEXEC, 0644);
	return sink->fd < 0 ? fail_errno(err, -errno, "cannot open log file '%s'", file) : 0;
}

void log_sink_done(struct log_sink *sink)
{
	sink->fd = fd_close(sink->fd);
}

/* RFC 3339 in UTC. Days to date after H. Hinnant's civil_from_days; years from 1970 on. */
static void add_time(struct strbuf *out, time_t now)
{
	long seconds = now % 86400, days = now / 86400 + 719468;
	long era = days / 146097, day_of_era = days % 146097;
	long year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	long day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	long m = (5 * day_of_year + 2) / 153, month = m < 10 ? m + 3 : m - 9;

	strbuf_printf(out, "%04ld-%02ld-%02ldT%02ld:%02ld:%02ldZ",
		year_of_era + era * 400 + (month <= 2), month, day_of_year - (153 * m + 2) / 5 + 1,
		seconds / 3600, seconds / 60 % 60, seconds % 60);
}

static void format(
	const struct log_sink *sink, struct strbuf *line, const char *level, const char *message)
{
	auto_strbuf when = {};
	auto_strbuf quoted = {};
	struct json_out j = {.out = sink->json ? line : &quoted};

	add_time(&when, time(NULL));
	if (!sink->json) {
		out_json_string(
			&j, NULL, message); /* Go's quoted strings are JSON's but for rarities */
		strbuf_printf(line, "time=\"%s\" level=%s msg=%s\n", strbuf_text(&when), level,
			strbuf_text(&quoted));
		return;
	}
	json_open(&j, NULL, '{');
	out_json_string(&j, "level", level);
	out_json_string(&j, "msg", message);
	out_json_string(&j, "time", strbuf_text(&when));
	json_close(&j, '}');
	strbuf_add_char(line, '\n');
}

void log_sink_write(void *data, enum husk_log_level level, const char *message)
{
	const struct log_sink *sink = data;
	auto_strbuf line = {};

	if (level > sink->level || (size_t)level >= ARRAY_LEN(level_names))
		return;
	format(sink, &line, level_names[level], message);
	/* A log that cannot be written must not stop a container, and there is no other place to say so. */
	(void)!io_write_fd(sink->fd >= 0 ? sink->fd : STDERR_FILENO, strbuf_text(&line), line.len);
}

void log_sink_error(struct log_sink *sink, const char *message)
{
	auto_strbuf line = {};

	log_sink_write(sink, HUSK_LOG_ERROR, message);
	if (sink->fd < 0)
		return;
	strbuf_printf(&line, "%s\n", message);
	(void)!io_write_fd(STDERR_FILENO, strbuf_text(&line), line.len);
}
