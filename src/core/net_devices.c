// SPDX-License-Identifier: Apache-2.0
/* The file by the table engine; addresses and routes are the bytes of their netlink messages, in hexadecimal. */
#include <core/net_devices.h>
#include <base/fd.h>
#include <base/io.h>
#include <base/mem.h>
#include <schema/schema.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NET_DEVICES_FILE "netdevices.json"

enum { FILE_MAX = 1 << 24 };

struct journal_device {
	char *host_name, *name, *hardware;
	struct opt_u64 mtu, master;
	struct opt_bool up;
	struct strv addresses, routes;
};

struct journal {
	char *path; /* of the network namespace, if it is not the container's own */
	LIST_OF(struct journal_device) devices;
};

/* clang-format off */
#define S struct journal_device
static const struct schema_field journal_device_fields[] = {
	STRING(S, host_name, "hostName", REQUIRED),
	STRING(S, name,      "name",     REQUIRED),
	STRING(S, hardware,  "hardware", REQUIRED),
	U64(S, mtu,          "mtu",      RANGE(0, UINT32_MAX)),
	U64(S, master,       "master",   RANGE(0, UINT32_MAX)),
	BOOL(S, up,          "up"),
	STRV(S, addresses,   "addresses"),
	STRV(S, routes,      "routes"),
	{}
};
static const struct schema_type journal_device_type = TYPE(S, "interface", journal_device_fields);
#undef S

#define S struct journal
static const struct schema_field journal_fields[] = {
	STRING(S, path, "path"),
	LIST(S, devices, "devices", journal_device),
	{}
};
static const struct schema_type journal_type = TYPE(S, "interfaces", journal_fields);
#undef S
/* clang-format on */

static char *to_hex(const void *data, size_t n)
{
	const unsigned char *p = data;
	struct strbuf b = {};

	strbuf_add(&b, "");
	for (size_t i = 0; i < n; i++)
		strbuf_printf(&b, "%02x", (unsigned int)p[i]);
	return strbuf_take(&b);
}

static int from_hex(const char *text, struct strbuf *out)
{
	static const char digits[] = "0123456789abcdef";

	for (; text[0] && text[1]; text += 2) {
		const char *high = strchr(digits, text[0]), *low = strchr(digits, text[1]);

		if (!high || !low)
			return -EINVAL;
		strbuf_add_char(out, (char)((high - digits) << 4 | (low - digits)));
	}
	return *text ? -EINVAL : strbuf_failed(out) ? -ENOMEM : 0;
}

/* --- writing */

static int note_records(struct strv *to, const struct net_records *from)
{
	int r = 0;

	for (size_t i = 0; !r && i < from->n; i++) {
		char *text = to_hex(from->v[i].message.text, from->v[i].message.len);

		r = text ? strv_take(to, text) : -ENOMEM;
	}
	return r;
}

static int note_device(struct journal *j, const struct netdev *d)
{
	struct journal_device *to = list_add(&j->devices);

	if (!to)
		return -ENOMEM;
	to->host_name = strdup(d->link.name);
	to->name = strdup(d->name);
	to->hardware = to_hex(d->link.hardware, d->link.hardware_size);
	to->mtu = (struct opt_u64){true, d->link.mtu};
	to->master = (struct opt_u64){true, d->link.master};
	to->up = (struct opt_bool){true, d->link.up};
	if (!to->host_name || !to->name || !to->hardware ||
		note_records(&to->addresses, &d->addresses) < 0)
		return -ENOMEM;
	return note_records(&to->routes, &d->routes);
}

