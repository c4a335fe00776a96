// SPDX-License-Identifier: Apache-2.0
/*
 * What planners refuse: each configuration below differs from a good one in one place, and the error must name that
 * place. The good one itself is planned too, so that no row fails for another reason.
 */
#include "fixture.h"

enum how { PLAIN, ROOTLESS, HYBRID, EXEC };

struct row {
	const char *process, *linux_, *rest; /* members, each with a comma before */
	const char *pointer, *text; /* text: what follows the pointer in the message */
	enum how how;
};

#define NS "\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"}]"
#define NS_USER "\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"user\"}]"
#define NS_USER_JOINED \
	"\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"user\",\"path\":\"/proc/1/ns/user\"}]"
#define MAP(ids) "[{\"containerID\":0,\"hostID\":" ids "}]"
#define MAPS(ids) ",\"uidMappings\":" MAP(ids) ",\"gidMappings\":" MAP(ids)
#define MOUNT(members) ",\"mounts\":[{\"destination\":\"/a\",\"type\":\"tmpfs\"},{" members "}]"
#define TMPFS "\"destination\":\"/t\",\"type\":\"tmpfs\""
#define BIND "\"destination\":\"/b\",\"type\":\"none\",\"source\":\"/s\""
#define NO_MAPPING                                                                                 \
	"there is no mapping: the mount has no uidMappings and gidMappings, and the container no " \
	"user namespace with them"
#define BAD_MAPPING(text)                            \
	"invalid ID mapping '" text "': it must be " \
	"uids=FROM-TO-SIZE[#FROM-TO-SIZE...];gids=..."
#define NOT_ENABLED(module) \
	"cannot confine the process to 'x': " module " is not enabled on this host"

