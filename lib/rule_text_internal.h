#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/rule_text.h"

/* What the registers hold while a rule is read. There are sixteen of four bytes; the numbers 1 to 4
 * mean four of them together. */

#define REGISTERS 16

enum value {
	VALUE_NUMBER, /* in network order */
	VALUE_HOST_NUMBER,
	VALUE_ADDR4, /* fewer than four bytes are a prefix */
	VALUE_ADDR6,
	VALUE_TEXT,
	VALUE_PROTOCOL,
	VALUE_FAMILY,
	VALUE_CT_STATE,
	VALUE_CT_STATUS,
};

struct reg {
	char text[96]; /* what was loaded; empty: nothing is known of it */
	enum value value;
	bool constant; /* an immediate: its bytes are in `bytes` */
	bool masked;
	uint8_t bytes[16], mask[16];
	uint32_t length;
};

struct nftnl_expr;
struct reader {
	struct rule_text *out;
	struct reg regs[REGISTERS];
	uint8_t family;   /* of addresses, as far as the rule has told; NFPROTO_* */
	uint8_t protocol; /* of the transport, as far as the rule has told; 0 */
	/* "meta nfproto ipv4" and the like, not said where the next words say it too. */
	char implied[2][160];
	bool to_docker; /* it compared an address with 127.0.0.11 */
	bool elsewhere; /* it rewrites to what need not be 127.0.0.11 */
};

/* Starts the next words. */
void rule_words(struct reader *reader, const char *format, ...) PRINTF(2, 3);

/* rule_match.c: what only looks at the packet. False: it is none of these. */
bool rule_match_read(struct reader *reader, const char *name, struct nftnl_expr *e);

struct reg *rule_reg(struct reader *reader, uint32_t number); /* NULL: no such */
/* What lies in the register, and in those behind it when keys are put together, as words: a constant
 * is printed as `value`. It is used up then. */
void rule_reg_print(struct reader *reader, uint32_t number, enum value value,
		    struct buf *out);
void rule_value_print(enum value value, const uint8_t *bytes, uint32_t length,
		      struct buf *out);
const char *rule_key_name(bool meta, uint32_t key, enum value *ret, char out[static 16]);
