// SPDX-License-Identifier: Apache-2.0
/*
 * The conversions, one small function each; the table in knobs.c says which goes where. All pure.
 */
#include <cgroup/convert.h>
#include <base/attr.h>
#include <base/bitlist.h>

#include <errno.h>
#include <inttypes.h>
#include <math.h>

#define PERIOD_DEFAULT 100000 /* microseconds, as in cpu.max */
#define INFINITE "uint64 18446744073709551615"

enum {
	SHARES_MIN = 2,
	SHARES_MAX = 262144,
	WEIGHT_MAX = 10000,
	IO_WEIGHT_MIN = 10,
	IO_WEIGHT_MAX = 1000,
	SECOND_US = 1000000,
	QUOTA_STEP_US = 10000, /* systemd keeps quotas in per cent */
};

int knob_number_or_zero(const struct knob_value *v, struct strbuf *out, struct husk_error **err)
{
	(void)err;
	strbuf_printf(out, "%" PRId64, v->number);
	return 1;
}

int knob_number(const struct knob_value *v, struct strbuf *out, struct husk_error **err)
{
	return v->number ? knob_number_or_zero(v, out, err) : 0;
}

/* The kernel refuses a weight to what runs only where nobody else wants to. */
static bool is_idle(const struct oci_resources *r)
{
	return r->cpu && opt_i64_or(r->cpu->idle, 0) == 1;
}

int knob_shares(const struct knob_value *v, struct strbuf *out, struct husk_error **err)
{
	return is_idle(v->all) ? 0 : knob_number(v, out, err);
}

/* v1 takes -1 itself for no limit; everything below is out of the schema's range. */
int knob_size(const struct knob_value *v, struct strbuf *out, struct husk_error **err)
{
	return knob_number(v, out, err);
}

int knob_flag(const struct knob_value *v, struct strbuf *out, struct husk_error **err)
{
	(void)err;
	strbuf_add(out, v->number ? "1" : "0");
	return 1;
}

int knob_text(const struct knob_value *v, struct strbuf *out, struct husk_error **err)
{
	(void)err;
	strbuf_add(out, v->text ? v->text : "");
	return v->text && *v->text;
}

static int64_t memory_limit(const struct oci_resources *r)
{
	return r->memory ? opt_i64_or(r->memory->limit, 0) : 0;
}

/* Memory without a limit, and nothing said of swap: then that has none either. */
int knob_memsw(const struct knob_value *v, struct strbuf *out, struct husk_error **err)
{
	if (v->number)
		return knob_number(v, out, err);
	strbuf_add(out, "-1");
	return memory_limit(v->all) == -1;
}

static void add_max(struct strbuf *out, int64_t n)
{
	if (n < 0)
		strbuf_add(out, "max");
	else
		strbuf_printf(out, "%" PRId64, n);
}

int knob_size_max(const struct knob_value *v, struct strbuf *out, struct husk_error **err)
{
	(void)err;
	add_max(out, v->number);
	return v->number != 0;
}

/* v2 counts swap alone, the specification memory and swap together. */
static int swap_alone(const struct knob_value *v, int64_t *ret, struct husk_error **err)
{
	int64_t limit = memory_limit(v->all);

	if (!v->number && limit != -1)
		return 0;
	if (v->number <= 0 || limit == -1) {
		*ret = v->number > 0 ? v->number : -1;
		return 1;
	}
	if (!limit)
		return fail_at(err, v->at,
			"needs memory.limit: cgroup v2 limits swap alone, and this counts both");
	*ret = v->number - limit; /* not negative: the schema's rule */
	return 1;
}

int knob_swap_max(const struct knob_value *v, struct strbuf *out, struct husk_error **err)
{
	int64_t swap = 0;
	int r = swap_alone(v, &swap, err);

	if (r > 0)
		add_max(out, swap);
	return r;
}

/* The curve that takes the ends and the default of one range to those of the other. */
uint64_t cgroup_cpu_weight(uint64_t shares)
{
	double l;

	if (shares <= SHARES_MIN)
		return 1;
	if (shares >= SHARES_MAX)
		return WEIGHT_MAX;
	l = log2((double)shares);
	return (uint64_t)ceil(pow(10, (l * l + 125 * l) / 612.0 - 7.0 / 34.0));
}

int knob_weight(const struct knob_value *v, struct strbuf *out, struct husk_error **err)
{
	(void)err;
	strbuf_printf(out, "%" PRIu64, cgroup_cpu_weight(v->magnitude));
	return v->magnitude != 0 && !is_idle(v->all);
}

static uint64_t cpu_period(const struct oci_resources *r)
{
	uint64_t period = r->cpu ? opt_u64_or(r->cpu->period, 0) : 0;

	return period ? period : PERIOD_DEFAULT;
}

