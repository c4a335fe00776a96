/* SPDX-License-Identifier: Apache-2.0 */
/* Flags of a plan in words, for the dump. */
#ifndef HUSK_PLAN_WORDS_H
#define HUSK_PLAN_WORDS_H

#include <stdint.h>
#include <base/str.h>
#include <wire/plan.h>

/* A list with separators: begin with a zeroed one. */
struct word_list {
	struct strbuf *out;
	const char *separator;
	unsigned int n;
};

/* Text that came from outside: control characters must not reach the terminal, and lines stay lines. */
void word_plain(struct strbuf *out, const char *s);
/* The same in double quotes when it would not be one word. */
void word_quoted(struct strbuf *out, const char *s);

/* Appends one word and a separator before it, but for the first. */
void word_add(struct word_list *list, const char *prefix, const char *word);

/* "pid, network" for CLONE_NEW*; "none" for 0. */
void words_namespaces(struct strbuf *out, uint64_t flags);
/* "ro,nosuid,rslave,bind" for everything that was asked of a mount. */
void words_mount(struct strbuf *out, const struct plan_mount *mount);
/* "rslave" for MS_SLAVE | MS_REC. */
const char *word_propagation(uint32_t flags);
/* "CAP_KILL CAP_SETUID", "none", or "all 41" for every capability there is. */
void words_caps(struct strbuf *out, uint64_t set);
/* "IOPRIO_CLASS_BE priority 3" for a value of ioprio_set(2). */
void words_io_priority(struct strbuf *out, uint32_t value);
/* "MPOL_BIND MPOL_F_STATIC_NODES". */
void words_memory_policy(struct strbuf *out, uint32_t mode);
/* "SCHED_FIFO priority 10 SCHED_FLAG_RESET_ON_FORK". */
void words_scheduler(struct strbuf *out, const struct plan_scheduler *s);

/* dump_hooks.c */
struct oci_hook;
void words_hook(const struct plan_header *plan, const struct plan_op *op, struct strbuf *out);
void words_oci_hook(struct strbuf *out, const char *kind, const struct oci_hook *hook);

/* rdt.c: lines for the head of the dump */
struct oci_intel_rdt;
void words_rdt(struct strbuf *out, const struct oci_intel_rdt *rdt, const char *id);

#endif
