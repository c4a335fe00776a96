// SPDX-License-Identifier: Apache-2.0
/*
 * The eBPF program of device rules, run by an interpreter of the few instructions that it is made of, agrees with the
 * rules. That the real kernel takes it is shown by test_devices_kernel.c.
 */
#include "device_rules.h"

#include <cgroup/device_prog.h>

struct machine {
	uint64_t r[11];
	size_t steps;
};

static uint64_t alu(const struct bpf_insn *i, uint64_t to, uint64_t value)
{
	switch (BPF_OP(i->code)) {
	case BPF_MOV:
		return (uint32_t)value;
	case BPF_AND:
		return (uint32_t)(to & value);
	case BPF_OR:
		return (uint32_t)(to | value);
	case BPF_LSH:
		return (uint32_t)(to << value);
	case BPF_RSH:
		return (uint32_t)to >> value;
	default:
		fail_msg("computes 0x%x", i->code);
		return 0;
	}
}

static bool jumps(const struct bpf_insn *i, uint64_t to)
{
	uint64_t value = (uint64_t)(int64_t)i->imm;

	assert_true(BPF_SRC(i->code) == BPF_K && i->off >= 0);
	if (BPF_OP(i->code) == BPF_JNE)
		return to != value;
	assert_int_equal(BPF_OP(i->code), BPF_JSET);
	return to & value;
}

static uint64_t run(const struct bpf_code *code, const struct bpf_cgroup_dev_ctx *context)
{
	struct machine m = {};

	for (size_t pc = 0;; pc++) {
		const struct bpf_insn *i = &code->v[pc];
		uint64_t *to = &m.r[i->dst_reg];

		assert_true(pc < code->n); /* neither falls off the end nor jumps beyond it */
		switch (BPF_CLASS(i->code)) {
		case BPF_LDX:
			assert_int_equal(i->code, BPF_LDX | BPF_MEM | BPF_W);
			assert_true(i->src_reg == BPF_REG_1 && i->off >= 0 &&
				    (size_t)i->off + 4 <= sizeof *context && !(i->off % 4));
			*to = ((const uint32_t *)context)[i->off / 4];
			break;
		case BPF_ALU:
			*to = alu(i, *to,
				BPF_SRC(i->code) == BPF_X ? m.r[i->src_reg] : (uint32_t)i->imm);
			break;
		case BPF_JMP:
			if (i->code == (BPF_JMP | BPF_EXIT))
				return m.r[0];
			pc += jumps(i, *to) ? (size_t)i->off : 0;
			break;
		default:
			fail_msg("instruction 0x%x", i->code);
		}
	}
}

static bool allowed(
	const struct bpf_code *code, uint8_t type, uint32_t major, uint32_t minor, uint8_t access)
{
	const struct bpf_cgroup_dev_ctx context = {(uint32_t)access << 16 | type, major, minor};
	uint64_t answer = run(code, &context);

	assert_true(answer <= 1);
	return answer;
}

static void test_random(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (int round = 0; round < 5000; round++) {
		struct cgroup_devices d = {};
		struct bpf_code code;
		struct rules rules;

		random_rules(&seed, &rules);
		assert_int_equal(cgroup_devices_add(&d, rules.v, rules.n), 0);
		assert_int_equal(cgroup_device_program(&d, &code), 0);
		for_each_device(type, major, minor)
		{
			uint8_t want = naive_access(&rules, type, major, minor);

			for (uint8_t access = 1; access <= DEVICE_ACCESS; access++)
				if (allowed(&code, type, major, minor, access) != !(access & ~want))
					fail_msg("round %d: %u %u:%u %u", round, type, major, minor,
						access);
		}
		free(code.v);
		cgroup_devices_done(&d);
	}
}

static void test_size(void **state)
{
	struct cgroup_devices d;
	struct bpf_code code;

	(void)state;
	assert_int_equal(cgroup_devices_compile(NULL, 0, &d), 0);
	assert_int_equal(cgroup_device_program(&d, &code), 0);
	/* 10 to begin with, 4 majors, 9 minors of 3, and 3 or 4 for those that are not listed */
	assert_in_range(code.n, 40, 60);
	free(code.v);
	cgroup_devices_done(&d);
}

/* More minors than one jump reaches over; the last of a part and the first of the next. */
static void long_list(int64_t n)
{
	auto_free struct oci_device_rule *rules = calloc((size_t)n, sizeof *rules);
	struct cgroup_devices d;
	struct bpf_code code;

	assert_non_null(rules);
	for (int64_t i = 0; i < n; i++)
		rules[i] = (struct oci_device_rule){.allow = {true, true},
			.type = {true, OCI_DEVICE_CHAR},
			.major = {i % 4 > 0, 7}, /* every fourth in all majors */
			.minor = {true, i},
			.access = (char *)"r"};
	assert_int_equal(cgroup_devices_compile(rules, (size_t)n, &d), 0);
	assert_int_equal(cgroup_device_program(&d, &code), 0);
	for (uint32_t i = 0; i < n; i += i % 4096 < 4092 && i % 4096 > 4 ? 97 : 1) {
		assert_true(allowed(&code, DEVICE_CHAR, 7, i, DEVICE_READ));
		assert_true(allowed(&code, DEVICE_CHAR, 1, i, DEVICE_READ) ==
			    (i % 4 == 0 || i == 3 || i == 5 || i == 7 || i == 9));
		assert_true(allowed(&code, DEVICE_CHAR, 7, i, DEVICE_READ | DEVICE_MKNOD));
		assert_false(allowed(&code, DEVICE_CHAR, 7, i, DEVICE_WRITE));
		assert_false(allowed(&code, DEVICE_BLOCK, 7, i, DEVICE_READ));
	}
	assert_false(allowed(&code, DEVICE_CHAR, 7, (uint32_t)n, DEVICE_READ));
	assert_true(allowed(&code, DEVICE_CHAR, 7, (uint32_t)n, DEVICE_MKNOD));
	free(code.v);
	cgroup_devices_done(&d);
}

static void test_long(void **state)
{
	(void)state;
	long_list(1000);
	long_list(4096);
	long_list(5000);
}

static void test_one_major_in_parts(void **state)
{
	static const int64_t counts[] = {4095, 4096, 4097, 12288, 16000};

	(void)state;
	for (size_t c = 0; c < ARRAY_LEN(counts); c++) {
		auto_free struct oci_device_rule *rules = calloc((size_t)counts[c], sizeof *rules);
		struct cgroup_devices d = {};
		struct bpf_code code;

		assert_non_null(rules);
		for (int64_t i = 0; i < counts[c]; i++)
			rules[i] = (struct oci_device_rule){.allow = {true, true},
				.type = {true, OCI_DEVICE_CHAR},
				.major = {true, 7},
				.minor = {true, counts[c] - i},
				.access = (char *)"rw"};
		assert_int_equal(cgroup_devices_add(&d, rules, (size_t)counts[c]), 0);
		assert_int_equal(cgroup_device_program(&d, &code), 0);
		assert_false(allowed(&code, DEVICE_CHAR, 7, 0, DEVICE_READ));
		for (uint32_t i = 1; i <= counts[c]; i += i % 4096 > 4090 || i % 4096 < 5 ? 1 : 13)
			assert_true(allowed(&code, DEVICE_CHAR, 7, i, DEVICE_READ));
		assert_false(allowed(&code, DEVICE_CHAR, 7, (uint32_t)counts[c] + 1, DEVICE_READ));
		free(code.v);
		cgroup_devices_done(&d);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_one_major_in_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
