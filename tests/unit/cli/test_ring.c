// SPDX-License-Identifier: Apache-2.0
/* The ring keeps every byte in order, over its end and when full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <cli/ring.h>
#include <base/fd.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct pipes {
	int in[2], out[2];
};

static int open_pipes(void **state)
{
	struct pipes *p = calloc(1, sizeof *p);

	*state = p;
	return !p || pipe2(p->in, O_NONBLOCK | O_CLOEXEC) || pipe2(p->out, O_NONBLOCK | O_CLOEXEC);
}

static int close_pipes(void **state)
{
	struct pipes *p = *state;

	for (int i = 0; i < 2; i++) {
		fd_close(p->in[i]);
		fd_close(p->out[i]);
	}
	free(p);
	return 0;
}

/* Odd portions in, odd portions out, several times round. */
static void bytes_keep_their_order(void **state)
{
	struct pipes *p = *state;
	struct ring *ring = calloc(1, sizeof *ring);
	unsigned char next_in = 0, next_out = 0, block[977];
	size_t passed = 0;

	assert_non_null(ring);
	while (passed < 5 * RING_SIZE) {
		ssize_t n;

		for (size_t i = 0; i < sizeof block; i++)
			block[i] = next_in++;
		assert_int_equal(write(p->in[1], block, sizeof block), sizeof block);
		assert_int_equal(ring_fill(ring, p->in[0]), sizeof block);
		assert_true(ring_drain(ring, p->out[1], 613 + passed % 700) > 0);
		n = read(p->out[0], block, sizeof block);
		assert_true(n > 0);
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(block[i], next_out++);
		passed += (size_t)n;
		while (ring_len(ring) > RING_SIZE / 2) {
			n = ring_drain(ring, p->out[1], sizeof block);
			assert_int_equal(read(p->out[0], block, sizeof block), n);
			for (ssize_t i = 0; i < n; i++)
				assert_int_equal(block[i], next_out++);
		}
	}
	free(ring);
}

static void full_and_empty(void **state)
{
	struct pipes *p = *state;
	struct ring *ring = calloc(1, sizeof *ring);

	assert_non_null(ring);
	assert_int_equal(ring_fill(ring, p->in[0]), -EAGAIN);
	assert_int_equal(ring_len(ring), 0);
	for (size_t i = 0; i < RING_SIZE; i++)
		assert_true(ring_add(ring, 'x'));
	assert_false(ring_add(ring, 'x'));
	assert_int_equal(ring_room(ring), 0);
	ring_clear(ring);
	assert_int_equal(ring_room(ring), RING_SIZE);
	fd_close(p->in[1]);
	p->in[1] = -1;
	assert_int_equal(ring_fill(ring, p->in[0]), 0);
	free(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(bytes_keep_their_order, open_pipes, close_pipes),
		cmocka_unit_test_setup_teardown(full_and_empty, open_pipes, close_pipes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
