// SPDX-License-Identifier: Apache-2.0
/*
 * Fuzzes the way from bytes to a configuration. What is accepted must survive a round trip
 * unchanged.
 */
#include <base/error.h>
#include <oci/spec.h>
#include <schema/schema.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hear(void *data, const struct schema_finding *f)
{
	*(size_t *)data += strlen(f->pointer) + strlen(f->message) + (size_t)f->severity +
			   (f->suggestion ? strlen(f->suggestion) : 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct oci_spec *spec = NULL, *again = NULL;
	auto_error *err = NULL, *other = NULL;
	size_t heard = 0;
	struct schema_report report = {.err = &other, .sink = hear, .sink_data = &heard};
	char *text = NULL;

	if (oci_spec_parse((const char *)data, size, &spec, &err) >= 0) {
		if (oci_spec_emit(spec, 0, &text, &err) < 0 ||
			oci_spec_parse(text, strlen(text), &again, &err) < 0 ||
			!schema_equal(&oci_spec_type, spec, again))
			abort();
	}
	if (oci_spec_validate((const char *)data, size, &report) >= 0 &&
		!err == (report.problems > 0))
		abort(); /* both ways of checking must agree */
	oci_spec_free(spec);
	oci_spec_free(again);
	free(text);
	return 0;
}
