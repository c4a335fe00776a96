/* SPDX-License-Identifier: Apache-2.0 */
/* What this kernel and this process can do; asked once per factory. All return >= 0 or -errno. */
#ifndef HUSK_KERN_PROBE_H
#define HUSK_KERN_PROBE_H

#include <stdint.h>
#include <base/attr.h>

/* 1 unless the ids of this process are mapped one to one as in the initial user namespace. */
int probe_in_user_namespace(void) nodiscard;
/* Bit set of the capabilities that this kernel knows. */
int probe_known_capabilities(uint64_t *ret) nodiscard;
/* Bit set of the effective capabilities of the calling thread. */
int probe_effective_capabilities(uint64_t *ret) nodiscard;
/* 1 when the running kernel is that version or a later one. For hints in messages; features are tried, not guessed. */
int probe_kernel_at_least(unsigned int major, unsigned int minor) nodiscard;
/* 1 when the security module is at work: AppArmor enabled, SELinux with a policy loaded. */
int probe_apparmor(void) nodiscard;
int probe_selinux(void) nodiscard;
/* 1 when seccomp(2) knows the flag (SECCOMP_FILTER_FLAG_*). Nothing is installed. */
int probe_seccomp_flag(uint64_t flag) nodiscard;
/* 1 when the cgroup2 directory has cgroup.kill (5.14). The root of a hierarchy never has it. */
int probe_has_cgroup_kill(const char *cgroup_dir) nodiscard;

#endif
