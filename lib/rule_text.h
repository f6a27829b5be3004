#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"

/* A rule as the kernel gives it back (expressions that move bytes between registers), told in words
 * close to nft's syntax, and what it can do to a packet. Pure; for people, never to be parsed: what
 * is not known by a name of its own is told by its number. */

struct nftnl_rule;

enum rule_effect {
	RULE_ACCEPTS = 1 << 0,        /* decides for the packet; a map may */
	RULE_REWRITES_TO = 1 << 1,    /* where it goes: nat, tproxy */
	RULE_REWRITES_FROM = 1 << 2,  /* where it comes from */
	RULE_REWRITES_BYTES = 1 << 3, /* anything in it */
	RULE_MARKS = 1 << 4, /* the packet's mark, the connection's mark or zone */
	RULE_UNTRACKS = 1 << 5,
	RULE_SENDS = 1 << 6,   /* dup, fwd: itself or a copy, by another way */
	RULE_ASKS = 1 << 7,    /* queue: a program decides, and can rewrite */
	RULE_EXPECTS = 1 << 8, /* helpers: connections that count as related */
	RULE_OFFLOADS = 1 << 9 /* the flow's next packets skip the chains */
};
#define RULE_EFFECTS 10

struct rule_text {
	struct buf text;
	unsigned int effects;
	const char
		*target; /* the chain that it jumps to, borrowed from the rule; or NULL */
	const char *object_map; /* which map has its objects, borrowed too; or NULL */
	bool by_map;            /* a map says where it goes on, which may be any chain */
	/* It matches 127.0.0.11, Docker's resolver, and rewrites to nothing else. */
	bool docker_dns;
};

/* `family` as NFPROTO_*. */
void rule_text_read(struct nftnl_rule *rule, uint8_t family, struct rule_text *ret);
void rule_text_release(struct rule_text *text);

/* A target of iptables: what it does (harmless ones are known by name, of any other the worst is
 * assumed); and is it an address translation that leads nowhere else than to 127.0.0.11? */
unsigned int rule_target_effects(const char *name);
bool rule_target_stays(const char *name, uint32_t revision, const void *info,
		       size_t length);

/* What an object of this type (NFT_OBJECT_*) does to packets when a rule refers to it. */
unsigned int rule_object_effects(uint32_t type);

/* "output"; what nobody knows is "an unknown hook". */
const char *rule_hook_name(uint8_t family, uint32_t hook);
