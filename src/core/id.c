// SPDX-License-Identifier: Apache-2.0
/* The rule for container IDs, as runc has it. */
#include <core/id.h>

#include <string.h>

bool container_id_valid(const char *id)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.";
	size_t n = strlen(id);

	return n > 0 && n <= 255 && strspn(id, letters) == n && strcmp(id, ".") && strcmp(id, "..");
}
