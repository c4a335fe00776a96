/* SPDX-License-Identifier: Apache-2.0 */
/* Cleanup of heap memory: `auto_free char *p = NULL;`. */
#ifndef HUSK_BASE_MEM_H
#define HUSK_BASE_MEM_H

#include <stdlib.h>
#include <base/attr.h>

static inline void free_target(void *p)
{
	free(*(void **)p);
}

#define auto_free auto_(free_target)

#endif
