// SPDX-License-Identifier: Apache-2.0
/*
 * bpf(2). Each call hands over the whole union, zeroed: kernels from 6.17 on and before 7.2 write the revision of a
 * BPF_PROG_QUERY at its place whatever size they were told, and so behind the end of a shorter one.
 */
#include <kern/bpf.h>
#include <kern/probe.h>
#include <base/fd.h>
#include <base/mem.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000 /* libcs before Linux 5.2 */
#endif

enum {
	STACK_SIZE = 65536,
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

struct load {
	union bpf_attr attr;
	int result;
};

static int load_without_limit(void *data)
{
	struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
	struct load *load = data;

	if (setrlimit(RLIMIT_MEMLOCK, &limit) < 0 && !getrlimit(RLIMIT_MEMLOCK, &limit)) {
		limit.rlim_cur = limit.rlim_max; /* without CAP_SYS_RESOURCE, as far as we may */
		(void)setrlimit(
			RLIMIT_MEMLOCK, &limit); /* the kernel tells if that is too little */
	}
	load->result = bpf_call(BPF_PROG_LOAD, &load->attr);
	return 0;
}

/*
 * Before 5.11 programs count as locked memory of the user, all of root's together (systemd has one for each service),
 * and no capability lifts the limit. The limit of our host program is not ours to change, and that of a child is its
 * own: one that shares everything else loads the program, and the descriptor is there when it ends.
 */
static int load_in_child(struct load *load)
{
	auto_free char *stack = malloc(STACK_SIZE);
	auto_close int pidfd = -1;
	sigset_t all, before;
	siginfo_t info;
	int r;

	if (!stack)
		return -ENOMEM;
	sigfillset(
		&all); /* a handler of the host's must not run in the child, on the same memory */
	pthread_sigmask(SIG_BLOCK, &all, &before);
	r = clone(load_without_limit, stack + STACK_SIZE,
		CLONE_VM | CLONE_VFORK | CLONE_FILES | CLONE_PIDFD, load, &pidfd);
	r = r < 0 ? -errno : 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r < 0)
		return r;
	while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | __WALL) < 0 && errno == EINTR)
		;
	return load->result;
}

int bpf_load_device_program(const struct bpf_code *code, const char *name)
{
	struct load load = {};
	int r;

	load.attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	load.attr.insn_cnt = (uint32_t)code->n;
	load.attr.insns = address(code->v);
	/* Helpers for GPL programs only are not called: any license will do, but there must be one. */
	load.attr.license = address("Apache-2.0");
	set_name(load.attr.prog_name, name);
	r = bpf_call(BPF_PROG_LOAD, &load.attr);
	return r == -EPERM && !probe_kernel_at_least(5, 11) ? load_in_child(&load) : r;
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
