/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan: everything that creating a container (or running one more process in it) will do, as a flat list of
 * operations in the order in which they are done. libhusk compiles it, husk-init carries it out and decides nothing;
 * both sides see only this file. The same list is the protocol: an operation that needs the other side (marked SYNC)
 * is where the two meet, so parent and init walk one list and cannot disagree about what comes next.
 *
 * Layout: header, operations, descriptors, string index, blobs, string pool - each a section {offset, count} from
 * the start of the plan, which is one block of `size` bytes in a sealed memfd. Nothing is trusted before
 * plan_check() has proved every offset. No libc here: husk-init is freestanding.
 *
 * Each operation's struct begins with its strings, then its string lists, then its blobs, as many as its row in
 * PLAN_OPS says: that is all the checker needs to know.
 */
#ifndef HUSK_WIRE_PLAN_H
#define HUSK_WIRE_PLAN_H

#include <stddef.h>
#include <stdint.h>
#include <kern/sched.h>

enum { PLAN_MAGIC = 0x6b737568, PLAN_VERSION = 1 };

/* Offset of a NUL-terminated string in the pool; 0 is the empty string and means "none". */
typedef uint32_t plan_str;

/* A run of entries in the string index. */
struct plan_list {
	uint32_t first, count;
};

/* Bytes in the blob section; offset is a multiple of 8 from its start. */
struct plan_blob {
	uint32_t offset, size;
};

/*
 * X(KIND, member, name, strings, lists, blobs)     SYNC marks those at which parent and init exchange messages.
 *
 * Stage operations (up to FORK) run in the launcher, the rest in the container's first process.
 */
/* clang-format off */
#define PLAN_OPS(X) \
	X(JOIN,          join,        "join",              2, 0, 0) /* setns() to a descriptor from the parent */ \
	X(UNSHARE,       unshare,     "unshare",           0, 0, 0) /* new namespaces for this process */ \
	X(MAP_IDS,       none,        "map-ids",           0, 0, 0) /* SYNC: parent writes uid_map, gid_map */ \
	X(BECOME,        become,      "become",            0, 0, 0) /* root of the user namespace, to set it up */ \
	X(FORK,          fork,        "fork",              0, 0, 0) /* SYNC: clone the container's process; launcher ends */ \
	X(OOM_SCORE,     oom_score,   "oom-score",         0, 0, 0) \
	X(IO_PRIORITY,   io_priority, "io-priority",       0, 0, 0) \
	X(CPU_AFFINITY,  cpu_affinity, "cpu-affinity",     1, 0, 1) \
	X(RLIMIT,        rlimit,      "rlimit",            1, 0, 0) \
	X(KEYRING,       keyring,     "keyring",           1, 0, 0) \
	X(TIME_OFFSETS,  time,        "time-offsets",      1, 0, 0) /* new time namespace with these offsets */ \
	X(LOOPBACK,      none,        "loopback",          0, 0, 0) \
	X(HOSTNAME,      name,        "hostname",          1, 0, 0) \
	X(DOMAINNAME,    name,        "domainname",        1, 0, 0) \
	X(PROPAGATION,   propagation, "propagation",       1, 0, 0) /* of the mount at a host path */ \
	X(ROOT,          root,        "root",              1, 0, 0) /* bind the root filesystem on itself */ \
	X(MOUNT,         mount,       "mount",             5, 0, 0) /* SYNC if the runtime id-maps it */ \
	X(SYMLINK,       symlink,     "symlink",           2, 0, 0) \
	X(DEVICE,        device,      "device",            1, 0, 0) \
	X(DEVICE_BIND,   device_bind, "device-bind",       2, 0, 0) \
	X(AWAIT_CGROUP,  none,        "await-cgroup",      0, 0, 0) /* SYNC: parent has put us into our cgroup */ \
	X(CGROUP_NS,     none,        "cgroup-namespace",  0, 0, 0) \
	X(RUNTIME_HOOK,  hook,        "runtime-hook",      4, 2, 0) /* SYNC: parent runs it */ \
	X(HOOK,          hook,        "hook",              4, 2, 0) /* run by us, in the container's namespaces */ \
	X(ENTER_ROOT,    enter_root,  "enter-root",        0, 0, 0) \
	X(CONSOLE,       console,     "console",           0, 0, 0) /* SYNC: init sends the pty master */ \
	X(SYSCTL,        sysctl,      "sysctl",            2, 0, 0) \
	X(MASK,          mask,        "mask",              2, 0, 0) \
	X(READONLY_PATH, path,        "readonly-path",     1, 0, 0) \
	X(ROOT_READONLY, none,        "root-readonly",     0, 0, 0) \
	X(MAKE_CWD,      path,        "make-cwd",          1, 0, 0) /* mkdir -p inside the root */ \
	X(PERSONALITY,   personality, "personality",       0, 0, 0) \
	X(MEMORY_POLICY, memory_policy, "memory-policy",   2, 0, 1) \
	X(SCHEDULER,     scheduler,   "scheduler",         1, 0, 0) /* SYNC where only the parent has the right */ \
	X(STDIO_OWNER,   stdio_owner, "stdio-owner",       0, 0, 0) \
	X(LSM_EXEC,      lsm,         "lsm-exec",          1, 0, 0) /* what the kernel confines the program to */ \
	X(NO_NEW_PRIVILEGES, none,    "no-new-privileges", 0, 0, 0) \
	X(SECCOMP,       seccomp,     "seccomp",           0, 0, 1) /* SYNC if it has a listener */ \
	X(CWD,           cwd,         "cwd",               1, 0, 0) \
	X(IDENTITY,      identity,    "identity",          0, 0, 1) /* groups, ids, capabilities */ \
	X(UMASK,         umask,       "umask",             0, 0, 0) \
	X(FIND,          find,        "find",              2, 0, 0) /* the program, as the user it will run as */ \
	X(READY,         ready,       "ready",             0, 0, 0) /* SYNC: created; waits at the gate if there is one */ \
	X(EXEC,          exec,        "exec",              0, 2, 0)
