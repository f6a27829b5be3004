#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* DNS messages for the tests, put together byte by byte and by nothing that is under
 * test. */

struct wire {
	uint8_t bytes[65536];
	size_t length;
};

static inline void wire_put(struct wire *w, const void *bytes, size_t length)
{
	memcpy(w->bytes + w->length, bytes, length);
	w->length += length;
}

static inline void wire16(struct wire *w, unsigned value)
{
	uint8_t bytes[] = { (uint8_t)(value >> 8), (uint8_t)value };

	wire_put(w, bytes, sizeof(bytes));
}

static inline void wire32(struct wire *w, uint32_t value)
{
	wire16(w, value >> 16);
	wire16(w, value & 0xffff);
}

/* Plain labels with dots between. */
static inline void wire_name(struct wire *w, const char *name)
{
	while (*name) {
		uint8_t length = (uint8_t)strcspn(name, ".");

		wire_put(w, &length, 1);
		wire_put(w, name, length);
		name += length;
		name += *name == '.';
	}
	wire_put(w, "", 1);
}

/* Begins anew: counts are questions, answers, authority, additional. */
static inline void wire_header(struct wire *w, unsigned id, unsigned flags, unsigned qd,
			       unsigned an, unsigned ns, unsigned ar)
{
	w->length = 0;
	wire16(w, id);
	wire16(w, flags);
	wire16(w, qd);
	wire16(w, an);
	wire16(w, ns);
	wire16(w, ar);
}

static inline void wire_question(struct wire *w, const char *name, unsigned type,
				 unsigned class)
{
	wire_name(w, name);
	wire16(w, type);
	wire16(w, class);
}

static inline void wire_record(struct wire *w, const char *owner, unsigned type,
			       unsigned class, uint32_t ttl, const void *data,
			       size_t length)
{
	wire_name(w, owner);
	wire16(w, type);
	wire16(w, class);
	wire32(w, ttl);
	wire16(w, (unsigned)length);
	wire_put(w, data, length);
}

static inline void wire_alias(struct wire *w, const char *owner, uint32_t ttl,
			      const char *target)
{
	size_t at;

	wire_record(w, owner, 5, 1, ttl, "", 0);
	at = w->length;
	wire_name(w, target);
	w->bytes[at - 2] = (uint8_t)((w->length - at) >> 8);
	w->bytes[at - 1] = (uint8_t)(w->length - at);
}

/* 192.0.2.LAST or 2001:db8::LAST. */
static inline void wire_addr(struct wire *w, const char *owner, unsigned type,
			     uint32_t ttl, uint8_t last)
{
	uint8_t v4[4] = { 192, 0, 2, last };
	uint8_t v6[16] = { 0x20, 1, 0x0d, 0xb8, [15] = last };

	wire_record(w, owner, type, 1, ttl, type == 1 ? v4 : v6, type == 1 ? 4 : 16);
}

static inline void wire_opt(struct wire *w, unsigned udp_size)
{
	wire_record(w, "", 41, udp_size, 0, "", 0);
}
