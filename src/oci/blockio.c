// SPDX-License-Identifier: Apache-2.0
/*
 * The rows of `blockIO`. Weights are 16 bits here; which of them a kernel takes is the controller's
 * affair.
 */
#include <oci/blockio.h>

#include <schema/schema.h>

#define WEIGHT_RANGE RANGE(0, UINT16_MAX)
#define NUMBER_RANGE RANGE(0, UINT32_MAX)

/* clang-format off */
#define S struct oci_weight_device
static const struct schema_field weight_device_fields[] = {
	I64(S, major,       "major", NUMBER_RANGE, REQUIRED),
	I64(S, minor,       "minor", NUMBER_RANGE, REQUIRED),
	U64(S, weight,      "weight", WEIGHT_RANGE),
	U64(S, leaf_weight, "leafWeight", WEIGHT_RANGE),
	{}
};
static const struct schema_type oci_weight_device_type = TYPE(S, "weight", weight_device_fields);
#undef S

#define S struct oci_throttle_device
static const struct schema_field throttle_device_fields[] = {
	I64(S, major, "major", NUMBER_RANGE, REQUIRED),
	I64(S, minor, "minor", NUMBER_RANGE, REQUIRED),
	U64(S, rate,  "rate"),
	{}
};
static const struct schema_type oci_throttle_device_type =
	TYPE(S, "throttle", throttle_device_fields);
#undef S

#define S struct oci_block_io
static const struct schema_field block_io_fields[] = {
	U64(S, weight,                      "weight", WEIGHT_RANGE),
	U64(S, leaf_weight,                 "leafWeight", WEIGHT_RANGE),
	LIST(S, weight_device,              "weightDevice", oci_weight_device),
	LIST(S, throttle_read_bps_device,   "throttleReadBpsDevice", oci_throttle_device),
	LIST(S, throttle_write_bps_device,  "throttleWriteBpsDevice", oci_throttle_device),
	LIST(S, throttle_read_iops_device,  "throttleReadIOPSDevice", oci_throttle_device),
	LIST(S, throttle_write_iops_device, "throttleWriteIOPSDevice", oci_throttle_device),
	{}
};
const struct schema_type oci_block_io_type = TYPE(S, "block io", block_io_fields);
#undef S
/* clang-format on */
