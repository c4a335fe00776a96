// SPDX-License-Identifier: Apache-2.0
/*
 * The error object: code, errno, message, JSON Pointer. Out of memory yields a static object, so that making an
 * error never fails; freeing that one is a no-op.
 */
#include <base/error.h>
#include <base/mem.h>
#include <base/str.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct husk_error {
	enum husk_error_code code;
	int errno_value;
	char *message, *pointer;
};

static char memory_text[] = "out of memory";
static const struct husk_error memory_error = {
	.code = HUSK_ERROR_NO_MEMORY,
	.errno_value = ENOMEM,
	.message = memory_text,
};

enum husk_error_code husk_error_code(const struct husk_error *error)
{
	return error->code;
}

int husk_error_errno(const struct husk_error *error)
{
	return error->errno_value;
}

const char *husk_error_message(const struct husk_error *error)
{
	return error->message;
}

const char *husk_error_pointer(const struct husk_error *error)
{
	return error->pointer;
}

void husk_error_free(struct husk_error *error)
{
	if (!error || error == &memory_error)
		return;
	free(error->message);
	free(error->pointer);
	free(error);
}

void husk_error_free_target(struct husk_error **error)
{
	husk_error_free(*error);
}

/* As Go's syscall package words them. */
static const struct {
	int value;
	const char *text;
} errno_texts[] = {
	{EPERM, "operation not permitted"},
	{ENOENT, "no such file or directory"},
	{ESRCH, "no such process"},
	{EIO, "input/output error"},
	{ENXIO, "no such device or address"},
	{E2BIG, "argument list too long"},
	{ENOEXEC, "exec format error"},
	{EBADF, "bad file descriptor"},
	{EAGAIN, "resource temporarily unavailable"},
	{ENOMEM, "cannot allocate memory"},
	{EACCES, "permission denied"},
	{EBUSY, "device or resource busy"},
	{EEXIST, "file exists"},
	{EXDEV, "invalid cross-device link"},
	{ENODEV, "no such device"},
	{ENOTDIR, "not a directory"},
	{EISDIR, "is a directory"},
	{EINVAL, "invalid argument"},
	{EMFILE, "too many open files"},
	{ENOSPC, "no space left on device"},
	{EROFS, "read-only file system"},
	{EPIPE, "broken pipe"},
	{ERANGE, "numerical result out of range"},
	{ENAMETOOLONG, "file name too long"},
	{ENOSYS, "function not implemented"},
	{ENOTEMPTY, "directory not empty"},
	{ELOOP, "too many levels of symbolic links"},
	{EOPNOTSUPP, "operation not supported"},
	{EOVERFLOW, "value too large for defined data type"},
	{EFBIG, "file too large"},
	{EINTR, "interrupted system call"},
	{ECHILD, "no child processes"},
	{EFAULT, "bad address"},
	{ENFILE, "too many open files in system"},
	{ENOTTY, "inappropriate ioctl for device"},
	{ETXTBSY, "text file busy"},
	{EMLINK, "too many links"},
	{ENODATA, "no data available"},
	{EBADMSG, "bad message"},
	{EUSERS, "too many users"},
	{ENOTSOCK, "socket operation on non-socket"},
	{EMSGSIZE, "message too long"},
	{EADDRINUSE, "address already in use"},
	{ECONNRESET, "connection reset by peer"},
	{ENOTCONN, "transport endpoint is not connected"},
	{ETIMEDOUT, "connection timed out"},
	{ECONNREFUSED, "connection refused"},
	{ESTALE, "stale file handle"},
	{EDQUOT, "disk quota exceeded"},
};

/* What libc says in no language in particular, or NULL. musl says of what it does not know what it says of 0. */
static const char *libc_text(int errno_value)
{
#ifdef __GLIBC__
	return strerrordesc_np(errno_value);
#else
	const char *text = strerror(errno_value);

	return strcmp(text, strerror(0)) != 0 ? text : NULL;
#endif
}

const char *errno_text(int errno_value)
{
	const char *text;

	for (size_t i = 0; i < ARRAY_LEN(errno_texts); i++)
		if (errno_texts[i].value == errno_value)
			return errno_texts[i].text;
	text = libc_text(errno_value);
	return text ? text : "unknown error";
}

static int set(struct husk_error **err, enum husk_error_code code, int errno_value,
	const char *pointer, char *message)
{
	int r = -(errno_value ? errno_value : EINVAL);
	struct husk_error *e;

	if (!err) {
		free(message);
		return r;
	}
	e = calloc(1, sizeof *e);
	if (!e || !message) {
		free(message);
		free(e);
		*err = (struct husk_error *)(uintptr_t)&memory_error;
		return -ENOMEM;
	}
	e->code = code;
	e->errno_value = errno_value;
	e->message = message;
	if (pointer && *pointer)
		e->pointer = strdup(pointer);
	*err = e;
	return r;
}

int fail(struct husk_error **err, enum husk_error_code code, const char *format, ...)
{
	struct strbuf b = {};
	va_list args;

	va_start(args, format);
	strbuf_vprintf(&b, format, args);
	va_end(args);
	return set(err, code, 0, NULL, strbuf_take(&b));
}

int fail_errno(struct husk_error **err, int negative_errno, const char *format, ...)
{
	struct strbuf b = {};
	va_list args;

	if (negative_errno == -ENOMEM)
		return fail_memory(err);
	va_start(args, format);
	strbuf_vprintf(&b, format, args);
	va_end(args);
	strbuf_printf(&b, ": %s", errno_text(-negative_errno));
	return set(err, HUSK_ERROR_SYSTEM, -negative_errno, NULL, strbuf_take(&b));
}

int fail_at(struct husk_error **err, const char *pointer, const char *format, ...)
{
	struct strbuf b = {};
	va_list args;

	strbuf_printf(&b, "%s: ", pointer && *pointer ? pointer : "/");
	va_start(args, format);
	strbuf_vprintf(&b, format, args);
	va_end(args);
	return set(err, HUSK_ERROR_INVALID_CONFIG, 0, pointer, strbuf_take(&b));
}

int fail_full(struct husk_error **err, enum husk_error_code code, int errno_value,
	const char *pointer, const char *format, ...)
{
	struct strbuf b = {};
	va_list args;

	va_start(args, format);
	strbuf_vprintf(&b, format, args);
	va_end(args);
	return set(err, code, errno_value, pointer, strbuf_take(&b));
}

int fail_memory(struct husk_error **err)
{
	if (err)
		*err = (struct husk_error *)(uintptr_t)&memory_error;
	return -ENOMEM;
}

int wrap(struct husk_error **err, int r, const char *format, ...)
{
	struct strbuf b = {};
	va_list args;
	char *message;

	if (!err || !*err || *err == &memory_error)
		return r;
	va_start(args, format);
	strbuf_vprintf(&b, format, args);
	va_end(args);
	strbuf_printf(&b, ": %s", (*err)->message);
	message = strbuf_take(&b);
	if (message) {
		free((*err)->message);
		(*err)->message = message;
	}
	return r;
}

int wrap_at(struct husk_error **err, int r, const char *pointer)
{
	if (err && *err && *err != &memory_error && !(*err)->pointer)
		(*err)->pointer = strdup(pointer);
	return r;
}
