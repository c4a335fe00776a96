// SPDX-License-Identifier: Apache-2.0
/*
 * Kernel settings: only those that belong to a namespace of the container, never the host's. A key is written with
 * dots or slashes; as in sysctl(8) the first separator tells which, and the other sign is then part of a name
 * ("net.ipv4.conf.eth0/100.forwarding" is the interface eth0.100).
 */
#include <plan/planner.h>
#include <plan/sysctl.h>

#include <errno.h>
#include <linux/sched.h>
#include <string.h>
#include <base/mem.h>
#include <base/path.h>
#include <base/text.h>

/* A path below /proc/sys (with a final slash: all below it) and the namespace it belongs to. */
static const struct rule {
	const char *path;
	uint64_t ns;
} rules[] = {
	{"kernel/msgmax", CLONE_NEWIPC},
	{"kernel/msgmnb", CLONE_NEWIPC},
	{"kernel/msgmni", CLONE_NEWIPC},
	{"kernel/sem", CLONE_NEWIPC},
	{"kernel/shmall", CLONE_NEWIPC},
	{"kernel/shmmax", CLONE_NEWIPC},
	{"kernel/shmmni", CLONE_NEWIPC},
	{"kernel/shm_rmid_forced", CLONE_NEWIPC},
	{"fs/mqueue/", CLONE_NEWIPC},
	{"net/", CLONE_NEWNET},
	{"kernel/domainname", CLONE_NEWUTS},
	{"user/", CLONE_NEWUSER},
};

/* Ways of saying "the host's network namespace"; a bind mount of it is recognised when it is opened. */
static const char *const host_network[] = {
	"/proc/1/ns/net", "/proc/self/ns/net", "/proc/thread-self/ns/net"};

static const struct rule *rule_of(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		size_t n = strlen(rules[i].path);
		bool below = rules[i].path[n - 1] == '/';

		if (below ? !strncmp(path, rules[i].path, n) && path[n]
			  : text_equal(path, rules[i].path))
			return &rules[i];
	}
	return NULL;
}

void sysctl_to_path(char *key)
{
	char *first = strpbrk(key, "./");

	if (!first || *first == '/')
		return;
	for (char *c = first; *c; c++)
		*c = *c == '.' ? '/' : *c == '/' ? '.' : *c;
}

/* Every component says something and none leads upward. */
static bool is_plain(const char *path)
{
	while (true) {
		size_t n = strcspn(path, "/");

		if (!n || (n == 1 && *path == '.') || (n == 2 && !strncmp(path, "..", 2)))
			return false;
		if (!path[n])
			return true;
		path += n + 1;
	}
}

/* "/linux/sysctl/KEY" with the escapes of RFC 6901. */
static char *pointer_to(const char *key)
{
	auto_strbuf b = {};

	strbuf_add(&b, "/linux/sysctl/");
	strbuf_add_pointer_part(&b, key);
	return strbuf_take(&b);
}

static bool network_of_host(const struct planner *p)
{
	const struct oci_namespace *entry = oci_linux_namespace(p->linux_, OCI_NS_NETWORK);
	bool host = false;

	for (size_t i = 0; entry && given(entry->path) && i < ARRAY_LEN(host_network); i++)
		host |= text_equal(entry->path, host_network[i]);
	return host;
}

static int check(const struct planner *p, const char *key, const char *path, const char *at,
	struct husk_error **err)
{
	const struct rule *rule = rule_of(path);

	if (!is_plain(path))
		return fail_at(err, at, "sysctl \"%s\" is not a path below /proc/sys", key);
	if (text_equal(path, "kernel/hostname"))
		return fail_at(err, at,
			"sysctl \"%s\" is not allowed as it conflicts with the OCI \"hostname\" "
			"field",
			key);
	if (!rule || !has_namespace(p, rule->ns))
		return fail_at(err, at, "sysctl \"%s\" is not in a separate kernel namespace", key);
	if (rule->ns == CLONE_NEWNET && network_of_host(p))
		return fail_at(err, at, "sysctl \"%s\" not allowed in host network namespace", key);
	return 0;
}

static int one(struct planner *p, const struct oci_string_pair *pair, struct husk_error **err)
{
	auto_free char *path = strdup(pair->name), *at = pointer_to(pair->name);
	struct plan_op *op;
	int r;

	if (!path || !at)
		return fail_memory(err);
	sysctl_to_path(path);
	r = check(p, pair->name, path, at, err);
	if (r < 0)
		return r;
	op = builder_op_at(&p->b, PLAN_SYSCTL, "%s", at);
	op->sysctl.key = builder_str(&p->b, path);
	op->sysctl.value = builder_str(&p->b, pair->value);
	return 0;
}

int plan_sysctls(struct planner *p, struct husk_error **err)
{
	list_for_each (pair, &p->linux_->sysctl) {
		int r = one(p, pair, err);

		if (r < 0)
			return r;
	}
	return 0;
}
