/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program husk-init, as it was linked and stripped by this build: an ELF file in memory, which core/launch.c
 * copies into a sealed memfd and executes. tools/embed writes the definitions.
 */
#ifndef HUSK_CORE_INIT_IMAGE_H
#define HUSK_CORE_INIT_IMAGE_H

#include <stddef.h>

extern const unsigned char husk_init_image[];
extern const size_t husk_init_image_size;

#endif
