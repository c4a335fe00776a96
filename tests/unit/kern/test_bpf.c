// SPDX-License-Identifier: Apache-2.0
/*
 * bpf(2): what the kernel is handed, and on a cgroup2 of our own what it does with it (root). Each call goes through
 * a copy of the attributes with a canary behind them: from 6.17 on, and before 7.2, the kernel writes behind the end
 * of short ones.
 * wrap: syscall probe_kernel_at_least
 */
#include <kern/bpf.h>
#include <kern/cgroupfs.h>
#include <base/fd.h>
#include <base/mem.h>
#include <base/str.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

enum { CANARY = 0xa5, CANARY_SIZE = 256, NEEDED = 64 /* where the revision ends */, LOW = 65536 };

static struct {
	uint32_t programs; /* attached to the made-up cgroup; 0: calls go to the kernel */
	int queries;
	bool old_kernel; /* which counts programs as locked memory, and has counted LOW so far */
	int refused;
} fake;

int __real_probe_kernel_at_least(unsigned int major, unsigned int minor);
int __wrap_probe_kernel_at_least(unsigned int major, unsigned int minor);

int __wrap_probe_kernel_at_least(unsigned int major, unsigned int minor)
{
	return !fake.old_kernel && __real_probe_kernel_at_least(major, minor);
}

static rlim_t memory_limit(void)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &limit), 0);
	return limit.rlim_cur;
}

