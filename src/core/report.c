// SPDX-License-Identifier: Apache-2.0
/*
 * What husk-init could not do, in words: the plan says what was tried, on what, and which property asked for it; the
 * frame says which step failed, why, and what the kernel's driver remarked.
 */
#include <core/launch.h>
#include <base/mem.h>
#include <base/str.h>
#include <hook/hook.h>

#include <errno.h>
#include <string.h>

/* {0}..{3}: the operation's strings. Kinds that are not here are named as `husk plan` names them. */
/* clang-format off */
static const char *const subjects[PLAN_KINDS] = {
	[PLAN_JOIN]          = "join the {0} namespace '{1}'",
	[PLAN_UNSHARE]       = "make new namespaces",
	[PLAN_MAP_IDS]       = "map user and group IDs",
	[PLAN_BECOME]        = "become root of the user namespace",
	[PLAN_FORK]          = "make the container's process and its namespaces",
	[PLAN_OOM_SCORE]     = "set the OOM score",
	[PLAN_IO_PRIORITY]   = "set the I/O priority",
	[PLAN_CPU_AFFINITY]  = "set the CPU affinity to '{0}'",
	[PLAN_RLIMIT]        = "set {0}",
	[PLAN_KEYRING]       = "join a session keyring of its own",
	[PLAN_TIME_OFFSETS]  = "make the time namespace",
	[PLAN_LOOPBACK]      = "bring up the loopback interface",
	[PLAN_HOSTNAME]      = "set the hostname '{0}'",
	[PLAN_DOMAINNAME]    = "set the domain name '{0}'",
	[PLAN_PROPAGATION]   = "set the mount propagation of '{0}'",
	[PLAN_ROOT]          = "mount the root filesystem '{0}'",
	[PLAN_MOUNT]         = "mount '{1}' on '{0}'",
	[PLAN_SYMLINK]       = "make the link '{1}'",
	[PLAN_DEVICE]        = "make the device node '{0}'",
	[PLAN_DEVICE_BIND]   = "bind the device node '{0}' on '{1}'",
	[PLAN_AWAIT_CGROUP]  = "enter the cgroup",
	[PLAN_CGROUP_NS]     = "make the cgroup namespace",
	[PLAN_RUNTIME_HOOK]  = "run the {0} hook '{1}'",
	[PLAN_HOOK]          = "run the {0} hook '{1}'",
	[PLAN_ENTER_ROOT]    = "enter the root filesystem",
	[PLAN_CONSOLE]       = "make the terminal",
	[PLAN_SYSCTL]        = "set the kernel parameter '{0}' to '{1}'",
	[PLAN_MASK]          = "mask '{0}'",
	[PLAN_READONLY_PATH] = "make '{0}' read-only",
	[PLAN_ROOT_READONLY] = "make the root filesystem read-only",
	[PLAN_PERSONALITY]   = "set the personality",
	[PLAN_MEMORY_POLICY] = "set the memory policy",
	[PLAN_SCHEDULER]     = "set the scheduler",
	[PLAN_STDIO_OWNER]   = "change the owner of stdio",
	[PLAN_LSM_EXEC]      = "confine the process to '{0}'",
	[PLAN_NO_NEW_PRIVILEGES] = "set no_new_privs",
	[PLAN_SECCOMP]       = "install the seccomp filter",
	[PLAN_IDENTITY]      = "set user, groups and capabilities",
	[PLAN_READY]         = "wait for the start",
};
/* clang-format on */

static void add_subject(struct strbuf *b, const struct plan_header *plan, const struct plan_op *op)
{
	const char *t = subjects[op->kind] ? subjects[op->kind] : plan_kinds[op->kind].name;
	const plan_str *strings = (const plan_str *)op->words;

	for (; *t; t++) {
		if (*t == '{' && t[1] >= '0' && t[1] <= '3' && t[2] == '}') {
			strbuf_add(b, plan_string(plan, strings[t[1] - '0']));
			t += 2;
		} else {
			strbuf_add_char(b, *t);
		}
	}
}

