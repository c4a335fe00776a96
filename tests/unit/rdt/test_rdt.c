// SPDX-License-Identifier: Apache-2.0
/*
 * Groups of a resctrl that is none: a directory tree in which mkdir, rmdir and writes do what the kernel's would.
 * wrap: mkdir rmdir io_write_at io_read_at statfs
 */
#include <base/io.h>
#include <base/mem.h>
#include <base/str.h>
#include <base/text.h>
#include <rdt/rdt.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>
#include <cmocka.h>

#define FRESH "    MB:0=100;1=100\n    L3:0=fffff;1=fffff\n"

/* What the machine is like, and what was done to it. */
static struct {
	char root[32];
	int mkdir_error; /* of a group */
	int monitor_error;
	const char *refuse; /* a write to schemata that contains it */
	const char *mountinfo, *filesystems;
	long magic;
	struct strbuf done;
} m;

int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
int __real_rmdir(const char *path);
int __wrap_rmdir(const char *path);
int __real_io_write_at(int dir, const char *path, const char *text);
int __wrap_io_write_at(int dir, const char *path, const char *text);
int __real_io_read_at(int dir, const char *path, size_t limit, char **text, size_t *len);
int __wrap_io_read_at(int dir, const char *path, size_t limit, char **text, size_t *len);
int __wrap_statfs(const char *path, struct statfs *fs);

static void put(const char *dir, const char *name, const char *text)
{
	auto_free char *path = str_printf("%s/%s", dir, name);

	assert_int_equal(io_replace_at(AT_FDCWD, path, text, strlen(text), 0644), 0);
}

static void tell(const char *before, const char *path, const char *after)
{
	strbuf_printf(&m.done, "%s%s%s", before, path + strlen(m.root), after);
}

int __wrap_mkdir(const char *path, mode_t mode)
{
	bool monitor = strstr(path, "/mon_groups/");
	auto_free char *below = NULL;

	if (path == m.root)
		return __real_mkdir(path, mode); /* musl's mkdtemp() */
	errno = monitor ? m.monitor_error : m.mkdir_error;
	if (errno || __real_mkdir(path, mode) < 0)
		return -1;
	tell("mkdir ", path, "\n");
	put(path, "tasks", "");
	if (!monitor) {
		below = str_printf("%s/mon_groups", path);
		assert_non_null(below);
		put(path, "schemata", FRESH);
		assert_int_equal(__real_mkdir(below, 0755), 0);
	}
	return 0;
}

int __wrap_rmdir(const char *path)
{
	static const char *const names[] = {"tasks", "schemata"};
	auto_free char *below = str_printf("%s/mon_groups", path);

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		auto_free char *name = str_printf("%s/%s", path, names[i]);

		(void)unlink(name);
	}
	(void)__real_rmdir(below);
	if (__real_rmdir(path) < 0)
		return -1;
	tell("rmdir ", path, "\n");
	return 0;
}

int __wrap_io_write_at(int dir, const char *path, const char *text)
{
	if (m.refuse && strstr(path, "/schemata") && strstr(text, m.refuse)) {
		put(m.root, "info/last_cmd_status", "Duplicate domain 0\n");
		return -EINVAL;
	}
	assert_int_equal(text[strlen(text) - 1], '\n');
	tell("", path, " < ");
	strbuf_add(&m.done, text);
	return __real_io_write_at(dir, path, text);
}

int __wrap_io_read_at(int dir, const char *path, size_t limit, char **text, size_t *len)
{
	const char *made_up = text_equal(path, "/proc/self/mountinfo") ? m.mountinfo
			      : text_equal(path, "/proc/filesystems")  ? m.filesystems
								       : NULL;

	if (!made_up)
		return __real_io_read_at(dir, path, limit, text, len);
	*text = strdup(made_up);
	return 0;
}

int __wrap_statfs(const char *path, struct statfs *fs)
{
	assert_string_equal(path, "/sys/fs/resctrl");
	*fs = (struct statfs){.f_type = (__typeof__(fs->f_type))m.magic};
	return 0;
}

/* A machine with L3 and bandwidth, whose group "gold" somebody has made. */
static int prepare(void **state)
{
	static const char *const dirs[] = {
		"info", "info/MB", "info/L3", "mon_groups", "gold", "gold/mon_groups"};

	(void)state;
	memset(&m, 0, sizeof m);
	strcpy(m.root, "/tmp/husk-rdt-XXXXXX");
	assert_non_null(mkdtemp(m.root));
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		auto_free char *path = str_printf("%s/%s", m.root, dirs[i]);

		assert_int_equal(__real_mkdir(path, 0755), 0);
	}
	put(m.root, "info/MB/bandwidth_gran", "10\n");
	put(m.root, "info/last_cmd_status", "ok\n");
	put(m.root, "schemata", FRESH);
	put(m.root, "tasks", "");
	put(m.root, "gold/tasks", "");
	put(m.root, "gold/schemata", "    MB:0= 40;1=100\n    L3:0=000ff;1=fffff\n");
	return 0;
}

