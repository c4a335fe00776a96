// SPDX-License-Identifier: Apache-2.0
/*
 * Compiles a seccomp profile with libseccomp. A dynamic program loads it only when a configuration has a profile: it
 * costs start-up time that nobody else should pay; only its headers are needed to build. A static program cannot load
 * anything and holds the library itself (HUSK_SECCOMP_LINKED): unused, that costs no time.
 */
#include <plan/seccomp_filter.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <oci/seccomp.h>

#ifdef HAVE_SECCOMP
#include <ctype.h>
#include <seccomp.h>
#include <string.h>
#include <linux/filter.h>
#include <sys/mman.h>
#include <unistd.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/str.h>
#include <base/table.h>
#include <base/text.h>
#include <plan/seccomp_newer.h>
#ifndef HUSK_SECCOMP_LINKED
#include <dlfcn.h>
#endif

enum { FILTER_SIZE_MAX = BPF_MAXINSNS * sizeof(struct sock_filter) };
enum { X32_BIT = 0x40000000, ARM_PRIVATE = 0xf0000 };

struct seccomp_api {
	void *library;
	__typeof__(&seccomp_init) init;
	__typeof__(&seccomp_release) release;
	__typeof__(&seccomp_attr_set) attr_set;
	__typeof__(&seccomp_arch_resolve_name) arch_resolve_name;
	__typeof__(&seccomp_arch_add) arch_add;
	__typeof__(&seccomp_arch_native) arch_native;
	__typeof__(&seccomp_syscall_resolve_name) syscall_resolve_name;
	__typeof__(&seccomp_syscall_resolve_name_arch) syscall_resolve_name_arch;
	__typeof__(&seccomp_rule_add_array) rule_add_array;
	__typeof__(&seccomp_export_bpf) export_bpf;
};

struct compiler {
	const struct seccomp_api *api;
	const struct oci_seccomp *profile;
	const struct log *log;
	scmp_filter_ctx context;
	uint32_t default_action;
	uint32_t archs[NEWER_RANGES_MAX]; /* tokens of those in the filter */
	size_t arch_count;
	bool incomplete;
	struct husk_error **err;
};

static const struct action {
	uint32_t value;
	bool takes_number; /* the errno, or the message for a tracer */
} actions[] = {
	[OCI_SECCOMP_KILL] = {SCMP_ACT_KILL_THREAD},
	[OCI_SECCOMP_KILL_PROCESS] = {SCMP_ACT_KILL_PROCESS},
	[OCI_SECCOMP_KILL_THREAD] = {SCMP_ACT_KILL_THREAD},
	[OCI_SECCOMP_TRAP] = {SCMP_ACT_TRAP},
	[OCI_SECCOMP_ERRNO] = {SCMP_ACT_ERRNO(0), true},
	[OCI_SECCOMP_TRACE] = {SCMP_ACT_TRACE(0), true},
	[OCI_SECCOMP_ALLOW] = {SCMP_ACT_ALLOW},
	[OCI_SECCOMP_LOG] = {SCMP_ACT_LOG},
	[OCI_SECCOMP_NOTIFY] = {SCMP_ACT_NOTIFY},
};

