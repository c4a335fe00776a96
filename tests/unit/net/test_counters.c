// SPDX-License-Identifier: Apache-2.0
/* /proc/PID/net/dev, taken apart. */
#include <net/counters.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define HEADING                                                                                    \
	"Inter-|   Receive                                                |  Transmit\n"           \
	" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs " \
	"drop fifo colls carrier compressed\n"

static void test_parse(void **state)
{
	char text[] = HEADING "    lo:     100       2    3    4    5     6          7         8   "
			      "   109      10   11   12   "
			      "13    14      15         16\n"
			      "eth0:1 2 3 4 0 0 0 0 5 6 7 18446744073709551615 0 0 0 0\n"
			      "short: 1 2 3\n"
			      "words: 1 2 x 4 0 0 0 0 5 6 7 8 0 0 0 0\n"
			      "no colon\n";
	struct husk_network_stats s = {};
	struct arena a = {};

	(void)state;
	assert_int_equal(net_counters_parse(text, &a, &s), 1);
	assert_int_equal(s.count, 2);
	assert_string_equal(s.interfaces[0].name, "lo");
	assert_int_equal(s.interfaces[0].rx_bytes, 100);
	assert_int_equal(s.interfaces[0].rx_packets, 2);
	assert_int_equal(s.interfaces[0].rx_errors, 3);
	assert_int_equal(s.interfaces[0].rx_dropped, 4);
	assert_int_equal(s.interfaces[0].tx_bytes, 109);
	assert_int_equal(s.interfaces[0].tx_packets, 10);
	assert_int_equal(s.interfaces[0].tx_errors, 11);
	assert_int_equal(s.interfaces[0].tx_dropped, 12);
	assert_string_equal(s.interfaces[1].name, "eth0");
	assert_int_equal(s.interfaces[1].rx_bytes, 1);
	assert_true(s.interfaces[1].tx_dropped == UINT64_MAX);
	arena_done(&a);
}

static void test_nothing(void **state)
{
	static const char *const texts[] = {"", "\n", HEADING, ":", "\n\n:\n", "a\nb\nc: 1"};
	struct husk_network_stats s = {};
	struct arena a = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		char text[512];

		strcpy(text, texts[i]);
		assert_int_equal(net_counters_parse(text, &a, &s), 1);
		assert_int_equal(s.count, 0);
	}
	/* our own namespace's numbers are not a container's */
	assert_int_equal(net_counters(getpid(), &a, &s), 0);
	assert_int_equal(net_counters(0x7fffffff, &a, &s), 0);
	arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