int knob_cpu_max(const struct knob_value *v, struct strbuf *out, struct husk_error **err)
{
	(void)err;
	add_max(out, v->number > 0 ? v->number : -1);
	strbuf_printf(out, " %" PRIu64, cpu_period(v->all));
	return 1;
}

int knob_pids(const struct knob_value *v, struct strbuf *out, struct husk_error **err)
{
	(void)err;
	add_max(out, v->number);
	return 1;
}

uint64_t cgroup_io_weight(uint64_t weight)
{
	/* below the range the kernel had, but the specification allows it: the lowest there is */
	if (weight <= IO_WEIGHT_MIN)
		return 1;
	weight = MIN(weight, (uint64_t)IO_WEIGHT_MAX);
	return 1 + (weight - IO_WEIGHT_MIN) * (WEIGHT_MAX - 1) / (IO_WEIGHT_MAX - IO_WEIGHT_MIN);
}

int knob_io_weight(const struct knob_value *v, struct strbuf *out, struct husk_error **err)
{
	(void)err;
	strbuf_printf(out, "%" PRIu64, cgroup_io_weight(v->magnitude));
	return v->magnitude != 0;
}

int property_number(const struct knob_value *v, struct strbuf *out, struct husk_error **err)
{
	(void)err;
	strbuf_printf(out, "uint64 %" PRIu64, v->magnitude);
	return v->magnitude != 0;
}

static void add_bytes(struct strbuf *out, int64_t n)
{
	if (n < 0)
		strbuf_add(out, INFINITE);
	else
		strbuf_printf(out, "uint64 %" PRId64, n);
}

int property_bytes(const struct knob_value *v, struct strbuf *out, struct husk_error **err)
{
	(void)err;
	add_bytes(out, v->number);
	return v->number != 0;
}

int property_swap(const struct knob_value *v, struct strbuf *out, struct husk_error **err)
{
	int64_t swap = 0;
	int r = swap_alone(v, &swap, err);

	if (r > 0)
		add_bytes(out, swap);
	return r;
}

int property_shares(const struct knob_value *v, struct strbuf *out, struct husk_error **err)
{
	return is_idle(v->all) ? 0 : property_number(v, out, err);
}

int property_weight(const struct knob_value *v, struct strbuf *out, struct husk_error **err)
{
	(void)err;
	strbuf_printf(out, "uint64 %" PRIu64, cgroup_cpu_weight(v->magnitude));
	return v->magnitude != 0 && !is_idle(v->all);
}

int property_quota(const struct knob_value *v, struct strbuf *out, struct husk_error **err)
{
	uint64_t us;

	(void)err;
	if (v->number <= 0) {
		strbuf_add(out, INFINITE);
		return 1;
	}
	if (__builtin_mul_overflow((uint64_t)v->number, (uint64_t)SECOND_US, &us))
		return 0; /* the file says it */
	us = us / cpu_period(v->all);
	us = (us + QUOTA_STEP_US - 1) / QUOTA_STEP_US * QUOTA_STEP_US;
	strbuf_printf(out, "uint64 %" PRIu64, us);
	return 1;
}

int property_period(const struct knob_value *v, struct strbuf *out, struct husk_error **err)
{
	(void)err;
	strbuf_printf(out, "uint64 %" PRIu64, cpu_period(v->all));
	return v->magnitude != 0;
}

/* The lowest systemd takes is 1. */
int property_tasks(const struct knob_value *v, struct strbuf *out, struct husk_error **err)
{
	(void)err;
	add_bytes(out, v->number ? v->number : 1);
	return 1;
}

int property_io_weight(const struct knob_value *v, struct strbuf *out, struct husk_error **err)
{
	(void)err;
	strbuf_printf(out, "uint64 %" PRIu64, cgroup_io_weight(v->magnitude));
	return v->magnitude != 0;
}

int cgroup_cpu_mask(const char *list, struct strbuf *out)
{
	uint64_t bits[BITLIST_CPUS / 64] = {};
	size_t used = 0;
	int r = bitlist_parse(list, BITLIST_CPUS, bits);

	if (r < 0)
		return r;
	for (size_t i = 0; i < BITLIST_CPUS; i++)
		if (bits[i / 64] >> i % 64 & 1)
			used = i / 8 + 1;
	if (!used)
		return -EINVAL;
	for (size_t i = 0; i < used; i++)
		strbuf_printf(out, i ? ", 0x%02x" : "[byte 0x%02x",
			(unsigned int)(bits[i / 8] >> i % 8 * 8 & 0xff));
	strbuf_add_char(out, ']');
	return 0;
}

int property_cpus(const struct knob_value *v, struct strbuf *out, struct husk_error **err)
{
	if (!v->text || !*v->text)
		return 0;
	return cgroup_cpu_mask(v->text, out) < 0
		       ? fail_at(err, v->at, "must be a list like 0-3,7, below %d", BITLIST_CPUS)
		       : 1;
}
