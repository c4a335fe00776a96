// SPDX-License-Identifier: Apache-2.0
/* Growth of arrays by powers of two, and lists of strings. */
#include <base/array.h>

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *array_grow(void *v, size_t n, size_t size)
{
	size_t room = n ? n * 2 : 4;
	char *grown;

	if (n && (n & (n - 1) || n < 4)) {
		/* Not at a power of two: the room is there, but something may have been taken off it. */
		memset((char *)v + n * size, 0, size);
		return v;
	}
	if (room > SIZE_MAX / 2 / size)
		return NULL;
	grown = realloc(v, room * size);
	if (grown)
		memset(grown + n * size, 0, (room - n) * size);
	return grown;
}

int strv_take(struct strv *list, char *s)
{
	char **slot = s ? list_add(list) : NULL;

	if (!slot) {
		free(s);
		return -ENOMEM;
	}
	*slot = s;
	return 0;
}

int strv_add(struct strv *list, const char *s)
{
	return strv_take(list, strdup(s));
}

void strv_done(struct strv *list)
{
	list_for_each (s, list)
		free(*s);
	free(list->v);
	*list = (struct strv){};
}
