// SPDX-License-Identifier: Apache-2.0
/*
 * The agent behind linux.seccomp.listenerPath. It gets the listener before the process executes its program, and one
 * message per connection and process (runtime-spec, "containerProcessState").
 */
#include <core/seccomp.h>
#include <base/fd.h>
#include <base/mem.h>
#include <console/socket.h>
#include <kern/probe.h>
#include <oci/seccomp.h>

#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/stat.h>

#ifndef SECCOMP_FILTER_FLAG_NEW_LISTENER
#define SECCOMP_FILTER_FLAG_NEW_LISTENER (1UL << 3)
#endif

static const char at_path[] = "/linux/seccomp/listenerPath";

static int find_unknown_flag(const struct oci_seccomp *profile, struct husk_error **err)
{
	for (size_t i = 0; i < profile->flags.n; i++) {
		uint32_t flag = (uint32_t)profile->flags.v[i];
		auto_free char *at = str_printf("/linux/seccomp/flags/%zu", i);

		if (!at)
			return fail_memory(err);
		if (probe_seccomp_flag(flag) != 1)
			return fail_full(err, HUSK_ERROR_UNSUPPORTED, 0, at,
				"%s: this kernel has no %s%s", at,
				table_name(oci_seccomp_flags, flag, "such flag"),
				flag == OCI_SECCOMP_FLAG_WAIT_KILLABLE_RECV ? ", Linux 5.19 has it"
									    : "");
	}
	return fail_full(err, HUSK_ERROR_UNSUPPORTED, 0, "/linux/seccomp",
		"/linux/seccomp: this kernel has no %s",
		probe_seccomp_flag(0) == 1 ? "listeners for SCMP_ACT_NOTIFY, Linux 5.0 has them"
					   : "seccomp filters");
}

int seccomp_check_kernel(const struct oci_seccomp *profile, struct husk_error **err)
{
	uint32_t flags;

	if (!profile)
		return 0;
	flags = plan_seccomp_flags(profile);
	if (plan_seccomp_notifies(profile))
		flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	/* whatever else is wrong is told when it is installed */
	return probe_seccomp_flag(flags) == 1 ? 0 : find_unknown_flag(profile, err);
}

int seccomp_agent_check(const struct oci_seccomp *profile, struct husk_error **err)
{
	struct stat st;
	int e = stat(profile->listener_path, &st) < 0 ? errno : S_ISSOCK(st.st_mode) ? 0 : ENOTSOCK;

	return e ? fail_full(err, HUSK_ERROR_INVALID_CONFIG, e, at_path,
			   "%s: cannot connect to socket '%s': %s", at_path, profile->listener_path,
			   errno_text(e))
		 : 0;
}

int seccomp_agent_connect(const char *path, int *ret_fd, struct husk_error **err)
{
	int r = console_connect(path, ret_fd, err);

	return r < 0 ? wrap_at(err, wrap(err, r, "%s", at_path), at_path) : 0;
}

int seccomp_agent_send(int *connection, int listener, const struct seccomp_agent_message *m,
	struct husk_error **err)
{
	const struct state *s = m->state;
	struct oci_state state = {
		.oci_version = s->oci_version,
		.id = s->id,
		.status = {true, m->status},
		.pid = {true, m->container_pid},
		.bundle = s->bundle,
		.annotations = s->annotations,
	};
	char *name = (char *)(uintptr_t) "seccompFd";
	struct oci_process_state message = {
		.oci_version = s->oci_version,
		.fds = {1, &name},
		.pid = {true, m->pid},
		.metadata = (char *)(uintptr_t)m->metadata,
		.state = &state,
	};
	auto_free char *text = NULL;
	int r = oci_process_state_emit(&message, 0, &text, err);

	if (r < 0)
		return r;
	r = fd_send(*connection, text, strlen(text), &listener, 1);
	*connection = fd_close(*connection);
	return r < 0 ? fail_full(err, HUSK_ERROR_SYSTEM, -r, at_path,
			       "%s: cannot send the listener of the filter to the agent: %s",
			       at_path, errno_text(-r))
		     : 0;
}
