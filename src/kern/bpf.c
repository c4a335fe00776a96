// SPDX-License-Identifier: Apache-2.0
/*
 * bpf(2). Each call hands over the whole union, zeroed: kernels from 6.17 on and before 7.2 write the revision of a
 * BPF_PROG_QUERY at its place whatever size they were told, and so behind the end of a shorter one.
 */
#include <kern/bpf.h>
#include <base/fd.h>
#include <base/mem.h>

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	IDS_FIRST = 16,
	IDS_MAX = 4096, /* the kernel attaches 64 at most */
};

_Static_assert(sizeof(union bpf_attr) >= 64, "no room for the revision that BPF_PROG_QUERY tells");

static int bpf_call(int command, union bpf_attr *attr)
{
	long r = syscall(SYS_bpf, command, attr, sizeof *attr);

	return r < 0 ? -errno : (int)r;
}

static uint64_t address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* Cut if need be; the kernel wants a NUL in the last byte. */
static void set_name(char to[BPF_OBJ_NAME_LEN], const char *name)
{
	memcpy(to, name, strnlen(name, BPF_OBJ_NAME_LEN - 1));
}

int bpf_load_device_program(const struct bpf_code *code, const char *name)
{
	union bpf_attr attr = {};

	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insn_cnt = (uint32_t)code->n;
	attr.insns = address(code->v);
	/* Helpers for GPL programs only are not called: any license will do, but there must be one. */
	attr.license = address("Apache-2.0");
	set_name(attr.prog_name, name);
	return bpf_call(BPF_PROG_LOAD, &attr);
}

int bpf_attach_device_program(int cgroup_fd, int program_fd, int replace_fd)
{
	union bpf_attr attr = {};

	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)program_fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	if (replace_fd >= 0) {
		attr.attach_flags |= BPF_F_REPLACE; /* 5.6 */
		attr.replace_bpf_fd = (uint32_t)replace_fd;
	}
	return bpf_call(BPF_PROG_ATTACH, &attr);
}

int bpf_detach_device_program(int cgroup_fd, int program_fd)
{
	union bpf_attr attr = {};

	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)program_fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	return bpf_call(BPF_PROG_DETACH, &attr);
}

int bpf_device_programs(int cgroup_fd, struct bpf_ids *ret)
{
	for (uint32_t room = IDS_FIRST; room <= IDS_MAX;) {
		auto_free uint32_t *ids = calloc(room, sizeof *ids);
		union bpf_attr attr = {};
		int r;

		if (!ids)
			return -ENOMEM;
		attr.query.target_fd = (uint32_t)cgroup_fd;
		attr.query.attach_type = BPF_CGROUP_DEVICE;
		attr.query.prog_ids = address(ids);
		attr.query.prog_cnt = room;
		r = bpf_call(BPF_PROG_QUERY, &attr);
		if (!r) {
			ret->n = MIN(attr.query.prog_cnt, room);
			ret->v = TAKE_PTR(ids);
			return 0;
		}
		if (r != -ENOSPC)
			return r;
		room = MAX(room * 2, attr.query.prog_cnt); /* how many there were a moment ago */
	}
	return -E2BIG;
}

int bpf_program_open(uint32_t id)
{
	union bpf_attr attr = {};

	attr.prog_id = id;
	return bpf_call(BPF_PROG_GET_FD_BY_ID, &attr);
}

int bpf_program_is_named(int program_fd, const char *name)
{
	struct bpf_prog_info info = {};
	union bpf_attr attr = {};
	int r;

	attr.info.bpf_fd = (uint32_t)program_fd;
	attr.info.info_len = sizeof info;
	attr.info.info = address(&info);
	r = bpf_call(BPF_OBJ_GET_INFO_BY_FD, &attr);
	return r < 0 ? r : !strncmp(info.name, name, sizeof info.name);
}
