/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Made-up machines for the tests of the planners: control groups in each of the three ways, root or an ordinary
 * user. Nothing of the real machine is looked at, so that plans are the same everywhere.
 */
#ifndef HUSK_TESTS_PLAN_FIXTURE_H
#define HUSK_TESTS_PLAN_FIXTURE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <base/mem.h>
#include <base/str.h>
#include <base/text.h>
#include <plan/plan.h>

#include <cmocka.h> /* last: it has a macro fail() */

#define V1(controllers, name)                                                           \
	{                                                                               \
		(char *)controllers, (char *)"/sys/fs/cgroup/" name, (char *)"/", false \
	}

static struct cgroup_hierarchy fixture_hybrid[] = {
	V1("cpu,cpuacct", "cpu,cpuacct"),
	V1("memory", "memory"),
	V1("net_cls,net_prio", "net_cls,net_prio"),
	V1("name=systemd", "systemd"),
	{(char *)"", (char *)"/sys/fs/cgroup/unified", (char *)"/", true},
};

static struct cgroup_hierarchy fixture_v2[] = {
	{(char *)"", (char *)"/sys/fs/cgroup", (char *)"/user.slice/session-1.scope", true},
};

struct fixture {
	struct plan_host host;
	struct cgroup_dirs dirs;
	struct strbuf log;
	struct log sink;
	struct oci_spec *spec;
	struct plan_create_input create;
	bool exec;
	struct plan plan;
	struct husk_error *error;
};

static void fixture_log(void *data, enum husk_log_level level, const char *message)
{
	if (level <= HUSK_LOG_WARNING)
		strbuf_printf(
			data, "%s: %s\n", level == HUSK_LOG_ERROR ? "error" : "warning", message);
}

static inline void fixture_cgroups(struct fixture *f, enum cgroup_mode mode)
{
	struct cgroup_layout *layout = &f->host.cgroups;

	layout->mode = mode;
	layout->hierarchies.v = mode == CGROUP_V2 ? fixture_v2 : fixture_hybrid;
	layout->hierarchies.n = mode == CGROUP_NONE ? 0
				: mode == CGROUP_V2 ? 1
				: mode == CGROUP_V1 ? ARRAY_LEN(fixture_hybrid) - 1
						    : ARRAY_LEN(fixture_hybrid);
}

/* A container called "web" of the superuser on a v2 machine. */
static inline void fixture_init(struct fixture *f)
{
	*f = (struct fixture){.host.known_capabilities = (UINT64_C(1) << 41) - 1};
	f->sink = (struct log){fixture_log, &f->log, HUSK_LOG_WARNING};
	fixture_cgroups(f, CGROUP_V2);
	f->create = (struct plan_create_input){.id = "web",
		.bundle = "/bundles/web",
		.host = &f->host,
		.log = &f->sink,
		.gate = true};
}

static inline void fixture_rootless(struct fixture *f)
{
	f->host.euid = f->host.egid = 1000;
	f->host.rootless = true;
}

static inline int fixture_run_exec(struct fixture *f)
{
	const struct plan_create_input *c = &f->create;
	struct plan_exec_input in = {.spec = f->spec,
		.process = f->spec->process,
		.host = &f->host,
		.log = c->log,
		.id = c->id,
		.lsm = c->lsm,
		.no_new_keyring = c->no_new_keyring,
		.preserve_fds = c->preserve_fds,
		.listen_fds = c->listen_fds};

	return plan_exec(&in, &f->plan, &f->error);
}

/* Plans the configuration; the result or the error is in the fixture. What was planned must pass the reader. */
static inline int fixture_plan(struct fixture *f, const char *json, size_t n)
{
	int r = oci_spec_parse(json, n, &f->spec, &f->error);

	if (r >= 0)
		r = cgroup_dirs_resolve(&f->host.cgroups,
			f->spec->linux ? f->spec->linux->cgroups_path : NULL, "web", &f->dirs);
	if (r >= 0) {
		f->create.spec = f->spec;
		f->create.cgroups = &f->dirs;
		r = f->exec ? fixture_run_exec(f) : plan_create(&f->create, &f->plan, &f->error);
	}
	if (r >= 0)
		assert_int_equal(plan_check(f->plan.header, f->plan.size), 0);
	else
		assert_non_null(f->error);
	return r;
}

static inline void fixture_done(struct fixture *f)
{
	plan_done(&f->plan);
	husk_error_free(f->error);
	oci_spec_free(f->spec);
	cgroup_dirs_done(&f->dirs);
	strbuf_done(&f->log);
}

#endif