static int write_down(
	const struct netdevs *n, const struct oci_linux *l, int dir, struct husk_error **err)
{
	const struct oci_namespace *ns = oci_linux_namespace(l, OCI_NS_NETWORK);
	auto_free char *text = NULL;
	struct journal j = {};
	int r = 0;

	j.path = ns && ns->path && *ns->path ? strdup(ns->path) : NULL;
	for (size_t i = 0; !r && i < n->n; i++)
		r = note_device(&j, &n->v[i]);
	r = r < 0 ? fail_memory(err) : schema_write(&journal_type, &j, 0, &text, err);
	schema_done(&journal_type, &j);
	if (r < 0)
		return r;
	r = io_replace_at(dir, NET_DEVICES_FILE, text, strlen(text), 0600);
	return r < 0 ? fail_errno(err, r, "cannot write down the network interfaces") : 0;
}

int net_devices_move(
	struct netdevs *n, const struct oci_linux *l, int pidfd, int dir, struct husk_error **err)
{
	int r;

	if (!l || !l->net_devices.n)
		return 0;
	r = netdevs_look(n, l, pidfd, err);
	if (!r)
		r = write_down(n, l, dir, err);
	return r ? r : netdevs_move(n, err);
}

void net_devices_settled(const struct netdevs *n, int dir)
{
	if (n->n)
		(void)unlinkat(
			dir, NET_DEVICES_FILE, 0); /* at worst delete looks for them in vain */
}

/* --- reading */

static int read_records(struct net_records *to, uint16_t type, const struct strv *from)
{
	int r = 0;

	for (size_t i = 0; !r && i < from->n; i++) {
		auto_strbuf bytes = {};

		r = from_hex(from->v[i], &bytes);
		if (!r)
			r = net_record_load(to, type, bytes.text, bytes.len);
	}
	return r;
}

static int read_device(struct netdevs *n, const struct journal_device *from)
{
	struct netdev *d = list_add(n);
	auto_strbuf hardware = {};
	int r;

	if (!d)
		return -ENOMEM;
	if (strlen(from->host_name) >= sizeof d->link.name || strlen(from->name) >= sizeof d->name)
		return -EINVAL;
	memcpy(d->link.name, from->host_name, strlen(from->host_name));
	memcpy(d->name, from->name, strlen(from->name));
	d->at = strdup("netDevices");
	d->link.mtu = (uint32_t)opt_u64_or(from->mtu, 0);
	d->link.master = (uint32_t)opt_u64_or(from->master, 0);
	d->link.up = opt_true(from->up);
	d->moved = true; /* perhaps; who never left is recognised */
	r = from_hex(from->hardware, &hardware);
	if (r < 0 || hardware.len > sizeof d->link.hardware || !d->at)
		return r < 0 ? r : -EINVAL;
	d->link.hardware_size = hardware.len;
	memcpy(d->link.hardware, strbuf_text(&hardware), hardware.len);
	r = read_records(&d->addresses, RTM_NEWADDR, &from->addresses);
	return r ? r : read_records(&d->routes, RTM_NEWROUTE, &from->routes);
}

static int recover(struct netdevs *n, const struct journal *j)
{
	auto_close int ns = j->path ? open(j->path, O_RDONLY | O_CLOEXEC) : -1;
	int r = netlink_open(-1, &n->host);

	/* a namespace that is gone took its virtual interfaces along and gave the others back */
	if (!r && ns >= 0)
		r = netlink_open(ns, &n->inside);
	for (size_t i = 0; !r && i < j->devices.n; i++)
		r = read_device(n, &j->devices.v[i]);
	if (!r)
		netdevs_give_back(n);
	return r;
}

void net_devices_recover(int dir, const struct log *log)
{
	struct netdevs n = NETDEVS_INIT;
	auto_free char *text = NULL;
	void *journal = NULL;
	size_t len = 0;
	int r = io_read_at(dir, NET_DEVICES_FILE, FILE_MAX, &text, &len);

	if (r == -ENOENT)
		return;
	n.log = log;
	if (!r)
		r = schema_read(&journal_type, text, len, &journal, NULL);
	if (!r)
		r = recover(&n, journal);
	if (r < 0)
		log_warning(log, "cannot give the network interfaces back: %s, ignoring",
			errno_text(-r));
	netdevs_done(&n);
	schema_free(&journal_type, journal);
}
