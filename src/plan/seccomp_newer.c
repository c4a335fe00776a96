// SPDX-License-Identifier: Apache-2.0
/* Only loads of the number and the architecture, and jumps: the kernel (5.11 on) sees through that and caches it. */
#include <plan/seccomp_newer.h>

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

void newer_write(const struct newer_range *ranges, size_t n, void *out)
{
	struct sock_filter *at = out;

	for (size_t i = 0; i < n; i++) {
		/* from behind the comparison to the end of all ranges: a number of this one is in no other */
		uint8_t end = (uint8_t)(1 + (n - i - 1) * NEWER_INSTRUCTIONS);
		const struct sock_filter block[NEWER_INSTRUCTIONS] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ranges[i].arch, 0, 4),
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, ranges[i].below, 2, 0),
			BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, ranges[i].above, 0, end),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		};

		for (size_t k = 0; k < NEWER_INSTRUCTIONS; k++)
			*at++ = block[k];
	}
}
