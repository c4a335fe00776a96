// SPDX-License-Identifier: Apache-2.0
/* A few questions to the kernel, each answered by one file or one call. */
#include <kern/probe.h>
#include <base/io.h>
#include <base/mem.h>
#include <base/parse.h>
#include <base/str.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_NEW_LISTENER
#define SECCOMP_FILTER_FLAG_NEW_LISTENER (1UL << 3) /* Linux 5.0 */
#endif
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* Linux 5.19 */
#endif

enum { MAP_LIMIT = 65536 };

/* Do the words of `text` equal `words`, whatever blanks are between them? */
static bool same_words(const char *text, const char *words)
{
	for (;;) {
		size_t n, m;

		text += strspn(text, " \t\n");
		words += strspn(words, " ");
		n = strcspn(text, " \t\n");
		m = strcspn(words, " ");
		if (n != m || memcmp(text, words, n))
			return false;
		if (!n)
			return true;
		text += n;
		words += m;
	}
}

int probe_in_user_namespace(void)
{
	auto_free char *text = NULL;
	int r = io_read_at(AT_FDCWD, "/proc/self/uid_map", MAP_LIMIT, &text, NULL);

	if (r == -ENOENT)
		return 0; /* a kernel without user namespaces */
	if (r < 0)
		return r;
	return !same_words(text, "0 0 4294967295");
}

int probe_known_capabilities(uint64_t *ret)
{
	auto_free char *text = NULL;
	uint32_t last;
	int r = io_read_at(AT_FDCWD, "/proc/sys/kernel/cap_last_cap", 64, &text, NULL);

	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	r = parse_u32(text, 10, &last);
	if (r < 0)
		return r;
	*ret = last >= 63 ? UINT64_MAX : (UINT64_C(1) << (last + 1)) - 1;
	return 0;
}

int probe_effective_capabilities(uint64_t *ret)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	*ret = (uint64_t)data[1].effective << 32 | data[0].effective;
	return 0;
}

int probe_kernel_at_least(unsigned int major, unsigned int minor)
{
	struct utsname name;
	unsigned int number[2] = {};
	const char *p = name.release;

	if (uname(&name) < 0)
		return -errno;
	for (size_t i = 0; i < ARRAY_LEN(number); i++, p += *p == '.')
		for (; isdigit((unsigned char)*p) && number[i] < 10000; p++)
			number[i] = number[i] * 10 + (unsigned int)(*p - '0');
	return number[0] > major || (number[0] == major && number[1] >= minor);
}

int probe_apparmor(void)
{
	auto_free char *text = NULL;
	int r = io_read_at(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", 16, &text, NULL);

	return r == -ENOENT ? 0 : r < 0 ? r : *text == 'Y';
}

int probe_selinux(void)
{
	auto_free char *label = NULL;
	struct statfs fs;
	int r;

	if (statfs("/sys/fs/selinux", &fs) < 0)
		return errno == ENOENT ? 0 : -errno;
	if ((uint32_t)fs.f_type != SELINUX_MAGIC)
		return 0;
	r = io_read_at(AT_FDCWD, "/proc/self/attr/current", 4096, &label, NULL);
	/* until a policy is loaded everything is "kernel" */
	return r < 0 ? r : strcmp(label, "kernel") != 0;
}

int probe_has_cgroup_kill(const char *cgroup_dir)
{
	auto_free char *path = str_printf("%s/cgroup.kill", cgroup_dir);

	if (!path)
		return -ENOMEM;
	if (!access(path, F_OK))
		return 1;
	return errno == ENOENT ? 0 : -errno;
}

int probe_seccomp_flag(uint64_t flag)
{
	/* This one only makes sense together with a listener, and is refused without. */
	if (flag == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
		flag |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
	/* Flags are looked at before the filter, which is missing. */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flag, NULL) == 0)
		return -EIO;
	return errno == EFAULT;
}
