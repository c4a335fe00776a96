// SPDX-License-Identifier: Apache-2.0
/* Who the process is and what it may do: groups, ids, capabilities, working directory, umask. */
#include <init/init.h>

#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/prctl.h>
#include <linux/stat.h>

enum { CAPABILITY_END = 64 };

static int drop_bounding(struct init *init, uint64_t keep)
{
	for (unsigned long c = 0; c < CAPABILITY_END; c++) {
		long r;

		if (keep >> c & 1)
			continue;
		r = sys(prctl, PR_CAPBSET_DROP, c, 0, 0, 0);
		if (r == -EINVAL) /* past the last one this kernel has */
			return 0;
		if (r < 0)
			return fault(init, r, "prctl(PR_CAPBSET_DROP)", NULL);
	}
	return 0;
}

static int set_capabilities(struct init *init, const struct plan_identity *id)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	long r;

	for (int i = 0; i < 2; i++)
		data[i] = (struct __user_cap_data_struct){
			.effective = (uint32_t)(id->effective >> 32 * i),
			.permitted = (uint32_t)(id->permitted >> 32 * i),
			.inheritable = (uint32_t)(id->inheritable >> 32 * i),
		};
	r = sys(capset, &header, data);
	if (r < 0)
		return fault(init, r, "capset", NULL);
	r = sys(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (unsigned long c = 0; r >= 0 && c < CAPABILITY_END; c++)
		if (id->ambient >> c & 1)
			r = sys(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, c, 0, 0);
	return r < 0 ? fault(init, r, "prctl(PR_CAP_AMBIENT)", NULL) : 0;
}

/* The number at s up to ':'; -1 when it is none. */
static int64_t field_number(const char *s)
{
	int64_t n = 0;

	if (*s < '0' || *s > '9')
		return -1;
	for (; *s >= '0' && *s <= '9'; s++) {
		n = n * 10 + *s - '0';
		if (n > UINT32_MAX)
			return -1;
	}
	return *s == ':' ? n : -1;
}

/* "name:password:uid:gid:comment:home:shell": takes the home when the uid fits. */
static int home_of_line(struct init *init, char *line, uint32_t uid)
{
	char *field[6];
	size_t len = 0;
	int n = 0;

	field[n++] = line;
	for (char *p = line; *p && n < 6; p++)
		if (*p == ':')
			field[n++] = p + 1;
	if (n < 6 || field_number(field[2]) != uid)
		return 0;
	for (char *p = field[5]; *p; p++)
		if (*p == ':')
			*p = '\0';
	if (field[5][0] != '/')
		return 0;
	(void)text_add(init->home, sizeof init->home, &len, "HOME=");
	if (text_add(init->home, sizeof init->home, &len, field[5]))
		init->home[0] = '\0'; /* absurdly long: no home */
	return 1;
}

/*
 * A device has effects when it is opened, so that is done only once it is known to be a file; and one that says it is
 * empty may be a file of procfs, whose reading may wait (/proc/kmsg).
 */
static long open_regular(struct init *init, const char *name)
{
	long where = sys(openat, AT_FDCWD, name, O_PATH | O_CLOEXEC, 0), fd;
	char path[32];
	struct statx st;
	size_t len = 0;

	if (where < 0)
		return where;
	fd = sys(statx, where, "", AT_EMPTY_PATH, STATX_TYPE | STATX_SIZE, &st);
	if (!fd && (!S_ISREG(st.stx_mode) || !st.stx_size))
		fd = -EINVAL;
	if (!fd) {
		(void)text_add(path, sizeof path, &len, "self/fd/");
		(void)text_add_number(path, sizeof path, &len, (unsigned long)where);
		fd = sys(openat, init->proc, path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC, 0);
	}
	close_fd((int)where);
	return fd;
}