/* clang-format on */

enum plan_kind {
#define X(kind, member, name, strings, lists, blobs) PLAN_##kind,
	PLAN_OPS(X)
#undef X
		PLAN_KINDS
};

/* One more than the index in the descriptor section; 0 is none. */
typedef uint32_t plan_fd_ref;

struct plan_join {
	plan_str name,
		path; /* for people: "network", "/run/netns/x" (or none: of the container's process) */
	plan_fd_ref fd; /* a namespace file, or a pidfd */
	uint32_t unused;
	uint64_t flags; /* CLONE_NEW*: one for a namespace file, any number for a pidfd */
};

struct plan_unshare {
	uint64_t flags; /* CLONE_NEW* */
};

struct plan_become {
	uint32_t uid, gid; /* inside the user namespace */
	uint32_t set_groups; /* 1: clear supplementary groups (0 where setgroups is denied) */
};

struct plan_fork {
	uint64_t flags; /* CLONE_NEW* for clone3 */
};

struct plan_oom_score {
	int32_t value;
};

struct plan_io_priority {
	uint32_t value; /* as ioprio_set(2) takes it: class << 13 | priority */
};

struct plan_cpu_affinity {
	plan_str list; /* "0-3,7"; none: all that the cgroup has */
	struct plan_blob mask; /* bits for sched_setaffinity(2) */
};

struct plan_rlimit {
	plan_str name; /* "RLIMIT_NOFILE" */
	uint32_t resource;
	uint64_t soft, hard;
};

struct plan_keyring {
	plan_str name;
};

struct plan_time {
	plan_str text; /* lines for /proc/self/timens_offsets */
};

struct plan_name {
	plan_str name;
};

struct plan_propagation {
	plan_str path; /* host path */
	uint32_t flags; /* MS_SHARED | MS_SLAVE | MS_PRIVATE | MS_UNBINDABLE, MS_REC */
};

