/* SPDX-License-Identifier: Apache-2.0 */
/* The hooks that the runtime runs itself: which, when, and the state they read. exec runs none. */
#ifndef HUSK_CORE_HOOKS_H
#define HUSK_CORE_HOOKS_H

#include <sys/types.h>
#include <base/error.h>
#include <base/log.h>
#include <core/state.h>
#include <wire/plan.h>

/* A RUNTIME_HOOK of the plan; pid is the container's process. */
int hooks_run_op(const struct plan_header *plan, const struct plan_op *op, pid_t pid,
	const char *bundle, struct husk_error **err);
/* All of poststart, up to the first that fails. */
int hooks_poststart(const struct state *s, pid_t pid, struct husk_error **err);
/* All of poststop; one that fails is a warning. */
void hooks_poststop(const struct state *s, const struct log *log);

#endif
