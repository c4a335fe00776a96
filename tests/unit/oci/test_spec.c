// SPDX-License-Identifier: Apache-2.0
/*
 * Bad configurations with the exact text of the error, the rules between objects, and what must be
 * taken as it is.
 */
#include <base/error.h>
#include <base/mem.h>
#include <base/str.h>
#include <oci/check.h>
#include <oci/spec.h>
#include <schema/schema.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Every sample is put behind the version. */
static char *config(const char *members)
{
	return str_printf("{\"ociVersion\":\"1.0.2\"%s%s}", *members ? "," : "", members);
}

static struct oci_spec *must_parse(const char *members)
{
	auto_free char *text = config(members);
	struct oci_spec *spec = NULL;
	struct husk_error *err = NULL;

	if (oci_spec_parse(text, strlen(text), &spec, &err) < 0)
		fail_msg("%s: %s", text, husk_error_message(err));
	return spec;
}

static void expect_bad(const char *text, const char *message)
{
	struct oci_spec *spec = NULL;
	auto_error *err = NULL;

	if (oci_spec_parse(text, strlen(text), &spec, &err) >= 0)
		fail_msg("%s was accepted", text);
	assert_null(spec);
	assert_string_equal(husk_error_message(err), message);
	assert_int_equal(husk_error_code(err), HUSK_ERROR_INVALID_CONFIG);
}

#define LINUX(members) "\"linux\":{" members "}"
#define RESOURCES(members) LINUX("\"resources\":{" members "}")
#define PROCESS(members) "\"process\":{\"cwd\":\"/\"," members "}"
#define SECCOMP(members) LINUX("\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"," members "}")
#define USER_NS "\"namespaces\":[{\"type\":\"user\"}]"
#define ONE_MAP "[{\"containerID\":0,\"hostID\":1000,\"size\":1}]"

