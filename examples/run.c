/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the container of an OCI bundle and passes its exit status on: all it takes to embed libhusk.
 *
 *	run BUNDLE [ID]
 *
 * The process is connected to this program's own stdin, stdout and stderr, so the bundle's process.terminal has to
 * be false. Build: cc run.c $(pkg-config --cflags --libs husk).
 */
#include <stdio.h>
#include <stdlib.h>
#include <husk/husk.h>

/* An error is an object: a code and an errno for the program, a message and a JSON Pointer for people. */
static int complain(struct husk_error *err)
{
	const char *pointer = husk_error_pointer(err);

	fprintf(stderr, "run: %s\n", husk_error_message(err));
	if (pointer)
		fprintf(stderr, "run: the fault is at %s in config.json\n", pointer);
	husk_error_free(err);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	/* Option structs carry their size, so that they can grow without breaking programs. */
	struct husk_factory_options where = {.size = sizeof(where)};
	struct husk_create_options options = {.size = sizeof(options), .stdio = HUSK_STDIO_INIT};
	struct husk_factory *factory = NULL;
	struct husk_config *config = NULL;
	struct husk_container *container = NULL;
	struct husk_process *process = NULL;
	struct husk_error *err = NULL;
	int status = EXIT_FAILURE;

	if (argc < 2) {
		fprintf(stderr, "usage: run BUNDLE [ID]\n");
		return EXIT_FAILURE;
	}
	options.id = argc > 2 ? argv[2] : "example";

	/* A factory is where containers live: all zero means /run/husk, no log. */
	if (husk_factory_new(&where, &factory, &err) < 0 ||
		husk_config_load(argv[1], NULL, &config, &err) < 0 ||
		husk_container_run(factory, config, &options, &container, &process, &err) < 0 ||
		/* Waits by pidfd; a program with an event loop polls husk_process_pidfd() instead. */
		husk_process_wait(process, &status, &err) < 0)
		status = complain(err);

	/* The container is gone from the kernel, but its state is kept until it is deleted. */
	err = NULL;
	if (container && husk_container_delete(container, 1, &err) < 0)
		status = complain(err);
	husk_process_unref(process);
	husk_container_unref(container);
	husk_config_free(config);
	husk_factory_unref(factory);
	return status;
}
