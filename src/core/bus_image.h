/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program husk-bus as this build linked it, where libsystemd was there (HAVE_SYSTEMD): executed from memory, as
 * husk-init is. tools/embed writes the definitions.
 */
#ifndef HUSK_CORE_BUS_IMAGE_H
#define HUSK_CORE_BUS_IMAGE_H

#include <stddef.h>

extern const unsigned char husk_bus_image[];
extern const size_t husk_bus_image_size;

#endif