/* clang-format off */
static const struct {
	const char *members, *message;
} bad[] = {
	/* the root and the version */
	{"\"root\":{}", "/root/path: is required"},
	{"\"root\":{\"path\":\"\"}", "/root/path: must not be empty"},
	{"\"root\":{\"path\":\"r\",\"readonly\":1}", "/root/readonly: must be a boolean, is an integer"},
	{"\"hostname\":\"h\"", "/hostname: cannot be set without a uts namespace"},
	{"\"domainname\":\"d\",\"linux\":{}", "/domainname: cannot be set without a uts namespace"},
	{"\"annotations\":{\"a\":1}", "/annotations/a: must be a string, is an integer"},
	{"\"annotations\":{\"\":\"\"}", "/annotations/: the name must not be empty"},
	{"\"annotations\":{\"a\":\"\",\"a\":\"\"}",
		"line 1 column 45: the name 'a' occurs twice in one object"},
	/* process */
	{"\"process\":{}", "/process/cwd: is required"},
	{"\"process\":{\"cwd\":\"\"}", "/process/cwd: must be an absolute path, is ''"},
	{"\"process\":{\"cwd\":\"tmp\"}", "/process/cwd: must be an absolute path, is 'tmp'"},
	{PROCESS("\"args\":\"sh\""), "/process/args: must be an array, is a string"},
	{PROCESS("\"args\":[\"sh\",1]"), "/process/args/1: must be a string, is an integer"},
	{PROCESS("\"terminal\":\"yes\""), "/process/terminal: must be a boolean, is a string"},
	{PROCESS("\"user\":{\"uid\":4294967295}"), "/process/user/uid: must be between 0 and 4294967294, is 4294967295"},
	{PROCESS("\"user\":{\"uid\":4294967296}"), "/process/user/uid: must be between 0 and 4294967294, is 4294967296"},
	{PROCESS("\"user\":{\"gid\":-1}"), "/process/user/gid: must not be negative, is -1"},
	{PROCESS("\"user\":{\"additionalGids\":[1,4294967295]}"),
		"/process/user/additionalGids/1: must be between 0 and 4294967294, is 4294967295"},
	{PROCESS("\"user\":{\"umask\":512}"), "/process/user/umask: must be between 0 and 511, is 512"},
	{PROCESS("\"consoleSize\":{\"height\":1}"), "/process/consoleSize/width: is required"},
	{PROCESS("\"capabilities\":{\"bounding\":{}}"), "/process/capabilities/bounding: must be an array, is an object"},
	{PROCESS("\"rlimits\":[{\"type\":\"NOFILE\",\"soft\":1,\"hard\":1}]"),
		"/process/rlimits/0/type: must be a name like RLIMIT_NOFILE, is 'NOFILE'"},
	{PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1}]"), "/process/rlimits/0/hard: is required"},
	{PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":18446744073709551615,\"hard\":1}]"),
		"/process/rlimits/0: soft limit 18446744073709551615 is above the hard limit 1"},
	{PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":1},"
		"{\"type\":\"RLIMIT_CORE\",\"soft\":1,\"hard\":1},{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":1}]"),
		"/process/rlimits/2/type: 'RLIMIT_CPU' occurs twice"},
	{PROCESS("\"oomScoreAdj\":1001"), "/process/oomScoreAdj: must be between -1000 and 1000, is 1001"},
	{PROCESS("\"scheduler\":{\"policy\":\"SCHED_FIFI\"}"),
		"/process/scheduler/policy: unknown value 'SCHED_FIFI', did you mean 'SCHED_FIFO'?"},
	{PROCESS("\"scheduler\":{\"policy\":\"SCHED_RR\",\"flags\":[\"X\"]}"),
		"/process/scheduler/flags/0: unknown value 'X', must be one of: SCHED_FLAG_RESET_ON_FORK, "
		"SCHED_FLAG_RECLAIM, SCHED_FLAG_DL_OVERRUN, SCHED_FLAG_KEEP_POLICY, SCHED_FLAG_KEEP_PARAMS, "
		"SCHED_FLAG_UTIL_CLAMP_MIN, SCHED_FLAG_UTIL_CLAMP_MAX"},
	{PROCESS("\"scheduler\":{\"policy\":\"SCHED_ISO\"}"),
		"/process/scheduler/policy: SCHED_ISO is a name without a scheduler: no Linux has it"},
	{PROCESS("\"scheduler\":{\"policy\":\"SCHED_FIFO\"}"),
		"/process/scheduler/priority: must be between 1 and 99 for SCHED_FIFO, is 0"},
	{PROCESS("\"scheduler\":{\"policy\":\"SCHED_RR\",\"priority\":100}"),
		"/process/scheduler/priority: must be between 1 and 99 for SCHED_RR, is 100"},
	{PROCESS("\"scheduler\":{\"policy\":\"SCHED_RR\",\"priority\":-1}"),
		"/process/scheduler/priority: must be between 1 and 99 for SCHED_RR, is -1"},
	{PROCESS("\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"priority\":1}"),
		"/process/scheduler/priority: is for SCHED_FIFO and SCHED_RR only"},
	{PROCESS("\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"priority\":1}"),
		"/process/scheduler/priority: is for SCHED_FIFO and SCHED_RR only"},
	{PROCESS("\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"nice\":20}"),
		"/process/scheduler/nice: must be between -20 and 19, is 20"},
	{PROCESS("\"scheduler\":{\"policy\":\"SCHED_IDLE\",\"nice\":-21}"),
		"/process/scheduler/nice: must be between -20 and 19, is -21"},
	{PROCESS("\"scheduler\":{\"policy\":\"SCHED_IDLE\",\"nice\":1}"),
		"/process/scheduler/nice: is for SCHED_OTHER and SCHED_BATCH only"},
	{PROCESS("\"scheduler\":{\"policy\":\"SCHED_FIFO\",\"priority\":1,\"nice\":1}"),
		"/process/scheduler/nice: is for SCHED_OTHER and SCHED_BATCH only"},
	{PROCESS("\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"runtime\":1}"),
		"/process/scheduler/runtime: is for SCHED_DEADLINE only"},
	{PROCESS("\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"deadline\":1}"),
		"/process/scheduler/deadline: is for SCHED_DEADLINE only"},
	{PROCESS("\"scheduler\":{\"policy\":\"SCHED_BATCH\",\"period\":1}"),
		"/process/scheduler/period: is for SCHED_DEADLINE only"},
	{PROCESS("\"scheduler\":{\"policy\":\"SCHED_DEADLINE\"}"),
		"/process/scheduler/runtime: must be at least 1024 (nanoseconds) for SCHED_DEADLINE, is 0"},
	{PROCESS("\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":2000,\"deadline\":1999}"),
		"/process/scheduler/deadline: must be between the runtime (2000) and 9223372036854775807, is 1999"},
	{PROCESS("\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":2000,\"deadline\":9223372036854775808}"),
		"/process/scheduler/deadline: must be between the runtime (2000) and 9223372036854775807, is 9223372036854775808"},
	{PROCESS("\"scheduler\":{\"policy\":\"SCHED_DEADLINE\",\"runtime\":2000,\"deadline\":3000,\"period\":2999}"),
		"/process/scheduler/period: must be 0 or between the deadline (3000) and 9223372036854775807, is 2999"},
	{PROCESS("\"execCPUAffinity\":{\"initial\":\"3-1\"}"),
		"/process/execCPUAffinity/initial: must be a list of CPUs like 0-3,7, is '3-1'"},
	{PROCESS("\"execCPUAffinity\":{\"final\":\"0,,1\"}"),
		"/process/execCPUAffinity/final: must be a list of CPUs like 0-3,7, is '0,,1'"},
	{PROCESS("\"execCPUAffinity\":{\"final\":\"8192\"}"),
		"/process/execCPUAffinity/final: must be a list of CPUs like 0-3,7, is '8192'"},
	{PROCESS("\"execCPUAffinity\":{\"initial\":\"0 1\"}"),
		"/process/execCPUAffinity/initial: must be a list of CPUs like 0-3,7, is '0 1'"},
	{LINUX("\"memoryPolicy\":{\"nodes\":\"1024\"}"),
		"/linux/memoryPolicy/nodes: must be a list of nodes like 0-3,7, is '1024'"},
	{PROCESS("\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":8}"),
		"/process/ioPriority/priority: must be between 0 and 7, is 8"},
	{PROCESS("\"execCPUAffinity\":{\"initial\":\"a\"}"),
		"/process/execCPUAffinity/initial: must be a list of CPUs like 0-3,7, is 'a'"},
	/* mounts and hooks */
	{"\"mounts\":{}", "/mounts: must be an array, is an object"},
	{"\"mounts\":[{}]", "/mounts/0/destination: is required"},
	{"\"mounts\":[{\"destination\":\"\"}]", "/mounts/0/destination: must not be empty"},
	{"\"mounts\":[{\"destination\":\"/a\",\"options\":\"ro\"}]", "/mounts/0/options: must be an array, is a string"},
	{"\"mounts\":[{\"destination\":\"/a\",\"uidMappings\":" ONE_MAP "}]",
		"/mounts/0: uidMappings and gidMappings must be given together"},
	{"\"hooks\":{\"poststop\":[{}]}", "/hooks/poststop/0/path: is required"},
	{"\"hooks\":{\"prestart\":[{\"path\":\"x\"}]}", "/hooks/prestart/0/path: must be an absolute path, is 'x'"},
	{"\"hooks\":{\"poststart\":[{\"path\":\"/x\",\"timeout\":0}]}", "/hooks/poststart/0/timeout: must be at least 1, is 0"},
	{"\"hooks\":{\"poststart\":[{\"path\":\"/x\",\"timeout\":1.5}]}",
		"/hooks/poststart/0/timeout: must be an integer, is a number with a fraction or exponent"},
	/* linux */
	{LINUX("\"namespaces\":[{\"type\":\"pidd\"}]"), "/linux/namespaces/0/type: unknown value 'pidd', did you mean 'pid'?"},
	{LINUX("\"namespaces\":[{\"path\":\"/x\"}]"), "/linux/namespaces/0/type: is required"},
	{LINUX("\"namespaces\":[{\"type\":\"pid\",\"path\":\"x\"}]"),
		"/linux/namespaces/0/path: must be an absolute path, is 'x'"},
	{LINUX("\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"uts\"},{\"type\":\"pid\",\"path\":\"/p\"}]"),
		"/linux/namespaces/2/type: 'pid' occurs twice"},
	{LINUX("\"uidMappings\":" ONE_MAP), "/linux/uidMappings: cannot be set without a user namespace"},
	{LINUX("\"gidMappings\":" ONE_MAP), "/linux/gidMappings: cannot be set without a user namespace"},
	{LINUX(USER_NS), "/linux/uidMappings: is required for a new user namespace"},
	{LINUX(USER_NS ",\"uidMappings\":" ONE_MAP), "/linux/gidMappings: is required for a new user namespace"},
	{LINUX("\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":0}]"),
		"/linux/uidMappings/0/size: must be between 1 and 4294967295, is 0"},
	{LINUX("\"uidMappings\":[{\"containerID\":0,\"hostID\":1,\"size\":4294967295},"
		"{\"containerID\":1,\"hostID\":4294967295,\"size\":2}]"),
		"/linux/uidMappings/1: reaches beyond the id 4294967295"},
	{LINUX("\"timeOffsets\":{\"boottime\":{\"secs\":1}}"), "/linux/timeOffsets: cannot be set without a time namespace"},
	{LINUX("\"timeOffsets\":{},\"namespaces\":[{\"type\":\"time\",\"path\":\"/p\"}]"),
		"/linux/timeOffsets: cannot be set for a time namespace that exists already"},
	{LINUX("\"timeOffsets\":{\"monotonic\":{\"nanosecs\":1000000000}}"),
		"/linux/timeOffsets/monotonic/nanosecs: must be between 0 and 999999999, is 1000000000"},
	{LINUX("\"devices\":[{\"path\":\"/dev/x\",\"type\":\"x\"}]"),
		"/linux/devices/0/type: unknown value 'x', must be one of: c, b, u, p"},
	{LINUX("\"devices\":[{\"path\":\"/dev/x\",\"type\":\"c\",\"major\":1}]"),
		"/linux/devices/0: a device of type 'c' needs major and minor"},
	{LINUX("\"devices\":[{\"path\":\"dev/x\",\"type\":\"p\"}]"),
		"/linux/devices/0/path: must be an absolute path, is 'dev/x'"},
	{LINUX("\"devices\":[{\"path\":\"/x\",\"type\":\"b\",\"major\":4096,\"minor\":0}]"),
		"/linux/devices/0/major: must be between 0 and 4095, is 4096"},
	{LINUX("\"devices\":[{\"path\":\"/x\",\"type\":\"p\",\"fileMode\":65536}]"),
		"/linux/devices/0/fileMode: must be between 0 and 65535, is 65536"},
	{LINUX("\"netDevices\":{\"eth0\":{}}"), "/linux/netDevices: cannot be set without a network namespace"},
	{LINUX("\"netDevices\":{\"eth/0\":{}}"), "/linux/netDevices/eth~10: 'eth/0' is not the name of an interface"},
	{LINUX("\"netDevices\":{\"e\":{\"name\":\"sixteen-letters-\"}}"),
		"/linux/netDevices/e/name: must be the name of an interface, is 'sixteen-letters-'"},
	{LINUX("\"namespaces\":[{\"type\":\"network\"}],\"netDevices\":{\"a\":{\"name\":\"c\"},\"b\":{},\"c\":{}}"),
		"/linux/netDevices/c: 'a' would be called 'c', too"},
	{LINUX("\"namespaces\":[{\"type\":\"network\"}],\"netDevices\":{\"a%d\":{}}"),
		"/linux/netDevices/a%d: 'a%d' is not the name of an interface"},
	{LINUX("\"netDevices\":{\"a\":{\"name\":\"b%s\"}}"),
		"/linux/netDevices/a/name: must be the name of an interface, is 'b%s'"},
	{LINUX("\"netDevices\":{\"a\":{\"name\":\"b%d%d\"}}"),
		"/linux/netDevices/a/name: must be the name of an interface, is 'b%d%d'"},
	{LINUX("\"netDevices\":{\"a\":{\"name\":\"b c\"}}"),
		"/linux/netDevices/a/name: must be the name of an interface, is 'b c'"},
	{LINUX("\"netDevices\":{\"a\":{\"name\":\"b:c\"}}"),
		"/linux/netDevices/a/name: must be the name of an interface, is 'b:c'"},
	{LINUX("\"rootfsPropagation\":\"none\""),
		"/linux/rootfsPropagation: unknown value 'none', must be one of: private, shared, slave, unbindable, "
		"rprivate, rshared, rslave, runbindable"},
	{LINUX("\"personality\":{\"domain\":\"LINUX64\"}"),
		"/linux/personality/domain: unknown value 'LINUX64', did you mean 'LINUX'?"},
	{LINUX("\"sysctl\":{\"net.core.somaxconn\":256}"),
		"/linux/sysctl/net.core.somaxconn: must be a string, is an integer"},
	{LINUX("\"maskedPaths\":[null]"), "/linux/maskedPaths/0: must be a string, is null"},
	{LINUX("\"intelRdt\":{\"memBwSchema\":\"L3:0=f\"}"),
		"/linux/intelRdt/memBwSchema: must be one line that begins with MB:, is 'L3:0=f'"},
	{LINUX("\"memoryPolicy\":{\"nodes\":\"x\"}"),
		"/linux/memoryPolicy/nodes: must be a list of nodes like 0-3,7, is 'x'"},
	/* seccomp */
	{LINUX("\"seccomp\":{}"), "/linux/seccomp/defaultAction: is required"},
	{SECCOMP("\"architectures\":[\"SCMP_ARCH_X68\"]"),
		"/linux/seccomp/architectures/0: unknown value 'SCMP_ARCH_X68', did you mean 'SCMP_ARCH_X86'?"},
	{SECCOMP("\"flags\":[\"NONE\"]"),
		"/linux/seccomp/flags/0: unknown value 'NONE', must be one of: SECCOMP_FILTER_FLAG_TSYNC, "
		"SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_SPEC_ALLOW, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"},
	{SECCOMP("\"syscalls\":[{\"names\":[],\"action\":\"SCMP_ACT_KILL\"}]"),
		"/linux/seccomp/syscalls/0/names: must not be empty"},
	{SECCOMP("\"syscalls\":[{\"names\":[\"x\"],\"action\":\"SCMP_ACT_KILL\",\"args\":[{\"index\":6,\"value\":0,"
		"\"op\":\"SCMP_CMP_EQ\"}]}]"),
		"/linux/seccomp/syscalls/0/args/0/index: must be between 0 and 5, is 6"},
	/* resources */
	{RESOURCES("\"memory\":{\"limit\":-2}"), "/linux/resources/memory/limit: must be at least -1, is -2"},
	{RESOURCES("\"memory\":{\"limit\":4096,\"swap\":1024}"),
		"/linux/resources/memory/swap: must not be smaller than limit (4096)"},
	{RESOURCES("\"memory\":{\"limit\":\"1g\"}"), "/linux/resources/memory/limit: must be an integer, is a string"},
	{RESOURCES("\"memory\":{\"swappiness\":101}"),
		"/linux/resources/memory/swappiness: must be between 0 and 100, is 101"},
	{RESOURCES("\"cpu\":{\"shares\":-1}"), "/linux/resources/cpu/shares: must not be negative, is -1"},
	{RESOURCES("\"cpu\":{\"cpus\":\"0;1\"}"), "/linux/resources/cpu/cpus: must be a list like 0-3,7, is '0;1'"},
	{RESOURCES("\"cpu\":{\"idle\":2}"), "/linux/resources/cpu/idle: must be between 0 and 1, is 2"},
	{RESOURCES("\"pids\":{}"), "/linux/resources/pids/limit: is required"},
	{RESOURCES("\"blockIO\":{\"weight\":65536}"), "/linux/resources/blockIO/weight: must be between 0 and 65535, is 65536"},
	{RESOURCES("\"blockIO\":{\"weightDevice\":[{\"major\":8}]}"), "/linux/resources/blockIO/weightDevice/0/minor: is required"},
	{RESOURCES("\"hugepageLimits\":[{\"pageSize\":\"02MB\",\"limit\":1}]"),
		"/linux/resources/hugepageLimits/0/pageSize: must be a page size like 2MB, is '02MB'"},
	{RESOURCES("\"network\":{\"classID\":4294967296}"),
		"/linux/resources/network/classID: must be between 0 and 4294967295, is 4294967296"},
	{RESOURCES("\"devices\":[{\"type\":\"c\"}]"), "/linux/resources/devices/0/allow: is required"},
	{RESOURCES("\"devices\":[{\"allow\":true,\"access\":\"rwx\"}]"),
		"/linux/resources/devices/0/access: must be made of the letters r, w and m, is 'rwx'"},
	{RESOURCES("\"unified\":{\"cgroup.procs\":\"1\"}"),
		"/linux/resources/unified/cgroup.procs: 'cgroup.procs' is no limit, but controls the cgroup"},
	{RESOURCES("\"unified\":{\"cgroup.freeze\":\"1\",\"cgroup.pressure\":\"0\",\"cgroup.max.depth\":\"3\"}"),
		"/linux/resources/unified/cgroup.freeze: 'cgroup.freeze' is no limit, but controls the cgroup"},
	{RESOURCES("\"unified\":{\"../x\":\"1\"}"), "/linux/resources/unified/..~1x: '../x' is not a file name"},
	/* other platforms are ignored, but not when they are wrong */
	{"\"windows\":{\"layerFolders\":[]}", "/windows/layerFolders: must not be empty"},
	{"\"vm\":{}", "/vm/kernel: is required"},
};
/* clang-format on */

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		auto_free char *text = config(bad[i].members);

		expect_bad(text, bad[i].message);
	}
	expect_bad("{}", "/ociVersion: is required");
	expect_bad("[]", "/: must be an object, is an array");
	expect_bad("{\"ociVersion\":\"x\"}", "/ociVersion: 'x' is not a semantic version");
	expect_bad("{\"ociVersion\":\"2.0.0\"}",
		"/ociVersion: version '2.0.0' is not supported, only 1.0.0 to 1.3.0");
	expect_bad("{\"ociVersion\":\"1.0.0\",}",
		"line 1 column 23: a comma before the closing brace");
}

