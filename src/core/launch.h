/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting husk-init and talking to it. launch_start() is the only place that runs library code between clone and
 * exec, and that code is ten lines of raw system calls: safe in threaded programs. The conversation follows the
 * plan's operations (wire/sync.h); launch_walk() is the parent's half of that list.
 */
#ifndef HUSK_CORE_LAUNCH_H
#define HUSK_CORE_LAUNCH_H

#include <stdbool.h>
#include <base/error.h>
#include <core/factory.h>
#include <husk/container.h>
#include <kern/idmap.h>
#include <plan/plan.h>
#include <wire/sync.h>

struct launch {
	const struct plan_header *plan;
	const int *fds; /* the caller's: as many as the plan names */
	const struct log *log;
	int sync; /* our end of the socket, or -1 */
	int launcher; /* pidfd of the launcher until it is reaped, or -1 */
	int pidfd; /* of the container's process, -1 before it exists */
	pid_t pid;
	int console; /* the pty master, or -1 */
	bool started; /* STARTING was heard */
	bool in_cgroup; /* clone3 put it into request.cgroup */
};
#define LAUNCH_INIT                                                    \
	{                                                              \
		.sync = -1, .launcher = -1, .pidfd = -1, .console = -1 \
	}

/* What the parent does where the plan says SYNC; each returns 0 or < 0 with *err set. */
struct launch_calls {
	void *data;
	/* MAP_IDS: write the maps of the launcher */
	int (*map_ids)(void *data, pid_t launcher, struct husk_error **err);
	/*
	 * The process exists (pid and pidfd are set): remember it, and say which v1 `tasks` files it is to enter by
	 * itself (*ret_fds stays the callee's). Before AWAIT_CGROUP is answered.
	 */
	int (*joined)(void *data, struct launch *l, const int **ret_fds, size_t *ret_n,
		struct husk_error **err);
	/* RUNTIME_HOOK: husk-init waits for it; NULL where the plan has none */
	int (*hook)(void *data, const struct launch *l, const struct plan_op *op,
		struct husk_error **err);
	/* SECCOMP with a listener: give it to the agent; NULL where the plan has none */
	int (*listener)(void *data, const struct launch *l, int listener, struct husk_error **err);
	/* READY: CREATED was heard, or end of file after STARTING */
	int (*ready)(void *data, struct launch *l, struct husk_error **err);
};

struct launch_request {
	struct husk_factory *factory;
	const struct plan *plan;
	const struct husk_stdio *stdio;
	int cgroup; /* descriptor for CLONE_INTO_CGROUP, or -1 */
	const int *fds; /* as many as the plan names */
};

/* Clones and executes husk-init and hands it the plan and its descriptors. On failure nothing runs. */
int launch_start(const struct launch_request *request, struct launch *l, struct husk_error **err);
/* Walks the plan with husk-init to READY. On failure the process may still live: launch_undo(). */
int launch_walk(struct launch *l, const struct launch_calls *calls, struct husk_error **err);
/* Kills and reaps what was started, closes everything. */
void launch_undo(struct launch *l);
/* Closes what is left of the conversation; the process goes on. */
void launch_done(struct launch *l);

/* ---- one message (launch_talk.c); the gate's conversation uses it as well ---- */

struct launch_message {
	enum sync_type type;
	size_t size;
	_Alignas(8) char data[SYNC_DATA_MAX];
	int fd; /* or -1; closed by launch_message_done() */
};
/* 1: a message; 0: end of file; < 0 *err is set, also when an ERROR came, worded with the plan (which may be NULL). */
int launch_receive(int sync, const struct plan_header *plan, struct launch_message *ret,
	struct husk_error **err);
int launch_send(
	int sync, enum sync_type type, const int *fds, size_t nfds, struct husk_error **err);
void launch_message_done(struct launch_message *m);
/* The message of SECCOMP with a listener; its end is an error, too. */
int launch_receive_listener(
	int sync, const struct plan_header *plan, int *ret_listener, struct husk_error **err);

/* ---- the words (report.c) ---- */

/* Turns husk-init's error frame into an error. Always returns < 0. */
int report_init_error(
	const struct plan_header *plan, const void *frame, size_t size, struct husk_error **err);
/* The same for the frame of a hook that went wrong in the container. */
int report_hook_failed(const void *frame, size_t size, struct husk_error **err);

#endif
