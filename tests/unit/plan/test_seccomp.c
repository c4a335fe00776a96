// SPDX-License-Identifier: Apache-2.0
/*
 * Compiled seccomp profiles are run by a small interpreter of classic BPF, call by call: what counts is the verdict,
 * not the instructions, which differ between versions of libseccomp.
 */
#include "fixture.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <oci/seccomp.h>
#include <sys/syscall.h>

#if defined(HAVE_SECCOMP) && \
	(defined(__x86_64__) || defined(__aarch64__) || (defined(__riscv) && __riscv_xlen == 64))

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#else
#define NATIVE AUDIT_ARCH_RISCV64
#endif

static bool jumps(uint16_t code, uint32_t a, uint32_t k)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	case BPF_JSET:
		return a & k;
	default:
		fail_msg("jump 0x%x", code);
		return false;
	}
}

static uint32_t run(const struct sock_filter *code, size_t n, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < n; pc++) {
		const struct sock_filter *i = &code[pc];

		if (i->code == (BPF_RET | BPF_K))
			return i->k;
		else if (i->code == (BPF_LD | BPF_W | BPF_ABS) && i->k + 4 <= sizeof *data)
			memcpy(&a, (const char *)data + i->k, 4);
		else if (i->code == (BPF_ALU | BPF_AND | BPF_K))
			a &= i->k;
		else if (i->code == (BPF_JMP | BPF_JA))
			pc += i->k;
		else if (BPF_CLASS(i->code) == BPF_JMP)
			pc += jumps(i->code, a, i->k) ? i->jt : i->jf;
		else
			fail_msg("instruction 0x%x", i->code);
	}
	fail_msg("the filter has no end");
	return 0;
}

/* A container with that profile (text in single quotes). */
static void load(struct fixture *f, const char *profile, bool no_new_privileges)
{
	auto_free char *json = str_printf(
		"{'ociVersion':'1.2.0','process':{'cwd':'/','args':['/bin/"
		"sh'],'noNewPrivileges':%s},"
		"'root':{'path':'r'},'linux':{'namespaces':[{'type':'mount'}],'seccomp':%s}}",
		no_new_privileges ? "true" : "false", profile);

	for (char *c = json; *c; c++)
		*c = *c == '\'' ? '"' : *c;
	fixture_init(f);
	if (fixture_plan(f, json, strlen(json)) < 0)
		fail_msg("%s", husk_error_message(f->error));
}

static const struct plan_op *seccomp_op(const struct fixture *f, uint32_t *ret_index)
{
	const struct plan_header *plan = f->plan.header;

	for (uint32_t i = 0; i < plan->ops.count; i++)
		if (plan_ops(plan)[i].kind == PLAN_SECCOMP) {
			*ret_index = i;
			return &plan_ops(plan)[i];
		}
	fail_msg("no filter in the plan");
	return NULL;
}

static uint32_t verdict(const struct fixture *f, int call, uint64_t arg0, uint64_t arg1)
{
	uint32_t index;
	const struct plan_op *op = seccomp_op(f, &index);
	struct seccomp_data data = {.nr = call, .arch = NATIVE, .args = {arg0, arg1}};

	return run(plan_bytes(f->plan.header, op->seccomp.filter),
		op->seccomp.filter.size / sizeof(struct sock_filter), &data);
}