static int clean(void **state)
{
	auto_free char *command = str_printf("rm -r %s", m.root);

	(void)state;
	strbuf_done(&m.done);
	return system(command);
}

static char *lines[8];

static struct oci_intel_rdt wish(const char *group)
{
	return (struct oci_intel_rdt){
		.clos_id = (char *)(uintptr_t)group, .schemata = {.v = lines}};
}

static void add(struct oci_intel_rdt *w, const char *line)
{
	lines[w->schemata.n++] = (char *)(uintptr_t)line;
}

/* Both steps; what is made stays. NULL: refused with that error. */
static struct rdt *set_up(const struct oci_intel_rdt *w, const char *id, const char *error)
{
	auto_error *err = NULL;
	struct rdt *rdt = NULL;
	int r = rdt_find(m.root, w, id, &rdt, &err);

	if (r < 0)
		assert_null(rdt);
	else
		r = rdt_make(rdt, w, &err);
	if (!error && r < 0)
		fail_msg("%s", husk_error_message(err));
	if (error) {
		assert_true(r < 0);
		size_t n = strcspn(error, "%");
		auto_free char *text =
			error[n] ? str_printf("%.*s%s%s", (int)n, error, m.root, error + n + 2)
				 : strdup(error);
		assert_string_equal(husk_error_message(err), text);
		assert_non_null(husk_error_pointer(err));
	}
	return rdt;
}

static void refused(const struct oci_intel_rdt *w, const char *error)
{
	struct rdt *rdt = set_up(w, "web", error);

	if (rdt)
		assert_int_equal(rdt_remove(rdt, &(struct log){}, NULL), 0);
	rdt_free(rdt);
}

static void did(const char *expected)
{
	assert_string_equal(strbuf_text(&m.done), expected);
	strbuf_truncate(&m.done, 0);
}

static void test_own_group(void **state)
{
	struct oci_intel_rdt w = wish(NULL);
	struct rdt *rdt;

	(void)state;
	w.l3_cache_schema = (char *)(uintptr_t) "L3:0=f\nMB:0=10\nL3:1=f0";
	w.mem_bw_schema = (char *)(uintptr_t) "MB:0=20";
	w.enable_monitoring = (struct opt_bool){true, true};
	add(&w, "L3:0=ff");
	add(&w, "L2:0=3");
	rdt = set_up(&w, "web", NULL);
	did("mkdir /web\n"
	    "/web/schemata < L3:0=f\nL3:1=f0\nMB:0=20\n"
	    "/web/schemata < L3:0=ff\nL2:0=3\n"
	    "mkdir /web/mon_groups/web\n");
	assert_int_equal(rdt_join(rdt, 4711, NULL), 0);
	did("/web/tasks < 4711\n/web/mon_groups/web/tasks < 4711\n");
	assert_int_equal(rdt_remove(rdt, &(struct log){}, NULL), 0);
	did("rmdir /web/mon_groups/web\nrmdir /web\n");
	assert_int_equal(
		rdt_remove(rdt, &(struct log){}, NULL), 0); /* again after a killed delete */
	did("");
	rdt_free(rdt);
}

static void test_update(void **state)
{
	struct oci_intel_rdt w = wish(NULL), other = wish(NULL);
	auto_free char *old = NULL, *older = NULL;
	auto_error *err = NULL;
	struct rdt *rdt;

	(void)state;
	add(&w, "L3:0=ff");
	rdt = set_up(&w, "web", NULL);
	put(m.root, "web/schemata", FRESH);
	strbuf_truncate(&m.done, 0);
	other.l3_cache_schema = (char *)(uintptr_t) "L3:0=f";
	assert_int_equal(rdt_update(rdt, &other, &old, &err), 0);
	assert_string_equal(old, FRESH);
	rdt_restore(rdt, old, &(struct log){});
	did("/web/schemata < L3:0=f\n"
	    "/web/schemata <     MB:0=100;1=100\n/web/schemata <     L3:0=fffff;1=fffff\n");
	m.refuse = "MB";
	other.mem_bw_schema = (char *)(uintptr_t) "MB:0=1000";
	assert_true(rdt_update(rdt, &other, &older, &err) < 0);
	assert_non_null(older);
	assert_non_null(strstr(husk_error_message(err), "Duplicate domain 0"));
	m.refuse = NULL;
	rdt_free(rdt);
}

