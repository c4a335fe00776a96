// SPDX-License-Identifier: Apache-2.0
/* The list of properties. */
#include <cgroup/systemd.h>
#include <base/array.h>
#include <base/mem.h>
#include <base/str.h>

#include <errno.h>
#include <stdarg.h>
#include <string.h>

int systemd_property_add(struct systemd_properties *list, const char *name, const char *format, ...)
{
	struct systemd_property *p = list_add(list);
	auto_strbuf value = {};
	va_list args;

	if (!p)
		return -ENOMEM;
	va_start(args, format);
	strbuf_vprintf(&value, format, args);
	va_end(args);
	p->name = strdup(name);
	p->value = strbuf_take(&value);
	return p->name && p->value ? 0 : -ENOMEM;
}

void systemd_properties_done(struct systemd_properties *list)
{
	list_for_each (p, list) {
		free(p->name);
		free(p->value);
	}
	free(list->v);
	*list = (struct systemd_properties){};
}
