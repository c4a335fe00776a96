// SPDX-License-Identifier: Apache-2.0
/*
 * Mounts, made as detached trees (fsopen, open_tree: Linux 5.2) and attached descriptor to descriptor, so that a path
 * in the image is used once, in resolve.c. Attributes go on before a tree is attached, and no one ever sees it without
 * them. Before Linux 5.12 (mount_setattr), or where a filter refuses the new calls, mount(2) goes through the trusted
 * procfs. A superblock option longer than fsconfig takes (255 bytes: overlay's lowerdir) uses mount(2) as well.
 */
#include <init/init.h>

#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/stat.h>

enum { OPTION_ROOM = 256, MOUNT_DATA_MAX = 4096 };

static int is_missing(long r)
{
	return r == -ENOSYS || r == -EPERM;
}

static int is_directory(int fd)
{
	struct statx st;

	return !sys(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &st) && S_ISDIR(st.stx_mode);
}

int tree_attach(struct init *init, int tree, int target)
{
	long r = sys(move_mount, tree, "", target, "",
		MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);

	if (r == -EINVAL && is_directory(tree) != is_directory(target))
		return fault(
			init, r, "move_mount", "one of the two is a directory, the other is not");
	return r < 0 ? fault(init, r, "move_mount", NULL) : 0;
}

long mount_on_fd(struct init *init, const char *source, int target, const char *fstype,
	unsigned long flags, const char *data)
{
	char path[40];
	size_t len = 0;
	long r;

	if (data && text_len(data) >= MOUNT_DATA_MAX)
		return -E2BIG; /* mount(2) takes a page and silently forgets the rest */
	r = sys(fchdir, init->proc);
	if (r < 0)
		return r;
	(void)text_add(path, sizeof path, &len, "self/fd/");
	(void)text_add_number(path, sizeof path, &len, (unsigned long)target);
	return sys(mount, source, path, fstype, flags, data);
}

const char *mount_data(struct init *init, const char *data, const char *label)
{
	char *text = init->path;
	size_t len = 0, room = sizeof init->path;

	if (!*label)
		return data;
	/* quotes, because the categories of a context are between commas */
	if (text_add(text, room, &len, data) || (*data && text_add(text, room, &len, ",")) ||
		text_add(text, room, &len, "context=\"") || text_add(text, room, &len, label) ||
		text_add(text, room, &len, "\""))
		return NULL;
	return text;
}

/* MOUNT_ATTR_* as MS_*: the old numbers of the same things. */
static unsigned long old_flags(uint64_t attr)
{
	static const struct {
		uint64_t attr;
		unsigned long flag;
	} pairs[] = {
		{MOUNT_ATTR_RDONLY, MS_RDONLY},
		{MOUNT_ATTR_NOSUID, MS_NOSUID},
		{MOUNT_ATTR_NODEV, MS_NODEV},
		{MOUNT_ATTR_NOEXEC, MS_NOEXEC},
		{MOUNT_ATTR_NODIRATIME, MS_NODIRATIME},
		{0x00200000 /* MOUNT_ATTR_NOSYMFOLLOW */, 256 /* MS_NOSYMFOLLOW */},
	};
	unsigned long flags = 0;

	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		if (attr & pairs[i].attr)
			flags |= pairs[i].flag;
	if ((attr & MOUNT_ATTR__ATIME) == MOUNT_ATTR_NOATIME)
		flags |= MS_NOATIME;
	else if ((attr & MOUNT_ATTR__ATIME) == MOUNT_ATTR_STRICTATIME)
		flags |= MS_STRICTATIME;
	else
		flags |= MS_RELATIME;
	return flags;
}

/* The flags a remount has to name, or they would be lost: what the mount has and is not cleared. */
static unsigned long kept_flags(uint64_t has, uint64_t set, uint64_t clear)
{
	enum { HAS_RELATIME = 4096 }; /* ST_* and MS_* agree but for this one */
	unsigned long flags =
		old_flags(set) |
		(has & (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NODIRATIME) &
			~old_flags(clear));

	if ((set | clear) & MOUNT_ATTR__ATIME)
		return flags;
	flags &= ~(unsigned long)MS_RELATIME;
	if (has & MS_NOATIME)
		return flags | MS_NOATIME;
	return flags | (has & HAS_RELATIME ? MS_RELATIME : MS_STRICTATIME);
}

