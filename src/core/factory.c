// SPDX-License-Identifier: Apache-2.0
/*
 * Making and sharing a factory. What is found out about the host is found out when a call first needs it: `state` and
 * `kill` never look at cgroups or capabilities.
 */
#include <core/factory.h>
#include <base/array.h>
#include <base/fd.h>
#include <base/mem.h>
#include <base/path.h>
#include <core/bus_image.h>
#include <core/id.h>
#include <core/init_image.h>
#include <husk/husk.h>
#include <kern/probe.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3 */
#endif

/* Programs that are executed from memory. */
struct program {
	const char *name, *path; /* path: the installed file */
	const unsigned char *image; /* NULL: this build has none */
	const size_t *size;
};

enum { PROGRAM_INIT, PROGRAM_BUS };
static const struct program programs[] = {
	[PROGRAM_INIT] = {"husk-init", HUSK_INIT_PATH, husk_init_image, &husk_init_image_size},
#ifdef HAVE_SYSTEMD
	[PROGRAM_BUS] = {"husk-bus", HUSK_BUS_PATH, husk_bus_image, &husk_bus_image_size},
#else
	[PROGRAM_BUS] = {},
#endif
};

static int fail_without_systemd(struct husk_error **err)
{
	return fail(err, HUSK_ERROR_UNSUPPORTED,
		"this husk was built without systemd (-Dsystemd=enabled): it cannot use "
		"--systemd-cgroup");
}

const char *husk_version(void)
{
	return HUSK_VERSION;
}

const char *husk_spec_version(void)
{
	return "1.3.0";
}

