// SPDX-License-Identifier: Apache-2.0
/*
 * The string buffer, also when memory runs out at each of its allocations.
 * wrap: realloc malloc
 */
#include <base/mem.h>
#include <base/str.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static int allocations_left = INT32_MAX;

void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);

void *__wrap_realloc(void *p, size_t n)
{
	return allocations_left-- > 0 ? __real_realloc(p, n) : NULL;
}

/* clang makes malloc(n) of realloc(NULL, n). */
void *__wrap_malloc(size_t n)
{
	return allocations_left-- > 0 ? __real_malloc(n) : NULL;
}

static void test_empty(void **state)
{
	auto_strbuf b = {};
	auto_free char *taken = NULL;

	(void)state;
	assert_string_equal(strbuf_text(&b), "");
	assert_null(b.text);
	strbuf_truncate(&b, 0);
	strbuf_truncate(&b, 10);
	strbuf_add(&b, "");
	assert_string_equal(b.text, "");
	strbuf_done(&b);
	taken = strbuf_take(&b);
	assert_string_equal(taken, "");
}

static void test_append(void **state)
{
	auto_strbuf b = {};

	(void)state;
	strbuf_add(&b, "ab");
	strbuf_add_char(&b, 'c');
	strbuf_add_bytes(&b, "d\0e", 3);
	strbuf_printf(&b, "%d-%s", 42, "x");
	assert_int_equal(b.len, 10);
	assert_memory_equal(b.text, "abcd\0e42-x", 11);
	strbuf_truncate(&b, 2);
	assert_string_equal(strbuf_text(&b), "ab");
	strbuf_truncate(&b, 5);
	assert_int_equal(b.len, 2);
	assert_false(strbuf_failed(&b));
}

/* Across every boundary of the growth, byte by byte and at once. */
static void test_growth(void **state)
{
	(void)state;
	for (size_t n = 0; n < 300; n++) {
		auto_strbuf one = {}, all = {};
		auto_free char *text = malloc(n + 1);

		memset(text, 'y', n);
		text[n] = '\0';
		for (size_t i = 0; i < n; i++)
			strbuf_add_char(&one, 'y');
		strbuf_printf(&all, "%s", text);
		assert_string_equal(strbuf_text(&one), text);
		assert_string_equal(strbuf_text(&all), text);
		assert_true(n == 0 || one.len < one.room);
	}
}

static void test_take(void **state)
{
	struct strbuf b = {};
	auto_free char *text = NULL;

	(void)state;
	strbuf_add(&b, "mine");
	text = strbuf_take(&b);
	assert_string_equal(text, "mine");
	assert_null(b.text);
	assert_int_equal(b.len + b.room, 0);
}

static void build(struct strbuf *b)
{
	for (int i = 0; i < 40; i++)
		strbuf_printf(b, "%d and some more text; ", i);
	strbuf_add(b, "end");
}

static void test_out_of_memory(void **state)
{
	int n = 0;

	(void)state;
	for (;; n++) {
		struct strbuf b = {};
		char *text;

		allocations_left = n;
		build(&b);
		assert_true(strbuf_failed(&b) == (allocations_left < 0));
		text = strbuf_take(&b);
		assert_null(b.text);
		if (text) {
			assert_string_equal(text + strlen(text) - 3, "end");
			free(text);
			break;
		}
	}
	assert_true(n > 2);
	allocations_left = 0;
	assert_null(str_printf("%s", "x"));
	allocations_left = INT32_MAX;
}

static void test_too_big(void **state)
{
	auto_strbuf b = {};

	(void)state;
	strbuf_add(&b, "x");
	strbuf_add_bytes(&b, "", SIZE_MAX);
	assert_true(strbuf_failed(&b));
	assert_null(strbuf_take(&b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_growth),
		cmocka_unit_test(test_take),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_too_big),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