struct plan_root {
	plan_str path; /* absolute host path of the root filesystem */
	uint32_t flags; /* PLAN_ROOT_* */
};
enum {
	PLAN_ROOT_PRIVATE_PARENT =
		1, /* make the mount above private, which pivot_root wants where / is shared */
	PLAN_ROOT_NO_NAMESPACE = 2, /* no mount namespace of our own: do not bind, only open */
};

enum plan_mount_flags {
	PLAN_MOUNT_BIND = 1, /* else a new instance of `fstype` */
	PLAN_MOUNT_RECURSIVE = 2, /* rbind */
	PLAN_MOUNT_REMOUNT = 4, /* change the mount that is there */
	PLAN_MOUNT_COPY_UP = 8, /* tmpcopyup: fill the new tmpfs with what it will hide */
	PLAN_MOUNT_REAL_TARGET =
		16, /* proc, sysfs: the target must be a real directory, no symlink on the way */
	PLAN_MOUNT_SLAVE_SOURCE =
		32, /* make the tree from `fd` a slave first (it comes from the host's namespace) */
	PLAN_MOUNT_SOURCE_NOFOLLOW = 64,
	PLAN_MOUNT_TARGET_NOFOLLOW = 128,
	PLAN_MOUNT_OPTIONAL = 256, /* a source that does not exist is skipped */
	PLAN_MOUNT_COPY_SYMLINK =
		512, /* a source that is a symbolic link is made anew at the target */
	PLAN_MOUNT_LABEL_FILE =
		1024, /* `label` goes on the root directory: no mount option takes it */
};

struct plan_mount {
	plan_str target; /* absolute, inside the root */
	plan_str source; /* host path, or the name shown in mountinfo */
	plan_str fstype;
	plan_str data; /* file system options: "a,b=c" */
	plan_str label; /* SELinux context of all its files */
	plan_fd_ref fd; /* the source as a detached tree from the parent, instead of `source` */
	uint32_t flags; /* enum plan_mount_flags */
	uint64_t attr_set, attr_clear; /* MOUNT_ATTR_* of this mount */
	uint64_t tree_attr_set,
		tree_attr_clear; /* MOUNT_ATTR_* of the whole tree (rro, rnosuid, ...) */
	uint32_t sb_flags; /* MS_RDONLY, MS_SYNCHRONOUS, ... of the file system */
	uint32_t propagation[4]; /* MS_* as above, in order; 0 ends */
	plan_fd_ref
		idmap; /* user namespace: the runtime maps the new tree, which goes there and back by SYNC */
};

struct plan_symlink {
	plan_str target, path;
	uint32_t flags; /* PLAN_SYMLINK_* */
};
enum { PLAN_SYMLINK_REPLACE = 1 }; /* whatever is there is removed first (never a directory) */

struct plan_device {
	plan_str path;
	uint32_t mode; /* S_IFCHR, S_IFBLK or S_IFIFO, and permissions */
	uint32_t major, minor;
	uint32_t uid, gid;
};

struct plan_device_bind {
	plan_str source, path; /* host device node, path inside the root */
};

enum plan_root_mode {
	PLAN_PIVOT = 0, /* pivot_root and detach the old root */
	PLAN_MOVE = 1, /* MS_MOVE over / and chroot (--no-pivot) */
	PLAN_CHROOT = 2, /* no mount namespace: chroot only */
};

enum plan_hook_flags {
	PLAN_HOOK_IN_ROOT = 1, /* it starts in the directory of the root filesystem */
	PLAN_HOOK_WITH_RUNTIME = 2, /* it has no right to outlive the runtime */
	PLAN_HOOK_CONTAINED =
		4, /* it belongs to the container: nothing of ours may be open meanwhile */
};

struct plan_hook {
	plan_str name; /* "createContainer" */
	plan_str path;
	plan_str state, state_end; /* what stands before and behind the pid in the state it reads */
	struct plan_list args, env;
	plan_fd_ref
		file; /* the program as the runtime sees it; none: what is at `path` in our root */
	uint32_t flags; /* enum plan_hook_flags */
	uint32_t preserve_fds; /* as in plan_exec: those are for the process, not for hooks */
	uint32_t timeout; /* seconds; 0: none */
};