/* Makes the directory and those above it; others may look through, not into (containers have 0700). */
static int make_directories(const char *path)
{
	auto_free char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	for (char *p = copy + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return mkdir(copy, 0711) < 0 && errno != EEXIST ? -errno : 0;
}

static int set_root(struct husk_factory *f, const char *root, struct husk_error **err)
{
	auto_free char *cwd = root[0] == '/' ? NULL : getcwd(NULL, 0);
	auto_free char *joined = root[0] == '/' ? strdup(root) : cwd ? path_join(cwd, root) : NULL;

	f->root = joined ? path_clean(joined) : NULL;
	if (!f->root)
		return fail_memory(err);
	return strcmp(f->root, "/") ? 0
				    : fail(err, HUSK_ERROR_INVALID_ARGUMENT,
					      "the state directory must not be '/'");
}

/* With the factory's lock held. */
static int open_root(struct husk_factory *f, bool make, struct husk_error **err)
{
	int r = 0;

	f->root_fd = open(f->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->root_fd >= 0)
		return 0;
	if (errno != ENOENT)
		return fail_errno(err, -errno, "cannot open the state directory '%s'", f->root);
	if (!make)
		return 0;
	r = make_directories(f->root);
	if (r < 0)
		return fail_errno(err, r, "cannot make the state directory '%s'", f->root);
	f->root_fd = open(f->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return f->root_fd < 0
		       ? fail_errno(err, -errno, "cannot open the state directory '%s'", f->root)
		       : 0;
}

int factory_root(struct husk_factory *f, bool make, int *ret_fd, struct husk_error **err)
{
	int r = 0;

	pthread_mutex_lock(&f->lock);
	if (f->root_fd < 0)
		r = open_root(f, make, err);
	*ret_fd = f->root_fd;
	pthread_mutex_unlock(&f->lock);
	return r;
}

static int set_user_bus(
	struct husk_factory *f, const struct husk_factory_options *options, struct husk_error **err)
{
	if (options->runtime_dir)
		f->runtime_dir = strdup(options->runtime_dir);
	if (options->bus_address)
		f->bus_address = strdup(options->bus_address);
	if ((options->runtime_dir && !f->runtime_dir) || (options->bus_address && !f->bus_address))
		return fail_memory(err);
	return 0;
}

int husk_factory_new(const struct husk_factory_options *options, struct husk_factory **ret,
	struct husk_error **err)
{
	struct husk_factory *f;
	int r;

	if (!options || options->size < sizeof *options)
		return fail(err, HUSK_ERROR_INVALID_ARGUMENT, "factory options have no valid size");
	if (options->cgroup_manager == HUSK_CGROUP_MANAGER_SYSTEMD && !programs[PROGRAM_BUS].image)
		return fail_without_systemd(err);
	f = calloc(1, sizeof *f);
	if (!f)
		return fail_memory(err);
	f->refs = 1;
	f->root_fd = f->init_fd = f->bus_fd = -1;
	f->cgroup_manager = options->cgroup_manager;
	f->rootless = options->rootless;
	f->log = (struct log){
		.write = options->log, .data = options->log_data, .level = options->log_level};
	pthread_mutex_init(&f->lock, NULL);
	r = set_root(f, options->root ? options->root : "/run/husk", err);
	if (!r)
		r = set_user_bus(f, options, err);
	if (r < 0) {
		husk_factory_unref(f);
		return r;
	}
	*ret = f;
	return 0;
}

struct husk_factory *husk_factory_ref(struct husk_factory *f)
{
	f->refs++;
	return f;
}

struct husk_factory *husk_factory_unref(struct husk_factory *f)
{
	if (!f || --f->refs)
		return NULL;
	fd_close(f->root_fd);
	fd_close(f->init_fd);
	fd_close(f->bus_fd);
	cgroup_layout_done(&f->host.cgroups);
	pthread_mutex_destroy(&f->lock);
	free(f->root);
	free(f->runtime_dir);
	free(f->bus_address);
	free(f);
	return NULL;
}

static int find_host(struct husk_factory *f, struct husk_error **err)
{
	struct plan_host host = {.euid = geteuid(), .egid = getegid()};
	int r = probe_in_user_namespace();

	if (r < 0)
		return fail_errno(err, r, "cannot read '/proc/self/uid_map'");
	host.in_user_namespace = r;
	host.rootless = f->rootless == HUSK_ROOTLESS_AUTO ? host.euid != 0 || host.in_user_namespace
							  : f->rootless == HUSK_ROOTLESS_YES;
	r = probe_known_capabilities(&host.known_capabilities);
	if (r < 0)
		return fail_errno(err, r, "cannot find out the kernel's capabilities");
	r = cgroup_layout_detect(&host.cgroups);
	if (r < 0)
		return fail_errno(err, r, "cannot find the cgroup hierarchies");
	f->host = host;
	f->host_known = true;
	return 0;
}

int factory_host(struct husk_factory *f, const struct plan_host **ret, struct husk_error **err)
{
	int r = 0;

	pthread_mutex_lock(&f->lock);
	if (!f->host_known)
		r = find_host(f, err);
	pthread_mutex_unlock(&f->lock);
	if (!r)
		*ret = &f->host;
	return r;
}

/*
 * The installed program, by a read-only mount of its own that nobody else can reach: who opens /proc/PID/exe for
 * writing gets EROFS. Without the right to mount (rootless) the file itself must do, which its user may write anyway.
 */
static int open_installed(const char *path, struct husk_error **err)
{
	struct mount_attr readonly = {.attr_set = MOUNT_ATTR_RDONLY};
	auto_close int fd =
		(int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	if (fd >= 0 &&
		syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &readonly, sizeof readonly) < 0 &&
		errno != ENOSYS) /* Linux 5.12 */
		return fail_errno(err, -errno, "cannot make '%s' read-only", path);
	if (fd < 0 && errno == EPERM)
		fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return fail_errno(
			err, -errno, "cannot open '%s' (memfds may not be executed here)", path);
	return TAKE_FD(fd);
}

/*
 * CVE-2019-5736: what runs inside the container is a sealed copy in memory that nobody can write to. Where memfds may
 * not be executed (sysctl vm.memfd_noexec=2), the installed file serves.
 */
static int make_program(const struct program *p, struct husk_error **err)
{
	const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	auto_close int fd = memfd_create(p->name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
	ssize_t n;

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(p->name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 && errno == EACCES)
		return open_installed(p->path, err);
	if (fd < 0)
		return fail_errno(err, -errno, "cannot make a memfd for %s", p->name);
	n = write(fd, p->image, *p->size);
	if (n != (ssize_t)*p->size)
		return fail_errno(
			err, n < 0 ? -errno : -ENOSPC, "cannot copy %s to memory", p->name);
	if (fcntl(fd, F_ADD_SEALS, seals) < 0)
		return fail_errno(err, -errno, "cannot seal %s", p->name);
	return TAKE_FD(fd);
}

static int get_program(struct husk_factory *f, const struct program *p, int *fd, int *ret_fd,
	struct husk_error **err)
{
	int r = 0;

	pthread_mutex_lock(&f->lock);
	if (*fd < 0) {
		r = make_program(p, err);
		if (r >= 0)
			*fd = r;
	}
	*ret_fd = *fd;
	pthread_mutex_unlock(&f->lock);
	return r < 0 ? r : 0;
}

int factory_init(struct husk_factory *f, int *ret_fd, struct husk_error **err)
{
	return get_program(f, &programs[PROGRAM_INIT], &f->init_fd, ret_fd, err);
}

int factory_bus(struct husk_factory *f, int *ret_fd, struct husk_error **err)
{
	return programs[PROGRAM_BUS].image
		       ? get_program(f, &programs[PROGRAM_BUS], &f->bus_fd, ret_fd, err)
		       : fail_without_systemd(err);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One block: the pointers, then the strings they point to. */
static char **pack_names(const struct strv *names)
{
	size_t room = (names->n + 1) * sizeof(char *);
	char **block, *text;

	list_for_each (name, names)
		room += strlen(*name) + 1;
	block = malloc(room);
	if (!block)
		return NULL;
	text = (char *)(block + names->n + 1);
	for (size_t i = 0; i < names->n; i++) {
		block[i] = text;
		text = stpcpy(text, names->v[i]) + 1;
	}
	block[names->n] = NULL;
	return block;
}

static int read_names(int root, struct strv *names)
{
	int fd = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		r = -errno;
		fd_close(fd);
		return r;
	}
	while (!r && (entry = readdir(dir)))
		if (container_id_valid(entry->d_name) && entry->d_type == DT_DIR)
			r = strv_add(names, entry->d_name);
	closedir(dir);
	return r;
}

int husk_factory_list(struct husk_factory *f, char ***ret, size_t *ret_n, struct husk_error **err)
{
	struct strv names = {};
	int root = -1, r = factory_root(f, false, &root, err);

	if (r < 0)
		return r;
	r = root < 0 ? 0 : read_names(root, &names);
	if (r < 0 && r != -ENOMEM) {
		strv_done(&names);
		return fail_errno(err, r, "cannot read the state directory '%s'", f->root);
	}
	if (!r) {
		if (names.n)
			qsort(names.v, names.n, sizeof *names.v, compare_names);
		*ret = pack_names(&names);
		r = *ret ? 0 : -ENOMEM;
		if (!r && ret_n)
			*ret_n = names.n;
	}
	strv_done(&names);
	return r < 0 ? fail_memory(err) : 0;
}
