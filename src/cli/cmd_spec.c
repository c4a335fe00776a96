// SPDX-License-Identifier: Apache-2.0
/* husk spec: writes a config.json to start from. Never over one that is there. */
#include <cli/commands.h>
#include <base/error.h>
#include <base/fd.h>
#include <base/io.h>
#include <base/mem.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct spec {
	const char *bundle;
	bool rootless;
};

static const struct opt_row rows[] = {
	STRING(struct spec, bundle, "bundle", 'b', "DIR",
		"the bundle's directory (default: the current one)"),
	FLAG(struct spec, rootless, "rootless", 0, "for a container of the calling user"),
	{},
};

static int write_new(int dir, const char *text, struct husk_error **err)
{
	auto_close int fd =
		openat(dir, "config.json", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int r;

	if (fd < 0 && errno == EEXIST)
		return fail(err, HUSK_ERROR_EXISTS, "file config.json exists. Remove it first");
	r = fd < 0 ? -errno : io_write_fd(fd, text, strlen(text));
	if (r == 0 && text[0] && text[strlen(text) - 1] != '\n')
		r = io_write_fd(fd, "\n", 1);
	if (r < 0 && fd >= 0)
		(void)unlinkat(dir, "config.json", 0); /* best effort: the first error counts */
	return r < 0 ? fail_errno(err, r, "cannot write 'config.json'") : 0;
}

static int run(
	struct cli *cli, const void *options, const struct args *args, struct husk_error **err)
{
	const struct spec *o = options;
	const char *bundle = o->bundle ? o->bundle : ".";
	auto_close int dir = -1;
	auto_free char *text = NULL;
	int r;

	(void)cli;
	(void)args;
	dir = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return fail_errno(err, -errno, "cannot open bundle '%s'", bundle);
	r = husk_config_default(o->rootless, &text, err);
	return r < 0 ? r : write_new(dir, text, err);
}

const struct command cmd_spec = {
	.name = "spec",
	.arguments = "",
	.summary = "write a configuration to start from",
	.options = rows,
	.size = sizeof(struct spec),
	.run = run,
};
