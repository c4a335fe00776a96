// SPDX-License-Identifier: Apache-2.0
/*
 * What the host program left open is none of the container's business, and must be gone before anything of the
 * container could name it by /proc/self/fd (CVE-2024-21626). The runtime marks it all before our exec by close_range();
 * where the kernel (before Linux 5.11) or a filter around us refuses that, we read our own list and close one by one.
 */
#include <init/init.h>

#include <linux/fcntl.h>

enum { ENTRY_BLOCK = 1024 };

/* The first descriptor that is not preserved. */
static unsigned int first_own(const struct init *init)
{
	uint32_t n = init->plan->ops.count;
	const struct plan_op *last = n ? &plan_ops(init->plan)[n - 1] : NULL;

	return 3 + (last && last->kind == PLAN_EXEC ? last->exec.preserve_fds : 0);
}

/* "." and ".." are no numbers: 0, which is never closed. */
static unsigned int number_of(const char *name)
{
	unsigned int n = 0;

	for (; *name >= '0' && *name <= '9'; name++)
		n = n * 10 + (unsigned int)(*name - '0');
	return n;
}

static void close_listed(const struct init *init, char *block, long n, unsigned int first, int list)
{
	for (long at = 0; at < n;) {
		const struct directory_entry *e = (const struct directory_entry *)(block + at);
		unsigned int fd = number_of(e->name);

		at += e->length;
		if (fd >= first && (int)fd != list && (int)fd != init->sync &&
			(int)fd != init->proc)
			sys(close, fd);
	}
}

int inherited_close(struct init *init)
{
	char block[ENTRY_BLOCK] __attribute__((aligned(8)));
	unsigned int first = first_own(init);
	int list;
	long n;

	if (!sys(close_range, first, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */))
		return 0; /* then the runtime's call worked as well: only ours are left */
	list = proc_open(init, "self/fd", O_RDONLY | O_DIRECTORY);
	if (list < 0)
		return fault(init, list, "open /proc/self/fd", NULL);
	while ((n = sys(getdents64, list, block, sizeof block)) > 0)
		close_listed(init, block, n, first, list);
	close_fd(list);
	return n < 0 ? fault(init, n, "read /proc/self/fd", NULL) : 0;
}
