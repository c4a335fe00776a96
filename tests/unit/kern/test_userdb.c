// SPDX-License-Identifier: Apache-2.0
/* passwd and group files that nobody vouches for. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <base/fd.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/str.h>
#include <kern/userdb.h>

#include <cmocka.h> /* last: it has a macro fail() */

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "1000:x:0:0::/:\n"
			     "#comment\n\n:x:7:7::/:\n"
			     "app:x:1000:1001:app:/home/app:/bin/sh\n"
			     "app:x:0:0:second:/:\n"
			     "neg:x:-1:0::/:\n"
			     "big:x:4294967295:0::/:\n"
			     "huge:x:4294967296:0::/:\n"
			     "junk:x:12x:0::/:\n"
			     "short:x:5\n"
			     "gid:x:5::\n"
			     "last:x:8:9:no newline";
static const char group[] =
	"root:x:0:\nwheel:x:10:root,app\napp:x:1001:\nbad:x:1x:app\nmany:x:20:xapp,appx,app\n"
	"neg:x:-1:app\nshort:x:30\nend:x:40:app";

static void test_find_user(void **state)
{
	static const struct {
		const char *name;
		int r;
		uint32_t uid, gid;
	} rows[] = {
		{"root", 0, 0, 0},
		{"app", 0, 1000, 1001},
		{"last", 0, 8, 9},
		{"neg", -EBADMSG, 0, 0},
		{"big", -EBADMSG, 0, 0},
		{"huge", -EBADMSG, 0, 0},
		{"junk", -EBADMSG, 0, 0},
		{"short", -EBADMSG, 0, 0},
		{"gid", -EBADMSG, 0, 0},
		{"none", -ENOENT, 0, 0},
		{"ap", -ENOENT, 0, 0},
		{"appx", -ENOENT, 0, 0},
		{"#comment", -EBADMSG, 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct userdb_user user = {77, 77};

		assert_int_equal(userdb_find_user(passwd, rows[i].name, &user), rows[i].r);
		assert_int_equal(user.uid, rows[i].r ? 77 : rows[i].uid);
		assert_int_equal(user.gid, rows[i].r ? 77 : rows[i].gid);
	}
	assert_int_equal(userdb_find_user("", "root", &(struct userdb_user){}), -ENOENT);
}

static void test_find_group(void **state)
{
	uint32_t gid = 77;

	(void)state;
	assert_int_equal(userdb_find_group(group, "wheel", &gid), 0);
	assert_int_equal(gid, 10);
	assert_int_equal(userdb_find_group(group, "short", &gid), 0);
	assert_int_equal(gid, 30);
	assert_int_equal(userdb_find_group(group, "bad", &gid), -EBADMSG);
	assert_int_equal(userdb_find_group(group, "neg", &gid), -EBADMSG);
	assert_int_equal(userdb_find_group(group, "x", &gid), -ENOENT);
	assert_int_equal(gid, 30);
}

static void test_groups_of(void **state)
{
	struct userdb_groups groups = {};
	auto_strbuf many = {};

	(void)state;
	assert_int_equal(userdb_groups_of(group, "app", &groups), 0);
	assert_int_equal(groups.n, 3);
	assert_int_equal(groups.v[0], 10);
	assert_int_equal(groups.v[1], 20);
	assert_int_equal(groups.v[2], 40);
	free(groups.v);
	groups = (struct userdb_groups){};
	assert_int_equal(userdb_groups_of(group, "nobody", &groups), 0);
	assert_int_equal(groups.n, 0);
	for (int i = 0; i <= USERDB_GROUPS_MAX; i++)
		strbuf_printf(&many, "g:x:%d:app\n", i);
	assert_int_equal(userdb_groups_of(strbuf_text(&many), "app", &groups), -E2BIG);
	assert_null(groups.v);
}

static int directory(char *template)
{
	assert_non_null(mkdtemp(template));
	return open(template, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static void put(int dir, const char *name, const char *text)
{
	assert_int_equal(io_replace_at(dir, name, text, strlen(text), 0644), 0);
}

/* Links stay inside, and nothing but a regular file of some size is read. */
static void test_read(void **state)
{
	char name[] = "/tmp/husk-userdb-XXXXXX";
	auto_close int dir = directory(name), etc = -1;
	auto_free char *text = NULL;
	auto_strbuf line = {};

	(void)state;
	assert_int_equal(mkdirat(dir, "etc", 0755), 0);
	etc = openat(dir, "etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	put(etc, "inside", "inside\n");
	assert_int_equal(symlinkat("/etc/inside", etc, "link"), 0);
	assert_int_equal(userdb_read(dir, "/etc/link", &text), 0);
	assert_string_equal(text, "inside\n");
	assert_int_equal(symlinkat("/etc/passwd", etc, "out"), 0);
	assert_int_equal(userdb_read(dir, "/etc/out", &text), -ENOENT);
	assert_int_equal(symlinkat("../../../../../etc/passwd", etc, "up"), 0);
	assert_int_equal(userdb_read(dir, "/etc/up", &text), -ENOENT);
	assert_int_equal(mkfifoat(etc, "fifo", 0644), 0);
	assert_int_equal(userdb_read(dir, "/etc/fifo", &text), -EINVAL);
	assert_int_equal(userdb_read(dir, "/etc", &text), -EINVAL);
	for (int i = 0; i <= USERDB_LINE_MAX; i++)
		strbuf_add_char(&line, 'x');
	put(etc, "long", strbuf_text(&line));
	assert_int_equal(userdb_read(dir, "/etc/long", &text), -EFBIG);
	line.text[5] = '\n';
	put(etc, "long", strbuf_text(&line));
	free(TAKE_PTR(text));
	assert_int_equal(userdb_read(dir, "/etc/long", &text), 0);
	{
		auto_close int fd = openat(etc, "large", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

		assert_int_equal(ftruncate(fd, USERDB_FILE_MAX + 1), 0);
	}
	assert_int_equal(userdb_read(dir, "/etc/large", &text), -EFBIG);
	put(etc, "empty", "");
	free(TAKE_PTR(text));
	assert_int_equal(userdb_read(dir, "/etc/empty", &text), 0);
	assert_string_equal(text, "");
	for (const char *const *f = (const char *const[]){"inside", "link", "out", "up", "fifo",
		     "long", "large", "empty", NULL};
		*f; f++)
		assert_int_equal(unlinkat(etc, *f, 0), 0);
	assert_int_equal(unlinkat(dir, "etc", AT_REMOVEDIR), 0);
	assert_int_equal(rmdir(name), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find_user),
		cmocka_unit_test(test_find_group),
		cmocka_unit_test(test_groups_of),
		cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