static const enum scmp_compare operators[] = {
	[OCI_SECCOMP_NE] = SCMP_CMP_NE,
	[OCI_SECCOMP_LT] = SCMP_CMP_LT,
	[OCI_SECCOMP_LE] = SCMP_CMP_LE,
	[OCI_SECCOMP_EQ] = SCMP_CMP_EQ,
	[OCI_SECCOMP_GE] = SCMP_CMP_GE,
	[OCI_SECCOMP_GT] = SCMP_CMP_GT,
	[OCI_SECCOMP_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
};

#ifdef HUSK_SECCOMP_LINKED

static void api_done(struct seccomp_api *api)
{
	(void)api;
}

static int api_load(struct seccomp_api *api, struct husk_error **err)
{
	(void)err;
	*api = (struct seccomp_api){
		.init = seccomp_init,
		.release = seccomp_release,
		.attr_set = seccomp_attr_set,
		.arch_resolve_name = seccomp_arch_resolve_name,
		.arch_add = seccomp_arch_add,
		.arch_native = seccomp_arch_native,
		.syscall_resolve_name = seccomp_syscall_resolve_name,
		.syscall_resolve_name_arch = seccomp_syscall_resolve_name_arch,
		.rule_add_array = seccomp_rule_add_array,
		.export_bpf = seccomp_export_bpf,
	};
	return 0;
}

#else

static const struct {
	const char *name;
	size_t offset;
} symbols[] = {
	{"seccomp_init", offsetof(struct seccomp_api, init)},
	{"seccomp_release", offsetof(struct seccomp_api, release)},
	{"seccomp_attr_set", offsetof(struct seccomp_api, attr_set)},
	{"seccomp_arch_resolve_name", offsetof(struct seccomp_api, arch_resolve_name)},
	{"seccomp_arch_add", offsetof(struct seccomp_api, arch_add)},
	{"seccomp_arch_native", offsetof(struct seccomp_api, arch_native)},
	{"seccomp_syscall_resolve_name", offsetof(struct seccomp_api, syscall_resolve_name)},
	{"seccomp_syscall_resolve_name_arch",
		offsetof(struct seccomp_api, syscall_resolve_name_arch)},
	{"seccomp_rule_add_array", offsetof(struct seccomp_api, rule_add_array)},
	{"seccomp_export_bpf", offsetof(struct seccomp_api, export_bpf)},
};

static void api_done(struct seccomp_api *api)
{
	if (api->library)
		dlclose(api->library);
}

static int api_load(struct seccomp_api *api, struct husk_error **err)
{
	api->library = dlopen("libseccomp.so.2", RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; i < ARRAY_LEN(symbols); i++) {
		void *symbol = api->library ? dlsym(api->library, symbols[i].name) : NULL;

		if (!symbol)
			return fail_full(err, HUSK_ERROR_UNSUPPORTED, 0, "/linux/seccomp",
				"/linux/seccomp: cannot load libseccomp.so.2, which compiles "
				"profiles: "
				"%s",
				dlerror());
		memcpy((char *)api + symbols[i].offset, &symbol, sizeof symbol);
	}
	return 0;
}

#endif

static uint32_t action_value(int action, struct opt_u64 number)
{
	return actions[action].value |
	       (actions[action].takes_number ? opt_u64_or(number, EPERM) & 0xffff : 0);
}

/* The library's name of an architecture is ours in lower case without "SCMP_ARCH_". */
static uint32_t arch_token(struct compiler *c, int arch)
{
	const char *name = table_name(oci_seccomp_archs, (uint64_t)arch, "");
	const char *rest = text_after(name, "SCMP_ARCH_");
	auto_strbuf lower = {};
	uint32_t token;

	for (; rest && *rest; rest++)
		strbuf_add_char(&lower, (char)tolower((unsigned char)*rest));
	token = c->api->arch_resolve_name(strbuf_text(&lower));
	if (!token) {
		c->incomplete = true;
		log_warning(c->log,
			"linux.seccomp.architectures: libseccomp does not know %s, ignoring", name);
	}
	return token;
}

static int add_archs(struct compiler *c)
{
	c->archs[c->arch_count++] = c->api->arch_native();
	for (size_t i = 0; i < c->profile->architectures.n; i++) {
		uint32_t token = arch_token(c, c->profile->architectures.v[i]);
		int r = token ? c->api->arch_add(c->context, token) : -EEXIST;

		if (r == -EEXIST) /* the machine's own is there from the start */
			continue;
		if (r < 0)
			return fail_errno(c->err, r,
				"/linux/seccomp/architectures/%zu: cannot add it to the filter", i);
		if (c->arch_count < ARRAY_LEN(c->archs))
			c->archs[c->arch_count++] = token;
	}
	return 0;
}

/* Several conditions on one argument cannot stand in one rule: each becomes a rule of its own, as in runc. */
static bool argument_twice(const struct oci_seccomp_syscall *call)
{
	uint64_t seen = 0;

	for (size_t i = 0; i < call->args.n; i++) {
		uint64_t bit = UINT64_C(1) << (call->args.v[i].index.value & 63);

		if (seen & bit)
			return true;
		seen |= bit;
	}
	return false;
}

static struct scmp_arg_cmp condition(const struct oci_seccomp_arg *arg)
{
	return (struct scmp_arg_cmp){
		.arg = (unsigned int)arg->index.value,
		.op = operators[arg->op.value],
		.datum_a = opt_u64_or(arg->value, 0),
		.datum_b = opt_u64_or(arg->value_two, 0),
	};
}

static int add_rule(const struct compiler *c, const struct oci_seccomp_syscall *call,
	uint32_t action, int number)
{
	struct scmp_arg_cmp conditions[6];
	unsigned int n = 0;
	int r = 0;

	if (!argument_twice(call)) {
		for (; n < call->args.n && n < ARRAY_LEN(conditions); n++)
			conditions[n] = condition(&call->args.v[n]);
		return c->api->rule_add_array(c->context, action, number, n, conditions);
	}
	for (size_t i = 0; i < call->args.n && r >= 0; i++) {
		conditions[0] = condition(&call->args.v[i]);
		r = c->api->rule_add_array(c->context, action, number, 1, conditions);
	}
	return r;
}

static int add_syscall(const struct compiler *c, size_t index)
{
	const struct oci_seccomp_syscall *call = &c->profile->syscalls.v[index];
	uint32_t action = action_value(call->action.value, call->errno_ret);

	if (action == c->default_action)
		return 0; /* says nothing new, and libseccomp refuses it */
	for (size_t i = 0; i < call->names.n; i++) {
		int number = c->api->syscall_resolve_name(call->names.v[i]);
		int r = number == __NR_SCMP_ERROR ? 0 : add_rule(c, call, action, number);

		if (r < 0)
			return fail_errno(c->err, r,
				"/linux/seccomp/syscalls/%zu: cannot add a rule for '%s'", index,
				call->names.v[i]);
	}
	return 0;
}

/*
 * The numbers of an architecture that are newer than the profile. x32 has those of x86_64 with a bit set; behind ARM's
 * are private ones of fixed place. False when the profile names no call of it.
 */
static bool newer_range(const struct compiler *c, uint32_t token, struct newer_range *ret)
{
	bool x32 = token == SCMP_ARCH_X32, found = false;
	uint32_t first = x32 ? X32_BIT : 0, above = 0,
		 below = x32			  ? 2U * X32_BIT
			 : token == SCMP_ARCH_ARM ? ARM_PRIVATE
						  : X32_BIT;

	list_for_each (call, &c->profile->syscalls) {
		for (size_t i = 0; i < call->names.n; i++) {
			int number = c->api->syscall_resolve_name_arch(token, call->names.v[i]);
			uint32_t n = (uint32_t)number | first;

			if (number < 0 || n >= below)
				continue; /* unknown there, or a number that libseccomp made up */
			above = found && above > n ? above : n;
			found = true;
		}
	}
	*ret = (struct newer_range){
		.arch = x32 ? SCMP_ARCH_X86_64 : token, .above = above, .below = below};
	return found;
}

/* Puts the answer for newer calls before the filter, where otherwise they would be refused as if they were known. */
static int prepend_newer(const struct compiler *c, void **filter, size_t *size)
{
	enum { BLOCK = NEWER_INSTRUCTIONS * sizeof(struct sock_filter) };
	struct newer_range ranges[NEWER_RANGES_MAX];
	size_t n = 0;
	char *grown;

	if (c->profile->default_action.value != OCI_SECCOMP_ERRNO ||
		c->default_action ==
			action_value(OCI_SECCOMP_ERRNO, (struct opt_u64){true, ENOSYS}))
		return 0;
	for (size_t i = 0; i < c->arch_count; i++)
		n += newer_range(c, c->archs[i], &ranges[n]);
	grown = realloc(*filter, *size + n * BLOCK);
	if (!grown)
		return fail_memory(c->err);
	memmove(grown + n * BLOCK, grown, *size);
	newer_write(ranges, n, grown);
	*filter = grown;
	*size += n * BLOCK;
	return 0;
}

static int export(const struct compiler *c, void **ret, size_t *ret_size)
{
	int fd = memfd_create("seccomp", MFD_CLOEXEC), r;
	size_t size;
	char *text;

	if (fd < 0)
		return fail_errno(c->err, -errno, "cannot make a file for the seccomp filter");
	r = c->api->export_bpf(c->context, fd);
	if (r >= 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	if (r >= 0)
		r = io_read_fd(fd, 4 * FILTER_SIZE_MAX, &text, &size);
	close(fd);
	if (r < 0)
		return fail_errno(c->err, r, "cannot compile the seccomp filter");
	*ret = text;
	*ret_size = size;
	return 0;
}

static int compile(struct compiler *c, void **ret, size_t *ret_size)
{
	auto_free void *filter = NULL;
	size_t size = 0;
	int r;

	/* A binary tree instead of a list: older libraries do not know it and are only slower. */
	(void)c->api->attr_set(c->context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	r = add_archs(c);
	for (size_t i = 0; i < c->profile->syscalls.n && r >= 0; i++)
		r = add_syscall(c, i);
	if (r >= 0)
		r = export(c, &filter, &size);
	if (r >= 0)
		r = prepend_newer(c, &filter, &size);
	if (r < 0)
		return r;
	if (size > FILTER_SIZE_MAX)
		return fail_at(c->err, "/linux/seccomp",
			"the filter has %zu instructions, and the kernel takes %d",
			size / sizeof(struct sock_filter), BPF_MAXINSNS);
	*ret = TAKE_PTR(filter);
	*ret_size = size;
	return c->incomplete;
}

int plan_seccomp_filter(const struct oci_seccomp *profile, const struct log *log, void **ret,
	size_t *ret_size, struct husk_error **err)
{
	auto_(api_done) struct seccomp_api api = {};
	struct compiler c = {.api = &api, .profile = profile, .log = log, .err = err};
	int r;

	r = api_load(&api, err);
	if (r < 0)
		return r;
	c.default_action = action_value(profile->default_action.value, profile->default_errno_ret);
	c.context = api.init(c.default_action);
	if (!c.context)
		return fail_memory(err);
	r = compile(&c, ret, ret_size);
	api.release(c.context);
	return r;
}

#else /* !HAVE_SECCOMP */

int plan_seccomp_filter(const struct oci_seccomp *profile, const struct log *log, void **ret,
	size_t *ret_size, struct husk_error **err)
{
	(void)profile, (void)log, (void)ret, (void)ret_size;
	return fail_full(err, HUSK_ERROR_UNSUPPORTED, 0, "/linux/seccomp",
		"/linux/seccomp: this husk was built without seccomp");
}

#endif