/* clang-format off */
static const struct row rows[] = {
	/* mounts */
	{.rest = MOUNT(TMPFS ",\"options\":[\"ro\",\"idmap\"]"), .pointer = "/mounts/1/options/1", .text = NO_MAPPING},
	{.rest = MOUNT(TMPFS ",\"options\":[\"ridmap\"]"), .pointer = "/mounts/1/options/0", .text = NO_MAPPING},
	{.rest = MOUNT(TMPFS ",\"options\":[\"idmap=uids=0-1-2\"]"), .pointer = "/mounts/1/options/0", .text = BAD_MAPPING("uids=0-1-2")},
	{.rest = MOUNT(TMPFS ",\"options\":[\"idmap=uids=0-1-2;gids=\"]"), .pointer = "/mounts/1/options/0", .text = BAD_MAPPING("uids=0-1-2;gids=")},
	{.rest = MOUNT(TMPFS ",\"options\":[\"idmap=uids=0-1;gids=0-1-1\"]"), .pointer = "/mounts/1/options/0", .text = BAD_MAPPING("uids=0-1;gids=0-1-1")},
	{.rest = MOUNT(TMPFS ",\"options\":[\"idmap=uids=0-1-1-1;gids=0-1-1\"]"), .pointer = "/mounts/1/options/0", .text = BAD_MAPPING("uids=0-1-1-1;gids=0-1-1")},
	{.rest = MOUNT(TMPFS ",\"options\":[\"idmap=uids=0-1-0;gids=0-1-1\"]"), .pointer = "/mounts/1/options/0", .text = BAD_MAPPING("uids=0-1-0;gids=0-1-1")},
	{.rest = MOUNT(TMPFS ",\"options\":[\"idmap=uids=0-1-x;gids=0-1-1\"]"), .pointer = "/mounts/1/options/0", .text = BAD_MAPPING("uids=0-1-x;gids=0-1-1")},
	{.rest = MOUNT(TMPFS ",\"options\":[\"idmap=uids=0-1-1;gids=0-1-1;uids=0-1-1\"]"), .pointer = "/mounts/1/options/0", .text = BAD_MAPPING("uids=0-1-1;gids=0-1-1;uids=0-1-1")},
	{.rest = MOUNT(TMPFS ",\"options\":[\"idmap=uids=@0-1-1;gids=0-1-1\"]"), .pointer = "/mounts/1/options/0", .text = BAD_MAPPING("uids=@0-1-1;gids=0-1-1")},
	{.rest = MOUNT(TMPFS ",\"options\":[\"idmap=uids=0-4294967296-1;gids=0-1-1\"]"), .pointer = "/mounts/1/options/0", .text = BAD_MAPPING("uids=0-4294967296-1;gids=0-1-1")},
	{.rest = MOUNT(TMPFS ",\"options\":[\"idmap=users=0-1-1\"]"), .pointer = "/mounts/1/options/0", .text = BAD_MAPPING("users=0-1-1")},
	{.rest = MOUNT(BIND ",\"options\":[\"bind\",\"idmap=uids=0-1-2;gids=0-1-2\"]" MAPS("1,\"size\":1")), .pointer = "/mounts/1/options/1", .text = "the mapping is given twice: here and by uidMappings"},
	{.rest = MOUNT(TMPFS ",\"options\":[\"remount\"]" MAPS("1,\"size\":1")), .pointer = "/mounts/1", .text = "a mount that is there already cannot be id-mapped"},
	{.linux_ = "," NS_USER MAPS("1000,\"size\":1"), .rest = MOUNT(TMPFS ",\"options\":[\"idmap\"]"), .pointer = "/mounts/1", .text = "id-mapped mounts need root: the kernel lets nobody else make them", .how = ROOTLESS},
	{.linux_ = "," NS_USER_JOINED, .rest = MOUNT(TMPFS ",\"options\":[\"idmap\"]"), .pointer = "/mounts/1/options/0", .text = "a new file system needs uidMappings and gidMappings when the user namespace is joined by its path"},
	{.rest = MOUNT("\"destination\":\"/c\",\"type\":\"cgroup2\"" MAPS("1,\"size\":1")), .pointer = "/mounts/1/type", .text = "control groups cannot be id-mapped"},
	{.rest = MOUNT(TMPFS ",\"options\":[\"copy-symlink\"]"), .pointer = "/mounts/1/options", .text = "copy-symlink is for bind mounts"},
	{.rest = MOUNT(BIND ",\"options\":[\"bind\",\"ro\",\"mode=755\"]"), .pointer = "/mounts/1/options/2", .text = "bind mounts cannot have any filesystem-specific options applied"},
	{.rest = MOUNT("\"destination\":\"/b\",\"type\":\"bind\""), .pointer = "/mounts/1/source", .text = "is missing: a bind mount needs one"},
	{.rest = MOUNT("\"destination\":\"/b\""), .pointer = "/mounts/1/type", .text = "is missing: it is not needed for bind mounts only"},
	{.rest = MOUNT(BIND), .pointer = "/mounts/1/type", .text = "'none' is for bind mounts, and there is no option bind or rbind"},
	{.rest = MOUNT(TMPFS ",\"options\":[\"src-nofollow\"]"), .pointer = "/mounts/1/options", .text = "src-nofollow is for bind mounts"},
	{.rest = MOUNT(BIND ",\"options\":[\"bind\",\"tmpcopyup\"]"), .pointer = "/mounts/1/options", .text = "tmpcopyup is for tmpfs"},
	{.rest = MOUNT("\"destination\":\"/p\",\"type\":\"ramfs\",\"options\":[\"tmpcopyup\"]"), .pointer = "/mounts/1/options", .text = "tmpcopyup is for tmpfs"},
	{.rest = MOUNT(TMPFS ",\"options\":[\"shared\",\"slave\",\"private\",\"rslave\",\"rshared\"]"), .pointer = "/mounts/1/options/4", .text = "a mount has at most 4 propagation options"},
	{.rest = MOUNT("\"destination\":\"/proc\",\"type\":\"tmpfs\""), .pointer = "/mounts/1/destination", .text = "\"/proc\" cannot be mounted because it is not of type proc"},
	{.rest = MOUNT("\"destination\":\"/x/../proc/\",\"source\":\"/srv\",\"options\":[\"bind\"]"), .pointer = "/mounts/1/destination", .text = "\"/proc\" cannot be mounted because it is not of type proc"},
	{.rest = MOUNT("\"destination\":\"/proc\",\"source\":\"/proc/../etc\",\"options\":[\"bind\"]"), .pointer = "/mounts/1/destination", .text = "\"/proc\" cannot be mounted because it is not of type proc"},
	{.rest = MOUNT("\"destination\":\"/proc/self/attr\",\"type\":\"tmpfs\""), .pointer = "/mounts/1/destination", .text = "\"/proc/self/attr\" cannot be mounted because it is inside /proc"},
	{.rest = MOUNT("\"destination\":\"//proc/./cpuinfo/x\",\"source\":\"/s\",\"options\":[\"bind\"]"), .pointer = "/mounts/1/destination", .text = "\"/proc/cpuinfo/x\" cannot be mounted because it is inside /proc"},
	{.rest = MOUNT("\"destination\":\"/c\",\"type\":\"cgroup\",\"options\":[\"ro\",\"xattr\"]"), .pointer = "/mounts/1/options/1", .text = "a mount of type cgroup takes no such option on this host", .how = HYBRID},
	/* ids */
	{.linux_ = "," NS_USER MAPS("1000,\"size\":9"), .process = ",\"user\":{\"uid\":9,\"gid\":0}", .pointer = "/process/user/uid", .text = "user 9 is not mapped in the user namespace"},
	{.linux_ = "," NS_USER MAPS("1000,\"size\":9"), .process = ",\"user\":{\"uid\":8,\"gid\":9}", .pointer = "/process/user/gid", .text = "group 9 is not mapped in the user namespace"},
	{.linux_ = "," NS_USER MAPS("1000,\"size\":9"), .process = ",\"user\":{\"uid\":8,\"gid\":8,\"additionalGids\":[1,70]}", .pointer = "/process/user/additionalGids/1", .text = "group 70 is not mapped in the user namespace"},
	{.linux_ = "," NS_USER MAPS("1000,\"size\":1"), .process = ",\"user\":{\"uid\":0,\"gid\":0,\"additionalGids\":[0]}", .pointer = "/process/user/additionalGids", .text = "cannot set any additional groups in a rootless container", .how = ROOTLESS},
	{.pointer = "/linux/namespaces", .text = "rootless container requires user namespaces", .how = ROOTLESS},
	/* process */
	{.process = ",\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":0,\"hard\":0},{\"type\":\"RLIMIT_NOPE\",\"soft\":0,\"hard\":0}]", .pointer = "/process/rlimits/1/type", .text = "there is no limit 'RLIMIT_NOPE'"},
	{.process = ",\"env\":[\"A=1\",\"B\"]", .pointer = "/process/env/1", .text = "invalid environment variable: missing '='"},
	{.process = ",\"env\":[\"=1\"]", .pointer = "/process/env/0", .text = "invalid environment variable: name cannot be empty"},
	{.process = ",\"capabilities\":{\"effective\":[\"CAP_KILL\"]}", .pointer = "/process/capabilities/effective", .text = "'CAP_KILL' is effective but not permitted"},
	{.linux_ = "," NS ",\"personality\":{\"domain\":\"LINUX\",\"flags\":[\"UNAME26\",\"ADDR_NO_RANDOMISE\"]}", .pointer = "/linux/personality/flags/1", .text = "there is no flag 'ADDR_NO_RANDOMISE' in personality(2), did you mean 'ADDR_NO_RANDOMIZE'?"},
	{.linux_ = "," NS ",\"personality\":{\"flags\":[\"\"]}", .pointer = "/linux/personality/flags/0", .text = "there is no flag '' in personality(2)"},
	/* memory policy */
	{.linux_ = "," NS ",\"memoryPolicy\":{\"nodes\":\"0\"}", .pointer = "/linux/memoryPolicy/mode", .text = "is required"},
	{.linux_ = "," NS ",\"memoryPolicy\":{\"mode\":\"MPOL_DEFAULT\",\"nodes\":\"0\"}", .pointer = "/linux/memoryPolicy/nodes", .text = "MPOL_DEFAULT takes no nodes"},
	{.linux_ = "," NS ",\"memoryPolicy\":{\"mode\":\"MPOL_LOCAL\",\"nodes\":\"0\"}", .pointer = "/linux/memoryPolicy/nodes", .text = "MPOL_LOCAL takes no nodes"},
	{.linux_ = "," NS ",\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\" \"}", .pointer = "/linux/memoryPolicy/nodes", .text = "is required for MPOL_BIND"},
	{.linux_ = "," NS ",\"memoryPolicy\":{\"mode\":\"MPOL_INTERLEAVE\",\"nodes\":\" \"}", .pointer = "/linux/memoryPolicy/nodes", .text = "is required for MPOL_INTERLEAVE"},
	{.linux_ = "," NS ",\"memoryPolicy\":{\"mode\":\"MPOL_WEIGHTED_INTERLEAVE\",\"nodes\":\" \"}", .pointer = "/linux/memoryPolicy/nodes", .text = "is required for MPOL_WEIGHTED_INTERLEAVE"},
	{.linux_ = "," NS ",\"memoryPolicy\":{\"mode\":\"MPOL_PREFERRED_MANY\",\"nodes\":\" \"}", .pointer = "/linux/memoryPolicy/nodes", .text = "is required for MPOL_PREFERRED_MANY"},
	{.linux_ = "," NS ",\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\",\"flags\":[\"MPOL_F_STATIC_NODES\",\"MPOL_F_RELATIVE_NODES\"]}", .pointer = "/linux/memoryPolicy/flags", .text = "MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other"},
	{.linux_ = "," NS ",\"memoryPolicy\":{\"mode\":\"MPOL_INTERLEAVE\",\"nodes\":\"0\",\"flags\":[\"MPOL_F_NUMA_BALANCING\"]}", .pointer = "/linux/memoryPolicy/flags", .text = "MPOL_F_NUMA_BALANCING is for MPOL_BIND and MPOL_PREFERRED_MANY"},
	{.linux_ = "," NS ",\"memoryPolicy\":{\"mode\":\"MPOL_PREFERRED\",\"flags\":[\"MPOL_F_STATIC_NODES\"]}", .pointer = "/linux/memoryPolicy/flags", .text = "MPOL_PREFERRED without nodes takes no flags"},
	/* sysctl */
	{.linux_ = "," NS ",\"sysctl\":{\"kernel.sem\":\"1\"}", .pointer = "/linux/sysctl/kernel.sem", .text = "sysctl \"kernel.sem\" is not in a separate kernel namespace"},
	{.linux_ = "," NS ",\"sysctl\":{\"net/ipv4/ip_forward\":\"1\"}", .pointer = "/linux/sysctl/net~1ipv4~1ip_forward", .text = "sysctl \"net/ipv4/ip_forward\" is not in a separate kernel namespace"},
	{.linux_ = "," NS ",\"sysctl\":{\"vm.swappiness\":\"1\"}", .pointer = "/linux/sysctl/vm.swappiness", .text = "sysctl \"vm.swappiness\" is not in a separate kernel namespace"},
	{.linux_ = "," NS ",\"sysctl\":{\"kernel.hostname\":\"1\"}", .pointer = "/linux/sysctl/kernel.hostname", .text = "sysctl \"kernel.hostname\" is not allowed as it conflicts with the OCI \"hostname\" field"},
	{.linux_ = ",\"namespaces\":[{\"type\":\"network\"}],\"sysctl\":{\"net/../kernel/core_pattern\":\"x\"}", .pointer = "/linux/sysctl/net~1..~1kernel~1core_pattern", .text = "sysctl \"net/../kernel/core_pattern\" is not a path below /proc/sys"},
	{.linux_ = ",\"namespaces\":[{\"type\":\"network\"}],\"sysctl\":{\"net.//.//kernel.core_pattern\":\"x\"}", .pointer = "/linux/sysctl/net.~1~1.~1~1kernel.core_pattern", .text = "sysctl \"net.//.//kernel.core_pattern\" is not a path below /proc/sys"},
	{.linux_ = ",\"namespaces\":[{\"type\":\"network\"}],\"sysctl\":{\"net..x\":\"x\"}", .pointer = "/linux/sysctl/net..x", .text = "sysctl \"net..x\" is not a path below /proc/sys"},
	{.linux_ = ",\"namespaces\":[{\"type\":\"network\",\"path\":\"/proc/1/ns/net\"}],\"sysctl\":{\"net.core.somaxconn\":\"1\"}", .pointer = "/linux/sysctl/net.core.somaxconn", .text = "sysctl \"net.core.somaxconn\" not allowed in host network namespace"},
	/* root */
	{.linux_ = ",\"namespaces\":[{\"type\":\"pid\"}],\"maskedPaths\":[\"/x\"]", .pointer = "/linux/maskedPaths", .text = "unable to restrict sys entries without a private MNT namespace"},
	{.linux_ = ",\"namespaces\":[{\"type\":\"pid\"}],\"readonlyPaths\":[\"/x\"]", .pointer = "/linux/readonlyPaths", .text = "unable to restrict sys entries without a private MNT namespace"},
	{.linux_ = ",\"namespaces\":[{\"type\":\"pid\"}]", .rest = ",\"root\":{\"path\":\"r\",\"readonly\":true}", .pointer = "/root/readonly", .text = "needs a mount namespace"},
	{.linux_ = ",\"namespaces\":[{\"type\":\"pid\"}]", .pointer = "/root/path", .text = "must be absolute here", .how = EXEC},
	/* seccomp */
	{.linux_ = "," NS ",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_NOTIFY\"}", .pointer = "/linux/seccomp/listenerPath", .text = "is required, because SCMP_ACT_NOTIFY is used"},
	{.linux_ = "," NS ",\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"read\"],\"action\":\"SCMP_ACT_LOG\"},{\"names\":[\"write\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}", .pointer = "/linux/seccomp/listenerPath", .text = "is required, because SCMP_ACT_NOTIFY is used"},
	/* resctrl */
	{.linux_ = "," NS ",\"intelRdt\":{\"closID\":\"a/b\"}", .pointer = "/linux/intelRdt/closID", .text = "'a/b' is not the name of a resctrl group"},
	{.linux_ = "," NS ",\"intelRdt\":{\"closID\":\"..\"}", .pointer = "/linux/intelRdt/closID", .text = "'..' is not the name of a resctrl group"},
	{.linux_ = "," NS ",\"intelRdt\":{\"closID\":\".\"}", .pointer = "/linux/intelRdt/closID", .text = "'.' is not the name of a resctrl group"},
	{.linux_ = "," NS ",\"intelRdt\":{\"closID\":\"info\"}", .pointer = "/linux/intelRdt/closID", .text = "'info' is not the name of a resctrl group"},
	{.linux_ = "," NS ",\"intelRdt\":{\"closID\":\"mon_groups\"}", .pointer = "/linux/intelRdt/closID", .text = "'mon_groups' is not the name of a resctrl group"},
	{.linux_ = "," NS ",\"intelRdt\":{\"closID\":\"//\"}", .pointer = "/linux/intelRdt/closID", .text = "'//' is not the name of a resctrl group"},
	{.linux_ = "," NS ",\"intelRdt\":{\"closID\":\"x\",\"schemata\":[\"L3:0=f\",\"L3:0=f\\nMB:0=1\"]}", .pointer = "/linux/intelRdt/schemata/1", .text = "must be one line"},
	{.linux_ = "," NS ",\"intelRdt\":{\"schemata\":[\"\"]}", .pointer = "/linux/intelRdt/schemata/0", .text = "must be one line"},
	/* later */
	{.process = ",\"apparmorProfile\":\"x\"", .pointer = "/process/apparmorProfile", .text = NOT_ENABLED("AppArmor")},
	{.process = ",\"apparmorProfile\":\"x\"", .pointer = "/process/apparmorProfile", .text = NOT_ENABLED("AppArmor"), .how = EXEC},
	{.process = ",\"selinuxLabel\":\"x\"", .pointer = "/process/selinuxLabel", .text = NOT_ENABLED("SELinux")},
	{.process = ",\"selinuxLabel\":\"x\"", .pointer = "/process/selinuxLabel", .text = NOT_ENABLED("SELinux"), .how = EXEC},
	{.linux_ = ",\"namespaces\":[{\"type\":\"network\"},{\"type\":\"user\"}],\"netDevices\":{\"eth0\":{}}" MAPS("1000,\"size\":1"), .pointer = "/linux/netDevices", .text = "a rootless container cannot have any: to move an interface takes CAP_NET_ADMIN on the host", .how = ROOTLESS},
};
/* clang-format on */

