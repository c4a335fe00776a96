// SPDX-License-Identifier: Apache-2.0
/*
 * One file: read into the arena, cut up there. A line that is not what it should be is passed over: a later kernel may
 * know more than we do, and a number that was not understood is one that is absent.
 */
#include <cgroup/stats.h>
#include <base/mem.h>
#include <base/parse.h>
#include <base/text.h>

#include <errno.h>
#include <string.h>

enum { FILE_LIMIT = 1 << 20 };

int stats_read(const struct stats_reader *r, const char *file, char **ret)
{
	int e = arena_read_at(r->context->arena, r->fd, file, FILE_LIMIT, ret);

	if (e == -ENOMEM || e == -EMFILE || e == -ENFILE)
		return e;
	if (e < 0)
		*ret = NULL;
	/* not built in, turned off (pressure), or the cgroup was removed a moment ago: no surprise */
	if (e < 0 && e != -ENOENT && e != -EOPNOTSUPP && e != -ENODEV)
		log_debug(r->context->log, "cannot read '%s' of cgroup '%s': %s, ignoring", file,
			r->path, errno_text(-e));
	return 0;
}

char *stats_line(char **rest)
{
	char *line = *rest;

	if (!*line)
		return NULL;
	*rest += strcspn(line, "\n");
	if (**rest)
		*(*rest)++ = '\0';
	return line;
}

char *stats_word(char **rest)
{
	char *word = *rest + strspn(*rest, " \t");

	if (!*word)
		return NULL;
	*rest = word + strcspn(word, " \t");
	if (**rest)
		*(*rest)++ = '\0';
	return word;
}

size_t stats_count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text += *text == '\n') {
		text += strcspn(text, "\n");
		n++;
	}
	return n;
}

void stats_value(const char *word, struct husk_value *ret)
{
	uint64_t value = HUSK_UNLIMITED;

	if (!word || (!text_equal(word, "max") && parse_u64(word, 10, &value) < 0))
		return;
	*ret = (struct husk_value){1, value};
}

uint64_t stats_sum(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? HUSK_UNLIMITED : sum;
}

static void set_row(const struct stats_row *row, const char *word, void *group)
{
	struct husk_value *value = (struct husk_value *)((char *)group + row->offset);

	stats_value(word, value);
	if (value->set && row->scale &&
		__builtin_mul_overflow(value->value, row->scale, &value->value))
		*value = (struct husk_value){};
}

/* The rows of one file, `n` of them, from its text. */
static void set_rows(const struct stats_row *rows, size_t n, char *text, void *group)
{
	char *rest = text;

	if (!rows[0].key) {
		char *line = stats_line(&rest);

		set_row(&rows[0], line ? stats_word(&line) : NULL, group);
		return;
	}
	for (char *line; (line = stats_line(&rest));) {
		const char *key = stats_word(&line);

		for (size_t i = 0; key && i < n; i++)
			if (text_equal(rows[i].key, key))
				set_row(&rows[i], stats_word(&line), group);
	}
}

int stats_read_rows(const struct stats_reader *r, const struct stats_row *rows, void *group)
{
	int found = 0;

	for (size_t n; rows->file; rows += n) {
		char *text;
		int e = stats_read(r, rows->file, &text);

		for (n = 1; rows[n].file && text_equal(rows[n].file, rows->file);)
			n++;
		if (e < 0)
			return e;
		if (!text)
			continue;
		set_rows(rows, n, text, group);
		found = 1;
	}
	return found;
}

/* "12.34" in hundredths. */
static bool parse_percent(const char *word, unsigned int *ret)
{
	const char *point = strchr(word, '.');
	uint32_t whole = 0, part = 0;
	char digits[12];
	size_t n = point ? (size_t)(point - word) : 0;

	if (!point || n >= sizeof digits || strlen(point + 1) != 2)
		return false;
	memcpy(digits, word, n);
	digits[n] = '\0';
	if (parse_u32(digits, 10, &whole) < 0 || parse_u32(point + 1, 10, &part) < 0 ||
		whole > 1000000)
		return false;
	*ret = whole * 100 + part;
	return true;
}

/* "avg10=0.00 avg60=0.00 avg300=0.00 total=0" */
static void parse_pressure(char *line, struct husk_pressure_line *ret)
{
	struct husk_pressure_line p = {};
	int seen = 0;

	for (char *word; (word = stats_word(&line));) {
		const char *v;

		if ((v = text_after(word, "avg10=")))
			seen += parse_percent(v, &p.avg10);
		else if ((v = text_after(word, "avg60=")))
			seen += parse_percent(v, &p.avg60);
		else if ((v = text_after(word, "avg300=")))
			seen += parse_percent(v, &p.avg300);
		else if ((v = text_after(word, "total=")))
			seen += !parse_u64(v, 10, &p.total);
	}
	p.set = 1;
	if (seen == 4)
		*ret = p;
}

int stats_read_pressure(const struct stats_reader *r, const char *file, struct husk_pressure *ret)
{
	char *text;
	int e = stats_read(r, file, &text);

	if (e < 0 || !text)
		return e;
	for (char *line; (line = stats_line(&text));) {
		const char *kind = stats_word(&line);

		if (kind && text_equal(kind, "some"))
			parse_pressure(line, &ret->some);
		else if (kind && text_equal(kind, "full"))
			parse_pressure(line, &ret->full);
	}
	return ret->some.set || ret->full.set;
}
