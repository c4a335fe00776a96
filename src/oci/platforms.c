// SPDX-License-Identifier: Apache-2.0
/*
 * The rows of the other platforms' objects. No rules beyond the specification's schemas: nobody
 * here uses them.
 */
#include <oci/platforms.h>

#include <base/table.h>
#include <schema/schema.h>

/* clang-format off */
static const struct name_value image_formats[] = {
	{"raw", 0}, {"qcow2", 1}, {"vdi", 2}, {"vmdk", 3}, {"vhd", 4}, {}
};
static const struct name_value windows_id_types[] = { {"class", 0}, {} };
static const struct name_value zos_namespace_types[] = {
	{"mount", 0}, {"pid", 1}, {"uts", 2}, {"ipc", 3}, {}
};
static const struct name_value sharing_modes[] = { {"disable", 0}, {"new", 1}, {"inherit", 2}, {} };
static const struct name_value sharing_modes_no_disable[] = { {"new", 1}, {"inherit", 2}, {} };

/* ---- vm ---- */

#define S struct oci_vm_program
static const struct schema_field vm_hypervisor_fields[] = {
	STRING(S, path,     "path", REQUIRED),
	STRV(S, parameters, "parameters"),
	{}
};
static const struct schema_field vm_kernel_fields[] = {
	STRING(S, path,     "path", REQUIRED),
	STRV(S, parameters, "parameters"),
	STRING(S, initrd,   "initrd"),
	{}
};
static const struct schema_type vm_hypervisor_type = TYPE(S, "hypervisor", vm_hypervisor_fields);
static const struct schema_type vm_kernel_type = TYPE(S, "kernel", vm_kernel_fields);
#undef S

#define S struct oci_vm_image
static const struct schema_field vm_image_fields[] = {
	STRING(S, path, "path", REQUIRED),
	ENUM(S, format, "format", image_formats, REQUIRED),
	{}
};
static const struct schema_type oci_vm_image_type = TYPE(S, "image", vm_image_fields);
#undef S

#define S struct oci_vm_iomem
static const struct schema_field vm_iomem_fields[] = {
	U64(S, first_gfn, "firstGFN"),
	U64(S, first_mfn, "firstMFN", REQUIRED),
	U64(S, nr_mfns,   "nrMFNs", REQUIRED),
	{}
};
static const struct schema_type oci_vm_iomem_type = TYPE(S, "io memory", vm_iomem_fields);
#undef S

#define S struct oci_vm_hw_config
static const struct schema_field vm_hw_config_fields[] = {
	STRING(S, device_tree, "deviceTree"),
	U64(S, vcpus,          "vcpus", RANGE(0, UINT32_MAX)),
	U64(S, memory,         "memory"),
	STRV(S, dtdevs,        "dtdevs"),
	LIST(S, iomems,        "iomems", oci_vm_iomem),
	U32S(S, irqs,          "irqs"),
	{}
};
static const struct schema_type oci_vm_hw_config_type = TYPE(S, "hardware", vm_hw_config_fields);
#undef S

#define S struct oci_vm
static const struct schema_field vm_fields[] = {
	/* two objects share a struct: the row names its type itself */
	SCHEMA_ROW(S, hypervisor, "hypervisor", SCHEMA_IS(SCHEMA_M(S, hypervisor), struct oci_vm_program *),
		object, .type = &vm_hypervisor_type),
	SCHEMA_ROW(S, kernel, "kernel", SCHEMA_IS(SCHEMA_M(S, kernel), struct oci_vm_program *),
		object, .type = &vm_kernel_type, REQUIRED),
	OBJECT(S, image,     "image", oci_vm_image),
	OBJECT(S, hw_config, "hwConfig", oci_vm_hw_config),
	{}
};
const struct schema_type oci_vm_type = TYPE(S, "vm", vm_fields);
#undef S

/* ---- windows ---- */

#define S struct oci_windows_device
static const struct schema_field windows_device_fields[] = {
	STRING(S, id,    "id", REQUIRED),
	ENUM(S, id_type, "idType", windows_id_types, REQUIRED),
	{}
};
static const struct schema_type oci_windows_device_type = TYPE(S, "device", windows_device_fields);
#undef S

#define S struct oci_windows_memory
static const struct schema_field windows_memory_fields[] = {
	U64(S, limit, "limit"),
	{}
};
static const struct schema_type oci_windows_memory_type = TYPE(S, "memory", windows_memory_fields);
#undef S

