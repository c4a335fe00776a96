// SPDX-License-Identifier: Apache-2.0
/*
 * The program compares numbers and returns 1 (allowed) or 0 at the first that is equal; so the kernel's verifier walks
 * it once, and 16384 different numbers are far below its limit of a million steps. Type and major are one number:
 *
 *	r2 = type, r3 = access, r4 = type << 12 | major, r5 = minor, r0 = 0
 *	if r4 != 0x2001 goto next           for each major that is listed
 *	  if r5 != 3 goto +n                for each of its minors
 *	    if r3 & ~allowed exit           nothing less or more is left out where it can be
 *	    r0 = 1; exit
 *	  the same without a question for the other minors
 *	next: ...
 *	the other majors, by type if that makes a difference
 *
 * A jump reaches 32767 instructions: the minors of a major that has very many come in parts, each with its own
 * question for the major.
 */
#include <cgroup/device_prog.h>
#include <base/mem.h>

#include <errno.h>
#include <stddef.h>

enum { MAJOR_BITS = 12, PART = 4096 };

enum { ALLOWED = BPF_REG_0, CONTEXT, TYPE, ACCESS, KEY, MINOR };

static void emit(struct bpf_code *c, int *r, struct bpf_insn insn)
{
	struct bpf_insn *slot = *r ? NULL : list_add(c);

	if (slot)
		*slot = insn;
	else
		*r = -ENOMEM;
}

static struct bpf_insn load(uint8_t to, size_t offset)
{
	return (struct bpf_insn){.code = BPF_LDX | BPF_MEM | BPF_W,
		.dst_reg = to,
		.src_reg = CONTEXT,
		.off = (int16_t)offset};
}

static struct bpf_insn compute(uint8_t operation, uint8_t to, uint32_t value)
{
	return (struct bpf_insn){
		.code = BPF_ALU | operation | BPF_K, .dst_reg = to, .imm = (int32_t)value};
}

static struct bpf_insn compute_from(uint8_t operation, uint8_t to, uint8_t from)
{
	return (struct bpf_insn){
		.code = BPF_ALU | operation | BPF_X, .dst_reg = to, .src_reg = from};
}

/* With the distance 0, to be filled in by land(). */
static struct bpf_insn jump_if(uint8_t condition, uint8_t reg, uint32_t value)
{
	return (struct bpf_insn){
		.code = BPF_JMP | condition | BPF_K, .dst_reg = reg, .imm = (int32_t)value};
}

static void land(struct bpf_code *c, int r, size_t jump)
{
	if (!r)
		c->v[jump].off = (int16_t)(c->n - jump - 1);
}

static void emit_start(struct bpf_code *c, int *r)
{
	emit(c, r, load(TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type)));
	emit(c, r, compute_from(BPF_MOV, ACCESS, TYPE));
	emit(c, r, compute(BPF_RSH, ACCESS, 16));
	emit(c, r, compute(BPF_AND, TYPE, 0xffff));
	emit(c, r, load(KEY, offsetof(struct bpf_cgroup_dev_ctx, major)));
	emit(c, r, load(MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor)));
	emit(c, r, compute_from(BPF_MOV, ALLOWED, TYPE));
	emit(c, r, compute(BPF_LSH, ALLOWED, MAJOR_BITS));
	emit(c, r, compute_from(BPF_OR, KEY, ALLOWED));
	emit(c, r, compute(BPF_MOV, ALLOWED, 0));
}

static void emit_answer(struct bpf_code *c, int *r, uint8_t access)
{
	uint32_t denied = DEVICE_ACCESS & ~(uint32_t)access;
	size_t jump = c->n;

	if (access && denied)
		emit(c, r, jump_if(BPF_JSET, ACCESS, denied));
	if (access)
		emit(c, r, compute(BPF_MOV, ALLOWED, 1));
	if (access && denied)
		land(c, *r, jump);
	emit(c, r, (struct bpf_insn){.code = BPF_JMP | BPF_EXIT});
}

/* reg 0: no question is asked, as nothing comes after it. */
static void emit_major(
	struct bpf_code *c, int *r, const struct device_major *m, uint8_t reg, uint32_t value)
{
	for (size_t i = 0; i <= m->minors.n; i += PART) {
		size_t end = MIN(i + PART, m->minors.n), question = c->n;

		if (reg)
			emit(c, r, jump_if(BPF_JNE, reg, value));
		for (size_t k = i; k < end; k++) {
			size_t jump = c->n;

			emit(c, r, jump_if(BPF_JNE, MINOR, m->minors.v[k].minor));
			emit_answer(c, r, m->minors.v[k].access);
			land(c, *r, jump);
		}
		if (m->minors.n - i < PART)
			emit_answer(c, r, m->access);
		if (reg)
			land(c, *r, question);
	}
}

static bool same_others(const struct cgroup_devices *d)
{
	const struct device_major *a = &d->others[0], *b = &d->others[1];

	return a->access == b->access && !a->minors.n && !b->minors.n;
}

int cgroup_device_program(const struct cgroup_devices *d, struct bpf_code *ret)
{
	const struct device_major *block = &d->others[DEVICE_BLOCK - 1];
	const struct device_major *others = &d->others[DEVICE_CHAR - 1];
	struct bpf_code c = {};
	int r = 0;

	emit_start(&c, &r);
	list_for_each (m, &d->majors)
		emit_major(&c, &r, m, KEY, (uint32_t)m->type << MAJOR_BITS | m->major);
	if (!same_others(d))
		emit_major(&c, &r, block, TYPE, DEVICE_BLOCK);
	emit_major(&c, &r, others, 0, 0);
	if (r < 0) {
		free(c.v);
		return r;
	}
	*ret = c;
	return 0;
}
