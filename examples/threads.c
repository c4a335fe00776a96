/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The embedding test: 8 threads share one factory and each runs 8 containers, one after the other, so that 8 are
 * there at any time. Each one is created, looked at, started, waited for and deleted; a ninth thread lists them all
 * the while. Built with -fsanitize=thread by tests/run.
 *
 *	threads BUNDLE STATE-DIRECTORY EXPECTED-EXIT-STATUS
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <husk/husk.h>

enum { THREADS = 8, ROUNDS = 8 };

/* What all threads share; only `stop` changes, atomically. */
struct shared {
	struct husk_factory *factory;
	const char *bundle;
	int expected;
	int stop;
};

struct worker {
	struct shared *shared;
	pthread_t thread;
	int number;
	int good;
};

static int complain(const char *id, struct husk_error *err)
{
	fprintf(stderr, "%s: %s\n", id, husk_error_message(err));
	husk_error_free(err);
	return -1;
}

static int check_state(struct husk_container *container, const char *id, enum husk_status wanted,
	struct husk_error **err)
{
	struct husk_state *state = NULL;
	int r = husk_container_state(container, &state, err);

	if (r < 0)
		return r;
	if (state->status != wanted || strcmp(state->id, id) != 0) {
		fprintf(stderr, "%s: is '%s' and %s, not %s\n", id, state->id,
			husk_status_name(state->status), husk_status_name(wanted));
		r = 1;
	}
	husk_state_free(state);
	return r;
}

/* 0 when all went well, 1 after a wrong answer, < 0 after an error. */
static int live(
	struct shared *s, const struct husk_config *config, const char *id, struct husk_error **err)
{
	struct husk_create_options options = {.size = sizeof(options), .stdio = HUSK_STDIO_INIT};
	struct husk_container *container = NULL;
	struct husk_process *process = NULL;
	int status = -1, wrong = 0, r;

	options.id = id;
	r = husk_container_create(s->factory, config, &options, &container, &process, err);
	if (r < 0)
		return r;
	wrong = check_state(container, id, HUSK_STATUS_CREATED, err);
	if (wrong >= 0)
		r = husk_container_start(container, err);
	if (wrong >= 0 && r >= 0)
		r = husk_process_wait(process, &status, err);
	if (wrong >= 0 && r >= 0)
		wrong |= check_state(container, id, HUSK_STATUS_STOPPED, err);
	if (wrong < 0)
		r = wrong;
	if (husk_container_delete(container, 1, r < 0 ? NULL : err) < 0)
		r = -1;
	husk_process_unref(process);
	husk_container_unref(container);
	if (r >= 0 && status != s->expected) {
		fprintf(stderr, "%s: ended with %d, not %d\n", id, status, s->expected);
		wrong = 1;
	}
	return r < 0 ? r : wrong;
}

static void *work(void *data)
{
	struct worker *w = data;
	struct husk_config *config = NULL;
	struct husk_error *err = NULL;
	char *id;

	for (int round = 0; round < ROUNDS; round++) {
		if (asprintf(&id, "threads-%d-%d-%d", (int)getpid(), w->number, round) < 0)
			return NULL;
		/* Each round reads the config anew: the parser is under test too. */
		int r = husk_config_load(w->shared->bundle, NULL, &config, &err);

		if (r >= 0)
			r = live(w->shared, config, id, &err);
		if (r < 0)
			complain(id, err);
		w->good += r == 0;
		err = NULL;
		husk_config_free(config);
		config = NULL;
		free(id);
	}
	return NULL;
}

static void *watch(void *data)
{
	struct shared *s = data;
	struct husk_error *err = NULL;
	size_t n;
	char **ids;

	while (!__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE)) {
		if (husk_factory_list(s->factory, &ids, &n, &err) < 0) {
			complain("list", err);
			return data;
		}
		free(ids);
		usleep(2000);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct husk_factory_options where = {.size = sizeof(where)};
	struct shared shared = {0};
	struct worker workers[THREADS] = {0};
	struct husk_error *err = NULL;
	void *trouble = NULL;
	pthread_t watcher;
	int good = 0;

	if (argc != 4)
		return 2;
	shared.bundle = argv[1];
	where.root = argv[2];
	shared.expected = (int)strtol(argv[3], NULL, 10);
	if (husk_factory_new(&where, &shared.factory, &err) < 0)
		return complain("factory", err) < 0;
	if (pthread_create(&watcher, NULL, watch, &shared))
		return 1;
	for (int i = 0; i < THREADS; i++) {
		workers[i].shared = &shared;
		workers[i].number = i;
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]))
			return 1;
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		good += workers[i].good;
	}
	__atomic_store_n(&shared.stop, 1, __ATOMIC_RELEASE);
	pthread_join(watcher, &trouble);
	husk_factory_unref(shared.factory);
	printf("%d of %d containers were as expected\n", good, THREADS * ROUNDS);
	return good != THREADS * ROUNDS || trouble;
}
