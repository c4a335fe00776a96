// SPDX-License-Identifier: Apache-2.0
/*
 * Memory of a growing plan, and its sealing into one block. The same calls give the same bytes: unused parts are
 * zero and strings stand in the order of their first use.
 */
#include <plan/builder.h>
#include <plan/plan.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	SLOTS_FIRST = 256,
	PLAN_SIZE_MAX =
		64 << 20, /* a configuration that compiles to more is a mistake or an attack */
};

static uint32_t hash(const char *s)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h;
}

/* The slot where s is, or where it belongs. */
static uint32_t *slot_of(struct builder *b, uint32_t *slots, size_t room, const char *s)
{
	size_t i = hash(s) & (room - 1);

	while (slots[i] && strcmp(b->strings.text + slots[i], s))
		i = (i + 1) & (room - 1);
	return &slots[i];
}

static bool slots_grow(struct builder *b)
{
	size_t room = b->interned.room ? b->interned.room * 2 : SLOTS_FIRST;
	uint32_t *slots = calloc(room, sizeof *slots);

	if (!slots)
		return false;
	for (size_t i = 0; i < b->interned.room; i++)
		if (b->interned.slots[i])
			*slot_of(b, slots, room, b->strings.text + b->interned.slots[i]) =
				b->interned.slots[i];
	free(b->interned.slots);
	b->interned.slots = slots;
	b->interned.room = room;
	return true;
}

plan_str builder_str(struct builder *b, const char *s)
{
	uint32_t *slot;

	if (!s || !*s || b->failed)
		return 0;
	if (b->interned.used * 2 >= b->interned.room && !slots_grow(b)) {
		b->failed = true;
		return 0;
	}
	if (!b->strings.len)
		strbuf_add_char(&b->strings, '\0');
	slot = slot_of(b, b->interned.slots, b->interned.room, s);
	if (*slot)
		return *slot;
	if (b->strings.len > PLAN_SIZE_MAX) {
		b->failed = true;
		return 0;
	}
	*slot = (uint32_t)b->strings.len;
	b->interned.used++;
	strbuf_add_bytes(&b->strings, s, strlen(s) + 1);
	b->failed = strbuf_failed(&b->strings);
	return b->failed ? 0 : *slot;
}

static plan_str str_vprintf(struct builder *b, const char *format, va_list args) printf_like(2, 0);

static plan_str str_vprintf(struct builder *b, const char *format, va_list args)
{
	strbuf_truncate(&b->scratch, 0);
	strbuf_vprintf(&b->scratch, format, args);
	b->failed |= strbuf_failed(&b->scratch);
	return builder_str(b, b->scratch.text);
}

plan_str builder_strf(struct builder *b, const char *format, ...)
{
	va_list args;
	plan_str s;

	va_start(args, format);
	s = str_vprintf(b, format, args);
	va_end(args);
	return s;
}

struct plan_op *builder_op(struct builder *b, enum plan_kind kind)
{
	struct plan_op *op = list_add(&b->ops);

	if (!op) {
		b->failed = true;
		memset(&b->spare, 0, sizeof b->spare);
		op = &b->spare;
	}
	op->kind = kind;
	return op;
}

struct plan_op *builder_op_at(struct builder *b, enum plan_kind kind, const char *at, ...)
{
	struct plan_op *op = builder_op(b, kind);
	va_list args;

	va_start(args, at);
	op->at = str_vprintf(b, at, args);
	va_end(args);
	return op;
}

plan_fd_ref builder_fd(
	struct builder *b, enum plan_fd_kind kind, uint32_t arg, const char *path, plan_str at)
{
	struct plan_fd *fd = list_add(&b->fds);

	if (!fd) {
		b->failed = true;
		return 0;
	}
	fd->kind = kind;
	fd->arg = arg;
	fd->path = builder_str(b, path);
	fd->at = at;
	return (plan_fd_ref)b->fds.n;
}

struct plan_list builder_list(struct builder *b, const char *const *v, size_t n)
{
	struct plan_list list = {.first = (uint32_t)b->index.n};

	for (size_t i = 0; i < n; i++) {
		plan_str *entry = list_add(&b->index);

		if (!entry) {
			b->failed = true;
			return (struct plan_list){};
		}
		*entry = builder_str(b, v[i]);
		list.count++;
	}
	return list;
}

struct plan_blob builder_blob(struct builder *b, const void *data, size_t size)
{
	static const char zero[8];
	struct plan_blob blob = {(uint32_t)b->blobs.len, (uint32_t)size};

	if (!size)
		return (struct plan_blob){};
	if (size > PLAN_SIZE_MAX || b->blobs.len > PLAN_SIZE_MAX) {
		b->failed = true;
		return (struct plan_blob){};
	}
	strbuf_add_bytes(&b->blobs, data, size);
	if (size % 8)
		strbuf_add_bytes(&b->blobs, zero, 8 - size % 8);
	b->failed |= strbuf_failed(&b->blobs);
	return blob;
}

/* Lays a section behind the last one, aligned to 8. */
static struct plan_section lay(size_t *end, size_t count, size_t element)
{
	struct plan_section section = {(uint32_t)*end, (uint32_t)count};

	*end += (count * element + 7) & ~(size_t)7;
	return section;
}

static void copy(struct plan_header *h, struct plan_section s, const void *from, size_t element)
{
	if (s.count)
		memcpy((char *)h + s.offset, from, s.count * element);
}

int builder_seal(const struct builder *b, struct plan *ret, struct husk_error **err)
{
	static const char empty_pool[1];
	struct plan_header head = {
		.magic = PLAN_MAGIC, .version = PLAN_VERSION, .clone_flags = b->clone_flags};
	const char *strings = b->strings.len ? b->strings.text : empty_pool;
	size_t size = sizeof head;
	struct plan_header *h;

	if (b->failed)
		return fail_memory(err);
	head.ops = lay(&size, b->ops.n, sizeof *b->ops.v);
	head.fds = lay(&size, b->fds.n, sizeof *b->fds.v);
	head.index = lay(&size, b->index.n, sizeof *b->index.v);
	head.blobs = lay(&size, b->blobs.len, 1);
	head.strings = lay(&size, b->strings.len ? b->strings.len : 1, 1);
	if (size > PLAN_SIZE_MAX)
		return fail_full(err, HUSK_ERROR_INVALID_CONFIG, E2BIG, NULL,
			"cannot plan the container: its configuration is too large");
	h = calloc(1, size);
	if (!h)
		return fail_memory(err);
	head.size = (uint32_t)size;
	*h = head;
	copy(h, head.ops, b->ops.v, sizeof *b->ops.v);
	copy(h, head.fds, b->fds.v, sizeof *b->fds.v);
	copy(h, head.index, b->index.v, sizeof *b->index.v);
	copy(h, head.blobs, b->blobs.text, 1);
	copy(h, head.strings, strings, 1);
	*ret = (struct plan){h, size};
	return 0;
}

void builder_done(struct builder *b)
{
	free(b->ops.v);
	free(b->fds.v);
	free(b->index.v);
	free(b->interned.slots);
	strbuf_done(&b->blobs);
	strbuf_done(&b->strings);
	strbuf_done(&b->scratch);
}

void plan_done(struct plan *plan)
{
	free(plan->header);
	*plan = (struct plan){};
}
