/* SPDX-License-Identifier: Apache-2.0 */
/* Durations as Go's flag package reads them: "5s", "1m30s", "500ms", "1.5h", "0". */
#ifndef HUSK_CLI_DURATION_H
#define HUSK_CLI_DURATION_H

#include <stdint.h>
#include <base/attr.h>
#include <husk/error.h>

/* In nanoseconds, not negative. 0, -EINVAL (not a duration) or -ERANGE. */
int duration_parse(const char *text, uint64_t *ret) nodiscard;
/* The value of an option --interval, or `other` when it is NULL; 0 is refused in runc's words. */
int duration_interval(const char *text, uint64_t other, uint64_t *ret, struct husk_error **err);

#endif
