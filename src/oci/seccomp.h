/* SPDX-License-Identifier: Apache-2.0 */
/* `linux.seccomp`: the system call filter in the words of libseccomp. */
#ifndef HUSK_OCI_SECCOMP_H
#define HUSK_OCI_SECCOMP_H

#include <base/table.h>
#include <oci/types.h>

enum oci_seccomp_action {
	OCI_SECCOMP_KILL,
	OCI_SECCOMP_KILL_PROCESS,
	OCI_SECCOMP_KILL_THREAD,
	OCI_SECCOMP_TRAP,
	OCI_SECCOMP_ERRNO,
	OCI_SECCOMP_TRACE,
	OCI_SECCOMP_ALLOW,
	OCI_SECCOMP_LOG,
	OCI_SECCOMP_NOTIFY,
};

enum oci_seccomp_operator {
	OCI_SECCOMP_NE,
	OCI_SECCOMP_LT,
	OCI_SECCOMP_LE,
	OCI_SECCOMP_EQ,
	OCI_SECCOMP_GE,
	OCI_SECCOMP_GT,
	OCI_SECCOMP_MASKED_EQ,
};

enum oci_seccomp_arch {
	OCI_ARCH_X86,
	OCI_ARCH_X86_64,
	OCI_ARCH_X32,
	OCI_ARCH_ARM,
	OCI_ARCH_AARCH64,
	OCI_ARCH_LOONGARCH64,
	OCI_ARCH_M68K,
	OCI_ARCH_MIPS,
	OCI_ARCH_MIPS64,
	OCI_ARCH_MIPS64N32,
	OCI_ARCH_MIPSEL,
	OCI_ARCH_MIPSEL64,
	OCI_ARCH_MIPSEL64N32,
	OCI_ARCH_PPC,
	OCI_ARCH_PPC64,
	OCI_ARCH_PPC64LE,
	OCI_ARCH_S390,
	OCI_ARCH_S390X,
	OCI_ARCH_SH,
	OCI_ARCH_SHEB,
	OCI_ARCH_PARISC,
	OCI_ARCH_PARISC64,
	OCI_ARCH_RISCV64,
};

enum oci_seccomp_flag { /* the kernel's bits */
	OCI_SECCOMP_FLAG_TSYNC = 0x01,
	OCI_SECCOMP_FLAG_LOG = 0x02,
	OCI_SECCOMP_FLAG_SPEC_ALLOW = 0x04,
	OCI_SECCOMP_FLAG_WAIT_KILLABLE_RECV = 0x20,
};

extern const struct name_value oci_seccomp_actions[], oci_seccomp_operators[], oci_seccomp_archs[],
	oci_seccomp_flags[];

struct oci_seccomp_arg {
	struct opt_u64 index; /* 0 to 5 */
	struct opt_u64 value, value_two;
	struct opt_enum op; /* enum oci_seccomp_operator */
};

struct oci_seccomp_syscall {
	struct strv names; /* at least one */
	struct opt_enum action;
	struct opt_u64 errno_ret;
	LIST_OF(struct oci_seccomp_arg) args;
};

struct oci_seccomp {
	struct opt_enum default_action; /* enum oci_seccomp_action; required */
	struct opt_u64 default_errno_ret;
	LIST_OF(int) architectures; /* enum oci_seccomp_arch */
	LIST_OF(int) flags; /* enum oci_seccomp_flag; absent (v NULL) is not the same as empty */
	char *listener_path, *listener_metadata;
	LIST_OF(struct oci_seccomp_syscall) syscalls;
};

extern const struct schema_type oci_seccomp_type;

#endif
