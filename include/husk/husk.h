/* SPDX-License-Identifier: Apache-2.0 */
/* libhusk: containers as a library. See libhusk(3). */
#ifndef HUSK_HUSK_H
#define HUSK_HUSK_H

#include <husk/config.h>
#include <husk/container.h>
#include <husk/error.h>
#include <husk/events.h>
#include <husk/factory.h>
#include <husk/process.h>
#include <husk/stats.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Version of the library, "MAJOR.MINOR.PATCH". Since 0.1. */
const char *husk_version(void);
/* The newest runtime-spec version that is understood, "1.3.0". Since 0.1. */
const char *husk_spec_version(void);

#ifdef __cplusplus
}
#endif

#endif