/* What engines send and must not be refused. */
static void test_good(void **state)
{
	static const char *const good[] = {"", "\"root\":null,\"process\":null,\"linux\":null",
		"\"future\":[1e400]", "\"hostname\":\"\"",
		"\"hostname\":\"h\",\"linux\":{\"namespaces\":[{\"type\":\"uts\"}]}",
		"\"hostname\":\"h\",\"linux\":{\"namespaces\":[{\"type\":\"uts\",\"path\":\"/proc/"
		"1/ns/uts\"}]}",
		LINUX("\"namespaces\":[{\"type\":\"user\",\"path\":\"/proc/1/ns/user\"}]"),
		LINUX(USER_NS ",\"uidMappings\":" ONE_MAP ",\"gidMappings\":" ONE_MAP),
		LINUX("\"timeOffsets\":{},\"namespaces\":[{\"type\":\"time\",\"path\":\"\"}]"),
		LINUX("\"rootfsPropagation\":\"\""), LINUX("\"rootfsPropagation\":\"rslave\""),
		LINUX("\"maskedPaths\":[\"/proc/kcore\",\"relative\"]"),
		LINUX("\"devices\":[{\"path\":\"/dev/p\",\"type\":\"p\",\"fileMode\":4095}]"),
		/* podman: with the type bits */
		LINUX("\"devices\":[{\"path\":\"/dev/"
		      "f\",\"type\":\"c\",\"major\":10,\"minor\":229,\"fileMode\":8576}]"),
		RESOURCES("\"devices\":[{\"allow\":false,\"access\":\"rwm\"},{\"allow\":true,"
			  "\"type\":\"\",\"major\":-1}]"),
		RESOURCES("\"memory\":{\"limit\":4096,\"swap\":-1}"),
		RESOURCES("\"memory\":{\"limit\":4096,\"swap\":0}"),
		RESOURCES("\"pids\":{\"limit\":0}"), RESOURCES("\"cpu\":{\"cpus\":\"\"}"),
		"\"mounts\":[{\"destination\":\"relative\",\"options\":[]}]",
		"\"mounts\":[{\"destination\":\"/a\","
		"\"uidMappings\":" ONE_MAP ",\"gidMappings\":" ONE_MAP "}]",
		PROCESS("\"capabilities\":{\"bounding\":[\"CAP_FUTURE\"]}"),
		"\"windows\":{\"layerFolders\":[\"c\"],\"credentialSpec\":{\"any\":[\"thing\"]}}"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		oci_spec_free(must_parse(good[i]));
	oci_spec_free(NULL);
}

static void test_values(void **state)
{
	struct oci_spec *spec =
		must_parse(PROCESS("\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\","
				   "\"soft\":18446744073709551614,\"hard\":"
				   "18446744073709551615}]") "," LINUX("\"namespaces\":[{"
								       "\"type\":\"pid\"},{"
								       "\"type\":"
								       "\"network\","
								       "\"path\":\"/n\"},"
								       "{\"type\":\"ipc\","
								       "\"path\":\"\"}],"
								       "\"seccomp\":{"
								       "\"defaultAction\":"
								       "\"SCMP_ACT_ERRNO\","
								       "\"flags\":[]},"
								       "\"devices\":[{"
								       "\"path\":\"/"
								       "d\",\"type\":\"u\","
								       "\"major\":4095,"
								       "\"minor\":1048575}"
								       "]") ","
									    "\"annotations"
									    "\":{\"z\":"
									    "\"1\",\"a\":"
									    "\"2\"}");
	auto_free char *text = NULL;

	(void)state;
	assert_true(spec->process->rlimits.v[0].hard.value == UINT64_MAX);
	assert_true(spec->process->rlimits.v[0].soft.value == UINT64_MAX - 1);
	assert_true(oci_linux_new_namespace(spec->linux, OCI_NS_PID));
	assert_false(oci_linux_new_namespace(spec->linux, OCI_NS_NETWORK));
	assert_string_equal(oci_linux_namespace(spec->linux, OCI_NS_NETWORK)->path, "/n");
	assert_true(oci_linux_new_namespace(spec->linux, OCI_NS_IPC));
	assert_null(oci_linux_namespace(spec->linux, OCI_NS_USER));
	assert_null(oci_linux_namespace(NULL, OCI_NS_USER));
	assert_true(spec->linux->seccomp->flags.v && !spec->linux->seccomp->flags.n);
	assert_null(spec->linux->seccomp->architectures.v);
	assert_int_equal(spec->linux->devices.v[0].type.value, OCI_DEVICE_UNBUFFERED);
	assert_string_equal(oci_string_map_get(&spec->annotations, "a"), "2");
	assert_null(oci_string_map_get(&spec->annotations, "b"));
	assert_int_equal(oci_spec_emit(spec, 0, &text, NULL), 0);
	assert_non_null(
		strstr(text, "\"hard\":18446744073709551615,\"soft\":18446744073709551614"));
	assert_non_null(strstr(text, "\"annotations\":{\"z\":\"1\",\"a\":\"2\"}"));
	oci_spec_free(spec);
}

static void test_runnable(void **state)
{
	static const struct {
		const char *members, *message;
	} rows[] = {
		{"", "/root: is required"},
		{"\"root\":{\"path\":\"r\"}", "/process: is required"},
		{"\"root\":{\"path\":\"r\"},\"process\":{\"cwd\":\"/\"}",
			"/process/args: must not be empty"},
		{"\"root\":{\"path\":\"r\"}," PROCESS("\"args\":[]"),
			"/process/args: must not be empty"},
		{"\"root\":{\"path\":\"r\"}," PROCESS("\"args\":[\"\"]"),
			"/process/args/0: must not be empty"},
		{"\"root\":{\"path\":\"r\"}," PROCESS("\"args\":[\"sh\"]"), NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct oci_spec *spec = must_parse(rows[i].members);
		auto_error *err = NULL;
		int r = oci_check_runnable(spec, &err);

		oci_spec_free(spec);
		if (!rows[i].message) {
			assert_int_equal(r, 0);
			continue;
		}
		assert_true(r < 0);
		assert_string_equal(husk_error_message(err), rows[i].message);
	}
}

static void collect(void *data, const struct schema_finding *f)
{
	static const char *const severities[] = {"error", "warning", "note"};

	strbuf_printf(data, "%s %s: %s%s%s\n", severities[f->severity], f->pointer, f->message,
		f->suggestion ? " -> " : "", f->suggestion ? f->suggestion : "");
}

/* All problems at once: of rows, of objects, of rules; also where the version is missing. */
static void test_validate(void **state)
{
	static const char text[] =
		"{\"hostname\":\"h\",\"process\":{\"cwd\":\"x\"},\"extra\":1,\"linux\":{"
		"\"namespaces\":[{\"type\":\"q\"},"
		"{\"type\":\"pid\"},{\"type\":\"pid\"}],\"uidMappings\":[{\"containerID\":0,"
		"\"hostID\":0,\"size\":1}],"
		"\"resources\":{\"memory\":{\"kernel\":1,\"limit\":2,\"swap\":1}}}}";
	struct husk_error *err = NULL;
	auto_strbuf heard = {};
	struct schema_report report = {.err = &err, .sink = collect, .sink_data = &heard};

	(void)state;
	assert_int_equal(oci_spec_validate(text, strlen(text), &report), 0);
	assert_string_equal(strbuf_text(&heard),
		"error /process/cwd: must be an absolute path, is 'x'\n"
		"note /extra: unknown property\n"
		"error /linux/namespaces/0/type: unknown value 'q', must be one of: mount, pid, "
		"network, uts, ipc, user, "
		"cgroup, time\n"
		"note /linux/resources/memory/kernel: deprecated\n"
		"error /linux/resources/memory/swap: must not be smaller than limit (2)\n"
		"error /ociVersion: is required\n"
		"error /hostname: cannot be set without a uts namespace\n"
		"error /linux/namespaces/2/type: 'pid' occurs twice\n"
		"error /linux/uidMappings: cannot be set without a user namespace\n");
	assert_int_equal(report.problems, 7);
	assert_null(err);
	assert_true(oci_spec_validate("{", 1, &report) < 0);
	assert_string_equal(
		husk_error_message(err), "line 1 column 2: the text ends inside an object");
	husk_error_free(err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_runnable),
		cmocka_unit_test(test_validate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
