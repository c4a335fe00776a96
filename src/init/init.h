/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every part of husk-init shares: the state of this process, how an operation reports a failure, and the
 * handlers. A handler takes the operation, does it by raw system calls and returns 0 or -errno. It decides nothing:
 * a condition that looks like policy belongs in src/plan/.
 */
#ifndef HUSK_INIT_INIT_H
#define HUSK_INIT_INIT_H

#include <stddef.h>
#include <stdint.h>

#include <wire/plan.h>
#include <wire/sync.h>
#include <init/sys.h>

enum { INIT_PATH_MAX = 4096, INIT_TEXT_MAX = 512 };

struct init {
	const struct plan_header *plan;
	const struct plan_op *op; /* being carried out */
	int sync; /* to the parent; after the gate, to `start` */
	int *fds; /* descriptors from the parent, as many as the plan names */
	int proc; /* the trusted procfs, opened before anything of the container was touched */
	int root; /* directory of the root file system; "/" after ENTER_ROOT */
	int mask_tree; /* the read-only tmpfs that hides directories, or -1 */
	uint32_t umask; /* what we were started with */
	int joined_pids; /* others see us in their pid namespace: never dumpable again */
	int no_openat2; /* the kernel or an outer seccomp filter refuses it */
	const char *what; /* the step of the operation that failed, for the error text */
	char extra[INIT_TEXT_MAX]; /* the kernel's words about it, or the path concerned */
	char program[INIT_PATH_MAX]; /* found by FIND */
	char **argv, **envp; /* of the program, made by READY: EXEC only executes */
	char home[INIT_PATH_MAX]; /* "HOME=..." when the environment has none, else empty */
	char path[INIT_PATH_MAX]; /* scratch of the walker */
};

/* Names the step that failed (a string constant) and passes r on; `extra` may be NULL. Only the first call counts. */
int fault(struct init *init, long r, const char *what, const char *extra);
/* Sends the error frame and ends the process. The only _exit besides the launcher's own. */
_Noreturn void init_fail(struct init *init, int r);
_Noreturn void init_exit(int status);

/* Messages. All return 0 or -errno; sync_expect() returns -EPIPE when the parent is gone. */
int sync_send(struct init *init, enum sync_type type, const void *data, size_t size, int fd);
int sync_expect(struct init *init, enum sync_type type);
/* The same with descriptors: how many came, into ret_fds[SYNC_FDS_MAX]. */
int sync_expect_fds(struct init *init, enum sync_type type, int *ret_fds);
int sync_take_fds(struct init *init);

/* inherited.c: closes what the plan does not preserve and is not ours. Before the descriptors of the plan come. */
int inherited_close(struct init *init);

/* text.c */
size_t text_len(const char *s);
int text_same(const char *a, const char *b);
/* Appends s to the text of length *len in a buffer of `room` bytes; cuts off silently (0) at the end: returns -1. */
int text_add(char *buffer, size_t room, size_t *len, const char *s);
int text_add_number(char *buffer, size_t room, size_t *len, unsigned long number);

/* resolve.c: paths inside the root; descriptors are O_CLOEXEC. */
enum resolve_create { RESOLVE_NOTHING, RESOLVE_FILE, RESOLVE_DIRECTORY };
enum resolve_flags { RESOLVE_LAST_NOFOLLOW = 1, RESOLVE_NO_LINKS = 2 };
/* Opens `path` (O_PATH) inside the root, making what is missing. Descriptor or -errno. */
int resolve_open(struct init *init, const char *path, enum resolve_create create, uint32_t flags);
/* The directory that `path` is in (made if missing), and the last component in *ret_name (part of `path`). */
int resolve_parent(struct init *init, const char *path, const char **ret_name);
/* Opens a file of the trusted procfs without following any link but "self". Descriptor or -errno. */
int proc_open(struct init *init, const char *path, int flags);
/* Writes text to a file of the trusted procfs in one write(2). */
int proc_write(struct init *init, const char *path, const char *text);

/* mount helpers (mounts.c) */
int tree_attach(struct init *init, int tree, int target);
int tree_set(struct init *init, int tree, uint64_t set, uint64_t clear, uint64_t propagation,
	unsigned int flags);
/* mount(2) on a descriptor, through the trusted procfs. */
long mount_on_fd(struct init *init, const char *source, int target, const char *fstype,
	unsigned long flags, const char *data);
/* Options for mount(2) with the SELinux context, if any, at the end; may use init->path. NULL: too long. */
const char *mount_data(struct init *init, const char *data, const char *label);
int copy_up(struct init *init, int from, int to);

static inline const char *str(const struct init *init, plan_str s)
{
	return plan_string(init->plan, s);
}

static inline int fd_of(const struct init *init, plan_fd_ref ref)
{
	return init->fds[ref - 1];
}

/* The kernel's struct linux_dirent64, of which getdents64(2) fills a block. */
struct directory_entry {
	uint64_t inode;
	int64_t offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

/* The kernel's encoding of a device number for mknod(2): 12 bits of major, 20 of minor. */
static inline uint32_t encode_device(uint32_t major, uint32_t minor)
{
	return (minor & 0xff) | (major << 8) | ((minor & ~0xffU) << 12);
}

static inline void close_fd(int fd)
{
	if (fd >= 0)
		sys(close, fd);
}

/* What execve wants of a list: pointers into the plan, `extra` (may be NULL or empty), NULL. NULL: no memory. */
char **plan_pointers(struct init *init, struct plan_list list, char *extra); /* exec.c */

/* One handler per operation: init_<member of PLAN_OPS in lower case>(). */
typedef int init_handler(struct init *init, const struct plan_op *op);
init_handler init_join, init_unshare, init_map_ids, init_become, init_fork; /* stage.c */
init_handler init_oom_score, init_rlimit, init_keyring, init_time_offsets,
	init_loopback; /* setting.c */
init_handler init_hostname, init_domainname, init_sysctl, init_personality,
	init_cgroup_ns; /* setting.c */
init_handler init_io_priority, init_cpu_affinity, init_memory_policy, init_scheduler; /* sched.c */
init_handler init_propagation, init_root, init_enter_root, init_root_readonly; /* rootfs.c */
init_handler init_mount; /* mounts.c */
init_handler init_lsm_exec; /* lsm.c */
init_handler init_symlink, init_device, init_device_bind, init_make_cwd; /* nodes.c */
init_handler init_mask, init_readonly_path; /* masks.c */
init_handler init_console, init_stdio_owner; /* console.c */
init_handler init_identity, init_cwd, init_umask, init_no_new_privileges; /* identity.c */
init_handler init_seccomp; /* seccomp.c */
init_handler init_runtime_hook, init_hook; /* hooks.c */
init_handler init_await_cgroup, init_find, init_ready, init_exec; /* exec.c */

#endif
