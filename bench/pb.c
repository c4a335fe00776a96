/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pb - paired benchmark: runs several commands in turn (A B C A B C ...) and prints each one's wall time.
 *
 *   pb N -- NAME CMD_A [ARG ...] [++ CMD_A2 [ARG ...]] -- NAME CMD_B [ARG ...] ...
 *
 * Steps that are joined by ++ are timed as one. An argument @ID becomes a fresh name at each run. Output, separated by
 * tabs: name, then minimum, median and 95th percentile in microseconds, largest resident set in kB, failed runs. Three
 * rounds of warm-up are not counted. The commands' output is thrown away; PBERR=1 keeps their stderr.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WARMUP = 3, MAX_COMMANDS = 16, MAX_ARGS = 64 };
extern char **environ;

struct command {
	const char *name;
	char **argv; /* ends in NULL; steps are separated by "++" */
	double *us;
	long max_rss_kb;
	int failed;
};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Runs one step; true when it ended with 0. */
static int step(struct command *c, char **argv, posix_spawn_file_actions_t *files)
{
	struct rusage usage;
	int status;
	pid_t pid;

	if (posix_spawnp(&pid, argv[0], files, NULL, argv, environ)) {
		perror(argv[0]);
		exit(1);
	}
	wait4(pid, &status, 0, &usage);
	if (usage.ru_maxrss > c->max_rss_kb)
		c->max_rss_kb = usage.ru_maxrss;
	return status == 0;
}

static double run(struct command *c, int index, int round, posix_spawn_file_actions_t *files)
{
	char *argv[MAX_ARGS + 1], **steps[MAX_ARGS], id[64];
	int n = 0, count = 1, good = 1;
	struct timespec from, to;

	snprintf(id, sizeof id, "pb%d-%d-%d", getpid(), index, round);
	steps[0] = argv;
	for (char **a = c->argv; *a && n < MAX_ARGS; a++) {
		if (!strcmp(*a, "++")) {
			argv[n++] = NULL;
			steps[count++] = argv + n;
		} else {
			argv[n++] = strcmp(*a, "@ID") ? *a : id;
		}
	}
	argv[n] = NULL;
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < count; i++)
		good &= step(c, steps[i], files);
	clock_gettime(CLOCK_MONOTONIC, &to);
	c->failed += !good;
	return (to.tv_sec - from.tv_sec) * 1e6 + (to.tv_nsec - from.tv_nsec) / 1e3;
}

int main(int argc, char **argv)
{
	struct command commands[MAX_COMMANDS] = {0};
	posix_spawn_file_actions_t files;
	int rounds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 0, count = 0;

	for (int i = 2; i + 2 < argc && count < MAX_COMMANDS; i++)
		if (!strcmp(argv[i], "--")) {
			argv[i] = NULL;
			commands[count++] = (struct command){.name = argv[i + 1],
				.argv = &argv[i + 2],
				.us = calloc(rounds > 0 ? rounds : 1, sizeof(double))};
		}
	if (rounds < 1 || count < 1)
		return 2;
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
	if (!getenv("PBERR"))
		posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	for (int round = -WARMUP; round < rounds; round++)
		for (int i = 0; i < count; i++) {
			double us = run(&commands[i], i, round + WARMUP, &files);

			if (round >= 0)
				commands[i].us[round] = us;
		}
	for (int i = 0; i < count; i++) {
		struct command *c = &commands[i];

		qsort(c->us, rounds, sizeof(double), by_value);
		printf("%s\t%.0f\t%.0f\t%.0f\t%ld\t%d\n", c->name, c->us[0], c->us[rounds / 2],
			c->us[rounds * 95 / 100], c->max_rss_kb, c->failed);
	}
	return 0;
}
