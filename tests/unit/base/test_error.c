// SPDX-License-Identifier: Apache-2.0
/*
 * Errors: what they say, what they return, and that making one never fails.
 * wrap: calloc realloc
 */
#include <base/error.h>
#include <base/log.h>
#include <base/text.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

/* cmocka has a macro of that name. */
#undef fail

static bool no_memory;

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);

void *__wrap_calloc(size_t n, size_t size)
{
	return no_memory ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return no_memory ? NULL : __real_realloc(p, n);
}

static void expect(struct husk_error *err, enum husk_error_code code, int errno_value,
	const char *pointer, const char *message)
{
	assert_non_null(err);
	assert_int_equal(husk_error_code(err), code);
	assert_int_equal(husk_error_errno(err), errno_value);
	assert_string_equal(husk_error_message(err), message);
	if (pointer)
		assert_string_equal(husk_error_pointer(err), pointer);
	else
		assert_null(husk_error_pointer(err));
}

static void test_fail(void **state)
{
	auto_error *err = NULL;

	(void)state;
	assert_int_equal(
		fail(&err, HUSK_ERROR_INVALID_ID, "invalid container ID '%s'", "a/b"), -EINVAL);
	expect(err, HUSK_ERROR_INVALID_ID, 0, NULL, "invalid container ID 'a/b'");
}

static void test_fail_errno(void **state)
{
	auto_error *err = NULL;

	(void)state;
	assert_int_equal(fail_errno(&err, -ENOENT, "cannot open '%s'", "/x"), -ENOENT);
	expect(err, HUSK_ERROR_SYSTEM, ENOENT, NULL, "cannot open '/x': no such file or directory");
}

static void test_fail_at(void **state)
{
	auto_error *err = NULL, *top = NULL;

	(void)state;
	assert_int_equal(fail_at(&err, "/mounts/0/type", "must not be %s", "empty"), -EINVAL);
	expect(err, HUSK_ERROR_INVALID_CONFIG, 0, "/mounts/0/type",
		"/mounts/0/type: must not be empty");
	assert_int_equal(wrap_at(&err, -EINVAL, "/other"), -EINVAL);
	assert_string_equal(husk_error_pointer(err), "/mounts/0/type");
	assert_int_equal(fail_at(&top, "", "not an object"), -EINVAL);
	expect(top, HUSK_ERROR_INVALID_CONFIG, 0, NULL, "/: not an object");
}

static void test_fail_full(void **state)
{
	auto_error *err = NULL;

	(void)state;
	assert_int_equal(
		fail_full(&err, HUSK_ERROR_EXISTS, EEXIST, "/id", "there is %d", 1), -EEXIST);
	expect(err, HUSK_ERROR_EXISTS, EEXIST, "/id", "there is 1");
}

static void test_wrap(void **state)
{
	auto_error *err = NULL;
	struct husk_error *none = NULL;
	int r = fail_errno(&err, -EPERM, "cannot mount '%s'", "/p");

	(void)state;
	assert_int_equal(wrap(&err, r, "cannot create container '%s'", "c1"), -EPERM);
	expect(err, HUSK_ERROR_SYSTEM, EPERM, NULL,
		"cannot create container 'c1': cannot mount '/p': operation not permitted");
	assert_int_equal(wrap_at(&err, r, "/mounts/3"), -EPERM);
	assert_string_equal(husk_error_pointer(err), "/mounts/3");
	assert_int_equal(wrap(&none, 0, "x"), 0);
	assert_null(none);
	assert_int_equal(wrap(NULL, -EIO, "x"), -EIO);
	assert_int_equal(wrap_at(NULL, -EIO, "/x"), -EIO);
}

static void test_nobody_asks(void **state)
{
	(void)state;
	assert_int_equal(fail(NULL, HUSK_ERROR_SYSTEM, "x"), -EINVAL);
	assert_int_equal(fail_errno(NULL, -EBUSY, "x"), -EBUSY);
	assert_int_equal(fail_at(NULL, "/x", "x"), -EINVAL);
	assert_int_equal(fail_memory(NULL), -ENOMEM);
	husk_error_free(NULL);
}