static long fake_query(union bpf_attr *attr)
{
	uint32_t *ids = (uint32_t *)(uintptr_t)attr->query.prog_ids, room = attr->query.prog_cnt;

	fake.queries++;
	for (uint32_t i = 0; i < MIN(room, fake.programs); i++)
		ids[i] = i + 1;
	attr->query.prog_cnt = fake.programs;
	errno = ENOSPC;
	return room < fake.programs ? -1 : 0;
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

long __wrap_syscall(long number, ...)
{
	long a[6], r;
	va_list args;

	va_start(args, number);
	for (size_t i = 0; i < ARRAY_LEN(a); i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_bpf) {
		unsigned char copy[sizeof(union bpf_attr) + CANARY_SIZE]
			__attribute__((aligned(8)));
		unsigned char want[CANARY_SIZE];
		size_t size = (size_t)(unsigned int)a[2];

		if (fake.old_kernel && a[0] == BPF_PROG_LOAD && memory_limit() <= LOW) {
			fake.refused++;
			errno = EPERM;
			return -1;
		}
		assert_true(size >= NEEDED && size <= sizeof(union bpf_attr));
		memset(want, CANARY, sizeof want);
		memcpy(copy, (void *)a[1], size);
		memcpy(copy + size, want, sizeof want);
		r = fake.programs ? fake_query((union bpf_attr *)(void *)copy)
				  : __real_syscall(number, a[0], copy, a[2]);
		assert_memory_equal(copy + size, want, sizeof want);
		memcpy((void *)a[1], copy, size);
		return r;
	}
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void test_query_grows(void **state)
{
	static const uint32_t counts[] = {1, 15, 16, 17, 64, 1000};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		struct bpf_ids ids = {};

		fake.programs = counts[i];
		fake.queries = 0;
		assert_int_equal(bpf_device_programs(3, &ids), 0);
		assert_int_equal(ids.n, counts[i]);
		assert_int_equal(ids.v[ids.n - 1], counts[i]);
		assert_int_equal(fake.queries, counts[i] > 16 ? 2 : 1);
		free(ids.v);
	}
	fake.programs = 100000; /* nothing real */
	assert_int_equal(bpf_device_programs(3, &(struct bpf_ids){}), -E2BIG);
	fake.programs = 0;
}

static const struct bpf_insn answer[] = {
	{.code = BPF_ALU | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1},
	{.code = BPF_JMP | BPF_EXIT},
};

static char *directory; /* of the running test */

static int remove_directory(void **state)
{
	(void)state;
	if (directory)
		rmdir(directory);
	free(TAKE_PTR(directory));
	return 0;
}

/* A cgroup2 directory of our own, or the test is skipped. */
static int make_cgroup(void)
{
	struct cgroup_layout layout = {};
	int fd = -1;

	if (geteuid() || cgroup_layout_detect(&layout) < 0)
		skip();
	list_for_each (h, &layout.hierarchies)
		if (h->v2)
			directory =
				str_printf("%s/husk-test-bpf-%d", h->mount_point, (int)getpid());
	cgroup_layout_done(&layout);
	if (directory && !mkdir(directory, 0755))
		fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		skip();
	return fd;
}

static int load(const char *name)
{
	const struct bpf_code code = {ARRAY_LEN(answer), (struct bpf_insn *)(uintptr_t)answer};
	int fd = bpf_load_device_program(&code, name);

	if (fd == -EPERM || fd == -ENOSYS)
		skip();
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	return fd;
}

static void expect_programs(int cgroup, size_t n)
{
	struct bpf_ids ids = {};

	assert_int_equal(bpf_device_programs(cgroup, &ids), 0);
	assert_int_equal(ids.n, n);
	free(ids.v);
}

static void test_attach(void **state)
{
	auto_close int cgroup = make_cgroup(), a = load("husk_a"),
		       b = load("husk_b_and_more_of_it"), c = -1;
	struct bpf_ids ids = {};

	(void)state;
	expect_programs(cgroup, 0);
	assert_int_equal(bpf_attach_device_program(cgroup, a, -1), 0);
	expect_programs(cgroup, 1);
	assert_int_equal(bpf_attach_device_program(cgroup, b, a), 0); /* in its place */
	assert_int_equal(bpf_device_programs(cgroup, &ids), 0);
	assert_int_equal(ids.n, 1);
	c = bpf_program_open(ids.v[0]);
	free(ids.v);
	assert_true(c >= 0);
	assert_int_equal(bpf_program_is_named(c, "husk_b_and_more"), 1); /* 15 bytes */
	assert_int_equal(bpf_program_is_named(c, "husk_b"), 0);
	assert_int_equal(bpf_attach_device_program(cgroup, a, -1), 0); /* beside it */
	expect_programs(cgroup, 2);
	assert_int_equal(bpf_detach_device_program(cgroup, b), 0);
	assert_int_equal(bpf_detach_device_program(cgroup, b), -ENOENT);
	expect_programs(cgroup, 1);
	assert_int_equal(bpf_detach_device_program(cgroup, a), 0);
}

static void test_many(void **state)
{
	auto_close int cgroup = make_cgroup();

	(void)state;
	for (int i = 0; i < 40; i++) {
		auto_close int fd = load("husk_many");

		assert_int_equal(bpf_attach_device_program(cgroup, fd, -1), 0);
	}
	expect_programs(cgroup, 40);
}

/* Before 5.11: loaded where no limit holds, while ours stays. */
static void test_locked_memory(void **state)
{
	struct rlimit before, low;
	int fd;

	(void)state;
	fd_close(load("husk_limit")); /* or skip */
	assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &before), 0);
	if (before.rlim_max <= LOW)
		skip();
	low = (struct rlimit){LOW, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &low), 0);
	fake.old_kernel = true;
	fd = load("husk_limit");
	fake.old_kernel = false;
	assert_int_equal(fake.refused, 1);
	assert_int_equal(memory_limit(), LOW);
	assert_int_equal(bpf_program_is_named(fd, "husk_limit"), 1);
	assert_int_equal(waitpid(-1, NULL, __WALL), -1); /* no child is left */
	assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &before), 0);
	fd_close(fd);
}

static void test_errors(void **state)
{
	const struct bpf_insn endless = {.code = BPF_JMP | BPF_JA, .off = -1};
	const struct bpf_code code = {1, (struct bpf_insn *)(uintptr_t)&endless};
	auto_close int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int fd;

	(void)state;
	fd = load("husk_errors"); /* or skip: without rights all answers are EPERM */
	assert_true(bpf_load_device_program(&code, "husk_bad") < 0);
	assert_true(bpf_attach_device_program(file, fd, -1) < 0);
	assert_true(bpf_program_is_named(-1, "x") < 0); /* EBADF, in newer kernels EBADFD */
	assert_int_equal(bpf_program_open(UINT32_MAX), -ENOENT);
	fd_close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_query_grows),
		cmocka_unit_test_teardown(test_attach, remove_directory),
		cmocka_unit_test_teardown(test_many, remove_directory),
		cmocka_unit_test(test_locked_memory),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
