/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration handle: the parsed tree and the text it came from, which create saves for exec. */
#ifndef HUSK_CORE_CONFIG_H
#define HUSK_CORE_CONFIG_H

#include <husk/config.h>
#include <oci/spec.h>

struct husk_config {
	struct oci_spec *spec;
	char *text;
	size_t text_len;
	char *bundle; /* absolute, links resolved */
	char *rootfs; /* absolute */
};

#endif
