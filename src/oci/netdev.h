/* SPDX-License-Identifier: Apache-2.0 */
/* `linux.netDevices`: interfaces of the host that move into the container. */
#ifndef HUSK_OCI_NETDEV_H
#define HUSK_OCI_NETDEV_H

#include <oci/types.h>

struct oci_net_device {
	char *key; /* name on the host */
	char *name; /* name in the container; NULL: the same */
};

extern const struct schema_type oci_net_device_type;

#endif
