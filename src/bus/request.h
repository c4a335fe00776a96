/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the library asks of husk-bus and what it hears. The request is standard input to its end: records of strings,
 * each ended by a NUL, the first of which names the record. The answer is standard output to its end:
 *
 *	'+' TEXT                  done; TEXT is what was asked for, if anything was
 *	'-' NAME NUL MESSAGE      not done: the name of a D-Bus error, or "" when nobody answered as we expect
 *
 * Anything else is what the dynamic linker or libc wrote when the program could not be run.
 */
#ifndef HUSK_BUS_REQUEST_H
#define HUSK_BUS_REQUEST_H

/* clang-format off */
/* name, how many strings follow it */
#define BUS_RECORDS(X) \
	X(VERB,     "verb",     1) /* start, set, stop: a unit; root: the manager's own cgroup */ \
	X(UNIT,     "unit",     1) \
	X(TIMEOUT,  "timeout",  1) /* ms for all of it */ \
	X(DIRECT,   "direct",   1) /* address of a systemd's private socket; addresses are tried in order */ \
	X(BUS,      "bus",      1) /* address of a message bus */ \
	X(PROPERTY, "property", 3) /* name, signature or "", value as GVariant text */
/* clang-format on */

#define BUS_RECORD_ENUM(name, text, count) BUS_##name,
enum bus_record { BUS_RECORDS(BUS_RECORD_ENUM) BUS_RECORD_COUNT };
#undef BUS_RECORD_ENUM

enum { BUS_GOOD = '+', BUS_BAD = '-', BUS_REQUEST_MAX = 16 << 20, BUS_ANSWER_MAX = 65536 };

#endif
