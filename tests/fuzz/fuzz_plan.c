// SPDX-License-Identifier: Apache-2.0
/* The plan reader: what plan_check() accepts must be safe to follow, and the dump follows everything. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <base/str.h>
#include <plan/plan.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct plan_dump_extra none = {};
	void *copy = malloc(size ? size : 1); /* aligned, and ASan sees its end */
	struct strbuf out = {};

	if (!copy)
		return 0;
	memcpy(copy, data, size);
	if (plan_check(copy, size) == 0)
		(void)plan_dump(copy, &none, &out); /* only memory could be short */
	strbuf_done(&out);
	free(copy);
	return 0;
}