/* Looks uid up in the container's own passwd: bounded in size and line length, a regular file only. */
static void find_home(struct init *init, uint32_t uid)
{
	char line[512], block[1024];
	size_t n = 0;
	long fd = open_regular(init, "/etc/passwd"), r = 0;
	int found = 0;

	for (int blocks = 0; fd >= 0 && !found && blocks < 1024; blocks++) {
		r = sys(read, fd, block, sizeof block);
		if (r == 0 && n) { /* the last line may lack its end */
			line[n] = '\0';
			found = home_of_line(init, line, uid);
		}
		if (r <= 0)
			break;
		for (long i = 0; i < r && !found; i++) {
			if (block[i] != '\n') {
				if (n + 1 < sizeof line)
					line[n++] = block[i];
				continue;
			}
			line[n] = '\0';
			n = 0;
			found = home_of_line(init, line, uid);
		}
	}
	close_fd((int)fd);
	if (!found) {
		n = 0;
		(void)text_add(init->home, sizeof init->home, &n, "HOME=/");
	}
}

static int has_home(const struct init *init)
{
	const struct plan_op *last = &plan_ops(init->plan)[init->plan->ops.count - 1];

	if (last->kind != PLAN_EXEC)
		return 1;
	for (uint32_t i = 0; i < last->exec.env.count; i++) {
		const char *e = plan_item(init->plan, last->exec.env, i);

		if (e[0] == 'H' && e[1] == 'O' && e[2] == 'M' && e[3] == 'E' && e[4] == '=')
			return 1;
	}
	return 0;
}

int init_identity(struct init *init, const struct plan_op *op)
{
	const struct plan_identity *id = &op->identity;
	long r;

	if (!has_home(init))
		find_home(init, id->uid);
	r = drop_bounding(init, id->bounding);
	if (r < 0)
		return (int)r;
	r = sys(prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0);
	if (r < 0)
		return fault(init, r, "prctl(PR_SET_KEEPCAPS)", NULL);
	if (id->set_groups) {
		r = sys(setgroups, id->groups.size / sizeof(uint32_t),
			plan_bytes(init->plan, id->groups));
		if (r < 0)
			return fault(init, r, "setgroups", NULL);
	}
	r = sys(setresgid, id->gid, id->gid, id->gid);
	if (r < 0)
		return fault(init, r, "setresgid", NULL);
	r = sys(setresuid, id->uid, id->uid, id->uid);
	if (r < 0)
		return fault(init, r, "setresuid", NULL);
	r = sys(prctl, PR_SET_KEEPCAPS, 0, 0, 0, 0);
	return r < 0 ? fault(init, r, "prctl(PR_SET_KEEPCAPS)", NULL) : set_capabilities(init, id);
}

/* CVE-2024-21626: the directory must be inside the root; the kernel says "(unreachable)" of one that is not. */
int init_cwd(struct init *init, const struct plan_op *op)
{
	/* the kernel's own limit: a shorter buffer would hide the "(unreachable)" of a long path behind ERANGE */
	char *where = init->path;
	long r;

	/* ours that a path could name and that would pass as inside; nobody needs them any more */
	close_fd(init->root);
	close_fd(init->mask_tree);
	init->root = init->mask_tree = -1;
	r = sys(chdir, str(init, op->cwd.path));
	if (r == -EACCES && op->cwd.retry)
		return 0;
	if (r < 0)
		return fault(init, r, "chdir", NULL);
	r = sys(getcwd, where, sizeof init->path);
	if (r < 0 && r != -ENOENT)
		return fault(init, r, "getcwd", NULL);
	if (r < 0 || where[0] != '/')
		return fault(init, -EPERM, "getcwd",
			"current working directory is outside of container mount namespace root -- "
			"possible container breakout attempt");
	return 0;
}

int init_umask(struct init *init, const struct plan_op *op)
{
	sys(umask, op->umask.mask == PLAN_UMASK_INHERIT ? init->umask : op->umask.mask);
	return 0;
}

int init_no_new_privileges(struct init *init, const struct plan_op *op)
{
	long r = sys(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);

	(void)op;
	return r < 0 ? fault(init, r, "prctl(PR_SET_NO_NEW_PRIVS)", NULL) : 0;
}
