/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `linux.resources`: limits, as the control groups will get them. Also the file given to `update
 * -r`.
 */
#ifndef HUSK_OCI_RESOURCES_H
#define HUSK_OCI_RESOURCES_H

#include <oci/blockio.h>
#include <oci/devices.h>
#include <oci/types.h>

struct oci_memory {
	struct opt_i64 limit, reservation, swap; /* bytes, -1: no limit */
	struct opt_i64 kernel, kernel_tcp;
	struct opt_u64 swappiness;
	struct opt_bool disable_oom_killer, use_hierarchy, check_before_update;
};

struct oci_cpu {
	struct opt_u64 shares;
	struct opt_i64 quota;
	struct opt_u64 burst, period;
	struct opt_i64 realtime_runtime;
	struct opt_u64 realtime_period;
	char *cpus, *mems;
	struct opt_i64 idle;
};

struct oci_pids {
	struct opt_i64 limit; /* required; 0 is a real value, -1: no limit */
};

struct oci_hugepage_limit {
	char *page_size; /* "2MB" */
	struct opt_u64 limit;
};

struct oci_interface_priority {
	char *name;
	struct opt_u64 priority;
};

struct oci_network {
	struct opt_u64 class_id;
	LIST_OF(struct oci_interface_priority) priorities;
};

struct oci_rdma {
	char *key; /* the device */
	struct opt_u64 hca_handles, hca_objects;
};

struct oci_resources {
	LIST_OF(struct oci_device_rule) devices;
	struct oci_memory *memory;
	struct oci_cpu *cpu;
	struct oci_pids *pids;
	struct oci_block_io *block_io;
	LIST_OF(struct oci_hugepage_limit) hugepage_limits;
	struct oci_network *network;
	LIST_OF(struct oci_rdma) rdma;
	struct oci_string_map unified;
};

extern const struct schema_type oci_resources_type, oci_memory_type;

#endif
