/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities by name: "CAP_CHOWN" and its bit number (capabilities(7), <linux/capability.h>). */
#ifndef HUSK_KERN_CAPS_H
#define HUSK_KERN_CAPS_H

#include <base/table.h>

/* value: bit number, not mask */
extern const struct name_value cap_names[];

#endif
