// SPDX-License-Identifier: Apache-2.0
/* Stopping at a named point, in test builds only. HUSK_FAULT_POINT=list prints the table. */
#include <core/fault.h>

#ifdef HUSK_FAULT_INJECTION
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fault_point(const char *name)
{
	const char *wanted = getenv("HUSK_FAULT_POINT");

	if (wanted && !strcmp(wanted, name))
		raise(SIGSTOP);
}

__attribute__((constructor)) static void list_points(void)
{
	const char *wanted = getenv("HUSK_FAULT_POINT");

	if (!wanted || strcmp(wanted, "list"))
		return;
#define X(command, point) puts(#command " " point);
	FAULT_POINTS(X)
#undef X
	exit(0);
}
#else
extern const int fault_injection_is_off;
const int fault_injection_is_off = 1; /* an empty translation unit is not C */
#endif
