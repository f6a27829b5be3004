#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/buf.h"
#include "lib/ruleset.h"

/* What rulesets are built with. Each call appends netlink messages and the same in nft
 * syntax, so that the two cannot drift. Failure (memory) is sticky: nobody checks
 * before builder_finish(). The order is the kernel's: table, sets with their elements,
 * chains, rules.
 *
 * A rule begins with the first match after the last verdict and ends with its verdict,
 * so that code reads like nft:
 *	match_ct_state(b, CT_ESTABLISHED); match_ct_mark(b, mark); rule_accept(b); */

enum key {
	KEY_ADDR4,
	KEY_ADDR6,
	KEY_FLOW4, /* address . protocol . port */
	KEY_FLOW6,
	KEY_SERVICE, /* protocol . port */
	KEY_ICMP6,
};

enum set_kind {
	SET_PLAIN,
	SET_RANGES, /* elements are intervals */
	/* Filled by a rule; bounded, elements time out. It outlives the fence, so that an
	 * apply forgets nothing: it has the same name in every generation. */
	SET_COUNTING,
	/* Filled from outside, by ruleset_learn(); elements time out. */
	SET_LEARNED,
};

/* What is counted of the refused: enough to see what somebody tries, bounded because
 * the agent chooses the addresses. */
#define COUNTED_MAX 4096
#define COUNTED_MS (60u * 60 * 1000)

/* What has expired counts until the kernel collects it, about once a second. */
#define LEARNED_MAX (2 * LEASE_ADDRS)

struct set {
	const char *name;
	enum key key;
	enum set_kind kind;
};

static inline enum family set_family(const struct set *set)
{
	return set->key == KEY_ADDR4 || set->key == KEY_FLOW4 ? FAMILY_4 : FAMILY_6;
}

struct chain {
	const char *name;
	int hook; /* NF_INET_*; CHAIN_INNER: only jumped to */
	int priority;
	bool nat; /* else a filter */
};
#define CHAIN_INNER (-1)
const char *chain_type(const struct chain *chain);

struct range {
	uint32_t first, last;
};

struct nftnl_rule;
struct nlmsghdr;

struct builder {
	struct ruleset *ruleset;
	const char *table;
	const char *suffix; /* behind the name of each set: its generation */
	bool with_text;
	bool accepts; /* base chains accept what no rule decides (audit) */
	bool failed;

	const struct set *set; /* between set_begin() and set_end() */
	size_t elements;       /* written to it so far */
	struct nlmsghdr *list; /* the open message of elements, or NULL */
	struct nlattr *nest;
	size_t listed;     /* elements in it */
	const char *first; /* the first of them, as text */

	const struct chain *chain;
	struct nftnl_rule *rule; /* the open one, or NULL */
	enum family family;      /* which it matches already, or 0 */
	struct buf line;         /* its text; or that of the element in the making */
};

/* What the last line had no room for is not forgotten with it. */
static inline void line_begin(struct builder *b)
{
	b->failed |= b->line.failed;
	buf_clear(&b->line);
}

int builder_init(struct builder *b, const char *table, bool with_text, struct error *err);
/* Hands the ruleset over or says what failed; releases everything else. */
int builder_finish(struct builder *b, struct ruleset **ret, struct error *err);
void builder_abandon(struct builder *b);

/* Room for any message but a list of elements; the largest rule takes a quarter. */
#define MESSAGE_SMALL 4096

/* For the builder's own files. How a set is called in this generation: */
#define SET_NAME_MAX 64
const char *set_name(const struct builder *b, const struct set *set,
		     char out[static SET_NAME_MAX]);

/* A message at the end of the bytes, with room for `room` of them; NULL after a failure.
 * `what` is printf text. */
struct nlmsghdr *message_begin(struct builder *b, uint16_t type, uint16_t flags,
			       size_t room);
void message_end(struct builder *b, struct nlmsghdr *message, const char *what, ...)
	PRINTF(3, 4);

