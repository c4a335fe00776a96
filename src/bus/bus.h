/* SPDX-License-Identifier: Apache-2.0 */
/* husk-bus inside: the request, the connection, the verbs. It is one process for one request: what it allocates stays. */
#ifndef HUSK_BUS_BUS_H
#define HUSK_BUS_BUS_H

#include <stdbool.h>
#include <stdint.h>
#include <base/array.h>
#include <base/str.h>
#include <bus/request.h>
#include <systemd/sd-bus.h>

struct bus_address {
	bool direct;
	const char *address;
};

struct bus_property {
	const char *name, *signature, *value;
};

/* Strings belong to the text it was read from. */
struct bus_request {
	const char *verb, *unit;
	uint64_t timeout_us;
	LIST_OF(struct bus_address) addresses;
	LIST_OF(struct bus_property) properties;
};

/* 0, -EBADMSG or -ENOMEM. */
int bus_request_read(const char *text, size_t n, struct bus_request *ret) nodiscard;

/* A job of systemd's that has ended. */
struct bus_job {
	char *path, *result;
};

struct bus {
	sd_bus *bus;
	bool direct; /* no message bus between us and systemd */
	uint64_t deadline; /* CLOCK_MONOTONIC, us */
	const char *doing; /* what we wait for, for the message when time is up */
	const char *unit;
	LIST_OF(struct bus_job) jobs;
	/* why it went wrong: D-Bus error and message */
	char *error;
	struct strbuf message;
};

/* Sets the error, returns -1. */
int bus_fail(struct bus *b, const char *error, const char *format, ...) printf_like(3, 4);
/* The first address where somebody is. 0 or -1. */
int bus_connect(struct bus *b, const struct bus_request *q) nodiscard;
/* Lets a message come or go, or waits for one: 0 or -1. */
int bus_step(struct bus *b) nodiscard;
/* Calls; *ret (may be NULL) is to be unref'd. Takes over the message. 0 or -1 with the error. */
int bus_call(struct bus *b, sd_bus_message *call, sd_bus_message **ret) nodiscard;
/* A new call of systemd's manager object. */
int bus_manager_call(struct bus *b, const char *method, sd_bus_message **ret) nodiscard;
bool bus_error_is(const struct bus *b, const char *name);
void bus_error_forget(struct bus *b);

/* Appends name and value to an open array of properties; *detail says what is wrong with it. 0 or -errno. */
int bus_append_property(sd_bus_message *m, const struct bus_property *p, struct strbuf *detail)
	nodiscard;

/* Carries the request out: 0 with the text of the answer in b->message, or -1. */
int bus_carry_out(struct bus *b, const struct bus_request *q) nodiscard;

#endif
