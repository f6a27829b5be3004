#include <netinet/in.h>

#include <linux/netfilter.h>

#include "lib/draft.h"

/* The rules of a guarded fence. Nobody without netpale's socket mark sends DNS anywhere but
 * to the forwarder, whatever address it was meant for, and whatever uid sends it: Docker's
 * resolver too has its upstream questions answered by it. */

/* Before Docker's chain at -100: the first that changes a flow's destination decides. */
const struct chain chain_dns = { "dns", NF_INET_LOCAL_OUT, -101, true };

/* Before conntrack looks (-200). */
const struct chain chain_zone = { "zone", NF_INET_LOCAL_OUT, -300, false };

static const struct prefix forwarders[] = { { { 0x7f000001, FAMILY_4 }, 32 },
					    { { 1, FAMILY_6 }, 128 } };

static void match_learned(struct builder *b, const struct learned *learned, size_t family,
			  enum side side)
{
	match_addr(b, side, &learned->addrs[family]);
	match_service(b, side, &learned->ports);
}

/* A flow of the agent may have had the same addresses and ports a moment ago. Conntrack remembers
 * where that one was led, and would lead ours there too; and the agent's where ours went. In a zone of
 * their own ours are others. Only outwards: answers are found by their own direction. */
void guard_keep_apart(struct builder *b, const struct draft *draft)
{
	chain_begin(b, &chain_zone);
	match_mark(b, true, draft->options->socket_mark);
	set_ct_zone(b, RULESET_ZONE);
	rule_end(b);
	chain_end(b);
}

/* What an entry opens on port 53 is talked to directly. */
void guard_redirect(struct builder *b, const struct draft *draft)
{
	chain_begin(b, &chain_dns);
	match_other_port(b, 53);
	rule_accept(b);
	match_mark(b, true, draft->options->socket_mark);
	rule_accept(b);
	for (size_t i = 0; i < 2; i++) {
		match_flow(b, DESTINATION, &set_ports[i]);
		rule_accept(b);
	}
	for (size_t i = 0; i < 2 * draft->learned_count; i++) {
		if (!draft->learned[i / 2].dns)
			continue;
		match_learned(b, &draft->learned[i / 2], i % 2, DESTINATION);
		rule_accept(b);
	}
	match_port(b, DESTINATION, IPPROTO_UDP, 53);
	rule_redirect(b, draft_port(draft));
	match_port(b, DESTINATION, IPPROTO_TCP, 53);
	rule_redirect(b, draft_port(draft));
	chain_end(b);
}

/* netpale's own questions go to the site's resolvers only. On loopback to any port: to this
 * hook the 53 of Docker's resolver has become a random one. */
void guard_ask(struct builder *b, const struct draft *draft)
{
	for (size_t i = 0; i < 2; i++) {
		match_mark(b, true, draft->options->socket_mark);
		match_flow(b, DESTINATION, &set_resolver[i]);
		rule_accept(b);
	}
	match_mark(b, true, draft->options->socket_mark);
	match_oif(b, true, "lo");
	rule_accept(b);
}

/* A redirected packet still has the interface here that it was to leave by. Who talks to
 * the forwarder's port without a redirect is on loopback, and gets the same answers. */
void guard_accept_redirected(struct builder *b, const struct draft *draft)
{
	(void)draft;
	for (size_t i = 0; i < ARRAY_SIZE(forwarders); i++) {
		match_prefix(b, DESTINATION, &forwarders[i]);
		match_service(b, DESTINATION, &set_forwarder);
		match_ct_dnat(b);
		rule_accept(b);
	}
}

static void match_answers(struct builder *b, enum side side)
{
	if (side == DESTINATION)
		return;
	match_ct_state(b, CT_ESTABLISHED);
	match_ct_direction(b, true);
}

void guard_accept_listed(struct builder *b, const struct draft *draft, enum side side)
{
	for (size_t i = 0; i < 2 * draft->learned_count; i++) {
		if (!draft->learned[i / 2].listed)
			continue;
		match_answers(b, side);
		match_learned(b, &draft->learned[i / 2], i % 2, side);
		mark_and_accept(b, draft);
	}
}

void guard_accept_any(struct builder *b, const struct draft *draft, enum side side)
{
	for (size_t i = 0; i < 2 * draft->learned_count; i++) {
		if (!draft->learned[i / 2].any)
			continue;
		match_answers(b, side);
		match_addr(b, side, &draft->learned[i / 2].addrs[i % 2]);
		mark_and_accept(b, draft);
	}
}

/* A flow older than this fence, to what may not be begun anew. */
void guard_accept_lapsed(struct builder *b, const struct draft *draft, enum side side)
{
	for (size_t i = 0; i < 2; i++) {
		match_ct_state(b, CT_ESTABLISHED);
		match_ct_direction(b, side == SOURCE);
		match_flow(b, side, &set_lapsed[i]);
		mark_and_accept(b, draft);
	}
}
