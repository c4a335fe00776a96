// SPDX-License-Identifier: Apache-2.0
/*
 * Records of the log, byte by byte, at known times.
 * wrap: time
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <cli/log.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/str.h>

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

time_t __wrap_time(time_t *ret);

time_t __wrap_time(time_t *ret)
{
	(void)ret;
	return (time_t)mock();
}

/* What the sink writes to a file. */
static char *written(
	const char *format, const char *level, enum husk_log_level as, const char *message)
{
	struct log_sink sink = LOG_SINK_INIT;
	auto_free char *path = str_printf("/tmp/husk-test-log.%d", getpid());
	char *text = NULL;

	assert_int_equal(log_sink_open(&sink, path, format, level, NULL), 0);
	log_sink_write(&sink, as, message);
	log_sink_done(&sink);
	assert_int_equal(io_read_at(AT_FDCWD, path, 4096, &text, NULL), 0);
	unlink(path);
	return text;
}

static void a_record_in_json(void **state)
{
	auto_free char *text = NULL;

	(void)state;
	will_return(__wrap_time, 1795308695);
	text = written("json", NULL, HUSK_LOG_ERROR, "exec: \"x\": not found");
	assert_string_equal(text, "{\"level\":\"error\",\"msg\":\"exec: \\\"x\\\": not found\","
				  "\"time\":\"2026-11-22T00:51:35Z\"}\n");
}

static void a_record_in_text(void **state)
{
	auto_free char *text = NULL;

	(void)state;
	will_return(__wrap_time, 951782400);
	text = written("text", NULL, HUSK_LOG_WARNING, "a \"b\"");
	assert_string_equal(
		text, "time=\"2000-02-29T00:00:00Z\" level=warning msg=\"a \\\"b\\\"\"\n");
}

static void dates(void **state)
{
	const struct {
		time_t time;
		const char *text;
	} cases[] = {{0, "1970-01-01T00:00:00Z"}, {68169599, "1972-02-28T23:59:59Z"},
		{4107542399, "2100-02-28T23:59:59Z"}, {4107542400, "2100-03-01T00:00:00Z"},
		{1767225599, "2025-12-31T23:59:59Z"}, {1767225600, "2026-01-01T00:00:00Z"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		auto_free char *text = NULL, *want = NULL;

		will_return(__wrap_time, cases[i].time);
		text = written(NULL, "debug", HUSK_LOG_DEBUG, "x");
		want = str_printf("time=\"%s\" level=debug msg=\"x\"\n", cases[i].text);
		assert_string_equal(text, want);
	}
}

static void levels_filter(void **state)
{
	auto_free char *info = written("json", NULL, HUSK_LOG_INFO, "x");
	auto_free char *warning = written("json", "error", HUSK_LOG_WARNING, "x");

	(void)state;
	assert_string_equal(info, "");
	assert_string_equal(warning, "");
}

static void wrong_options(void **state)
{
	static const struct {
		const char *file, *format, *level, *message;
	} cases[] = {
		{NULL, "xml", NULL, "invalid log-format: 'xml'"},
		{NULL, NULL, "loud", "invalid log-level: 'loud'"},
		{"/nowhere/x", NULL, NULL,
			"cannot open log file '/nowhere/x': no such file or directory"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct log_sink sink = LOG_SINK_INIT;
		struct husk_error *error = NULL;

		assert_true(log_sink_open(&sink, cases[i].file, cases[i].format, cases[i].level,
				    &error) < 0);
		assert_string_equal(husk_error_message(error), cases[i].message);
		husk_error_free(error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_in_json),
		cmocka_unit_test(a_record_in_text),
		cmocka_unit_test(dates),
		cmocka_unit_test(levels_filter),
		cmocka_unit_test(wrong_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
