/* SPDX-License-Identifier: Apache-2.0 */
/* Which security modules are at work on this host; looked at only when the configuration names a label. */
#ifndef HUSK_CORE_LSM_H
#define HUSK_CORE_LSM_H

#include <base/error.h>
#include <oci/spec.h>

/* Bits of enum plan_lsm_kind, as far as the labels of the process and of the mounts ask for them. */
int lsm_find(const struct oci_spec *spec, const struct oci_process *process, uint32_t *ret,
	struct husk_error **err);

#endif