struct plan_enter_root {
	uint32_t mode; /* enum plan_root_mode */
	uint32_t propagation; /* MS_* for the new root at the end (rootfsPropagation), 0: none */
};

struct plan_console {
	uint32_t height, width; /* characters; 0: unset */
	uint32_t uid; /* owner of the slave */
	uint32_t mount; /* 1: also bind it on /dev/console (create, not exec) */
};

struct plan_sysctl {
	plan_str key; /* path below /proc/sys: "net/ipv4/ip_forward" */
	plan_str value;
};

struct plan_path {
	plan_str path;
};

struct plan_mask {
	plan_str path;
	plan_str label; /* SELinux context of the tmpfs that hides directories */
};

enum plan_lsm_kind { PLAN_LSM_APPARMOR = 1, PLAN_LSM_SELINUX = 2 };

struct plan_lsm {
	plan_str label; /* profile, or context */
	uint32_t kind; /* enum plan_lsm_kind */
};

struct plan_personality {
	uint32_t persona;
};

struct plan_memory_policy {
	plan_str nodes; /* "0-3,7", or none */
	plan_str hint; /* what an older kernel lacks: "needs Linux 6.9", or none */
	struct plan_blob mask; /* bits; empty: no nodes */
	uint32_t mode; /* MPOL_* with MPOL_F_* */
};

struct plan_scheduler {
	plan_str hint; /* what EPERM may mean besides a missing right, or none */
	uint32_t by_parent; /* 1: a user namespace took the right from us, the parent does it */
	struct sched_values values;
};

struct plan_stdio_owner {
	uint32_t uid;
};

struct plan_seccomp {
	struct plan_blob filter; /* array of struct sock_filter */
	uint32_t flags; /* SECCOMP_FILTER_FLAG_* */
	uint32_t listener; /* 1: the parent gets the descriptor that notifies */
	uint32_t drop; /* 1: afterwards only the capabilities that follow are left */
	uint64_t effective, permitted, inheritable;
};

struct plan_cwd {
	plan_str path;
	uint32_t retry; /* 1: EACCES is not an error now, a second CWD follows after IDENTITY */
};

struct plan_identity {
	struct plan_blob groups; /* array of uint32_t */
	uint32_t uid, gid;
	uint32_t set_groups; /* 0: leave the supplementary groups alone (setgroups is denied) */
	uint32_t unused;
	uint64_t bounding, effective, permitted, inheritable, ambient;
};

enum { PLAN_UMASK_INHERIT = 0xffffffff };
struct plan_umask {
	uint32_t mask; /* PLAN_UMASK_INHERIT: what the runtime was started with */
};

struct plan_find {
	plan_str name; /* args[0] */
	plan_str search; /* the PATH to look in when name has no '/' */
};

struct plan_ready {
	plan_fd_ref gate; /* a listening unix socket: wait there for start; none: go on at once */
};

struct plan_exec {
	struct plan_list args, env;
	uint32_t preserve_fds; /* descriptors 3 .. 3 + n - 1 stay open */
};

struct plan_none {
	char unused[1];
};

struct plan_op {
	uint32_t kind; /* enum plan_kind */
	plan_str at; /* JSON Pointer of the property that asks for it; none: the runtime's own */
	union {
		struct plan_none none;
		struct plan_join join;
		struct plan_unshare unshare;
		struct plan_become become;
		struct plan_fork fork;
		struct plan_oom_score oom_score;
		struct plan_io_priority io_priority;
		struct plan_cpu_affinity cpu_affinity;
		struct plan_rlimit rlimit;
		struct plan_keyring keyring;
		struct plan_time time;
		struct plan_name name;
		struct plan_propagation propagation;
		struct plan_root root;
		struct plan_mount mount;
		struct plan_symlink symlink;
		struct plan_device device;
		struct plan_device_bind device_bind;
		struct plan_hook hook;
		struct plan_enter_root enter_root;
		struct plan_console console;
		struct plan_sysctl sysctl;
		struct plan_path path;
		struct plan_mask mask;
		struct plan_lsm lsm;
		struct plan_personality personality;
		struct plan_memory_policy memory_policy;
		struct plan_scheduler scheduler;
		struct plan_stdio_owner stdio_owner;
		struct plan_seccomp seccomp;
		struct plan_cwd cwd;
		struct plan_identity identity;
		struct plan_umask umask;
		struct plan_find find;
		struct plan_ready ready;
		struct plan_exec exec;
		uint64_t words[12];
	};
};

