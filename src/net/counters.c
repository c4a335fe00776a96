// SPDX-License-Identifier: Apache-2.0
/*
 * /proc/PID/net/dev: two lines of heading, then "NAME: 16 numbers" for each interface, 8 received and 8 sent. A name
 * has no colon and no blank in it (dev_valid_name() of the kernel).
 */
#include <net/counters.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/parse.h>
#include <base/text.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { LIMIT = 4 << 20, HEADING = 2 };

struct column {
	size_t number; /* which of the 16 */
	size_t offset; /* in struct husk_network_interface */
};

#define MEMBER(name) offsetof(struct husk_network_interface, name)

static const struct column columns[] = {
	{0, MEMBER(rx_bytes)},
	{1, MEMBER(rx_packets)},
	{2, MEMBER(rx_errors)},
	{3, MEMBER(rx_dropped)},
	{8, MEMBER(tx_bytes)},
	{9, MEMBER(tx_packets)},
	{10, MEMBER(tx_errors)},
	{11, MEMBER(tx_dropped)},
};
enum { NUMBERS = 12 };

static bool parse_line(char *line, struct husk_network_interface *ret)
{
	char *colon = strchr(line, ':'), *rest = colon ? colon + 1 : NULL;
	uint64_t numbers[NUMBERS];
	size_t n = 0;

	if (!colon)
		return false;
	*colon = '\0';
	for (char *word; n < NUMBERS && (word = strsep(&rest, " "));) {
		if (!*word)
			continue;
		if (parse_u64(word, 10, &numbers[n++]) < 0)
			return false;
	}
	for (size_t i = 0; n == NUMBERS && i < ARRAY_LEN(columns); i++)
		memcpy((char *)ret + columns[i].offset, &numbers[columns[i].number],
			sizeof numbers[0]);
	ret->name = line + strspn(line, " ");
	return n == NUMBERS;
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; (text = strchr(text, '\n')); text++)
		n++;
	return n + 1;
}

int net_counters_parse(char *text, struct arena *arena, struct husk_network_stats *ret)
{
	struct husk_network_interface *v = arena_array(arena, count_lines(text), sizeof *v);
	size_t n = 0;

	if (!v)
		return -ENOMEM;
	for (int i = 0; text && i < HEADING; i++)
		(void)strsep(&text, "\n");
	for (char *line; (line = strsep(&text, "\n"));) {
		size_t len;
		char *name;

		if (!parse_line(line, &v[n]))
			continue;
		len = strlen(v[n].name) + 1;
		name = arena_alloc(arena, len);
		if (!name)
			return -ENOMEM;
		v[n].name = memcpy(name, v[n].name, len);
		n++;
	}
	ret->interfaces = v;
	ret->count = n;
	return 1;
}

/* In the calling thread's namespace? Unknown counts as no: then reading fails too. */
static bool is_own(pid_t pid)
{
	char path[32];
	struct stat own, its;

	(void)snprintf(path, sizeof path, "/proc/%d/ns/net", (int)pid); /* fits any pid */
	return !stat(path, &its) && !stat("/proc/thread-self/ns/net", &own) &&
	       own.st_ino == its.st_ino && own.st_dev == its.st_dev;
}

int net_counters(pid_t pid, struct arena *arena, struct husk_network_stats *ret)
{
	auto_free char *text = NULL;
	char path[32];
	int r;

	if (is_own(pid))
		return 0;
	(void)snprintf(path, sizeof path, "/proc/%d/net/dev", (int)pid);
	r = io_read_at(AT_FDCWD, path, LIMIT, &text, NULL);
	if (r < 0)
		return r == -ENOMEM || r == -EMFILE || r == -ENFILE ? r : 0;
	return net_counters_parse(text, arena, ret);
}