/* Until Linux 5.12: remount the (already attached) tree. The flags it has are kept. */
static int tree_set_old(
	struct init *init, int tree, uint64_t set, uint64_t clear, uint64_t propagation)
{
	uint64_t fs[16]; /* struct statfs; f_flags is word 10 on 64-bit machines */
	long r;

	if (set || clear) {
		r = sys(fstatfs, tree, fs);
		if (r < 0)
			return fault(init, r, "fstatfs", NULL);
		r = mount_on_fd(init, NULL, tree, NULL,
			MS_REMOUNT | MS_BIND | kept_flags(fs[10], set, clear), NULL);
		if (r < 0)
			return fault(init, r, "mount(MS_REMOUNT)", NULL);
	}
	if (propagation) {
		r = mount_on_fd(init, NULL, tree, NULL, (unsigned long)propagation, NULL);
		if (r < 0)
			return fault(init, r, "mount(propagation)", NULL);
	}
	return 0;
}

/* Returns 1 when mount_setattr is not to be had: the caller then uses tree_set_old() once the tree is attached. */
static int tree_set_new(struct init *init, int tree, uint64_t set, uint64_t clear,
	uint64_t propagation, unsigned int flags)
{
	struct mount_attr attr = {
		.attr_set = set, .attr_clr = clear, .propagation = propagation & ~(uint64_t)MS_REC};
	long r;

	if (set & MOUNT_ATTR__ATIME)
		attr.attr_clr |=
			MOUNT_ATTR__ATIME; /* the kernel wants the field cleared as a whole */
	if (propagation & MS_REC)
		flags |= AT_RECURSIVE;
	r = sys(mount_setattr, tree, "", AT_EMPTY_PATH | flags, &attr, sizeof attr);
	if (is_missing(r) && sys(mount_setattr, -1, NULL, 0, NULL, 0) == r)
		return 1;
	return r < 0 ? fault(init, r, "mount_setattr", NULL) : 0;
}

int tree_set(struct init *init, int tree, uint64_t set, uint64_t clear, uint64_t propagation,
	unsigned int flags)
{
	int r = tree_set_new(init, tree, set, clear, propagation, flags);

	return r > 0 ? tree_set_old(init, tree, set, clear, propagation) : r;
}

/* What the file system driver said about the failure, e.g. "tmpfs: Bad value for 'size'". */
static int fs_fault(struct init *init, int fs, long r, const char *what, const char *option)
{
	char log[INIT_TEXT_MAX];
	long n = sys(read, fs, log, sizeof log - 1);

	if (n > 2 && (log[0] == 'e' || log[0] == 'w' || log[0] == 'i') && log[1] == ' ') {
		while (n > 2 && log[n - 1] == '\n')
			n--;
		log[n] = '\0';
		return fault(init, r, what, log + 2);
	}
	return fault(init, r, what, option);
}

/* "a,b" in quotes is how a context is written in options; the kernel wants it bare. */
static void unquote(char *value)
{
	size_t n = text_len(value);

	if (n < 2 || value[0] != '"' || value[n - 1] != '"')
		return;
	__builtin_memmove(value, value + 1, n - 2);
	value[n - 2] = '\0';
}

static int fs_option(struct init *init, int fs, char *option)
{
	char *value = option;
	long r;

	while (*value && *value != '=')
		value++;
	if (*value) {
		*value++ = '\0';
		unquote(value);
		r = sys(fsconfig, fs, FSCONFIG_SET_STRING, option, value, 0);
	} else {
		r = sys(fsconfig, fs, FSCONFIG_SET_FLAG, option, NULL, 0);
	}
	return r < 0 ? fs_fault(init, fs, r, "fsconfig", option) : 0;
}

