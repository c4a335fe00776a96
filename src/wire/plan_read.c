// SPDX-License-Identifier: Apache-2.0
/*
 * Proves a block to be a plan before anyone follows an offset in it. Shared by libhusk and husk-init: no libc.
 * What it knows of an operation is its row in PLAN_OPS: so many strings, lists and blobs, in that order.
 */
#include <wire/plan.h>

const struct plan_kind_info plan_kinds[PLAN_KINDS] = {
#define X(kind, member, name, strings, lists, blobs) {name, strings, lists, blobs},
	PLAN_OPS(X)
#undef X
};

static int section_inside(
	const struct plan_header *h, struct plan_section s, uint32_t element, uint32_t align)
{
	uint64_t end = s.offset + (uint64_t)s.count * element;

	return s.offset >= sizeof *h && s.offset % align == 0 && end <= h->size;
}

static int list_inside(const struct plan_header *h, struct plan_list list)
{
	return (uint64_t)list.first + list.count <= h->index.count;
}

static int blob_inside(const struct plan_header *h, struct plan_blob blob)
{
	return blob.offset % 8 == 0 && (uint64_t)blob.offset + blob.size <= h->blobs.count;
}

/* The descriptor an operation refers to, if its kind has one. */
static plan_fd_ref op_fd(const struct plan_op *op)
{
	switch (op->kind) {
	case PLAN_JOIN:
		return op->join.fd;
	case PLAN_MOUNT:
		return op->mount.fd;
	case PLAN_HOOK:
		return op->hook.file;
	case PLAN_READY:
		return op->ready.gate;
	default:
		return 0;
	}
}

static int fd_valid(const struct plan_header *h, uint32_t i)
{
	const struct plan_fd *fd = &plan_fds(h)[i];

	return fd->path < h->strings.count && fd->at < h->strings.count &&
	       fd->gids < h->strings.count && fd->idmap <= i;
}

static int op_valid(const struct plan_header *h, const struct plan_op *op)
{
	const uint32_t *word = (const uint32_t *)op->words;
	const struct plan_kind_info *info;

	if (op->kind >= PLAN_KINDS || op->at >= h->strings.count || op_fd(op) > h->fds.count)
		return 0;
	if (op->kind == PLAN_MOUNT && op->mount.idmap > h->fds.count)
		return 0;
	info = &plan_kinds[op->kind];
	for (int i = 0; i < info->strings; i++)
		if (*word++ >= h->strings.count)
			return 0;
	for (int i = 0; i < info->lists; i++, word += 2)
		if (!list_inside(h, (struct plan_list){word[0], word[1]}))
			return 0;
	for (int i = 0; i < info->blobs; i++, word += 2)
		if (!blob_inside(h, (struct plan_blob){word[0], word[1]}))
			return 0;
	return 1;
}

static int sections_valid(const struct plan_header *h)
{
	const char *strings = (const char *)h + h->strings.offset;

	return section_inside(h, h->ops, sizeof(struct plan_op), 8) &&
	       section_inside(h, h->fds, sizeof(struct plan_fd), 4) &&
	       section_inside(h, h->index, sizeof(plan_str), 4) &&
	       section_inside(h, h->blobs, 1, 8) && section_inside(h, h->strings, 1, 1) &&
	       h->strings.count > 0 && !strings[0] && !strings[h->strings.count - 1];
}

int plan_check(const void *plan, size_t size)
{
	const struct plan_header *h = plan;
	const plan_str *index;

	if (size < sizeof *h || h->magic != PLAN_MAGIC || h->version != PLAN_VERSION ||
		h->size != size || !sections_valid(h))
		return -1;
	index = (const plan_str *)((const char *)plan + h->index.offset);
	for (uint32_t i = 0; i < h->index.count; i++)
		if (index[i] >= h->strings.count)
			return -1;
	for (uint32_t i = 0; i < h->fds.count; i++)
		if (!fd_valid(h, i))
			return -1;
	for (uint32_t i = 0; i < h->ops.count; i++)
		if (!op_valid(h, &plan_ops(h)[i]))
			return -1;
	return 0;
}
