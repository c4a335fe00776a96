// SPDX-License-Identifier: Apache-2.0
/* The rows of `seccomp`, and its four name tables. */
#include <oci/seccomp.h>

#include <schema/schema.h>

/* clang-format off */
const struct name_value oci_seccomp_actions[] = {
	{"SCMP_ACT_KILL",         OCI_SECCOMP_KILL},
	{"SCMP_ACT_KILL_PROCESS", OCI_SECCOMP_KILL_PROCESS},
	{"SCMP_ACT_KILL_THREAD",  OCI_SECCOMP_KILL_THREAD},
	{"SCMP_ACT_TRAP",         OCI_SECCOMP_TRAP},
	{"SCMP_ACT_ERRNO",        OCI_SECCOMP_ERRNO},
	{"SCMP_ACT_TRACE",        OCI_SECCOMP_TRACE},
	{"SCMP_ACT_ALLOW",        OCI_SECCOMP_ALLOW},
	{"SCMP_ACT_LOG",          OCI_SECCOMP_LOG},
	{"SCMP_ACT_NOTIFY",       OCI_SECCOMP_NOTIFY},
	{}
};

const struct name_value oci_seccomp_operators[] = {
	{"SCMP_CMP_NE",        OCI_SECCOMP_NE},
	{"SCMP_CMP_LT",        OCI_SECCOMP_LT},
	{"SCMP_CMP_LE",        OCI_SECCOMP_LE},
	{"SCMP_CMP_EQ",        OCI_SECCOMP_EQ},
	{"SCMP_CMP_GE",        OCI_SECCOMP_GE},
	{"SCMP_CMP_GT",        OCI_SECCOMP_GT},
	{"SCMP_CMP_MASKED_EQ", OCI_SECCOMP_MASKED_EQ},
	{}
};

const struct name_value oci_seccomp_archs[] = {
	{"SCMP_ARCH_X86",         OCI_ARCH_X86},
	{"SCMP_ARCH_X86_64",      OCI_ARCH_X86_64},
	{"SCMP_ARCH_X32",         OCI_ARCH_X32},
	{"SCMP_ARCH_ARM",         OCI_ARCH_ARM},
	{"SCMP_ARCH_AARCH64",     OCI_ARCH_AARCH64},
	{"SCMP_ARCH_LOONGARCH64", OCI_ARCH_LOONGARCH64},
	{"SCMP_ARCH_M68K",        OCI_ARCH_M68K},
	{"SCMP_ARCH_MIPS",        OCI_ARCH_MIPS},
	{"SCMP_ARCH_MIPS64",      OCI_ARCH_MIPS64},
	{"SCMP_ARCH_MIPS64N32",   OCI_ARCH_MIPS64N32},
	{"SCMP_ARCH_MIPSEL",      OCI_ARCH_MIPSEL},
	{"SCMP_ARCH_MIPSEL64",    OCI_ARCH_MIPSEL64},
	{"SCMP_ARCH_MIPSEL64N32", OCI_ARCH_MIPSEL64N32},
	{"SCMP_ARCH_PPC",         OCI_ARCH_PPC},
	{"SCMP_ARCH_PPC64",       OCI_ARCH_PPC64},
	{"SCMP_ARCH_PPC64LE",     OCI_ARCH_PPC64LE},
	{"SCMP_ARCH_S390",        OCI_ARCH_S390},
	{"SCMP_ARCH_S390X",       OCI_ARCH_S390X},
	{"SCMP_ARCH_SH",          OCI_ARCH_SH},
	{"SCMP_ARCH_SHEB",        OCI_ARCH_SHEB},
	{"SCMP_ARCH_PARISC",      OCI_ARCH_PARISC},
	{"SCMP_ARCH_PARISC64",    OCI_ARCH_PARISC64},
	{"SCMP_ARCH_RISCV64",     OCI_ARCH_RISCV64},
	{}
};

const struct name_value oci_seccomp_flags[] = {
	{"SECCOMP_FILTER_FLAG_TSYNC",              OCI_SECCOMP_FLAG_TSYNC},
	{"SECCOMP_FILTER_FLAG_LOG",                OCI_SECCOMP_FLAG_LOG},
	{"SECCOMP_FILTER_FLAG_SPEC_ALLOW",         OCI_SECCOMP_FLAG_SPEC_ALLOW},
	{"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", OCI_SECCOMP_FLAG_WAIT_KILLABLE_RECV},
	{}
};

#define S struct oci_seccomp_arg
static const struct schema_field arg_fields[] = {
	U64(S, index,     "index", RANGE(0, 5), REQUIRED),
	U64(S, value,     "value", REQUIRED),
	U64(S, value_two, "valueTwo"),
	ENUM(S, op,       "op", oci_seccomp_operators, REQUIRED),
	{}
};
static const struct schema_type oci_seccomp_arg_type = TYPE(S, "system call argument", arg_fields);
#undef S

#define S struct oci_seccomp_syscall
static const struct schema_field syscall_fields[] = {
	STRV(S, names,    "names", .flags = F_REQUIRED | F_NONEMPTY),
	ENUM(S, action,   "action", oci_seccomp_actions, REQUIRED),
	U64(S, errno_ret, "errnoRet", RANGE(0, UINT32_MAX)),
	LIST(S, args,     "args", oci_seccomp_arg),
	{}
};
static const struct schema_type oci_seccomp_syscall_type = TYPE(S, "system call", syscall_fields);
#undef S

#define S struct oci_seccomp
static const struct schema_field seccomp_fields[] = {
	ENUM(S, default_action,     "defaultAction", oci_seccomp_actions, REQUIRED),
	U64(S, default_errno_ret,   "defaultErrnoRet", RANGE(0, UINT32_MAX)),
	ENUMS(S, architectures,     "architectures", oci_seccomp_archs),
	ENUMS(S, flags,             "flags", oci_seccomp_flags),
	STRING(S, listener_path,    "listenerPath"),
	STRING(S, listener_metadata, "listenerMetadata"),
	LIST(S, syscalls,           "syscalls", oci_seccomp_syscall),
	{}
};
const struct schema_type oci_seccomp_type = TYPE(S, "seccomp", seccomp_fields);
#undef S
/* clang-format on */