static char *config(const struct row *row)
{
	const char *rest = row->rest ? row->rest : "";

	return str_printf(
		"{\"ociVersion\":\"1.2.0\",\"process\":{\"cwd\":\"/\",\"args\":[\"/bin/sh\"]%s},"
		"\"linux\":{\"cgroupsPath\":\"/x\"%s}%s%s}",
		row->process ? row->process : "", row->linux_ ? row->linux_ : "," NS, rest,
		strstr(rest, "\"root\"") ? "" : ",\"root\":{\"path\":\"r\"}");
}

static void prepare(struct fixture *f, enum how how)
{
	fixture_init(f);
	f->exec = how == EXEC;
	if (how == ROOTLESS)
		fixture_rootless(f);
	if (how == HYBRID)
		fixture_cgroups(f, CGROUP_HYBRID);
}

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		auto_free char *json = config(row);
		auto_free char *want = str_printf("%s: %s", row->pointer, row->text);
		struct fixture f;

		prepare(&f, row->how);
		if (fixture_plan(&f, json, strlen(json)) >= 0)
			fail_msg("row %zu: planned: %s", i, json);
		assert_string_equal(husk_error_message(f.error), want);
		assert_string_equal(husk_error_pointer(f.error), row->pointer);
		assert_null(f.plan.header);
		fixture_done(&f);
	}
	print_message("%zu rows\n", ARRAY_LEN(rows));
}

static void test_good(void **state)
{
	static const struct row good[] = {{}, {.linux_ = "," NS_USER MAPS("1000,\"size\":9")},
		{.linux_ = "," NS_USER MAPS("1000,\"size\":1"), .how = ROOTLESS},
		{.rest = MOUNT(BIND ",\"options\":[\"bind\"]")}, {.rest = MOUNT(TMPFS)},
		{.rest = ",\"hooks\":{}"},
		{.process = ",\"apparmorProfile\":\"\",\"selinuxLabel\":\"\""}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		auto_free char *json = config(&good[i]);
		struct fixture f;

		prepare(&f, good[i].how);
		if (fixture_plan(&f, json, strlen(json)) < 0)
			fail_msg("row %zu: %s", i, husk_error_message(f.error));
		fixture_done(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows), cmocka_unit_test(test_good)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