/* What the parent opens before it starts husk-init, and hands over: an error in one of these makes nothing. */
enum plan_fd_kind {
	PLAN_FD_NAMESPACE, /* namespace file; `arg` is its CLONE_NEW* type, verified */
	PLAN_FD_TREE, /* open_tree(CLONE) of a bind source; `arg` is of enum plan_tree_flags */
	PLAN_FD_PIDFD, /* the container's process */
	PLAN_FD_GATE, /* the listening socket of this container's gate */
	PLAN_FD_USER_NAMESPACE, /* a new one with the maps `path` (uid) and `gids`, to id-map mounts with */
	PLAN_FD_PROGRAM, /* O_PATH of a file to execute */
};

enum plan_tree_flags {
	PLAN_TREE_RECURSIVE = 1,
	PLAN_TREE_NOFOLLOW = 2, /* the source itself, also when it is a symbolic link */
	PLAN_TREE_IDMAP_ALL = 4, /* `idmap` is for every mount of the tree */
};

struct plan_fd {
	uint32_t kind; /* enum plan_fd_kind */
	uint32_t arg;
	plan_str path; /* none for PIDFD and GATE; of USER_NAMESPACE the text for uid_map */
	plan_str at;
	plan_str gids; /* of USER_NAMESPACE: the text for gid_map */
	plan_fd_ref
		idmap; /* of TREE: the user namespace it is id-mapped with; an earlier descriptor */
};

struct plan_section {
	uint32_t offset, count; /* count of elements; of bytes for blobs and strings */
};

struct plan_header {
	uint32_t magic, version, size;
	uint32_t flags; /* PLAN_TIMED */
	uint64_t
		clone_flags; /* CLONE_NEW* of the parent's clone3; 0 when a launcher is needed or nothing is new */
	struct plan_section ops; /* struct plan_op */
	struct plan_section fds; /* struct plan_fd */
	struct plan_section index; /* plan_str */
	struct plan_section blobs; /* bytes */
	struct plan_section strings; /* bytes; the first and the last are NUL */
};
enum { PLAN_TIMED = 1 }; /* reserved: measure each operation and report with STARTING */

/* One row per kind: what the checker, the dump and the error texts need. */
struct plan_kind_info {
	const char *name;
	uint8_t strings, lists, blobs;
};
extern const struct plan_kind_info plan_kinds[PLAN_KINDS];

/* Proves that the block is a plan: every section, string, list, blob and descriptor reference is inside it. 0 or -1. */
int plan_check(const void *plan, size_t size);

/* Access to a plan that was checked. */
static inline const struct plan_op *plan_ops(const struct plan_header *plan)
{
	return (const struct plan_op *)((const char *)plan + plan->ops.offset);
}

static inline const struct plan_fd *plan_fds(const struct plan_header *plan)
{
	return (const struct plan_fd *)((const char *)plan + plan->fds.offset);
}

static inline const char *plan_string(const struct plan_header *plan, plan_str s)
{
	return (const char *)plan + plan->strings.offset + s;
}

static inline const void *plan_bytes(const struct plan_header *plan, struct plan_blob blob)
{
	return (const char *)plan + plan->blobs.offset + blob.offset;
}

/* Entry i of a list. */
static inline const char *plan_item(
	const struct plan_header *plan, struct plan_list list, uint32_t i)
{
	const plan_str *index = (const plan_str *)((const char *)plan + plan->index.offset);

	return plan_string(plan, index[list.first + i]);
}

#endif
