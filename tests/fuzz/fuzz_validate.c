// SPDX-License-Identifier: Apache-2.0
/*
 * Fuzzes the search for all faults. It must agree with the parser that stops at the first one, and every finding must
 * have a place in the text.
 */
#include <base/error.h>
#include <husk/config.h>
#include <oci/spec.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hear(void *data, const struct husk_finding *f)
{
	size_t *errors = data;

	*errors += f->severity == HUSK_SEVERITY_ERROR;
	if (!f->message || (f->pointer && *f->pointer && *f->pointer != '/') ||
		(f->line && !f->column))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct oci_spec *spec = NULL;
	size_t errors = 0;
	int n = husk_config_validate(text, size,
		&(struct husk_validate_options){.size = sizeof(struct husk_validate_options),
			.bundle = "/b",
			.found = hear,
			.data = &errors},
		NULL);

	if (n < 0 || (size_t)n != errors)
		abort();
	if (oci_spec_parse(text, size, &spec, NULL) < 0 && !n)
		abort();
	oci_spec_free(spec);
	return 0;
}
