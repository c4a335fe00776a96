// SPDX-License-Identifier: Apache-2.0
/* Values from their text into a message: the tree of base/gvariant.h, node by node. */
#include <bus/bus.h>
#include <base/gvariant.h>
#include <base/mem.h>

#include <errno.h>
#include <stdlib.h>

static int append(sd_bus_message *m, const struct gvariant *v);

/* The range was checked; two's complement makes all integers the same. */
static int append_integer(sd_bus_message *m, const struct gvariant *v)
{
	bool negative = false;
	uint64_t n = 0;
	int r = gvariant_integer(v->text, &negative, &n);
	union {
		uint8_t y;
		uint16_t q;
		uint32_t u;
		uint64_t t;
	} value;

	if (r < 0)
		return r;
	n = negative ? -n : n;
	switch (*v->type) {
	case 'y':
		value.y = (uint8_t)n;
		break;
	case 'n':
	case 'q':
		value.q = (uint16_t)n;
		break;
	case 'i':
	case 'u':
		value.u = (uint32_t)n;
		break;
	case 'x':
	case 't':
		value.t = n;
		break;
	default:
		return -EOPNOTSUPP; /* a handle: there is no descriptor to pass */
	}
	return sd_bus_message_append_basic(m, *v->type, &value);
}

static int append_number(sd_bus_message *m, const struct gvariant *v)
{
	double d;

	if (*v->type != 'd')
		return append_integer(m, v);
	d = strtod(v->text, NULL);
	return sd_bus_message_append_basic(m, 'd', &d);
}

/* An array, struct, entry or variant with all that is in it. */
static int append_container(
	sd_bus_message *m, const struct gvariant *v, char kind, const char *contents)
{
	int r = sd_bus_message_open_container(m, kind, contents);

	list_for_each (item, &v->items)
		if (r >= 0)
			r = append(m, item);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

/* What is between the braces of a struct or an entry. */
static int append_fields(sd_bus_message *m, const struct gvariant *v, char kind)
{
	auto_free char *contents = strndup(v->type + 1, strlen(v->type) - 2);

	return contents ? append_container(m, v, kind, contents) : -ENOMEM;
}

static int append(sd_bus_message *m, const struct gvariant *v)
{
	switch (v->kind) {
	case GVARIANT_NUMBER:
		return append_number(m, v);
	case GVARIANT_BOOL:
		return sd_bus_message_append(m, "b", *v->text == 't');
	case GVARIANT_STRING:
		return sd_bus_message_append_basic(m, *v->type, v->text);
	case GVARIANT_BYTES:
		return sd_bus_message_append_array(m, 'y', v->text, v->len + 1);
	case GVARIANT_VARIANT:
		return append_container(m, v, SD_BUS_TYPE_VARIANT, v->items.v->type);
	case GVARIANT_ARRAY:
		return append_container(m, v, SD_BUS_TYPE_ARRAY, v->type + 1);
	case GVARIANT_ENTRY:
		return append_fields(m, v, SD_BUS_TYPE_DICT_ENTRY);
	case GVARIANT_TUPLE:
		return append_fields(m, v, SD_BUS_TYPE_STRUCT);
	}
	return -EINVAL;
}

int bus_append_property(sd_bus_message *m, const struct bus_property *p, struct strbuf *detail)
{
	auto_error *why = NULL;
	auto_gvariant v = {};
	int r = gvariant_parse(p->value, *p->signature ? p->signature : NULL, &v, &why);

	if (r < 0) {
		strbuf_add(detail, husk_error_message(why));
		return r;
	}
	r = sd_bus_message_open_container(m, SD_BUS_TYPE_STRUCT, "sv");
	if (r >= 0)
		r = sd_bus_message_append(m, "s", p->name);
	if (r >= 0)
		r = sd_bus_message_open_container(m, SD_BUS_TYPE_VARIANT, v.type);
	if (r >= 0)
		r = append(m, &v);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	if (r >= 0)
		r = sd_bus_message_close_container(m);
	if (r < 0)
		strbuf_printf(detail, "'%s': %s", p->value, errno_text(-r));
	return r < 0 ? r : 0;
}
