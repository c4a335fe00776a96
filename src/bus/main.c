// SPDX-License-Identifier: Apache-2.0
/*
 * husk-bus: asks systemd for one thing. A program of its own, so that neither the static command nor the host of the
 * library loads libsystemd, and a systemd that does not answer can be left behind. See bus/request.h.
 */
#include <bus/bus.h>
#include <base/io.h>
#include <base/mem.h>

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static uint64_t deadline(uint64_t timeout_us)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000 + timeout_us;
}

static int answer(const struct bus *b, int r)
{
	auto_strbuf out = {};

	strbuf_add_char(&out, r < 0 ? BUS_BAD : BUS_GOOD);
	if (r < 0) {
		strbuf_add(&out, b->error ? b->error : "");
		strbuf_add_char(&out, '\0');
	}
	strbuf_add(&out, strbuf_text(&b->message));
	if (strbuf_failed(&out) || io_write_fd(STDOUT_FILENO, strbuf_text(&out), out.len) < 0)
		return EXIT_FAILURE;
	return EXIT_SUCCESS;
}

int main(void)
{
	auto_free char *text = NULL;
	struct bus_request request;
	struct bus bus = {};
	size_t n = 0;
	int r = io_read_fd(STDIN_FILENO, BUS_REQUEST_MAX, &text, &n);

	if (!r)
		r = bus_request_read(text, n, &request);
	if (r < 0) {
		r = bus_fail(&bus, "", "husk-bus cannot read its request");
	} else {
		bus.deadline = deadline(request.timeout_us);
		bus.unit = request.unit;
		r = bus_carry_out(&bus, &request);
	}
	return answer(&bus, r);
}
