/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running one hook beside the runtime, in its namespaces, and wording what became of one wherever it ran. Safe in
 * threaded programs: what runs between clone and exec is raw system calls, and nobody else's child is touched. The
 * host program has to leave ours alone too: no waitpid(-1), no ignored SIGCHLD.
 */
#ifndef HUSK_HOOK_HOOK_H
#define HUSK_HOOK_HOOK_H

#include <base/error.h>
#include <kern/outcome.h>
#include <oci/hooks.h>

struct hook {
	const char *at; /* JSON Pointer, for errors */
	const char *path;
	const char *const *args, *const *env; /* NULL-terminated; exactly what it gets */
	uint64_t timeout; /* seconds; 0: none */
};

/*
 * Runs it with `state` as its standard input and `cwd` as working directory, to its end or to that of its time. An
 * exit status other than 0 is an error. It has signals at their default and no descriptors but 0, 1 and 2.
 */
int hook_run(const struct hook *hook, const char *cwd, const char *state, struct husk_error **err);

/* The error that says it: `output` is what the hook wrote last. Always returns < 0. */
int hook_fail(struct husk_error **err, const char *at, const char *path, struct outcome outcome,
	const char *output);

#endif
