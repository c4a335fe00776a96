// SPDX-License-Identifier: Apache-2.0
/*
 * Memory runs out at each allocation in turn: the planner must say so, and neither crash nor leak nor hand out half
 * a plan (the sanitizers watch).
 * wrap: malloc calloc realloc
 */
#include "fixture.h"

#include <errno.h>
#include <base/io.h>
#include <fcntl.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

static long countdown = -1; /* allocations until the one that fails; < 0: none does */

static bool fails(void)
{
	return countdown >= 0 && countdown-- == 0;
}

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

/* Plans and prints once more, with the n-th allocation failing. Returns whether it came to that. */
static bool once(struct fixture *f, long n)
{
	const struct plan_dump_extra extra = {"web", "/b", "/r", f->spec->linux, &f->dirs};
	struct plan plan = {};
	struct husk_error *err = NULL;
	auto_strbuf out = {};
	bool came;
	int r;

	countdown = n;
	r = plan_create(&f->create, &plan, &err);
	if (r >= 0 && plan_dump(plan.header, &extra, &out) < 0)
		r = -ENOMEM;
	came = countdown < 0;
	countdown = -1;
	if (came && r >= 0) /* only the text of a warning may get lost */
		assert_int_equal(plan_check(plan.header, plan.size), 0);
	if (r < 0)
		assert_int_equal(r, -ENOMEM);
	if (err)
		assert_int_equal(husk_error_code(err), HUSK_ERROR_NO_MEMORY);
	husk_error_free(err);
	plan_done(&plan);
	return came;
}

static void exhaust(const char *path)
{
	auto_free char *json = NULL;
	struct fixture f;
	size_t n;
	long i = 0;

	if (io_read_at(AT_FDCWD, path, 1 << 20, &json, &n) < 0)
		fail_msg("cannot read '%s'", path);
	fixture_init(&f);
	fixture_cgroups(&f, CGROUP_HYBRID);
	f.create.log = &(const struct log){};
	f.create.notify_socket = "/run/notify";
	if (fixture_plan(&f, json, n) < 0)
		fail_msg("%s", husk_error_message(f.error));
	while (once(&f, i))
		i++;
	print_message("%s: %ld allocations\n", path, i);
	assert_true(i > 20);
	fixture_done(&f);
}

static void test_memory(void **state)
{
	(void)state;
	exhaust("tests/golden/user/config.json");
	exhaust("tests/golden/podman/config.json");
	exhaust("tests/golden/sysctl/config.json");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_memory)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
