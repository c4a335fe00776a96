/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed growable arrays: LIST_OF(type) is {n, v}; v == NULL means absent. Zeroed memory is an absent list.
 * The capacity is not stored: it is the power of two at or above n, so a list costs two words.
 */
#ifndef HUSK_BASE_ARRAY_H
#define HUSK_BASE_ARRAY_H

#include <stddef.h>
#include <base/attr.h>

#define LIST_OF(type)     \
	struct {          \
		size_t n; \
		type *v;  \
	}

/* An owned list of owned strings. */
struct strv {
	size_t n;
	char **v;
};

/* An absent list has no address to count from: its length is asked first. */
#define list_for_each(item, list)                                                                 \
	for (__typeof__(&*(list)->v) item = (list)->v; (list)->n && item < (list)->v + (list)->n; \
		item++)

/*
 * Makes room for one more element of `size` bytes behind the n there are; new room is zeroed.
 * Returns the (possibly moved) block, or NULL when out of memory: the old block then still stands.
 */
void *array_grow(void *v, size_t n, size_t size);

/* Appends a zeroed element and yields its address, or NULL when out of memory. */
#define list_add(list)                                                                          \
	__extension__({                                                                         \
		__typeof__(list) list_ = (list);                                                \
		__typeof__(list_->v) grown_ = array_grow(list_->v, list_->n, sizeof *list_->v); \
		if (grown_)                                                                     \
			list_->v = grown_;                                                      \
		grown_ ? &list_->v[list_->n++] : NULL;                                          \
	})

/* Appends a copy of s. Returns 0 or -ENOMEM. */
int strv_add(struct strv *list, const char *s);
/* Appends s itself, which the list owns from then on (also freed on failure). Returns 0 or -ENOMEM. */
int strv_take(struct strv *list, char *s);
void strv_done(struct strv *list);

#endif
