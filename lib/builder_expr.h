#pragma once

#include <stdint.h>

#include "lib/builder.h"

/* The kernel's expressions, one function each: what matches and statements are made of.
 * Each begins a rule when none is open. */

struct nftnl_expr;

/* Where the kernel keeps what a rule compares. The first register takes up to 16 bytes;
 * the fields of a concatenation lie one after the other, each padded to four bytes. A
 * register that begins a group of four must be written in the long form (NFT_REG_2 is
 * NFT_REG32_04), because that is how the kernel gives rules back. */
struct layout {
	const char *name;
	uint32_t source, destination; /* offsets in the network header */
	uint32_t length;
	uint8_t nfproto;
	uint32_t protocol, port; /* registers behind the address */
};
extern const struct layout layouts[FAMILY_6 + 1];

void rule_begin(struct builder *b);
struct nftnl_expr *expr(struct builder *b, const char *name); /* NULL after a failure */
/* Words of the rule's text, behind a blank. */
void say(struct builder *b, const char *words, ...) PRINTF(2, 3);

void load_meta(struct builder *b, uint32_t key, uint32_t reg);
void load_ct(struct builder *b, uint32_t key);
void load_payload(struct builder *b, uint32_t base, uint32_t offset, uint32_t length,
		  uint32_t reg);
/* With its words, "ip daddr"; its first `length` bytes. */
void load_addr(struct builder *b, enum family family, enum side side, uint32_t length);
void compare(struct builder *b, bool equal, const void *data, uint32_t length);
void compare8(struct builder *b, bool equal, uint8_t value);
void mask(struct builder *b, const void *bits, uint32_t length);
void lookup(struct builder *b, const struct set *set); /* with its words, "@allow4" */

/* What must hold before a header is read; nft leaves it unsaid. */
void want_family(struct builder *b, enum family family);
void want_protocol(struct builder *b, uint8_t protocol);
