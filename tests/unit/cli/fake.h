/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the made-up libhusk share. */
#ifndef HUSK_TESTS_CLI_FAKE_H
#define HUSK_TESTS_CLI_FAKE_H

#include <base/attr.h>

struct husk_container {
	char *id;
};

/* A line in the file $FAKE_CALLS. */
void note(const char *format, ...) printf_like(1, 2);

#endif
