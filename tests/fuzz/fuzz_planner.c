// SPDX-License-Identifier: Apache-2.0
/* The planners: from any configuration comes an error or a plan that the reader accepts. Corpus: tests/golden. */
#include <stdint.h>
#include <stdlib.h>

#include <plan/plan.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cgroup_hierarchy v1 = {
		(char *)"cpu,cpuacct", (char *)"/sys/fs/cgroup/cpu", (char *)"/", false};
	const struct plan_host host = {
		.known_capabilities = 0xffff, .cgroups = {CGROUP_V1, {1, &v1}}};
	const struct log silent = {};
	struct plan_create_input in = {.id = "x", .bundle = "/b", .host = &host, .log = &silent};
	struct oci_spec *spec = NULL;
	auto_error *err = NULL;
	struct plan plan = {};

	if (oci_spec_parse((const char *)data, size, &spec, &err) < 0)
		return 0;
	in.spec = spec;
	if (plan_create(&in, &plan, &err) >= 0 && (err || plan_check(plan.header, plan.size) < 0))
		abort();
	plan_done(&plan);
	oci_spec_free(spec);
	return 0;
}