static void test_out_of_memory(void **state)
{
	struct husk_error *err = NULL;

	(void)state;
	no_memory = true;
	assert_int_equal(fail_errno(&err, -ENOENT, "cannot open '%s'", "/x"), -ENOMEM);
	expect(err, HUSK_ERROR_NO_MEMORY, ENOMEM, NULL, "out of memory");
	assert_int_equal(wrap(&err, -ENOMEM, "prefix"), -ENOMEM);
	assert_int_equal(wrap_at(&err, -ENOMEM, "/x"), -ENOMEM);
	expect(err, HUSK_ERROR_NO_MEMORY, ENOMEM, NULL, "out of memory");
	no_memory = false;
	husk_error_free(err);
	husk_error_free(err); /* it is static */
	err = NULL;
	assert_int_equal(fail_errno(&err, -ENOMEM, "x"), -ENOMEM);
	expect(err, HUSK_ERROR_NO_MEMORY, ENOMEM, NULL, "out of memory");

	/* without memory for the prefix the first message stays */
	err = NULL;
	assert_int_equal(fail(&err, HUSK_ERROR_SYSTEM, "first"), -EINVAL);
	no_memory = true;
	assert_int_equal(wrap(&err, -EINVAL, "prefix"), -EINVAL);
	no_memory = false;
	assert_string_equal(husk_error_message(err), "first");
	husk_error_free(err);
}

static void test_errno_text(void **state)
{
	static const int common[] = {EPERM, ENOENT, ESRCH, EINTR, EIO, E2BIG, EAGAIN, ENOMEM,
		EACCES, EBUSY, EEXIST, EINVAL, EMFILE, ENOSPC, EROFS, ENOSYS, ENOTEMPTY, ELOOP,
		ECONNREFUSED, ETIMEDOUT, EMSGSIZE, ECHILD};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(common); i++) {
		const char *text = errno_text(common[i]);

		assert_true(text[0] >= 'a' && text[0] <= 'z');
		assert_true(text[strlen(text) - 1] != '.');
	}
	assert_string_equal(errno_text(99999), "unknown error");
	assert_string_equal(errno_text(EACCES), "permission denied"); /* engines look for these */
	assert_string_equal(errno_text(EISDIR), "is a directory");
	assert_string_equal(errno_text(ENOTDIR), "not a directory");
}

struct heard {
	int lines;
	enum husk_log_level level;
	char last[64];
};

static void hear(void *data, enum husk_log_level level, const char *message)
{
	struct heard *heard = data;

	heard->lines++;
	heard->level = level;
	memset(heard->last, 0, sizeof heard->last);
	memcpy(heard->last, message, strnlen(message, sizeof heard->last - 1));
}

static void test_log(void **state)
{
	struct heard heard = {};
	struct log log = {.write = hear, .data = &heard, .level = HUSK_LOG_WARNING};

	(void)state;
	log_debug(&log, "%d", 1);
	assert_int_equal(heard.lines, 0);
	log_warning(&log, "%s %d, ignoring", "x", 2);
	assert_int_equal(heard.lines, 1);
	assert_int_equal(heard.level, HUSK_LOG_WARNING);
	assert_string_equal(heard.last, "x 2, ignoring");
	log.level = HUSK_LOG_DEBUG;
	log_debug(&log, "y");
	assert_string_equal(heard.last, "y");
	log_debug(NULL, "z");
	log.write = NULL;
	log_warning(&log, "z");
	assert_int_equal(heard.lines, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fail),
		cmocka_unit_test(test_fail_errno),
		cmocka_unit_test(test_fail_at),
		cmocka_unit_test(test_fail_full),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_nobody_asks),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_errno_text),
		cmocka_unit_test(test_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
