/* SPDX-License-Identifier: Apache-2.0 */
/*
 * floor - the least work that makes a container, by raw system calls: what no runtime can beat.
 *
 *   floor ROOTFS    makes pid, mount, uts, ipc and network namespaces, a cgroup in each v1 hierarchy (or in the
 *                   cgroup2 mount), the mounts and device nodes of a default OCI bundle, pivots into ROOTFS,
 *                   runs /bin/nop, waits, removes the cgroups.
 *
 * It parses nothing, checks little and protects against nothing. Build: musl-gcc -O2 -static (or cc -O2 -static).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(x)                    \
	do {                        \
		if ((x) < 0) {      \
			perror(#x); \
			_exit(1);   \
		}                   \
	} while (0)

static const char *const v1[] = {"cpu", "cpuacct", "cpuset", "memory", "devices", "freezer",
	"blkio", "pids", "systemd", NULL};
static const char *const v2[] = {"", NULL};

static void write_file(const char *dir, const char *name, const char *value)
{
	char path[512];
	int fd;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	CHECK(fd = open(path, O_WRONLY | O_CLOEXEC));
	CHECK(write(fd, value, strlen(value)));
	close(fd);
}

static const char *group(const char *controller)
{
	static char path[256];

	snprintf(path, sizeof path, "/sys/fs/cgroup/%s/floor%d", controller, getpid());
	return path;
}

static void node(const char *path, unsigned major, unsigned minor)
{
	CHECK(mknod(path, S_IFCHR | 0666, makedev(major, minor)));
}

static void inside(const char *rootfs, int go)
{
	char *argv[] = {"/bin/nop", NULL}, byte;

	CHECK(read(go, &byte, 1));
	CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	CHECK(mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL));
	CHECK(chdir(rootfs));
	CHECK(mount("proc", "proc", "proc", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL));
	CHECK(mount("tmpfs", "dev", "tmpfs", MS_NOSUID, "mode=755"));
	CHECK(mkdir("dev/pts", 0755));
	CHECK(mkdir("dev/shm", 0755));
	CHECK(mkdir("dev/mqueue", 0755));
	CHECK(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		"newinstance,ptmxmode=0666,mode=620"));
	CHECK(mount("shm", "dev/shm", "tmpfs", MS_NOSUID, NULL));
	CHECK(mount("mqueue", "dev/mqueue", "mqueue", MS_NOSUID, NULL));
	CHECK(mount("sysfs", "sys", "sysfs", MS_NOSUID | MS_RDONLY, NULL));
	node("dev/null", 1, 3);
	node("dev/zero", 1, 5);
	node("dev/full", 1, 7);
	node("dev/random", 1, 8);
	node("dev/urandom", 1, 9);
	node("dev/tty", 5, 0);
	CHECK(syscall(SYS_pivot_root, ".", "."));
	CHECK(umount2(".", MNT_DETACH));
	CHECK(chdir("/"));
	CHECK(execve(argv[0], argv, NULL));
}

int main(int argc, char **argv)
{
	struct clone_args args = {
		.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET,
		.exit_signal = SIGCHLD,
	};
	const char *const *controllers = access("/sys/fs/cgroup/cgroup.procs", F_OK) ? v1 : v2;
	int go[2], status;
	char text[16];
	pid_t pid;

	if (argc != 2)
		return 2;
	for (const char *const *c = controllers; *c; c++) {
		CHECK(mkdir(group(*c), 0755));
		if (!strcmp(*c, "cpuset")) {
			write_file(group(*c), "cpuset.cpus", "0");
			write_file(group(*c), "cpuset.mems", "0");
		}
	}
	CHECK(pipe2(go, O_CLOEXEC));
	CHECK(pid = syscall(SYS_clone3, &args, sizeof args));
	if (!pid)
		inside(argv[1], go[0]);
	snprintf(text, sizeof text, "%d", pid);
	for (const char *const *c = controllers; *c; c++)
		write_file(group(*c), "cgroup.procs", text);
	CHECK(write(go[1], "", 1));
	CHECK(waitpid(pid, &status, 0));
	for (const char *const *c = controllers; *c; c++)
		while (rmdir(group(*c)) < 0 && errno == EBUSY)
			usleep(20);
	return WEXITSTATUS(status);
}