static void test_actions(void **state)
{
	struct fixture f;

	(void)state;
	load(&f,
		"{'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':38,'syscalls':["
		"{'names':['read','no_such_call','write'],'action':'SCMP_ACT_ALLOW'},"
		"{'names':['mkdirat'],'action':'SCMP_ACT_ERRNO'},"
		"{'names':['openat'],'action':'SCMP_ACT_ERRNO','errnoRet':13},"
		"{'names':['unlinkat'],'action':'SCMP_ACT_ERRNO','errnoRet':38},"
		"{'names':['ptrace'],'action':'SCMP_ACT_KILL_PROCESS'},"
		"{'names':['reboot'],'action':'SCMP_ACT_KILL'},"
		"{'names':['chroot'],'action':'SCMP_ACT_TRAP'},"
		"{'names':['setns'],'action':'SCMP_ACT_TRACE','errnoRet':7},"
		"{'names':['mount'],'action':'SCMP_ACT_LOG'}]}",
		false);
	assert_int_equal(verdict(&f, SYS_read, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(&f, SYS_write, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(&f, SYS_getpid, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(verdict(&f, SYS_mkdirat, 0, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(verdict(&f, SYS_openat, 0, 0), SECCOMP_RET_ERRNO | EACCES);
	assert_int_equal(verdict(&f, SYS_unlinkat, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(verdict(&f, SYS_ptrace, 0, 0), SECCOMP_RET_KILL_PROCESS);
	assert_int_equal(verdict(&f, SYS_reboot, 0, 0), SECCOMP_RET_KILL_THREAD);
	assert_int_equal(verdict(&f, SYS_chroot, 0, 0), SECCOMP_RET_TRAP);
	assert_int_equal(verdict(&f, SYS_setns, 0, 0), SECCOMP_RET_TRACE | 7);
	assert_int_equal(verdict(&f, SYS_mount, 0, 0), SECCOMP_RET_LOG);
	fixture_done(&f);
}

static void test_arguments(void **state)
{
	struct fixture f;

	(void)state;
	load(&f,
		"{'defaultAction':'SCMP_ACT_ALLOW','syscalls':["
		"{'names':['socket'],'action':'SCMP_ACT_ERRNO','args':["
		"{'index':0,'value':40,'op':'SCMP_CMP_EQ'},{'index':1,'value':5,'op':'SCMP_CMP_NE'}"
		"]},"
		"{'names':['kill'],'action':'SCMP_ACT_ERRNO','args':["
		"{'index':0,'value':3,'op':'SCMP_CMP_EQ'},{'index':0,'value':9,'op':'SCMP_CMP_GT'}]"
		"},"
		"{'names':['clone'],'action':'SCMP_ACT_ERRNO','args':["
		"{'index':0,'value':2114060288,'valueTwo':268435456,'op':'SCMP_CMP_MASKED_EQ'}]}]}",
		false);
	assert_int_equal(verdict(&f, SYS_socket, 40, 1), SECCOMP_RET_ERRNO | EPERM); /* and */
	assert_int_equal(verdict(&f, SYS_socket, 40, 5), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(&f, SYS_socket, 1, 1), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(&f, SYS_kill, 3, 0), SECCOMP_RET_ERRNO | EPERM); /* or */
	assert_int_equal(verdict(&f, SYS_kill, 9, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(&f, SYS_kill, UINT64_C(1) << 40, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(verdict(&f, SYS_clone, 0x10000011, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(verdict(&f, SYS_clone, 0x11, 0), SECCOMP_RET_ALLOW);
	fixture_done(&f);
}

/* Where the filter stands, and with which flags. */
static void test_place(void **state)
{
	uint32_t identity = 0, ready = 0, at;
	struct fixture f;

	(void)state;
	for (int late = 0; late < 2; late++) {
		load(&f, "{'defaultAction':'SCMP_ACT_ALLOW'}", late);
		for (uint32_t i = 0; i < f.plan.header->ops.count; i++) {
			if (plan_ops(f.plan.header)[i].kind == PLAN_IDENTITY)
				identity = i;
			if (plan_ops(f.plan.header)[i].kind == PLAN_READY)
				ready = i;
		}
		assert_int_equal(
			seccomp_op(&f, &at)->seccomp.flags, SECCOMP_FILTER_FLAG_SPEC_ALLOW);
		assert_true(late ? at > ready : at < identity);
		fixture_done(&f);
	}
	load(&f, "{'defaultAction':'SCMP_ACT_ALLOW','flags':[]}", true);
	assert_int_equal(seccomp_op(&f, &at)->seccomp.flags, 0);
	fixture_done(&f);
	load(&f,
		"{'defaultAction':'SCMP_ACT_ALLOW','flags':['SECCOMP_FILTER_FLAG_LOG',"
		"'SECCOMP_FILTER_FLAG_TSYNC']}",
		true);
	assert_int_equal(seccomp_op(&f, &at)->seccomp.flags, SECCOMP_FILTER_FLAG_LOG);
	fixture_done(&f);
}

static void test_archs(void **state)
{
	struct seccomp_data foreign = {.nr = 0, .arch = AUDIT_ARCH_S390X};
	const struct plan_op *op;
	struct fixture f;
	uint32_t at;

	(void)state;
	load(&f,
		"{'defaultAction':'SCMP_ACT_ALLOW','architectures':['SCMP_ARCH_X86_64','SCMP_ARCH_"
		"X86',"
		"'SCMP_ARCH_AARCH64']}",
		false);
	assert_int_equal(verdict(&f, SYS_read, 0, 0), SECCOMP_RET_ALLOW);
	op = seccomp_op(&f, &at);
	assert_int_equal(run(plan_bytes(f.plan.header, op->seccomp.filter),
				 op->seccomp.filter.size / sizeof(struct sock_filter), &foreign),
		SECCOMP_RET_KILL_THREAD);
	fixture_done(&f);
}

static uint32_t verdict_of_arch(const struct fixture *f, uint32_t arch, uint32_t call)
{
	struct seccomp_data data = {.nr = (int)call, .arch = arch};
	uint32_t index;
	const struct plan_op *op = seccomp_op(f, &index);

	return run(plan_bytes(f->plan.header, op->seccomp.filter),
		op->seccomp.filter.size / sizeof(struct sock_filter), &data);
}

/* Calls that are newer than any the profile names are unknown, not forbidden. */
static void test_newer(void **state)
{
	struct fixture f;

	(void)state;
	load(&f,
		"{'defaultAction':'SCMP_ACT_ERRNO','syscalls':[{'names':['read','write','statx'],"
		"'action':'SCMP_ACT_ALLOW'},{'names':['no_such_call'],'action':'SCMP_ACT_ALLOW'}]}",
		false);
	assert_int_equal(verdict(&f, SYS_read, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(&f, SYS_statx, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(&f, SYS_statx - 1, 0, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(verdict(&f, SYS_getpid, 0, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(verdict(&f, SYS_statx + 1, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(verdict(&f, 1000000, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
	fixture_done(&f);
	/* a rule that says what the default says names the call all the same */
	load(&f,
		"{'defaultAction':'SCMP_ACT_ERRNO','syscalls':[{'names':['read'],'action':"
		"'SCMP_ACT_ALLOW'},{'names':['statx'],'action':'SCMP_ACT_ERRNO'}]}",
		false);
	assert_int_equal(verdict(&f, SYS_statx, 0, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(verdict(&f, SYS_statx + 1, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
	fixture_done(&f);
}

/* Only where a newer call would be refused with another error: who wants a call to kill gets that. */
static void test_newer_elsewhere(void **state)
{
	static const struct {
		const char *start;
		uint32_t verdict;
	} rows[] = {
		{"'SCMP_ACT_ALLOW'", SECCOMP_RET_ALLOW},
		{"'SCMP_ACT_LOG'", SECCOMP_RET_LOG},
		{"'SCMP_ACT_KILL_PROCESS'", SECCOMP_RET_KILL_PROCESS},
		{"'SCMP_ACT_TRAP'", SECCOMP_RET_TRAP},
		{"'SCMP_ACT_ERRNO','defaultErrnoRet':38", SECCOMP_RET_ERRNO | ENOSYS},
		{"'SCMP_ACT_ERRNO','defaultErrnoRet':13", SECCOMP_RET_ERRNO | ENOSYS},
	};
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		auto_free char *profile =
			str_printf("{'defaultAction':%s,'syscalls':[{'names':['read'],'action':"
				   "'SCMP_ACT_TRACE'}]}",
				rows[i].start);

		load(&f, profile, false);
		assert_int_equal(verdict(&f, SYS_read, 0, 0), SECCOMP_RET_TRACE | EPERM);
		assert_int_equal(verdict(&f, 5000, 0, 0), rows[i].verdict);
		fixture_done(&f);
	}
	/* without a call to measure by nothing is known to be newer */
	load(&f, "{'defaultAction':'SCMP_ACT_ERRNO'}", false);
	assert_int_equal(verdict(&f, 5000, 0, 0), SECCOMP_RET_ERRNO | EPERM);
	fixture_done(&f);
}

#ifdef __x86_64__
/* Each architecture has numbers of its own; x32 has those of x86_64 with a bit set. */
static void test_newer_archs(void **state)
{
	enum { X32 = 0x40000000, STATX_386 = 383 };
	struct fixture f;

	(void)state;
	load(&f,
		"{'defaultAction':'SCMP_ACT_ERRNO','architectures':['SCMP_ARCH_X86_64',"
		"'SCMP_ARCH_X86','SCMP_ARCH_X32','SCMP_ARCH_AARCH64','SCMP_ARCH_ARM'],'syscalls':["
		"{'names':['read','statx','set_tls'],'action':'SCMP_ACT_ALLOW'}]}",
		false);
	assert_int_equal(verdict(&f, SYS_statx, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(&f, STATX_386, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(verdict_of_arch(&f, AUDIT_ARCH_I386, STATX_386), SECCOMP_RET_ALLOW);
	assert_int_equal(
		verdict_of_arch(&f, AUDIT_ARCH_I386, STATX_386 - 1), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(
		verdict_of_arch(&f, AUDIT_ARCH_I386, STATX_386 + 1), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(verdict(&f, X32 + SYS_statx, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict(&f, X32 + SYS_getpid, 0, 0), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(verdict(&f, X32 + SYS_statx + 1, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(verdict_of_arch(&f, AUDIT_ARCH_AARCH64, 291), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict_of_arch(&f, AUDIT_ARCH_AARCH64, 292), SECCOMP_RET_ERRNO | ENOSYS);
	/* ARM: its private calls are no measure, and never newer */
	assert_int_equal(verdict_of_arch(&f, AUDIT_ARCH_ARM, 397), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict_of_arch(&f, AUDIT_ARCH_ARM, 398), SECCOMP_RET_ERRNO | ENOSYS);
	assert_int_equal(verdict_of_arch(&f, AUDIT_ARCH_ARM, 0xf0005), SECCOMP_RET_ALLOW);
	assert_int_equal(verdict_of_arch(&f, AUDIT_ARCH_ARM, 0xf0002), SECCOMP_RET_ERRNO | EPERM);
	assert_int_equal(verdict_of_arch(&f, AUDIT_ARCH_S390X, 100000), SECCOMP_RET_KILL_THREAD);
	fixture_done(&f);
	load(&f,
		"{'defaultAction':'SCMP_ACT_ERRNO','syscalls':[{'names':['read'],'action':"
		"'SCMP_ACT_ALLOW'}]}",
		false);
	assert_int_equal(verdict(&f, X32 + 1000, 0, 0), SECCOMP_RET_KILL_THREAD);
	fixture_done(&f);
}
#else
static void test_newer_archs(void **state)
{
	(void)state;
	skip(); /* the filter of another machine has other first architectures */
}
#endif

#define NOTIFY(more)                                                         \
	"{'defaultAction':'SCMP_ACT_ALLOW','listenerPath':'/run/agent'" more \
	",'syscalls':[{'names':['mkdirat'],'action':'SCMP_ACT_NOTIFY'}]}"

/* It comes last in any case, and what that takes is given back. */
static void test_notify(void **state)
{
	enum { SYS_ADMIN = 21 };
	uint64_t right = UINT64_C(1) << SYS_ADMIN;
	struct fixture f;

	(void)state;
	for (int no_new_privileges = 0; no_new_privileges < 2; no_new_privileges++) {
		const struct plan_op *op, *ops;
		const struct plan_identity *id = NULL;
		uint32_t at;

		load(&f, NOTIFY(), no_new_privileges);
		op = seccomp_op(&f, &at);
		ops = plan_ops(f.plan.header);
		assert_int_equal(at, f.plan.header->ops.count - 2); /* then EXEC */
		for (uint32_t i = 0; i < at; i++)
			if (ops[i].kind == PLAN_IDENTITY)
				id = &ops[i].identity;
		assert_non_null(id);
		assert_true(op->seccomp.listener);
		assert_int_equal(op->seccomp.drop, !no_new_privileges);
		assert_int_equal(!!(id->effective & right), !no_new_privileges);
		assert_int_equal(!!(id->permitted & right), !no_new_privileges);
		assert_false(op->seccomp.effective & right || op->seccomp.permitted & right);
		assert_int_equal(verdict(&f, SYS_mkdirat, 0, 0), SECCOMP_RET_USER_NOTIF);
		assert_int_equal(verdict(&f, SYS_read, 0, 0), SECCOMP_RET_ALLOW);
		fixture_done(&f);
	}
}

static void test_notify_flags(void **state)
{
	uint32_t at;
	struct fixture f;

	(void)state;
	load(&f,
		NOTIFY(",'flags':['SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV','SECCOMP_FILTER_FLAG_"
		       "TSYNC']"),
		true);
	assert_int_equal(seccomp_op(&f, &at)->seccomp.flags, OCI_SECCOMP_FLAG_WAIT_KILLABLE_RECV);
	assert_string_equal(strbuf_text(&f.log), "");
	fixture_done(&f);
	load(&f,
		"{'defaultAction':'SCMP_ACT_ALLOW','flags':["
		"'SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV']}",
		true);
	assert_int_equal(seccomp_op(&f, &at)->seccomp.flags, 0);
	assert_non_null(strstr(strbuf_text(&f.log), "without SCMP_ACT_NOTIFY, ignoring"));
	fixture_done(&f);
	load(&f, "{'defaultAction':'SCMP_ACT_NOTIFY','listenerPath':'/run/agent'}", true);
	assert_int_equal(verdict(&f, SYS_execve, 0, 0), SECCOMP_RET_USER_NOTIF);
	assert_true(seccomp_op(&f, &at)->seccomp.listener);
	fixture_done(&f);
}

/* The planner takes what it is given. */
static int given_filter(void *data, const struct oci_seccomp *profile, const struct log *log,
	void **ret, size_t *ret_size, struct husk_error **err)
{
	static const struct sock_filter filter = BPF_STMT(BPF_RET | BPF_K, 0x50000 | 42);

	(void)profile, (void)log, (void)err;
	++*(int *)data;
	*ret = malloc(sizeof filter);
	assert_non_null(*ret);
	memcpy(*ret, &filter, sizeof filter);
	*ret_size = sizeof filter;
	return 0;
}

static void test_source(void **state)
{
	static const char json[] =
		"{\"ociVersion\":\"1.2.0\",\"process\":{\"cwd\":\"/\",\"args\":[\"/x\"]},\"root\":"
		"{\"path\":\"r\"},\"linux\":{\"namespaces\":[{\"type\":\"mount\"}],\"seccomp\":"
		"{\"defaultAction\":\"SCMP_ACT_ALLOW\"}}}";
	int calls = 0;
	const struct plan_seccomp_source source = {given_filter, &calls};
	struct fixture f;

	(void)state;
	fixture_init(&f);
	f.create.seccomp = &source;
	assert_int_equal(fixture_plan(&f, json, strlen(json)), 0);
	assert_int_equal(calls, 1);
	assert_int_equal(verdict(&f, SYS_read, 0, 0), SECCOMP_RET_ERRNO | 42);
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_newer),
		cmocka_unit_test(test_newer_elsewhere),
		cmocka_unit_test(test_newer_archs),
		cmocka_unit_test(test_notify),
		cmocka_unit_test(test_notify_flags),
		cmocka_unit_test(test_source),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_archs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	return 77; /* skipped: no libseccomp, or a machine whose number is not in the table above */
}

#endif
