/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which configurations we take: semantic versions with major 1, pre-releases and build marks
 * included.
 */
#ifndef HUSK_OCI_VERSION_H
#define HUSK_OCI_VERSION_H

#include <stdbool.h>

#define OCI_VERSION_MIN "1.0.0"
#define OCI_VERSION_MAX "1.3.0"

enum oci_version_answer { OCI_VERSION_OK, OCI_VERSION_MALFORMED, OCI_VERSION_OTHER_MAJOR };

enum oci_version_answer oci_version_check(const char *version);

#endif