/* The phrases that Docker, podman and containerd look for to tell 126 from 127. */
static int report_program(
	const char *name, int errno_value, const char *at, struct husk_error **err)
{
	if (errno_value == ENOENT && !strchr(name, '/'))
		return fail_full(err, HUSK_ERROR_NO_COMMAND, errno_value, at,
			"exec: \"%s\": executable file not found in $PATH", name);
	if (errno_value == EACCES || errno_value == EISDIR)
		return fail_full(err, HUSK_ERROR_NO_COMMAND, errno_value, at, "exec: \"%s\": %s",
			name, errno_text(errno_value));
	return fail_full(err, HUSK_ERROR_NO_COMMAND, errno_value, at, "exec: \"%s\": stat %s: %s",
		name, name, errno_text(errno_value));
}

static int report_op(const struct plan_header *plan, const struct plan_op *op, int errno_value,
	const char *what, const char *extra, struct husk_error **err)
{
	const char *at = plan_string(plan, op->at);
	auto_strbuf text = {};

	if (op->kind == PLAN_FIND)
		return report_program(plan_string(plan, op->find.name), errno_value, at, err);
	if (op->kind == PLAN_EXEC)
		return fail_full(err, HUSK_ERROR_NO_COMMAND, errno_value, at, "exec %s: %s", extra,
			errno_text(errno_value));
	if (*at)
		strbuf_printf(&text, "%s: ", at);
	if (op->kind == PLAN_CWD) {
		strbuf_printf(&text, "chdir to cwd (\"%s\") set in config.json failed: %s",
			plan_string(plan, op->cwd.path), *extra ? extra : errno_text(errno_value));
		return fail_full(err, HUSK_ERROR_INIT, errno_value, at, "%s", strbuf_text(&text));
	}
	strbuf_add(&text, "cannot ");
	add_subject(&text, plan, op);
	if (*what)
		strbuf_printf(&text, ": %s", what);
	strbuf_printf(&text, ": %s", errno_text(errno_value));
	if (*extra)
		strbuf_printf(&text, " (%s)", extra);
	return fail_full(err, HUSK_ERROR_INIT, errno_value, at, "%s", strbuf_text(&text));
}

/* The string at *p within the frame, and *p behind it. */
static const char *next_text(const char **p, const char *end)
{
	const char *text = *p, *nul = text < end ? memchr(text, '\0', (size_t)(end - text)) : NULL;

	*p = nul ? nul + 1 : end;
	return nul ? text : "";
}

int report_init_error(
	const struct plan_header *plan, const void *frame, size_t size, struct husk_error **err)
{
	const char *p = (const char *)frame + sizeof(struct sync_error),
		   *end = (const char *)frame + size;
	const char *what, *extra;
	struct sync_error e;

	if (size < sizeof e)
		return fail(err, HUSK_ERROR_INIT, "husk-init sent a broken error");
	memcpy(&e, frame, sizeof e);
	what = next_text(&p, end);
	extra = next_text(&p, end);
	if (plan && e.op < plan->ops.count)
		return report_op(plan, &plan_ops(plan)[e.op], e.errno_value, what, extra, err);
	return fail_full(err, HUSK_ERROR_INIT, e.errno_value, NULL,
		"cannot start husk-init: %s: %s%s%s%s", what, errno_text(e.errno_value),
		*extra ? " (" : "", extra, *extra ? ")" : "");
}

int report_hook_failed(const void *frame, size_t size, struct husk_error **err)
{
	const char *p = (const char *)frame + sizeof(struct sync_hook_failed),
		   *end = (const char *)frame + size;
	struct sync_hook_failed failed;
	const char *at, *path;

	if (size < sizeof failed)
		return fail(err, HUSK_ERROR_INIT, "husk-init sent a broken error");
	memcpy(&failed, frame, sizeof failed);
	at = next_text(&p, end);
	path = next_text(&p, end);
	return hook_fail(err, at, path, failed.outcome, next_text(&p, end));
}
