// SPDX-License-Identifier: Apache-2.0
/*
 * Opening the gate (wire/sync.h). Whoever of the two is killed, the other one hears it: init goes back to waiting when
 * a connection ends without START, and we see the end of the connection when init dies.
 */
#include <base/fd.h>
#include <console/gate.h>
#include <core/container.h>
#include <core/factory.h>
#include <core/fault.h>
#include <core/hooks.h>
#include <core/launch.h>
#include <core/seccomp.h>
#include <kern/pid.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

enum { END_MS = 1000 };

static int refuse(const struct husk_container *c, enum husk_status status, struct husk_error **err)
{
	if (status == HUSK_STATUS_STOPPED)
		return fail(
			err, HUSK_ERROR_NOT_RUNNING, "cannot start a container that has stopped");
	if (status == HUSK_STATUS_RUNNING)
		return fail(err, HUSK_ERROR_BAD_STATE, "cannot start an already running container");
	return fail(err, HUSK_ERROR_BAD_STATE, "cannot start container '%s' in the '%s' state",
		c->id, husk_status_name(status));
}

/* The filter notifies: whoever answers gets the listener, and then execve may follow. */
static int hand_over(int connection, const struct state *s, int *agent, struct husk_error **err)
{
	pid_t pid = (pid_t)s->process.pid.value;
	auto_close int listener = -1;
	int r = launch_receive_listener(connection, NULL, &listener, err);

	if (!r)
		r = seccomp_agent_send(agent, listener,
			&(struct seccomp_agent_message){.state = s,
				.status = OCI_STATUS_CREATED,
				.container_pid = pid,
				.pid = pid,
				.metadata = s->seccomp_agent->metadata},
			err);
	return r ? r : launch_send(connection, SYNC_LISTENER_TAKEN, NULL, 0, err);
}

static int converse(int connection, const struct state *s, int *agent, struct husk_error **err)
{
	struct launch_message m;
	int r = launch_send(connection, SYNC_START, NULL, 0, err);

	fault_point("start-sent");
	if (!r)
		r = launch_receive(connection, NULL, &m, err);
	if (r < 0)
		return r;
	if (r)
		launch_message_done(&m);
	if (!r || m.type != SYNC_STARTING)
		return fail(err, HUSK_ERROR_NOT_RUNNING,
			"the container's process ended before it was started");
	fault_point("starting");
	r = s->seccomp_agent ? hand_over(connection, s, agent, err) : 0;
	if (r < 0)
		return r;
	r = launch_receive(connection, NULL, &m, err);
	if (r > 0)
		launch_message_done(&m);
	return r < 0 ? r : 0; /* end of file: execve took place */
}

/* The spec's answer to a failed poststart hook: the container does not go on. */
static void end(const struct husk_container *c, const struct container_now *now)
{
	auto_cgroups g = {};

	/* what cannot be killed is found by delete; the hook's error is the one to tell */
	(void)container_kill(c, now, NULL);
	if (opt_true(now->state.shared_pid) && !container_cgroups(c, &now->state, &g, NULL))
		(void)cgroup_kill(&g.context, SIGKILL, NULL);
}

int husk_container_start(struct husk_container *c, struct husk_error **err)
{
	auto_now now = {};
	auto_close int lock = -1, agent = -1, connection = -1;
	int r = container_lock(c, &lock, err);

	if (!r)
		r = container_look(c, &now, err);
	if (r < 0)
		return r;
	if (now.status != HUSK_STATUS_CREATED)
		return refuse(c, now.status, err);
	if (now.state.seccomp_agent)
		r = seccomp_agent_connect(now.state.seccomp_agent->path, &agent, err);
	if (r < 0)
		return r;
	connection = gate_connect(c->dir, STATE_GATE);
	if (connection < 0)
		return fail_errno(
			err, connection, "cannot reach the process of container '%s'", c->id);
	fault_point("gate-connected");
	r = converse(connection, &now.state, &agent, err);
	if (r < 0) {
		connection = fd_close(connection); /* so that it does not wait for us */
		/* its last word was heard, so it ends now: who asks next is to hear "stopped" */
		ignored(pid_wait(now.pidfd, END_MS));
		return r;
	}
	/* nobody listens there any more; state asks faster without it */
	(void)unlinkat(c->dir, STATE_GATE, 0);
	lock = fd_close(lock); /* hooks may want to do something with the container, exec for one */
	fault_point("poststart");
	r = hooks_poststart(&now.state, (pid_t)now.state.process.pid.value, err);
	if (r < 0)
		end(c, &now);
	return r;
}
