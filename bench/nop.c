/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that does nothing: exit(0) without a C library, so that only the runtime's cost is timed. With -DPAUSE it
 * waits for a signal for ever: the container that `exec` and `state` are timed on.
 */
void _start(void);

static inline long call(long number, long argument)
{
#if defined(__x86_64__)
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(argument), "S"(0), "d"(0)
			 : "rcx", "r11", "memory");
	return result;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = number, x0 __asm__("x0") = argument, x1 __asm__("x1") = 0;
	register long x2 __asm__("x2") = 0, x3 __asm__("x3") = 0;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
#elif defined(__riscv) && __riscv_xlen == 64
	register long a7 __asm__("a7") = number, a0 __asm__("a0") = argument, a1 __asm__("a1") = 0;
	register long a2 __asm__("a2") = 0, a3 __asm__("a3") = 0;

	__asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3) : "memory");
	return a0;
#else
#error "no system call for this architecture"
#endif
}

#if defined(__x86_64__)
enum { NR_EXIT = 60, NR_WAIT = 34 }; /* pause */
#else
enum { NR_EXIT = 93, NR_WAIT = 73 }; /* ppoll: no descriptors, no timeout */
#endif

void _start(void)
{
#ifdef PAUSE
	for (;;)
		call(NR_WAIT, 0);
#endif
	for (;;)
		call(NR_EXIT, 0);
}
