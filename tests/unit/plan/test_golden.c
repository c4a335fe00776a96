// SPDX-License-Identifier: Apache-2.0
/*
 * tests/golden/CASE/config.json (and setup: words about the machine and the command) must give plan.txt: warnings,
 * then the plan as text or the error. HUSK_GOLDEN_UPDATE=1 writes the files instead; then read the diff.
 */
#include "fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <base/io.h>
#include <base/parse.h>

enum { FILE_MAX = 1 << 20 };

static const char *golden_dir(void)
{
	return getenv("HUSK_GOLDEN_DIR") ? getenv("HUSK_GOLDEN_DIR") : "tests/golden";
}

static int number(const char *text)
{
	uint32_t value = 0;

	assert_int_equal(parse_u32(text, 10, &value), 0);
	return (int)value;
}

static void apply_word(struct fixture *f, const char *word)
{
	const struct {
		const char *name;
		bool *flag;
	} flags[] = {{"nopivot", &f->create.no_pivot}, {"nokeyring", &f->create.no_new_keyring},
		{"userns", &f->host.in_user_namespace}, {"exec", &f->exec}};
	const struct {
		const char *name;
		enum cgroup_mode mode;
	} modes[] = {{"none", CGROUP_NONE}, {"v1", CGROUP_V1}, {"hybrid", CGROUP_HYBRID},
		{"v2", CGROUP_V2}};
	bool known = false;

	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (text_equal(word, flags[i].name))
			known = *flags[i].flag = true;
	for (size_t i = 0; i < ARRAY_LEN(modes); i++)
		if (text_equal(word, modes[i].name)) {
			fixture_cgroups(f, modes[i].mode);
			known = true;
		}
	if (known)
		return;
	if (text_equal(word, "rootless"))
		fixture_rootless(f);
	else if (text_equal(word, "apparmor"))
		f->create.lsm |= PLAN_LSM_APPARMOR;
	else if (text_equal(word, "selinux"))
		f->create.lsm |= PLAN_LSM_SELINUX;
	else if (text_equal(word, "run"))
		f->create.gate = false;
	else if (text_equal(word, "notify"))
		f->create.notify_socket = "/run/systemd/notify";
	else if (text_after(word, "preserve="))
		f->create.preserve_fds = number(text_after(word, "preserve="));
	else if (text_after(word, "listen="))
		f->create.listen_fds = number(text_after(word, "listen="));
	else
		fail_msg("setup: what is '%s'?", word);
}

static void apply_setup(struct fixture *f, int dir)
{
	auto_free char *text = NULL;
	size_t n;

	if (io_read_at(dir, "setup", FILE_MAX, &text, &n) < 0)
		return;
	for (char *save, *word = strtok_r(text, " \n", &save); word;
		word = strtok_r(NULL, " \n", &save))
		apply_word(f, word);
}

/* Everything there is to say about a case. */
static char *outcome(struct fixture *f, const char *json, size_t n)
{
	struct strbuf out = {};
	int r = fixture_plan(f, json, n);

	strbuf_add(&out, strbuf_text(&f->log));
	if (r < 0) {
		strbuf_printf(&out, "error: %s\n", husk_error_message(f->error));
	} else {
		const struct plan_dump_extra extra = {"web", "/bundles/web", NULL, f->spec->linux,
			&f->dirs, f->exec ? NULL : f->spec->hooks};

		assert_int_equal(plan_dump(f->plan.header, &extra, &out), 0);
	}
	return strbuf_take(&out);
}

static void compare(int dir, const char *name, const char *got)
{
	auto_free char *want = NULL;
	size_t n;

	if (getenv("HUSK_GOLDEN_UPDATE")) {
		assert_int_equal(io_replace_at(dir, "plan.txt", got, strlen(got), 0644), 0);
		return;
	}
	if (io_read_at(dir, "plan.txt", FILE_MAX, &want, &n) < 0)
		fail_msg("%s: no plan.txt", name);
	if (!text_equal(want, got))
		fail_msg("%s: the plan is now\n%s", name, got);
}

static void one(int top, const char *name)
{
	auto_free char *json = NULL, *got = NULL;
	int dir = openat(top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct fixture f;
	size_t n;

	assert_true(dir >= 0);
	fixture_init(&f);
	apply_setup(&f, dir);
	if (io_read_at(dir, "config.json", FILE_MAX, &json, &n) < 0)
		fail_msg("%s: no config.json", name);
	got = outcome(&f, json, n);
	assert_non_null(got);
	compare(dir, name, got);
	fixture_done(&f);
	close(dir);
}

static void test_golden(void **state)
{
	DIR *list = opendir(golden_dir());
	struct dirent *entry;
	size_t n = 0;

	(void)state;
	if (!list)
		fail_msg("cannot open '%s': %s", golden_dir(), strerror(errno));
	while ((entry = readdir(list)))
		if (*entry->d_name != '.') {
			one(dirfd(list), entry->d_name);
			n++;
		}
	closedir(list);
	print_message("%zu golden plans\n", n);
	assert_true(n >= 25);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
