#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ares.h>
#include <cmocka.h>

#include "lib/dnsmsg.h"
#include "tests/unit/dns_wire.h"

/* A question, a reply, and what is written of both. */

static struct wire wire, expected;
static struct dnsmsg_question question;
static struct dnsmsg_reply reply;
static struct addr addrs[5000];
static uint8_t out[DNSMSG_BYTES];
static size_t length;

/* A question of id 0x1234 with RD; and a reply that says nothing yet. */
static inline void asked(const char *name, unsigned type, bool edns)
{
	int rcode;

	wire_header(&wire, 0x1234, 0x0100, 1, 0, 0, edns);
	wire_question(&wire, name, type, 1);
	if (edns)
		wire_opt(&wire, 4096);
	assert_int_equal(dnsmsg_read(wire.bytes, wire.length, &question, &rcode),
			 DNSMSG_QUESTION);
	reply = (struct dnsmsg_reply){ .ede = DNSMSG_EDE_NONE,
				       .addrs = addrs,
				       .ttl = 60 };
}

static inline void give(const char *text)
{
	assert_true(addr_parse(text, strlen(text), &addrs[reply.count++]));
}

static inline ares_dns_record_t *parsed(void)
{
	ares_dns_record_t *record = NULL;

	assert_int_equal(ares_dns_parse(wire.bytes, wire.length, 0, &record),
			 ARES_SUCCESS);
	return record;
}

/* Into memory of just that size, so that the sanitizer sees a byte too many. */
static inline void write_reply(size_t limit)
{
	uint8_t *exact = malloc(limit);

	assert_non_null(exact);
	length = dnsmsg_write(&question, &reply, exact, limit);
	assert_true(length <= limit);
	memcpy(out, exact, length);
	free(exact);
}

static inline void assert_written(const struct wire *bytes)
{
	assert_int_equal(length, bytes->length);
	assert_memory_equal(out, bytes->bytes, length);
}
