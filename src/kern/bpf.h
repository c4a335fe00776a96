/* SPDX-License-Identifier: Apache-2.0 */
/* bpf(2), as far as programs that decide on devices of a cgroup2 need it. All return >= 0 or -errno. */
#ifndef HUSK_KERN_BPF_H
#define HUSK_KERN_BPF_H

#include <linux/bpf.h>
#include <base/array.h>
#include <base/attr.h>

struct bpf_code {
	size_t n;
	struct bpf_insn *v;
};

struct bpf_ids {
	size_t n;
	uint32_t *v;
};

/* Has the kernel check and take the program; its name is cut to 15 bytes. The descriptor is the caller's. */
int bpf_load_device_program(const struct bpf_code *code, const char *name) nodiscard;
/* Beside the programs that are there, or with replace_fd >= 0 in the place of that one, in one step. */
int bpf_attach_device_program(int cgroup_fd, int program_fd, int replace_fd) nodiscard;
int bpf_detach_device_program(int cgroup_fd, int program_fd) nodiscard;
/* The ids of the programs attached to the cgroup itself, in the order of their attachment; the caller frees ret->v. */
int bpf_device_programs(int cgroup_fd, struct bpf_ids *ret) nodiscard;
int bpf_program_open(uint32_t id) nodiscard;
/* 1 when the program has that name (of at most 15 bytes). */
int bpf_program_is_named(int program_fd, const char *name) nodiscard;

#endif