#define S struct oci_windows_affinity
static const struct schema_field windows_affinity_fields[] = {
	U64(S, mask,  "mask"),
	U64(S, group, "group", RANGE(0, UINT32_MAX)),
	{}
};
static const struct schema_type oci_windows_affinity_type =
	TYPE(S, "affinity", windows_affinity_fields);
#undef S

#define S struct oci_windows_cpu
static const struct schema_field windows_cpu_fields[] = {
	U64(S, count,       "count"),
	U64(S, shares,      "shares", RANGE(0, UINT16_MAX)),
	U64(S, maximum,     "maximum", RANGE(0, UINT16_MAX)),
	OBJECT(S, affinity, "affinity", oci_windows_affinity),
	{}
};
static const struct schema_type oci_windows_cpu_type = TYPE(S, "cpu", windows_cpu_fields);
#undef S

#define S struct oci_windows_storage
static const struct schema_field windows_storage_fields[] = {
	U64(S, iops,         "iops"),
	U64(S, bps,          "bps"),
	U64(S, sandbox_size, "sandboxSize"),
	{}
};
static const struct schema_type oci_windows_storage_type =
	TYPE(S, "storage", windows_storage_fields);
#undef S

#define S struct oci_windows_resources
static const struct schema_field windows_resources_fields[] = {
	OBJECT(S, memory,  "memory", oci_windows_memory),
	OBJECT(S, cpu,     "cpu", oci_windows_cpu),
	OBJECT(S, storage, "storage", oci_windows_storage),
	{}
};
static const struct schema_type oci_windows_resources_type =
	TYPE(S, "resources", windows_resources_fields);
#undef S

#define S struct oci_windows_network
static const struct schema_field windows_network_fields[] = {
	STRV(S, endpoint_list,                 "endpointList"),
	BOOL(S, allow_unqualified_dns_query,   "allowUnqualifiedDNSQuery"),
	STRV(S, dns_search_list,               "DNSSearchList"),
	STRING(S, network_shared_container_name, "networkSharedContainerName"),
	STRING(S, network_namespace,           "networkNamespace"),
	{}
};
static const struct schema_type oci_windows_network_type =
	TYPE(S, "network", windows_network_fields);
#undef S

#define S struct oci_windows_hyperv
static const struct schema_field windows_hyperv_fields[] = {
	STRING(S, utility_vm_path, "utilityVMPath"),
	{}
};
static const struct schema_type oci_windows_hyperv_type = TYPE(S, "hyperv", windows_hyperv_fields);
#undef S

#define S struct oci_windows
static const struct schema_field windows_fields[] = {
	STRV(S, layer_folders,              "layerFolders", .flags = F_REQUIRED | F_NONEMPTY),
	LIST(S, devices,                    "devices", oci_windows_device),
	OBJECT(S, resources,                "resources", oci_windows_resources),
	OBJECT(S, network,                  "network", oci_windows_network),
	RAW(S, credential_spec,             "credentialSpec"),
	BOOL(S, servicing,                  "servicing"),
	BOOL(S, ignore_flushes_during_boot, "ignoreFlushesDuringBoot"),
	OBJECT(S, hyperv,                   "hyperv", oci_windows_hyperv),
	{}
};
const struct schema_type oci_windows_type = TYPE(S, "windows", windows_fields);
#undef S

/* ---- solaris ---- */

#define S struct oci_solaris_capped_cpu
static const struct schema_field solaris_capped_cpu_fields[] = {
	STRING(S, ncpus, "ncpus"),
	{}
};
static const struct schema_type oci_solaris_capped_cpu_type =
	TYPE(S, "capped cpu", solaris_capped_cpu_fields);
#undef S

#define S struct oci_solaris_capped_memory
static const struct schema_field solaris_capped_memory_fields[] = {
	STRING(S, physical, "physical"),
	STRING(S, swap,     "swap"),
	{}
};
static const struct schema_type oci_solaris_capped_memory_type =
	TYPE(S, "capped memory", solaris_capped_memory_fields);
#undef S

