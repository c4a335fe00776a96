// SPDX-License-Identifier: Apache-2.0
/*
 * The rows of a network device, and what may be an interface's name (the kernel's
 * dev_valid_name()).
 */
#include <oci/netdev.h>

#include <string.h>

#include <schema/schema.h>

enum { NAME_ROOM = 16 }; /* IFNAMSIZ */

static bool is_interface(const char *s)
{
	return *s && strlen(s) < NAME_ROOM && strcmp(s, ".") && strcmp(s, "..") &&
	       !strpbrk(s, "/: \t\n\v\f\r");
}

/* Also a template with one "%d", for which a number is chosen. */
static bool is_name_inside(const char *s)
{
	const char *percent = strchr(s, '%');

	return is_interface(s) && (!percent || (percent[1] == 'd' && !strchr(percent + 1, '%')));
}

static int netdev_check(const void *object, const struct schema_at *at)
{
	const struct oci_net_device *d = object;

	return is_interface(d->key) && !strchr(d->key, '%')
		       ? 0
		       : schema_problem(at, "'%s' is not the name of an interface", d->key);
}

/* clang-format off */
#define S struct oci_net_device
static const struct schema_field netdev_fields[] = {
	STRING(S, name, "name", ACCEPT(is_name_inside, "must be the name of an interface")),
	{}
};
const struct schema_type oci_net_device_type =
	TYPE(S, "network device", netdev_fields, .check = netdev_check);
#undef S
/* clang-format on */
