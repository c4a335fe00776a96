// SPDX-License-Identifier: Apache-2.0
/* Sockets in a directory of our own: long paths, modes, what a dead listener answers, a descriptor that arrives. */
#include <base/fd.h>
#include <base/mem.h>
#include <base/str.h>
#include <console/address.h>
#include <console/gate.h>
#include <console/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

struct place {
	char *path;
	int fd;
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);

	assert_non_null(p);
	p->path = strdup("/tmp/husk-test-XXXXXX");
	assert_non_null(p->path);
	assert_non_null(mkdtemp(p->path));
	p->fd = open(p->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(p->fd >= 0);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;

	(void)unlinkat(p->fd, "gate", 0);
	fd_close(p->fd);
	assert_int_equal(rmdir(p->path), 0);
	free(p->path);
	free(p);
	return 0;
}

/* Nobody accepts, and more ask than the queue has room: each gets its answer. */
static void test_gate_is_asked(void **state)
{
	struct place *p = *state;
	auto_close int listener = -1;

	assert_int_equal(gate_has_listener(p->fd, "gate"), 0);
	assert_int_equal(gate_open(p->fd, "gate", &listener), 0);
	for (int i = 0; i < 40; i++)
		assert_int_equal(gate_has_listener(p->fd, "gate"), 1);
}

static void test_gate(void **state)
{
	struct place *p = *state;
	auto_close int listener = -1, client = -1, server = -1;
	struct stat st;
	mode_t old = umask(0);
	char byte;

	assert_int_equal(gate_connect(p->fd, "gate"), -ENOENT);
	assert_int_equal(gate_open(p->fd, "gate", &listener), 0);
	assert_int_equal(umask(old), 0);
	assert_int_equal(fstatat(p->fd, "gate", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0600);
	assert_int_equal(fcntl(listener, F_GETFD), FD_CLOEXEC);
	client = gate_connect(p->fd, "gate");
	assert_true(client >= 0);
	assert_int_equal(fcntl(client, F_GETFD), FD_CLOEXEC);
	server = accept(listener, NULL, NULL);
	assert_true(server >= 0);
	assert_int_equal(send(client, "abc", 3, 0), 3);
	assert_int_equal(recv(server, &byte, 1, MSG_TRUNC), 3); /* messages, not a stream */
	assert_int_equal(gate_open(p->fd, "gate", &client), -EADDRINUSE);
	listener = fd_close(listener);
	assert_int_equal(gate_connect(p->fd, "gate"), -ECONNREFUSED);
	assert_int_equal(gate_has_listener(p->fd, "gate"), 0);
	assert_int_equal(gate_connect(p->fd, "../gate"), -EINVAL);
	assert_int_equal(gate_connect(p->fd, ""), -EINVAL);
}

/* A listening stream socket made by hand, as an engine has it. */
static int listen_at(int dirfd, const char *name)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;
	socklen_t n;

	assert_int_equal(address_at(dirfd, name, &address, &n), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, n), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void send_and_receive(int listener, const char *path)
{
	auto_close int connection = -1, server = -1, got = -1,
		       sent = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct husk_error *err = NULL;
	struct stat a, b;
	char text[32];
	size_t n = 1;

	if (console_connect(path, &connection, &err) < 0)
		fail_msg("%s", husk_error_message(err));
	assert_int_equal(console_send(connection, sent, "/dev/ptmx", &err), 0);
	server = accept(listener, NULL, NULL);
	assert_int_equal(fd_receive(server, text, sizeof text, &got, &n), 9);
	assert_int_equal(n, 1);
	assert_memory_equal(text, "/dev/ptmx", 9);
	assert_int_equal(fstat(sent, &a), 0);
	assert_int_equal(fstat(got, &b), 0);
	assert_int_equal(a.st_rdev, b.st_rdev);
}

static void test_short_path(void **state)
{
	struct place *p = *state;
	auto_close int listener = listen_at(p->fd, "gate");
	auto_free char *path = str_printf("%s/gate", p->path);

	send_and_receive(listener, path);
}

static void test_long_path(void **state)
{
	struct place *p = *state;
	auto_free char *name = str_printf("%0*d", 150, 7), *path = NULL;
	auto_close int dir = -1, listener = -1;

	assert_int_equal(mkdirat(p->fd, name, 0700), 0);
	dir = openat(p->fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	listener = listen_at(dir, "s");
	path = str_printf("%s/%s/s", p->path, name);
	assert_true(strlen(path) > 108);
	send_and_receive(listener, path);
	assert_int_equal(unlinkat(dir, "s", 0), 0);
	assert_int_equal(unlinkat(p->fd, name, AT_REMOVEDIR), 0);
}

static void test_errors(void **state)
{
	struct place *p = *state;
	struct husk_error *err = NULL;
	auto_free char *path = str_printf("%s/none", p->path), *expected = NULL;
	int fd = -7;

	assert_int_equal(console_connect(path, &fd, &err), -ENOENT);
	assert_int_equal(fd, -7);
	expected = str_printf("cannot connect to socket '%s': no such file or directory", path);
	assert_string_equal(husk_error_message(err), expected);
	husk_error_free(err);
	err = NULL;
	assert_int_equal(console_connect("", &fd, &err), -ENOENT);
	husk_error_free(err);
	err = NULL;
	assert_int_equal(console_send(p->fd, p->fd, "x", &err), -EBADF);
	husk_error_free(err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_gate, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gate_is_asked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_short_path, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_path, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
