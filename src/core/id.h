/* SPDX-License-Identifier: Apache-2.0 */
/* What may be a container's name: it becomes a directory, a cgroup, part of error texts. */
#ifndef HUSK_CORE_ID_H
#define HUSK_CORE_ID_H

#include <stdbool.h>

/* [A-Za-z0-9_+.-]+, at most 255 bytes, not "." or "..". */
bool container_id_valid(const char *id);

#endif
