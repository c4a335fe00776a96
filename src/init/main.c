// SPDX-License-Identifier: Apache-2.0
/*
 * husk-init: carries out a plan inside the new container, then becomes its process. It is started by one clone3 and
 * execveat of a sealed memfd, with two descriptors named by its arguments: the socket to the runtime and the plan.
 * The table below is the whole program; each line is one kind of operation (wire/plan.h), each handler a few system
 * calls. It trusts the plan's meaning but not its bytes, and nothing that comes from the container.
 */
#include <init/init.h>

#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/mman.h>
#include <linux/prctl.h>
#include <linux/signal.h>
#include <linux/stat.h>

/* clang-format off */
static init_handler *const handlers[PLAN_KINDS] = {
	[PLAN_JOIN]              = init_join,
	[PLAN_UNSHARE]           = init_unshare,
	[PLAN_MAP_IDS]           = init_map_ids,
	[PLAN_BECOME]            = init_become,
	[PLAN_FORK]              = init_fork,
	[PLAN_OOM_SCORE]         = init_oom_score,
	[PLAN_IO_PRIORITY]       = init_io_priority,
	[PLAN_CPU_AFFINITY]      = init_cpu_affinity,
	[PLAN_RLIMIT]            = init_rlimit,
	[PLAN_KEYRING]           = init_keyring,
	[PLAN_TIME_OFFSETS]      = init_time_offsets,
	[PLAN_LOOPBACK]          = init_loopback,
	[PLAN_HOSTNAME]          = init_hostname,
	[PLAN_DOMAINNAME]        = init_domainname,
	[PLAN_PROPAGATION]       = init_propagation,
	[PLAN_ROOT]              = init_root,
	[PLAN_MOUNT]             = init_mount,
	[PLAN_SYMLINK]           = init_symlink,
	[PLAN_DEVICE]            = init_device,
	[PLAN_DEVICE_BIND]       = init_device_bind,
	[PLAN_AWAIT_CGROUP]      = init_await_cgroup,
	[PLAN_CGROUP_NS]         = init_cgroup_ns,
	[PLAN_RUNTIME_HOOK]      = init_runtime_hook,
	[PLAN_HOOK]              = init_hook,
	[PLAN_ENTER_ROOT]        = init_enter_root,
	[PLAN_CONSOLE]           = init_console,
	[PLAN_SYSCTL]            = init_sysctl,
	[PLAN_MASK]              = init_mask,
	[PLAN_READONLY_PATH]     = init_readonly_path,
	[PLAN_ROOT_READONLY]     = init_root_readonly,
	[PLAN_MAKE_CWD]          = init_make_cwd,
	[PLAN_PERSONALITY]       = init_personality,
	[PLAN_MEMORY_POLICY]     = init_memory_policy,
	[PLAN_SCHEDULER]         = init_scheduler,
	[PLAN_STDIO_OWNER]       = init_stdio_owner,
	[PLAN_LSM_EXEC]          = init_lsm_exec,
	[PLAN_NO_NEW_PRIVILEGES] = init_no_new_privileges,
	[PLAN_SECCOMP]           = init_seccomp,
	[PLAN_CWD]               = init_cwd,
	[PLAN_IDENTITY]          = init_identity,
	[PLAN_UMASK]             = init_umask,
	[PLAN_FIND]              = init_find,
	[PLAN_READY]             = init_ready,
	[PLAN_EXEC]              = init_exec,
};
/* clang-format on */

