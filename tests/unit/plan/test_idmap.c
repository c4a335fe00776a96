// SPDX-License-Identifier: Apache-2.0
/* Id-mapped mounts: equal maps share one user namespace, and the plan of a mount refers to an earlier descriptor. */
#include "fixture.h"

#define MAP(host) "[{\"containerID\":0,\"hostID\":" host ",\"size\":10}]"
#define MOUNT(target, host)                                                   \
	"{\"destination\":\"" target                                          \
	"\",\"type\":\"tmpfs\",\"options\":[\"idmap\"],\"uidMappings\":" MAP( \
		host) ",\"g"                                                  \
		      "idMappings\":" MAP(host) "}"
#define BIND(target, option)                                                               \
	"{\"destination\":\"" target "\",\"type\":\"none\",\"source\":\"/s\",\"options\":" \
	"[\"bind\",\"" option "\"]}"

static const char config[] =
	"{\"ociVersion\":\"1.2.0\",\"process\":{\"cwd\":\"/\",\"args\":[\"/bin/sh\"]},"
	"\"root\":{\"path\":\"r\"},\"linux\":{\"namespaces\":[{\"type\":\"mount\"}]},\"mounts\":"
	"[" MOUNT("/a", "1000") "," MOUNT("/b", "2000") "," MOUNT("/c", "1000") "," BIND(
		"/d", "idmap=gids=0-2000-10;uids=0-2000-10") "," BIND("/e",
		"ridmap=uids=0-1000-10;gids=0-2000-10") "]}";

static const struct plan_mount *mount_at(const struct plan_header *plan, const char *target)
{
	for (uint32_t i = 0; i < plan->ops.count; i++) {
		const struct plan_op *op = &plan_ops(plan)[i];

		if (op->kind == PLAN_MOUNT &&
			text_equal(plan_string(plan, op->mount.target), target))
			return &op->mount;
	}
	fail_msg("no mount on '%s'", target);
	return NULL;
}

static size_t count_fds(const struct plan_header *plan, enum plan_fd_kind kind)
{
	size_t n = 0;

	for (uint32_t i = 0; i < plan->fds.count; i++)
		n += plan_fds(plan)[i].kind == (uint32_t)kind;
	return n;
}

static void test_namespaces_are_shared(void **state)
{
	const struct plan_header *plan;
	const struct plan_fd *d, *e;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	assert_int_equal(fixture_plan(&f, config, strlen(config)), 0);
	plan = f.plan.header;
	assert_int_equal(count_fds(plan, PLAN_FD_USER_NAMESPACE), 3);
	assert_int_equal(count_fds(plan, PLAN_FD_TREE), 2);
	assert_true(mount_at(plan, "/a")->idmap);
	assert_int_equal(mount_at(plan, "/a")->idmap, mount_at(plan, "/c")->idmap);
	assert_true(mount_at(plan, "/a")->idmap != mount_at(plan, "/b")->idmap);
	d = &plan_fds(plan)[mount_at(plan, "/d")->fd - 1];
	e = &plan_fds(plan)[mount_at(plan, "/e")->fd - 1];
	assert_int_equal(d->idmap, mount_at(plan, "/b")->idmap);
	assert_int_equal(d->arg & PLAN_TREE_IDMAP_ALL, 0);
	assert_int_equal(e->arg & PLAN_TREE_IDMAP_ALL, PLAN_TREE_IDMAP_ALL);
	assert_int_equal(mount_at(plan, "/d")->idmap, 0); /* done when husk-init gets it */
	fixture_done(&f);
}

/* A reference to itself or to a later descriptor would be opened before what it needs. */
static void test_reader_refuses_forward_references(void **state)
{
	struct plan_fd *fds;
	struct fixture f;

	(void)state;
	fixture_init(&f);
	assert_int_equal(fixture_plan(&f, config, strlen(config)), 0);
	fds = (struct plan_fd *)((char *)f.plan.header + f.plan.header->fds.offset);
	for (uint32_t i = 0; i < f.plan.header->fds.count; i++) {
		plan_fd_ref was = fds[i].idmap;

		fds[i].idmap = i + 1;
		assert_int_equal(plan_check(f.plan.header, f.plan.size), -1);
		fds[i].idmap = was;
	}
	fds[0].gids = f.plan.header->strings.count;
	assert_int_equal(plan_check(f.plan.header, f.plan.size), -1);
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_namespaces_are_shared),
		cmocka_unit_test(test_reader_refuses_forward_references)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
