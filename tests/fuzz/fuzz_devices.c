// SPDX-License-Identifier: Apache-2.0
/*
 * Device rules from lines, and devices.list from the same bytes: whatever they are, what comes of them agrees with
 * itself. The eBPF program ends, and a list of v1 leads to the one that was wanted.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <base/mem.h>
#include <cgroup/device_prog.h>
#include <cgroup/devices_v1.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = strndup((const char *)data, size);
	struct device_list shown = {}, wanted = {};
	struct cgroup_devices d = {};
	const struct device_rule *rule = NULL;
	struct device_steps steps = {};
	struct bpf_code code = {};
	auto_strbuf out = {};
	char *rest = text;

	if (!text || cgroup_devices_v1_parse(text, &shown) < 0)
		shown = (struct device_list){};
	for (char *line; (line = strsep(&rest, "\n"));) {
		struct oci_device_rule one = {};

		if (!cgroup_device_rule_parse(line, &one, NULL) && cgroup_devices_add(&d, &one, 1))
			rest = NULL; /* too many */
		free(one.access);
	}
	cgroup_devices_text(&d, &out);
	if (cgroup_device_program(&d, &code) < 0 || code.v[code.n - 1].code != (BPF_JMP | BPF_EXIT))
		abort();
	if (cgroup_devices_v1_list(&d, &wanted, &rule) == 0 &&
		cgroup_devices_v1_steps(&shown, &wanted, &steps) < 0)
		abort();
	free(steps.v);
	free(wanted.v);
	free(shown.v);
	free(code.v);
	cgroup_devices_done(&d);
	return 0;
}