/* Each "name" or "name=value" between commas, but for those in quotes. */
static int fs_options(struct init *init, int fs, const char *data)
{
	char option[OPTION_ROOM + 64];

	while (*data) {
		size_t n = 0;
		int r, quoted = 0;

		while (*data && (quoted || *data != ',') && n + 1 < sizeof option) {
			quoted ^= *data == '"';
			option[n++] = *data++;
		}
		option[n] = '\0';
		if (*data && *data != ',')
			return fault(init, -EINVAL, "fsconfig", "option too long");
		if (*data)
			data++;
		r = n ? fs_option(init, fs, option) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

static int fs_superblock_flags(struct init *init, int fs, uint32_t flags)
{
	static const struct {
		uint32_t flag;
		const char *name;
	} names[] = {
		{MS_RDONLY, "ro"},
		{MS_SYNCHRONOUS, "sync"},
		{MS_MANDLOCK, "mand"},
		{MS_DIRSYNC, "dirsync"},
		{MS_LAZYTIME, "lazytime"},
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		long r = flags & names[i].flag
				 ? sys(fsconfig, fs, FSCONFIG_SET_FLAG, names[i].name, NULL, 0)
				 : 0;

		if (r < 0)
			return fs_fault(init, fs, r, "fsconfig", names[i].name);
	}
	return 0;
}

static int fs_label(struct init *init, int fs, const struct plan_mount *m)
{
	long r = 0;

	if (m->label && !(m->flags & PLAN_MOUNT_LABEL_FILE))
		r = sys(fsconfig, fs, FSCONFIG_SET_STRING, "context", str(init, m->label), 0);
	return r < 0 ? fs_fault(init, fs, r, "fsconfig", "context") : 0;
}

static int fs_configure(struct init *init, int fs, const struct plan_mount *m)
{
	const char *source = str(init, m->source);
	long r = *source ? sys(fsconfig, fs, FSCONFIG_SET_STRING, "source", source, 0) : 0;

	if (r < 0)
		return fs_fault(init, fs, r, "fsconfig", "source");
	r = fs_superblock_flags(init, fs, m->sb_flags);
	if (!r)
		r = fs_options(init, fs, str(init, m->data));
	if (!r)
		r = fs_label(init, fs, m);
	if (r < 0)
		return (int)r;
	r = sys(fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r < 0)
		return fs_fault(init, fs, r, "fsconfig(CREATE)", NULL);
	r = sys(fsmount, fs, FSMOUNT_CLOEXEC, m->attr_set);
	return r < 0 ? fs_fault(init, fs, r, "fsmount", NULL) : (int)r;
}

/* A detached instance of the file system: descriptor, -errno, or -ENOSYS where fsopen is not to be had. */
static int fs_tree(struct init *init, const struct plan_mount *m)
{
	long fs = sys(fsopen, str(init, m->fstype), FSOPEN_CLOEXEC);
	int tree;

	if (is_missing(fs) && is_missing(sys(fsopen, NULL, 0)))
		return -ENOSYS;
	if (fs < 0)
		return fault(init, fs, "fsopen", str(init, m->fstype));
	tree = fs_configure(init, (int)fs, m);
	close_fd((int)fs);
	return tree;
}

/* mount(2) also for what fsconfig cannot say. */
static int needs_old_mount(const struct init *init, const struct plan_mount *m)
{
	const char *data = str(init, m->data);
	size_t n = 0;

	if (m->sb_flags & (MS_SILENT | MS_I_VERSION) ||
		text_len(str(init, m->source)) >= OPTION_ROOM)
		return 1;
	for (; *data; data++) {
		n = *data == ',' ? 0 : n + 1;
		if (n >= OPTION_ROOM)
			return 1;
	}
	return 0;
}

static int open_target(struct init *init, const struct plan_mount *m, int directory)
{
	uint32_t flags = 0;
	int fd;

	if (m->flags & PLAN_MOUNT_REAL_TARGET)
		flags |= RESOLVE_NO_LINKS;
	if (m->flags & PLAN_MOUNT_TARGET_NOFOLLOW)
		flags |= RESOLVE_LAST_NOFOLLOW;
	fd = resolve_open(
		init, str(init, m->target), directory ? RESOLVE_DIRECTORY : RESOLVE_FILE, flags);
	return fd < 0 ? fault(init, fd, "open the target", NULL) : fd;
}

static int set_propagation(struct init *init, int tree, const struct plan_mount *m)
{
	int r = 0;

	for (size_t i = 0;
		!r && i < sizeof m->propagation / sizeof m->propagation[0] && m->propagation[i];
		i++)
		r = tree_set(init, tree, 0, 0, m->propagation[i], 0);
	return r;
}

/* A message queue's file system was mounted by the kernel before us, so that it takes no context any more. */
static int label_file(struct init *init, int tree, const char *label)
{
	char path[40];
	size_t len = 0;
	long r = sys(fchdir, init->proc);

	(void)text_add(path, sizeof path, &len, "self/fd/");
	(void)text_add_number(path, sizeof path, &len, (unsigned long)tree);
	if (!r)
		r = sys(setxattr, path, "security.selinux", label, text_len(label) + 1, 0);
	return r < 0 ? fault(init, r, "setxattr(security.selinux)", label) : 0;
}

static int mount_old(struct init *init, const struct plan_mount *m)
{
	const char *label = m->flags & PLAN_MOUNT_LABEL_FILE ? "" : str(init, m->label), *data;
	int target, r;
	long done;

	if (m->flags & PLAN_MOUNT_COPY_UP || m->tree_attr_set || m->tree_attr_clear || m->idmap)
		return fault(init, -ENOSYS, "fsopen",
			"tmpcopyup, idmap and recursive options cannot be had by mount(2), which "
			"long options and old kernels need");
	target = open_target(init, m, 1);
	if (target < 0)
		return target;
	data = mount_data(init, str(init, m->data), label);
	done = !data ? -ENAMETOOLONG
		     : mount_on_fd(init, str(init, m->source), target, str(init, m->fstype),
			       m->sb_flags | old_flags(m->attr_set), data);
	close_fd(target);
	if (done < 0)
		return fault(init, done, "mount", NULL);
	target = open_target(init, m, 1);
	if (target < 0)
		return target;
	r = m->flags & PLAN_MOUNT_LABEL_FILE ? label_file(init, target, str(init, m->label)) : 0;
	if (!r)
		r = set_propagation(init, target, m);
	close_fd(target);
	return r;
}

/* Changes the mount that is there: its own flags with BIND, else those of the file system. */
static int mount_again(struct init *init, const struct plan_mount *m)
{
	int target = open_target(init, m, 1), r;
	long done;

	if (target < 0)
		return target;
	if (m->flags & PLAN_MOUNT_BIND) {
		r = tree_set(init, target, m->attr_set, m->attr_clear, 0, 0);
	} else {
		done = mount_on_fd(init, str(init, m->source), target, NULL,
			MS_REMOUNT | m->sb_flags | old_flags(m->attr_set), str(init, m->data));
		r = done < 0 ? fault(init, done, "mount(MS_REMOUNT)", NULL) : 0;
	}
	if (!r)
		r = set_propagation(init, target, m);
	close_fd(target);
	return r;
}

static int bind_tree(struct init *init, const struct plan_mount *m)
{
	unsigned int flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
	long tree;

	if (m->fd)
		return fd_of(init, m->fd);
	if (m->flags & PLAN_MOUNT_RECURSIVE)
		flags |= AT_RECURSIVE;
	if (m->flags & PLAN_MOUNT_SOURCE_NOFOLLOW)
		flags |= AT_SYMLINK_NOFOLLOW;
	tree = sys(open_tree, AT_FDCWD, str(init, m->source), flags);
	if (tree == -ENOENT && m->flags & PLAN_MOUNT_OPTIONAL)
		return (int)tree;
	return tree < 0 ? fault(init, tree, "open_tree", NULL) : (int)tree;
}

/* A new tree goes to the runtime and back: only it has the right over both the file system and the namespace. */
static int idmap(struct init *init, int tree)
{
	int r = sync_send(init, SYNC_IDMAP_WANTED, NULL, 0, tree);

	return r < 0 ? fault(init, r, "ask the runtime to id-map", NULL)
		     : sync_expect(init, SYNC_IDMAP_DONE);
}

/* Instead of a mount: the link that the source is. One that is there already and says the same will do. */
static int copy_symlink(struct init *init, const struct plan_mount *m, int tree)
{
	char link[INIT_PATH_MAX / 2], *there = init->path;
	const char *name;
	long n = sys(readlinkat, tree, "", link, sizeof link), r;
	int dir;

	if (n < 0 || n == sizeof link)
		return fault(init, n < 0 ? n : -ENAMETOOLONG, "readlinkat", NULL);
	link[n] = '\0';
	dir = resolve_parent(init, str(init, m->target), &name);
	if (dir < 0)
		return fault(init, dir, "open the directory", NULL);
	r = sys(symlinkat, link, dir, name);
	if (r == -EEXIST) {
		long have = sys(readlinkat, dir, name, there, INIT_PATH_MAX - 1);

		there[have > 0 ? have : 0] = '\0';
		r = text_same(link, there) ? 0 : r;
	}
	close_fd(dir);
	return r < 0 ? fault(init, r, "symlinkat",
			       r == -EEXIST ? "what is there is not this link" : NULL)
		     : 0;
}

/* Everything a tree gets before anyone can see it, then its place, then what old kernels can only do afterwards. */
static int place_tree(struct init *init, const struct plan_mount *m, int tree, int target)
{
	int late = 0, r = 0;

	if (m->flags & PLAN_MOUNT_SLAVE_SOURCE)
		r = tree_set(init, tree, 0, 0, MS_SLAVE | MS_REC, 0);
	if (!r && m->idmap)
		r = idmap(init, tree);
	if (!r && m->flags & PLAN_MOUNT_LABEL_FILE)
		r = label_file(init, tree, str(init, m->label));
	if (!r && m->flags & PLAN_MOUNT_BIND && (m->attr_set || m->attr_clear))
		r = late = tree_set_new(init, tree, m->attr_set, m->attr_clear, 0, 0);
	if (r >= 0 && (m->tree_attr_set || m->tree_attr_clear)) {
		r = tree_set_new(init, tree, m->tree_attr_set, m->tree_attr_clear, 0, AT_RECURSIVE);
		if (r > 0)
			r = fault(init, -ENOSYS, "mount_setattr",
				"recursive mount options need Linux 5.12");
	}
	if (r >= 0 && m->flags & PLAN_MOUNT_COPY_UP)
		r = copy_up(init, target, tree);
	if (r >= 0)
		r = tree_attach(init, tree, target);
	if (!r && late)
		r = tree_set_old(init, tree, m->attr_set, m->attr_clear, 0);
	return r ? r : set_propagation(init, tree, m);
}

int init_mount(struct init *init, const struct plan_op *op)
{
	const struct plan_mount *m = &op->mount;
	struct statx st;
	int tree, target, r;

	if (m->flags & PLAN_MOUNT_REMOUNT)
		return mount_again(init, m);
	if (!(m->flags & PLAN_MOUNT_BIND) && needs_old_mount(init, m))
		return mount_old(init, m);
	tree = m->flags & PLAN_MOUNT_BIND ? bind_tree(init, m) : fs_tree(init, m);
	if (tree == -ENOENT && m->flags & PLAN_MOUNT_OPTIONAL)
		return 0;
	if (tree == -ENOSYS && !init->what)
		return mount_old(init, m);
	if (tree < 0)
		return tree;
	r = (int)sys(statx, tree, "", AT_EMPTY_PATH, STATX_TYPE, &st);
	if (r < 0) {
		r = fault(init, r, "statx", NULL);
	} else if (m->flags & PLAN_MOUNT_COPY_SYMLINK && S_ISLNK(st.stx_mode)) {
		r = copy_symlink(init, m, tree);
	} else {
		target = open_target(init, m, S_ISDIR(st.stx_mode));
		r = target < 0 ? target : place_tree(init, m, tree, target);
		close_fd(target);
	}
	close_fd(tree);
	return r;
}
