// SPDX-License-Identifier: Apache-2.0
/* The end of the plan: the program is found, the gate passed, execve. */
#include <init/init.h>

#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/stat.h>

/*
 * The descriptors are `tasks` files of v1 cgroups. We move ourselves: a single thread that writes "0" does not make
 * the kernel wait for an RCU grace period, as moving another process would (milliseconds).
 */
int init_await_cgroup(struct init *init, const struct plan_op *op)
{
	int fds[SYNC_FDS_MAX], n = sync_expect_fds(init, SYNC_CGROUP_READY, fds);
	long r = 0;

	(void)op;
	for (int i = 0; i < n; i++) {
		if (r >= 0)
			r = sys(write, fds[i], "0", 1);
		close_fd(fds[i]);
	}
	if (n < 0)
		return n;
	return r < 0 ? fault(init, r, "write", "tasks") : 0;
}

/* 0 when `path` is a file this process may execute. */
static long executable(const char *path)
{
	struct statx st;
	long r = sys(statx, AT_FDCWD, path, 0, STATX_TYPE, &st);

	if (r < 0)
		return r;
	if (S_ISDIR(st.stx_mode))
		return -EISDIR;
	return sys(faccessat, AT_FDCWD, path, 1 /* X_OK */);
}

static int set_program(struct init *init, const char *dir, size_t dir_len, const char *name)
{
	size_t len = 0;

	if (dir_len + 2 > sizeof init->program)
		return -1;
	for (; len < dir_len; len++)
		init->program[len] = dir[len];
	init->program[len] = '\0';
	if (dir_len && dir[dir_len - 1] != '/' &&
		text_add(init->program, sizeof init->program, &len, "/"))
		return -1;
	return text_add(init->program, sizeof init->program, &len, name);
}

static int has_slash(const char *s)
{
	while (*s && *s != '/')
		s++;
	return *s == '/';
}

int init_find(struct init *init, const struct plan_op *op)
{
	const char *name = str(init, op->find.name), *dir = str(init, op->find.search);
	long r;

	if (has_slash(name)) {
		if (set_program(init, "", 0, name))
			return fault(init, -ENAMETOOLONG, "stat", NULL);
		r = executable(name);
		return r < 0 ? fault(init, r, "stat", NULL) : 0;
	}
	while (*name && *dir) {
		size_t n = 0;

		while (dir[n] && dir[n] != ':')
			n++;
		/* an empty entry means the working directory, which is not searched: it belongs to the image */
		if (n && !set_program(init, dir, n, name) && !executable(init->program))
			return 0;
		dir += n + (dir[n] == ':');
	}
	return fault(init, -ENOENT, "search", NULL);
}

/*
 * Waits for `start` (core/start.c). A connection that ends without START was only a probe of our status. From here on
 * errors go to the one who started us.
 */
static int pass_gate(struct init *init, int gate)
{
	for (;;) {
		long fd = sys(accept4, gate, NULL, NULL, O_CLOEXEC);

		if (fd == -EINTR || fd == -ECONNABORTED)
			continue;
		if (fd < 0)
			return fault(init, fd, "accept", NULL);
		close_fd(init->sync);
		init->sync = (int)fd;
		init->what = NULL;
		if (!sync_expect(init, SYNC_START)) {
			close_fd(gate);
			return 0;
		}
		init->what = NULL;
		init->extra[0] = '\0';
	}
}

char **plan_pointers(struct init *init, struct plan_list list, char *extra)
{
	size_t room = ((size_t)list.count + 2) * sizeof(char *);
	long at = sys(mmap, NULL, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char **v = (char **)at;
	uint32_t i;

	if (at < 0 && at > -4096)
		return NULL;
	for (i = 0; i < list.count; i++)
		v[i] = (char *)(uintptr_t)plan_item(init->plan, list, i);
	if (extra && *extra)
		v[i++] = extra;
	v[i] = NULL;
	return v;
}

/* Before a filter is installed that might refuse all of this. */
static int prepare_exec(struct init *init)
{
	const struct plan_op *last = &plan_ops(init->plan)[init->plan->ops.count - 1];

	if (last->kind != PLAN_EXEC)
		return 0; /* run() will say so */
	init->argv = plan_pointers(init, last->exec.args, NULL);
	init->envp = plan_pointers(init, last->exec.env, init->home);
	if (!init->argv || !init->envp)
		return fault(init, -ENOMEM, "map memory", NULL);
	/* All of ours are O_CLOEXEC; this is for what a filter or a bug may have let through (Linux 5.11 on). */
	(void)sys(close_range, 3 + last->exec.preserve_fds, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
	return 0;
}

int init_ready(struct init *init, const struct plan_op *op)
{
	int r = prepare_exec(init);

	if (r < 0)
		return r;
	close_fd(
		init->proc); /* the host's: nobody needs it any more, and at the gate we may wait long */
	init->proc = -1;
	if (op->ready.gate) {
		r = sync_send(init, SYNC_CREATED, NULL, 0, -1);
		if (!r)
			r = pass_gate(init, fd_of(init, op->ready.gate));
		if (r < 0)
			return r;
	}
	/* a `start` that was killed meanwhile does not stop us: the order was given */
	r = sync_send(init, SYNC_STARTING, NULL, 0, -1);
	return op->ready.gate ? 0 : r;
}

int init_exec(struct init *init, const struct plan_op *op)
{
	(void)op;
	return fault(
		init, sys(execve, init->program, init->argv, init->envp), "execve", init->program);
}
