// SPDX-License-Identifier: Apache-2.0
/*
 * Installing the filter. One with a listener may notify about any system call, and whoever answers has nothing to
 * answer with before the runtime has handed it the descriptor. So the thread that installs the filter does not speak:
 * a second thread, started before and not filtered, sends the descriptor, hears that it was taken and dies in execve.
 * The two meet in memory, without a system call. It needs no right over this process, unlike pidfd_getfd(2) by the
 * runtime, and keeps the filtered thread from executing before somebody listens.
 */
#include <init/init.h>

#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/seccomp.h>

#ifndef SECCOMP_FILTER_FLAG_NEW_LISTENER /* kernel headers before 5.0 */
#define SECCOMP_FILTER_FLAG_NEW_LISTENER (1UL << 3)
#endif

enum { STACK_SIZE = 65536 };
enum step { WAITING, INSTALLED, TAKEN };

struct talk {
	struct init *init;
	int listener; /* or -errno */
	int step; /* enum step */
};

/* A thread of this process on a stack of its own; `fn` does not return. Its id or -errno. */
#if defined(HUSK_HELPER_LIBC)
int clone(int (*fn)(void *), void *stack, int flags, void *arg, ...);

static long thread_start(unsigned long flags, char *stack_end, int (*fn)(void *), void *arg)
{
	int r = clone(fn, stack_end, (int)flags, arg);

	return r < 0 ? -*__errno_location() : r;
}
#else
static long thread_start(unsigned long flags, char *stack_end, int (*fn)(void *), void *arg)
{
#if defined(__x86_64__)
	register long r8 __asm__("r8") = (long)fn;
	register long r9 __asm__("r9") = (long)arg;
	long r;

	__asm__ volatile("syscall\n\ttest %%rax, %%rax\n\tjnz 1f\n\txor %%ebp, %%ebp\n\tmov %%r9, "
			 "%%rdi\n\tcall *%%r8\n\tud2\n1:"
			 : "=a"(r)
			 : "a"(__NR_clone), "D"(flags), "S"(stack_end), "d"(0), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return r;
#elif defined(__aarch64__)
	register long x0 __asm__("x0") = (long)flags;
	register long x1 __asm__("x1") = (long)stack_end;
	register long x5 __asm__("x5") = (long)fn;
	register long x6 __asm__("x6") = (long)arg;
	register long x8 __asm__("x8") = __NR_clone;

	__asm__ volatile("svc 0\n\tcbnz x0, 1f\n\tmov x29, #0\n\tmov x0, x6\n\tblr x5\n\tbrk #0\n1:"
			 : "+r"(x0)
			 : "r"(x1), "r"(x5), "r"(x6), "r"(x8)
			 : "memory");
	return x0;
#else
	register long a0 __asm__("a0") = (long)flags;
	register long a1 __asm__("a1") = (long)stack_end;
	register long a5 __asm__("a5") = (long)fn;
	register long a6 __asm__("a6") = (long)arg;
	register long a7 __asm__("a7") = __NR_clone;

	__asm__ volatile("ecall\n\tbnez a0, 1f\n\tmv a0, a6\n\tjalr a5\n\tebreak\n1:"
			 : "+r"(a0)
			 : "r"(a1), "r"(a5), "r"(a6), "r"(a7)
			 : "memory");
	return a0;
#endif
}
#endif

static int step_of(const struct talk *t)
{
	return __atomic_load_n(&t->step, __ATOMIC_ACQUIRE);
}

static void step_to(struct talk *t, enum step step)
{
	__atomic_store_n(&t->step, (int)step, __ATOMIC_RELEASE);
}

/* The second thread. */
static int talk(void *arg)
{
	struct talk *t = arg;

	while (step_of(t) != INSTALLED)
		sys(sched_yield);
	if (t->listener >= 0 && (sync_send(t->init, SYNC_LISTENER, NULL, 0, t->listener) < 0 ||
					sync_expect(t->init, SYNC_LISTENER_TAKEN) < 0))
		init_exit(1); /* the runtime is gone, and nobody would ever answer */
	step_to(t, TAKEN);
	for (;;)
		sys(ppoll, NULL, 0, NULL, NULL, 0);
}

static long install(struct init *init, const struct plan_op *op, unsigned long flags)
{
	struct sock_fprog program = {
		.len = (unsigned short)(op->seccomp.filter.size / sizeof(struct sock_filter)),
		.filter =
			(struct sock_filter *)(uintptr_t)plan_bytes(init->plan, op->seccomp.filter),
	};

	return sys(seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static int install_with_listener(struct init *init, const struct plan_op *op)
{
	struct talk t = {.init = init};
	long stack = sys(mmap, NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
	     r;

	if (stack < 0 && stack > -4096)
		return fault(init, stack, "map memory", NULL);
	r = thread_start(
		CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM,
		(char *)stack + STACK_SIZE, talk, &t);
	if (r < 0)
		return fault(init, r, "clone", NULL);
	r = install(init, op, op->seccomp.flags | SECCOMP_FILTER_FLAG_NEW_LISTENER);
	t.listener = (int)r;
	step_to(&t, INSTALLED);
	while (step_of(&t) != TAKEN) /* any system call might wait for an answer that never comes */
		__asm__ volatile("" ::: "memory");
	return r < 0 ? fault(init, r, "seccomp", NULL) : 0;
}

/* Without no_new_privs, installing needs CAP_SYS_ADMIN, which IDENTITY left us until here. */
static int drop_capabilities(struct init *init, const struct plan_seccomp *s)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	long r;

	for (int i = 0; i < 2; i++)
		data[i] = (struct __user_cap_data_struct){
			.effective = (uint32_t)(s->effective >> 32 * i),
			.permitted = (uint32_t)(s->permitted >> 32 * i),
			.inheritable = (uint32_t)(s->inheritable >> 32 * i),
		};
	r = sys(capset, &header, data);
	return r < 0 ? fault(init, r, "capset", NULL) : 0;
}

int init_seccomp(struct init *init, const struct plan_op *op)
{
	long r;

	if (op->seccomp.listener) {
		r = install_with_listener(init, op);
	} else {
		r = install(init, op, op->seccomp.flags);
		if (r < 0)
			return fault(init, r, "seccomp", NULL);
	}
	return r < 0 || !op->seccomp.drop ? (int)r : drop_capabilities(init, &op->seccomp);
}
