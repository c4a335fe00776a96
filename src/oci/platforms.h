/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects of other platforms. Linux has no use for them, but they are read strictly and survive a
 * round trip.
 */
#ifndef HUSK_OCI_PLATFORMS_H
#define HUSK_OCI_PLATFORMS_H

#include <oci/types.h>

struct oci_vm_program {
	char *path;
	struct strv parameters;
	char *initrd; /* of a kernel */
};

struct oci_vm_image {
	char *path;
	struct opt_enum format;
};

struct oci_vm_iomem {
	struct opt_u64 first_gfn, first_mfn, nr_mfns;
};

struct oci_vm_hw_config {
	char *device_tree;
	struct opt_u64 vcpus, memory;
	struct strv dtdevs;
	LIST_OF(struct oci_vm_iomem) iomems;
	LIST_OF(uint32_t) irqs;
};

struct oci_vm {
	struct oci_vm_program *hypervisor, *kernel;
	struct oci_vm_image *image;
	struct oci_vm_hw_config *hw_config;
};

struct oci_windows_device {
	char *id;
	struct opt_enum id_type;
};

struct oci_windows_memory {
	struct opt_u64 limit;
};

struct oci_windows_affinity {
	struct opt_u64 mask, group;
};

struct oci_windows_cpu {
	struct opt_u64 count, shares, maximum;
	struct oci_windows_affinity *affinity;
};

struct oci_windows_storage {
	struct opt_u64 iops, bps, sandbox_size;
};

struct oci_windows_resources {
	struct oci_windows_memory *memory;
	struct oci_windows_cpu *cpu;
	struct oci_windows_storage *storage;
};

struct oci_windows_network {
	struct strv endpoint_list;
	struct opt_bool allow_unqualified_dns_query;
	struct strv dns_search_list;
	char *network_shared_container_name, *network_namespace;
};

struct oci_windows_hyperv {
	char *utility_vm_path;
};

struct oci_windows {
	struct strv layer_folders;
	LIST_OF(struct oci_windows_device) devices;
	struct oci_windows_resources *resources;
	struct oci_windows_network *network;
	char *credential_spec; /* JSON text */
	struct opt_bool servicing, ignore_flushes_during_boot;
	struct oci_windows_hyperv *hyperv;
};

struct oci_solaris_capped_cpu {
	char *ncpus;
};

struct oci_solaris_capped_memory {
	char *physical, *swap;
};

struct oci_solaris_anet {
	char *linkname, *lower_link, *allowed_address, *configure_allowed_address, *defrouter,
		*mac_address, *link_protection;
};

struct oci_solaris {
	char *milestone, *limitpriv, *max_shm_memory;
	struct oci_solaris_capped_cpu *capped_cpu;
	struct oci_solaris_capped_memory *capped_memory;
	LIST_OF(struct oci_solaris_anet) anet;
};

struct oci_zos_namespace {
	struct opt_enum type;
	char *path;
};

struct oci_zos {
	LIST_OF(struct oci_zos_namespace) namespaces;
};

struct oci_freebsd_device {
	char *path;
	struct opt_u64 mode;
};

struct oci_freebsd_allow {
	struct opt_bool set_hostname, raw_sockets, chflags;
	struct strv mount;
	struct opt_bool quotas, socket_af, mlock, reserved_ports, suser;
};

struct oci_freebsd_jail {
	char *parent;
	struct opt_enum host, ip4, ip6, vnet, sysvmsg, sysvsem, sysvshm;
	struct strv ip4_addr, ip6_addr;
	char *interface;
	struct strv vnet_interfaces;
	struct opt_u64 enforce_statfs;
	struct oci_freebsd_allow *allow;
};

struct oci_freebsd {
	LIST_OF(struct oci_freebsd_device) devices;
	struct oci_freebsd_jail *jail;
};

extern const struct schema_type oci_vm_type, oci_windows_type, oci_solaris_type, oci_zos_type,
	oci_freebsd_type;

#endif