#define S struct oci_solaris_anet
static const struct schema_field solaris_anet_fields[] = {
	STRING(S, linkname,                  "linkname"),
	STRING(S, lower_link,                "lowerLink"),
	STRING(S, allowed_address,           "allowedAddress"),
	STRING(S, configure_allowed_address, "configureAllowedAddress"),
	STRING(S, defrouter,                 "defrouter"),
	STRING(S, mac_address,               "macAddress"),
	STRING(S, link_protection,           "linkProtection"),
	{}
};
static const struct schema_type oci_solaris_anet_type = TYPE(S, "anet", solaris_anet_fields);
#undef S

#define S struct oci_solaris
static const struct schema_field solaris_fields[] = {
	STRING(S, milestone,      "milestone"),
	STRING(S, limitpriv,      "limitpriv"),
	STRING(S, max_shm_memory, "maxShmMemory"),
	LIST(S, anet,             "anet", oci_solaris_anet),
	OBJECT(S, capped_cpu,     "cappedCPU", oci_solaris_capped_cpu),
	OBJECT(S, capped_memory,  "cappedMemory", oci_solaris_capped_memory),
	{}
};
const struct schema_type oci_solaris_type = TYPE(S, "solaris", solaris_fields);
#undef S

/* ---- zos ---- */

#define S struct oci_zos_namespace
static const struct schema_field zos_namespace_fields[] = {
	ENUM(S, type,   "type", zos_namespace_types, REQUIRED),
	STRING(S, path, "path"),
	{}
};
static const struct schema_type oci_zos_namespace_type = TYPE(S, "namespace", zos_namespace_fields);
#undef S

#define S struct oci_zos
static const struct schema_field zos_fields[] = {
	LIST(S, namespaces, "namespaces", oci_zos_namespace),
	{}
};
const struct schema_type oci_zos_type = TYPE(S, "zos", zos_fields);
#undef S

/* ---- freebsd ---- */

#define S struct oci_freebsd_device
static const struct schema_field freebsd_device_fields[] = {
	STRING(S, path, "path"),
	U64(S, mode,    "mode", RANGE(0, 07777)),
	{}
};
static const struct schema_type oci_freebsd_device_type = TYPE(S, "device", freebsd_device_fields);
#undef S

#define S struct oci_freebsd_allow
static const struct schema_field freebsd_allow_fields[] = {
	BOOL(S, set_hostname,   "setHostname"),
	BOOL(S, raw_sockets,    "rawSockets"),
	BOOL(S, chflags,        "chflags"),
	STRV(S, mount,          "mount"),
	BOOL(S, quotas,         "quotas"),
	BOOL(S, socket_af,      "socketAf"),
	BOOL(S, mlock,          "mlock"),
	BOOL(S, reserved_ports, "reservedPorts"),
	BOOL(S, suser,          "suser"),
	{}
};
static const struct schema_type oci_freebsd_allow_type = TYPE(S, "allow", freebsd_allow_fields);
#undef S

#define S struct oci_freebsd_jail
static const struct schema_field freebsd_jail_fields[] = {
	STRING(S, parent,        "parent"),
	ENUM(S, host,            "host", sharing_modes_no_disable),
	ENUM(S, ip4,             "ip4", sharing_modes),
	STRV(S, ip4_addr,        "ip4Addr"),
	ENUM(S, ip6,             "ip6", sharing_modes),
	STRV(S, ip6_addr,        "ip6Addr"),
	ENUM(S, vnet,            "vnet", sharing_modes_no_disable),
	STRING(S, interface,     "interface"),
	STRV(S, vnet_interfaces, "vnetInterfaces"),
	ENUM(S, sysvmsg,         "sysvmsg", sharing_modes),
	ENUM(S, sysvsem,         "sysvsem", sharing_modes),
	ENUM(S, sysvshm,         "sysvshm", sharing_modes),
	U64(S, enforce_statfs,   "enforceStatfs", RANGE(0, UINT8_MAX)),
	OBJECT(S, allow,         "allow", oci_freebsd_allow),
	{}
};
static const struct schema_type oci_freebsd_jail_type = TYPE(S, "jail", freebsd_jail_fields);
#undef S

#define S struct oci_freebsd
static const struct schema_field freebsd_fields[] = {
	LIST(S, devices, "devices", oci_freebsd_device),
	OBJECT(S, jail,  "jail", oci_freebsd_jail),
	{}
};
const struct schema_type oci_freebsd_type = TYPE(S, "freebsd", freebsd_fields);
#undef S
/* clang-format on */
