/* SPDX-License-Identifier: Apache-2.0 */
/* Resource limits by name: "RLIMIT_NOFILE" and its number for prlimit64(2). */
#ifndef HUSK_KERN_RLIMIT_H
#define HUSK_KERN_RLIMIT_H

#include <base/table.h>

extern const struct name_value rlimit_names[];

#endif