static void test_no_shares(void **state)
{
	struct oci_intel_rdt w = wish("");
	struct rdt *rdt = set_up(&w, "web", NULL);

	(void)state;
	did("mkdir /web\n");
	rdt_free(rdt);
}

static void test_existing(void **state)
{
	struct oci_intel_rdt w = wish("gold");
	struct rdt *rdt;

	(void)state;
	w.enable_monitoring = (struct opt_bool){true, true};
	rdt = set_up(&w, "web", NULL);
	assert_int_equal(rdt_join(rdt, 1, NULL), 0);
	assert_int_equal(rdt_remove(rdt, &(struct log){}, NULL), 0);
	did("mkdir /gold/mon_groups/web\n/gold/tasks < 1\n/gold/mon_groups/web/tasks < 1\n"
	    "rmdir /gold/mon_groups/web\n");
	rdt_free(rdt);

	/* the same in other words: leading zeros, a prefix, rounded up to the next step; a later line counts */
	w.enable_monitoring = (struct opt_bool){};
	w.l3_cache_schema = (char *)(uintptr_t) "L3: 0 = 1 ; 1=FFFFF";
	w.mem_bw_schema = (char *)(uintptr_t) "MB:0=33";
	add(&w, "L3:0=0xff");
	rdt = set_up(&w, "web", NULL);
	did("");
	rdt_free(rdt);

	w.schemata.n = 0;
	refused(&w, "/linux/intelRdt/closID: resctrl group '%s/gold' exists and has another share: "
		    "L3:0 is "
		    "'000ff', not '1'");
	w.l3_cache_schema = NULL;
	w.mem_bw_schema = (char *)(uintptr_t) "MB:0=41";
	refused(&w, "/linux/intelRdt/closID: resctrl group '%s/gold' exists and has another share: "
		    "MB:0 is "
		    "'40', not '41'");
	w.mem_bw_schema = NULL;
	add(&w, "L2:7=f");
	refused(&w, "/linux/intelRdt/closID: resctrl group '%s/gold' exists and has another share: "
		    "L2:7 is '', "
		    "not 'f'");
	w.schemata.n = 0;
	add(&w, "nonsense");
	refused(&w, "/linux/intelRdt/closID: resctrl group '%s/gold' exists and has another share: "
		    ": is '', "
		    "not 'nonsense'");
	did("");
}

static void test_root_group(void **state)
{
	struct oci_intel_rdt w = wish("/");
	struct rdt *rdt;

	(void)state;
	w.enable_monitoring = (struct opt_bool){true, true};
	rdt = set_up(&w, "web", NULL);
	assert_int_equal(rdt_join(rdt, 5, NULL), 0);
	assert_int_equal(rdt_remove(rdt, &(struct log){}, NULL), 0);
	did("mkdir /mon_groups/web\n/tasks < 5\n/mon_groups/web/tasks < 5\nrmdir "
	    "/mon_groups/web\n");
	rdt_free(rdt);
}

static void test_refusals(void **state)
{
	struct oci_intel_rdt w = wish("new");
	auto_free char *monitoring = str_printf("%s/mon_groups", m.root);
	auto_free char *schemata = str_printf("%s/schemata", m.root);

	(void)state;
	refused(&w, "/linux/intelRdt/closID: there is no resctrl group '%s/new', and no schema to "
		    "make it with");
	did("");

	add(&w, "L3:0=f;0=1");
	m.mkdir_error = ENOSPC;
	refused(&w, "/linux/intelRdt/closID: cannot make resctrl group '%s/new': all CLOSIDs of "
		    "the CPU are in use");
	m.mkdir_error =
		EEXIST; /* made meanwhile by somebody who does not lock: not ours to remove */
	refused(&w, "/linux/intelRdt/closID: cannot make resctrl group '%s/new': file exists");
	did("");
	m.mkdir_error = 0;
	m.refuse = "0=f;0=1";
	refused(&w, "/linux/intelRdt/schemata: cannot set the shares of resctrl group '%s/new': "
		    "invalid argument "
		    "(Duplicate domain 0)");
	did("mkdir /new\nrmdir /new\n");
	w.l3_cache_schema = (char *)(uintptr_t) "L3:0=f;0=1";
	refused(&w, "/linux/intelRdt/l3CacheSchema: cannot set the shares of resctrl group "
		    "'%s/new': invalid "
		    "argument (Duplicate domain 0)");
	did("mkdir /new\nrmdir /new\n");
	m.refuse = NULL;

	w.l3_cache_schema = NULL;
	w.enable_monitoring = (struct opt_bool){true, true};
	put(m.root, "info/last_cmd_status", "Out of RMIDs\n");
	m.monitor_error = ENOSPC;
	refused(&w, "/linux/intelRdt/enableMonitoring: cannot make monitoring group "
		    "'%s/new/mon_groups/web': all "
		    "monitoring IDs (RMIDs) of the CPU are in use (Out of RMIDs)");
	did("mkdir /new\n/new/schemata < L3:0=f;0=1\nrmdir /new\n");

	assert_int_equal(__real_rmdir(monitoring), 0);
	refused(&w, "/linux/intelRdt/enableMonitoring: this CPU has no resctrl monitoring");
	assert_int_equal(unlink(schemata), 0);
	refused(&w, "/linux/intelRdt: this CPU can only monitor: it has no group but the root "
		    "group (closID \"/\")");
	did("");
}

