// SPDX-License-Identifier: Apache-2.0
/* Lexical path algebra. */
#include <base/path.h>
#include <base/str.h>

#include <string.h>

char *path_join(const char *a, const char *b)
{
	size_t n = strlen(a);

	while (n && a[n - 1] == '/')
		n--;
	while (*b == '/')
		b++;
	return str_printf("%.*s/%s", (int)n, a, b);
}

char *path_clean(const char *path)
{
	struct strbuf out = {};

	for (const char *p = path; *p;) {
		size_t n = strcspn(p, "/");

		if (n == 2 && !strncmp(p, "..", 2)) {
			const char *slash = out.text ? strrchr(out.text, '/') : NULL;

			strbuf_truncate(&out, slash ? (size_t)(slash - out.text) : 0);
		} else if (n && !(n == 1 && *p == '.')) {
			strbuf_add_char(&out, '/');
			strbuf_add_bytes(&out, p, n);
		}
		p += n + (p[n] == '/');
	}
	if (!out.len)
		strbuf_add_char(&out, '/');
	return strbuf_take(&out);
}

bool path_is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (n && dir[n - 1] == '/')
		n--;
	return !strncmp(path, dir, n) && (path[n] == '/' || path[n] == '\0');
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
