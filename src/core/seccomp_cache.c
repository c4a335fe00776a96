// SPDX-License-Identifier: Apache-2.0
/*
 * Compiling a profile of a few hundred calls costs more than all the rest of a start, and most containers of a host
 * have the same. So the filter is kept in <root>/seccomp@cache/, in a file named for a hash of what it was made from.
 * That text stands in the file and is compared whole: two profiles with one hash cost time, never safety.
 *
 * Whatever is wrong with the cache only means to compile again: nothing here is an error.
 */
#include <core/seccomp.h>
#include <base/fd.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/str.h>
#include <oci/seccomp.h>
#include <plan/seccomp_filter.h>
#include <schema/schema.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef HAVE_SECCOMP
#include <seccomp.h>
#endif

enum { ENTRY_MAX = 1 << 20, ENTRIES_MAX = 64, NAME_LENGTH = 16 };

#define AS_TEXT_(x) #x
#define AS_TEXT(x) AS_TEXT_(x)
/* Raise the number when the same profile is compiled to something else than before. */
#define MAKER "husk filter 1, " HUSK_VERSION

struct entry_header {
	char magic[8];
	uint32_t key_size, filter_size;
};
static const char magic[8] = "huskbpf";

/* Everything the filter depends on. */
static char *make_key(const struct oci_seccomp *profile)
{
	struct oci_seccomp bare = *profile;
	auto_free char *json = NULL;

	bare.listener_path = bare.listener_metadata = NULL;
	bare.flags.v = NULL;
	bare.flags.n = 0;
	if (schema_write(&oci_seccomp_type, &bare, 0, &json, NULL) < 0)
		return NULL;
#ifdef HAVE_SECCOMP
	return str_printf(MAKER ", libseccomp " AS_TEXT(SCMP_VER_MAJOR) "." AS_TEXT(
				  SCMP_VER_MINOR) "." AS_TEXT(SCMP_VER_MICRO) ", pointer %zu, %s\n",
		sizeof(void *), json);
#else
	return TAKE_PTR(json);
#endif
}

/* FNV-1a: a name, no proof. */
static uint64_t hash(const char *text)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return h;
}

/* Is it ours alone? Nobody else may put a filter there, or take one away. */
static bool is_private(int fd, mode_t type)
{
	struct stat st;

	return !fstat(fd, &st) && (st.st_mode & S_IFMT) == type && st.st_uid == geteuid() &&
	       !(st.st_mode & 0077);
}

static int open_cache(struct husk_factory *f, bool make)
{
	auto_close int dir = -1;
	int root, r = factory_root(f, make, &root, NULL);

	if (r < 0 || root < 0)
		return r < 0 ? r : -ENOENT;
	if (make && mkdirat(root, SECCOMP_CACHE, 0700) < 0 && errno != EEXIST)
		return -errno;
	dir = openat(root, SECCOMP_CACHE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	return is_private(dir, S_IFDIR) ? TAKE_FD(dir) : -EPERM;
}

/* 1 and the filter when the file holds that of the key. */
static int find(int dir, const char *name, const char *key, void **ret, size_t *ret_size)
{
	auto_close int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	size_t key_size = strlen(key), size;
	struct entry_header header;
	auto_free char *text = NULL;
	char *filter;

	if (fd < 0 || !is_private(fd, S_IFREG) || io_read_fd(fd, ENTRY_MAX, &text, &size) < 0 ||
		size < sizeof header)
		return 0;
	memcpy(&header, text, sizeof header);
	if (memcmp(header.magic, magic, sizeof magic) != 0 || header.key_size != key_size ||
		!header.filter_size || header.filter_size % sizeof(struct sock_filter) ||
		size != sizeof header + key_size + header.filter_size ||
		memcmp(text + sizeof header, key, key_size) != 0)
		return 0;
	filter = malloc(header.filter_size);
	if (!filter)
		return 0;
	memcpy(filter, text + sizeof header + key_size, header.filter_size);
	*ret = filter;
	*ret_size = header.filter_size;
	return 1;
}

/* Room for one more: beyond the bound the oldest goes, and with it whatever does not belong here. */
static void make_room(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = 0;
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	auto_free char *oldest = NULL;
	time_t oldest_time = 0;
	struct dirent *e;
	struct stat st;

	if (!list) {
		fd_close(fd);
		return;
	}
	while ((e = readdir(list))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
			fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		n++;
		if (oldest && st.st_mtime >= oldest_time)
			continue;
		free(oldest);
		oldest = strdup(e->d_name);
		oldest_time = st.st_mtime;
	}
	closedir(list);
	if (n >= ENTRIES_MAX && oldest)
		(void)unlinkat(dir, oldest, 0); /* somebody else was faster, perhaps */
}

static void keep(
	struct husk_factory *f, const char *name, const char *key, const void *filter, size_t size)
{
	struct entry_header header = {
		.key_size = (uint32_t)strlen(key), .filter_size = (uint32_t)size};
	auto_close int dir = open_cache(f, true);
	auto_strbuf entry = {};
	int r = dir;

	memcpy(header.magic, magic, sizeof magic);
	if (dir >= 0) {
		make_room(dir);
		strbuf_add_bytes(&entry, &header, sizeof header);
		strbuf_add_bytes(&entry, key, header.key_size);
		strbuf_add_bytes(&entry, filter, size);
		r = entry.len == sizeof header + header.key_size + size && entry.len <= ENTRY_MAX
			    ? io_replace_at(dir, name, strbuf_text(&entry), entry.len, 0600)
			    : -ENOMEM;
	}
	if (r < 0)
		log_debug(&f->log, "the seccomp filter is not kept: %s", errno_text(-r));
}

int seccomp_cached_filter(void *factory, const struct oci_seccomp *profile, const struct log *log,
	void **ret, size_t *ret_size, struct husk_error **err)
{
	struct husk_factory *f = factory;
	auto_free char *key = make_key(profile), *name = NULL;
	auto_close int dir = -1;
	int r;

	if (key)
		name = str_printf("%0*" PRIx64, NAME_LENGTH, hash(key));
	if (!name)
		return fail_memory(err);
	dir = open_cache(f, false);
	if (dir >= 0 && find(dir, name, key, ret, ret_size)) {
		log_debug(log, "the seccomp filter is that of an earlier container");
		return 0;
	}
	r = plan_seccomp_filter(profile, log, ret, ret_size, err);
	if (r == 0) /* 1: the next one wants to hear the warning as well */
		keep(f, name, key, *ret, *ret_size);
	return r;
}