static void warned(void *data, enum husk_log_level level, const char *text)
{
	(void)data, (void)level;
	strbuf_printf(&m.done, "%s\n", text);
}

static void test_shared_group_stays(void **state)
{
	const struct log log = {.write = warned, .level = HUSK_LOG_WARNING};
	struct oci_intel_rdt w = wish("new");
	auto_free char *own = str_printf("%d\n99999999\n", (int)getpid());
	auto_free char *text =
		str_printf("resctrl group '%s/new' is not removed while others are in it, "
			   "ignoring\n",
			m.root);
	auto_free char *dir = str_printf("%s/new", m.root);
	struct rdt *rdt;

	(void)state;
	add(&w, "L3:0=f");
	rdt = set_up(&w, "web", NULL);
	did("mkdir /new\n/new/schemata < L3:0=f\n");
	put(dir, "tasks", own);
	assert_int_equal(rdt_remove(rdt, &log, NULL), 0);
	did(text);
	put(dir, "tasks", "99999999\n"); /* gone meanwhile */
	assert_int_equal(rdt_remove(rdt, &log, NULL), 0);
	did("rmdir /new\n");
	rdt_free(rdt);
}

static void test_vanished(void **state)
{
	struct oci_intel_rdt w = wish("gold");
	auto_free char *dir = str_printf("%s/gold", m.root), *text = NULL;
	struct rdt *rdt = set_up(&w, "web", NULL);
	auto_error *err = NULL;

	(void)state;
	assert_int_equal(rmdir(dir), 0);
	assert_true(rdt_join(rdt, 1, &err) < 0);
	text = str_printf(
		"/linux/intelRdt: cannot put the process into resctrl group '%s': no such file or "
		"directory",
		dir);
	assert_string_equal(husk_error_message(err), text);
	rdt_free(rdt);
}

static void test_lock(void **state)
{
	auto_error *err = NULL;
	int first = -1, second = -1;

	(void)state;
	assert_int_equal(rdt_lock(m.root, &first, NULL), 0);
	close(first);
	assert_int_equal(rdt_lock(m.root, &second, NULL), 0);
	close(second);
	assert_true(rdt_lock("/no/such/directory", &first, &err) < 0);
	assert_string_equal(husk_error_message(err),
		"/linux/intelRdt: cannot open '/no/such/directory': no such file or directory");
}

/* The mount point, or the error. */
static void mounted(const char *expected)
{
	auto_free char *point = NULL;
	auto_error *err = NULL;
	int r = rdt_mount_point(&point, &err);

	assert_string_equal(r < 0 ? husk_error_message(err) : point, expected);
}

static void test_mount_point(void **state)
{
	(void)state;
	m.mountinfo = "22 1 0:20 / /sys rw - sysfs sysfs rw\n";
	m.filesystems = "nodev\tsysfs\n\text4\n";
	mounted("/linux/intelRdt: this kernel has no resctrl file system: the CPU cannot share out "
		"its cache, or "
		"CONFIG_X86_CPU_RESCTRL is off");
	m.filesystems = "nodev\tsysfs\nnodev\tresctrl\n";
	mounted("/linux/intelRdt: resctrl is not mounted (mount -t resctrl resctrl "
		"/sys/fs/resctrl)");
	m.mountinfo = "22 1 0:20 / /sys rw - sysfs sysfs rw\n30 22 0:9 /gold /x rw - resctrl r rw\n"
		      "31 22 0:9 / /mnt/rdt rw shared:4 - resctrl resctrl rw,cdp\n";
	mounted("/mnt/rdt");
	m.magic = RDTGROUP_SUPER_MAGIC;
	mounted("/sys/fs/resctrl");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, prepare, clean)
	const struct CMUnitTest tests[] = {
		TEST(test_own_group),
		TEST(test_update),
		TEST(test_no_shares),
		TEST(test_existing),
		TEST(test_root_group),
		TEST(test_refusals),
		TEST(test_shared_group_stays),
		TEST(test_vanished),
		TEST(test_lock),
		TEST(test_mount_point),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
