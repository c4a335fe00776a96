/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan while it grows: operations, descriptors, lists, blobs and an interned string pool, put together into one
 * block by builder_seal(). Adding cannot fail for the caller: when memory is short the builder remembers it, hands
 * out a spare operation, and sealing reports it.
 */
#ifndef HUSK_PLAN_BUILDER_H
#define HUSK_PLAN_BUILDER_H

#include <stdbool.h>
#include <base/array.h>
#include <base/error.h>
#include <base/str.h>
#include <wire/plan.h>

struct plan;

struct builder {
	uint64_t clone_flags;
	LIST_OF(struct plan_op) ops;
	LIST_OF(struct plan_fd) fds;
	LIST_OF(plan_str) index;
	struct strbuf blobs, strings, scratch;
	struct {
		uint32_t *slots; /* open addressing over the pool: offsets, 0 is free */
		size_t room, used; /* room is a power of two */
	} interned;
	bool failed;
	struct plan_op spare;
};

/* The string in the pool; equal strings are stored once. NULL and "" are 0. */
plan_str builder_str(struct builder *b, const char *s);
plan_str builder_strf(struct builder *b, const char *format, ...) printf_like(2, 3);
/* A zeroed operation at the end of the plan; the address is good until the next one is added. */
struct plan_op *builder_op(struct builder *b, enum plan_kind kind);
/* The same with the JSON Pointer of the property that asks for it. */
struct plan_op *builder_op_at(struct builder *b, enum plan_kind kind, const char *at, ...)
	printf_like(3, 4);
/* What the parent has to open; path may be NULL. */
plan_fd_ref builder_fd(
	struct builder *b, enum plan_fd_kind kind, uint32_t arg, const char *path, plan_str at);
/* Copies the strings. */
struct plan_list builder_list(struct builder *b, const char *const *v, size_t n);
struct plan_blob builder_blob(struct builder *b, const void *data, size_t size);
/* Puts all together; the builder itself stays to be freed with builder_done(). */
int builder_seal(const struct builder *b, struct plan *ret, struct husk_error **err) nodiscard;
void builder_done(struct builder *b);

#endif
