/* SPDX-License-Identifier: Apache-2.0 */
/* `linux.resources.blockIO`. */
#ifndef HUSK_OCI_BLOCKIO_H
#define HUSK_OCI_BLOCKIO_H

#include <oci/types.h>

struct oci_weight_device {
	struct opt_i64 major, minor; /* required */
	struct opt_u64 weight, leaf_weight;
};

struct oci_throttle_device {
	struct opt_i64 major, minor; /* required */
	struct opt_u64 rate;
};

struct oci_throttle_list {
	size_t n;
	struct oci_throttle_device *v;
};

struct oci_block_io {
	struct opt_u64 weight, leaf_weight;
	LIST_OF(struct oci_weight_device) weight_device;
	struct oci_throttle_list throttle_read_bps_device, throttle_write_bps_device,
		throttle_read_iops_device, throttle_write_iops_device;
};

extern const struct schema_type oci_block_io_type;

#endif