/* The kernel's layout, for the two numbers we need of it. */
struct kernel_sigaction {
	void *handler;
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

/* A number from our own runtime; anything else is -1. */
static int parse_fd(const char *s)
{
	int n = 0;

	for (; *s >= '0' && *s <= '9' && n < 1 << 20; s++)
		n = n * 10 + *s - '0';
	return *s ? -1 : n;
}

/* Default signals, none blocked: the runtime's host program may have ignored or blocked some. */
static void reset_signals(void)
{
	struct kernel_sigaction deflt = {};
	uint64_t none = 0;

	for (int s = 1; s <= 64; s++)
		sys(rt_sigaction, s, &deflt, NULL, sizeof none); /* KILL and STOP refuse, rightly */
	sys(rt_sigprocmask, 2 /* SIG_SETMASK */, &none, NULL, sizeof none);
}

static int map_plan(struct init *init, int fd)
{
	long size = sys(lseek, fd, 0, 2 /* SEEK_END */);
	long at;

	if (size <= 0)
		return fault(init, size < 0 ? size : -EINVAL, "measure the plan", NULL);
	at = sys(mmap, NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at < 0 && at > -4096)
		return fault(init, at, "map the plan", NULL);
	close_fd(fd);
	if (plan_check((const void *)at, (size_t)size))
		return fault(init, -EBADMSG, "check the plan", NULL);
	init->plan = (const struct plan_header *)at;
	return 0;
}

/* The host's procfs, opened while nothing of the container is in the way. */
static int open_proc(struct init *init)
{
	struct statx st;
	uint64_t fs[16]; /* struct statfs: the first word is f_type */
	long fd = sys(openat, AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);

	if (fd < 0)
		return fault(init, fd, "open /proc", NULL);
	init->proc = (int)fd;
	if (sys(fstatfs, fd, fs) || fs[0] != PROC_SUPER_MAGIC ||
		sys(statx, fd, "", AT_EMPTY_PATH, STATX_INO, &st) || st.stx_ino != 1)
		return fault(init, -EINVAL, "check that /proc is the root of a procfs", NULL);
	return 0;
}

static int prepare(struct init *init, int plan_fd)
{
	long at;
	int r;

	sys(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
	sys(fcntl, init->sync, F_SETFD, 1 /* FD_CLOEXEC */);
	init->umask = (uint32_t)sys(umask, 0);
	reset_signals();
	sys(setsid);
	r = map_plan(init, plan_fd);
	if (r < 0)
		return r;
	r = open_proc(init);
	if (!r)
		r = inherited_close(init);
	if (r < 0 || !init->plan->fds.count)
		return r;
	at = sys(mmap, NULL, init->plan->fds.count * sizeof(int), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at < 0 && at > -4096)
		return fault(init, at, "map memory", NULL);
	init->fds = (int *)at;
	return sync_take_fds(init);
}

static int run(struct init *init)
{
	const struct plan_op *ops = plan_ops(init->plan);

	for (uint32_t i = 0; i < init->plan->ops.count; i++) {
		int r;

		init->op = &ops[i];
		r = handlers[ops[i].kind](init, &ops[i]);
		if (r < 0)
			return r;
	}
	return fault(init, -EINVAL, "end of the plan without exec", NULL);
}

int main(int argc, char **argv);
int main(int argc, char **argv)
{
	static struct init init; /* in .bss: initialisers would make the program 12 kB larger */
	int plan_fd = argc == 3 ? parse_fd(argv[2]) : -1, r;

	init.sync = argc == 3 ? parse_fd(argv[1]) : -1;
	init.proc = init.root = init.mask_tree = -1;
	if (init.sync < 3 || plan_fd < 3)
		init_exit(1); /* started by hand: there is nobody to report to */
	r = prepare(&init, plan_fd);
	if (!r)
		r = run(&init);
	init_fail(&init, r);
}

#ifndef HUSK_HELPER_LIBC
void start_c(long *stack) __attribute__((used, noreturn));
void start_c(long *stack)
{
	init_exit(main((int)stack[0], (char **)(stack + 1)));
}

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall "
	"start_c\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n\tmov x29, #0\n\tmov x30, #0\n\tmov x0, sp\n\tbl start_c\n");
#elif defined(__riscv)
__asm__(".globl _start\n_start:\n\t.option push\n\t.option norelax\n\tlla gp, "
	"__global_pointer$\n\t.option pop\n"
	"\tmv a0, sp\n\tandi sp, sp, -16\n\tcall start_c\n");
#endif
#endif