/* NFT_TABLE_F_*. Without table_set() a table that stands keeps its flags. */
void table_add(struct builder *b);
void table_set(struct builder *b, uint32_t flags);
void table_delete(struct builder *b);
void table_delete_rules(struct builder *b); /* of all its chains */
void chain_add(struct builder *b, const struct chain *chain);
void chain_delete(struct builder *b, const char *name);
void set_add(struct builder *b, const struct set *set);
void set_delete(struct builder *b, const char *name); /* with its suffix */

/* Text only: the block that sets and chains stand in. */
void table_begin(struct builder *b);
void table_end(struct builder *b);

/* set_begin() adds the set. Ranges come sorted and disjoint; SET_RANGES of addresses
 * must not touch one another either (join them). */
void set_begin(struct builder *b, const struct set *set);
void element_addrs(struct builder *b, u128 first, u128 last);
void element_flows(struct builder *b, u128 first, u128 last, struct range protocols,
		   struct range ports);
void element_services(struct builder *b, struct range protocols, struct range ports);
void element_icmp6(struct builder *b, uint8_t type, const char *text);
void element_lease(struct builder *b, u128 addr, uint32_t timeout_ms);
void set_end(struct builder *b);

/* The chains must have been added, all of them, since rules jump. */
void chain_begin(struct builder *b, const struct chain *chain);
void chain_end(struct builder *b);

enum side {
	SOURCE,
	DESTINATION,
};

/* As the kernel numbers its bits. */
enum ct_state {
	CT_INVALID = 1,
	CT_ESTABLISHED = 2,
	CT_RELATED = 4,
	CT_NEW = 8,
};

void match_ct_state(struct builder *b, unsigned states);
void match_ct_direction(struct builder *b, bool reply);
void match_ct_mark(struct builder *b, uint32_t mark);
void match_ct_dnat(struct builder *b);
void match_ct_unexpected(struct builder *b);
void match_mark(struct builder *b, bool equal, uint32_t mark);
void match_skuid(struct builder *b, uint32_t uid);
void match_iif(struct builder *b, const char *name);
void match_oif(struct builder *b, bool equal, const char *name);
void match_addr(struct builder *b, enum side side, const struct set *set);
void match_flow(struct builder *b, enum side side, const struct set *set);
void match_service(struct builder *b, enum side side, const struct set *set);
void match_range(struct builder *b, enum side side, enum family family, u128 first,
		 u128 last);
/* Whole bytes only: 8 must divide its length. */
void match_prefix(struct builder *b, enum side side, const struct prefix *prefix);
void match_icmp6(struct builder *b, const struct set *set);
void match_hoplimit(struct builder *b, uint8_t hops);
/* The sender says by whom the packet goes on from its destination. */
enum source_route { ROUTE_LOOSE, ROUTE_STRICT, ROUTE_HEADER, ROUTE_COUNT };
void match_source_route(struct builder *b, enum source_route route);
void match_foreign_source(struct builder *b); /* an address that no device here has */
void match_port(struct builder *b, enum side side, uint8_t protocol,
		uint16_t port); /* TCP, UDP */
void match_other_port(struct builder *b, uint16_t port);
void match_tcp(struct builder *b);
void match_tcp_no_syn(struct builder *b); /* FIN, SYN, RST, ACK are not just SYN */

void set_ct_mark(struct builder *b, uint32_t mark);
void set_ct_zone(struct builder *b, uint16_t zone); /* of the original direction */
void count_daddr(struct builder *b, const struct set *set);
/* What goes to the packet log. */
struct logging {
	const char *prefix;
	unsigned rate, burst; /* packets a second */
	unsigned snaplen;     /* bytes of each */
};
void log_some(struct builder *b, const struct logging *logging);

void rule_accept(struct builder *b);
void rule_drop(struct builder *b);
void rule_jump(struct builder *b, const struct chain *chain);
void rule_goto(struct builder *b, const struct chain *chain);
void rule_reset(struct builder *b);  /* reject with tcp reset */
void rule_reject(struct builder *b); /* reject with icmpx admin-prohibited */
void rule_redirect(struct builder *b, uint16_t port);
void rule_end(struct builder *b); /* no verdict */
