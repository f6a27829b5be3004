#include "lib/ruleset.h"

#include <netinet/in.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "lib/draft.h"
#include "lib/packet.h"
#include "lib/standing.h"

/* The fence, rule by rule. Packets of a flow that a rule accepted carry MARK in their
 * conntrack entry and take the short way; all others, those of flows that are older
 * than this fence too, are looked up again, because a mark belongs to one fence only. */

static const struct chain output = { .name = "output", .hook = NF_INET_LOCAL_OUT };
static const struct chain forward = { .name = "forward", .hook = NF_INET_FORWARD };
static const struct chain input = { .name = "input", .hook = NF_INET_LOCAL_IN };
static const struct chain post = { .name = "post", .hook = NF_INET_POST_ROUTING };
static const struct chain egress = { .name = "egress", .hook = CHAIN_INNER };
static const struct chain refuse = { .name = "refuse", .hook = CHAIN_INNER };

/* The last ones only of a guarded fence. */
#define GUARD_CHAINS 2
static const struct chain *const chains[] = {
	&output, &forward, &input, &post, &egress, &refuse, &chain_dns, &chain_zone
};

static size_t chain_count(const struct draft *draft)
{
	return ARRAY_SIZE(chains) - (draft_is_guarded(draft) ? 0 : GUARD_CHAINS);
}

static const struct prefix docker_dns = { { SITE_DOCKER_DNS, FAMILY_4 }, 32 };
static const struct prefix loopback[] = { { { 0x7f000000, FAMILY_4 }, 8 },
					  { { 1, FAMILY_6 }, 128 } };

/* Who Docker's resolver asks as, from within our namespace: root, or a root whom our user
 * namespace does not know. */
static const uint32_t docker_uids[] = { 0, 65534 };

/* What is refused: enough for a person to see what was tried, not enough to slow the sender down (a
 * flood costs it 2-5 us a packet otherwise). 128 bytes hold both headers, and what IPv6 may have
 * between. */
static const struct logging refusals = { "netpale ", 20, 50, 128 };
/* In audit each packet is the first of a flow, and perhaps of a destination. */
static const struct logging audited = { "netpale ", 1000, 2000, 128 };

/* Answers are read whole or not at all; as large as a frame of Ethernet. */
static const struct logging answers = { PACKET_ANSWER, 100, 200, 1500 };

static void accept_marked(struct builder *b, const struct draft *draft)
{
	match_ct_state(b, CT_ESTABLISHED);
	match_ct_mark(b, draft->options->flow_mark);
	rule_accept(b);
}

/* What no policy would allow is nothing to record in audit. */
static void drop_silently(struct builder *b, const struct draft *draft)
{
	if (draft_is_audit(draft))
		rule_accept(b);
	else
		rule_drop(b);
}

void mark_and_accept(struct builder *b, const struct draft *draft)
{
	set_ct_mark(b, draft->options->flow_mark);
	rule_accept(b);
}

/* `side` SOURCE: answers from there only. */
static void accept_allowed(struct builder *b, const struct draft *draft, size_t family,
			   enum side side)
{
	size_t count = draft->allow_count[family];

	for (size_t i = 0; i < count; i++) {
		const struct allow_part *part = &draft->allow[family][i];

		if (side == SOURCE) {
			match_ct_state(b, CT_ESTABLISHED);
			match_ct_direction(b, true);
		}
		/* Two comparisons spare the search in all parts but one. */
		if (count > 1)
			match_range(b, side, set_family(part->set), part->span.first,
				    part->span.last);
		match_addr(b, side, part->set);
		mark_and_accept(b, draft);
	}
}

/* The other side of a flow that came in. After a new apply the container may be the
 * first to speak again. A flow older than the first fence cannot get here: conntrack
 * would have to see it begin inwards, and chain input lets TCP begin with a SYN only.
 * In audit any flow: where answers go to is no destination to record. */
static void accept_replies(struct builder *b, const struct draft *draft)
{
	match_ct_state(b, CT_ESTABLISHED);
	match_ct_direction(b, true);
	if (!draft->plan->inbound_open && !draft_is_audit(draft))
		match_service(b, SOURCE, &set_inbound);
	mark_and_accept(b, draft);
}

/* Whom Docker's resolver asks from here is needed, but not known. */
static bool docker_asks_anybody(const struct draft *draft)
{
	const struct site *site = draft->site ? draft->site : &draft->plan->site;

	if (!draft->site &&
	    (draft->plan->mode == MODE_NONE || draft->plan->dns != STANCE_RESOLVERS))
		return false;
	return site->docker_dns && !site->docker_tells;
}

/* DNS that leaves as what it is. Its flows get no mark: they end with the fence that has
 * these rules. */
static void accept_dns(struct builder *b, const struct draft *draft)
{
	for (size_t i = 0; i < 2 && !draft->site; i++) {
		match_flow(b, DESTINATION, &set_resolver[i]);
		rule_accept(b);
	}
	for (size_t i = 0; i < 4 && draft->site; i++) {
		match_skuid(b, docker_uids[i % 2]);
		match_flow(b, DESTINATION, &set_resolver[i / 2]);
		rule_accept(b);
	}

	/* No agent is root; in a sidecar's network it can be, and root there may do
	 * DNS. */
	for (size_t i = 0; i < 2 && docker_asks_anybody(draft); i++) {
		match_skuid(b, docker_uids[i]);
		match_service(b, DESTINATION, &set_dns);
		rule_accept(b);
	}
}

/* Whoever may send from a resolver's address could answer what netpale asked of it: anybody may
 * bind Docker's 127.0.0.11, and what is dropped above as foreign may be an address of ours later;
 * the ports that netpale asks from are in /proc/net/udp. A resolver here answers in the flow that we
 * began. */
static void refuse_forged_answers(struct builder *b, const struct draft *draft)
{
	for (size_t i = 0; i < 2; i++) {
		match_mark(b, false, draft->options->socket_mark);
		match_flow(b, SOURCE, &set_resolver[i]);
		rule_goto(b, &refuse);
	}
	match_mark(b, false, draft->options->socket_mark);
	match_ct_direction(b, false);
	match_service(b, SOURCE, &set_dns);
	rule_goto(b, &refuse);
}

/* Whoever refuses such a packet would answer to an address that the agent chose, and quote what it
 * wrote: anybody may have a foreign source by IPV6_FREEBIND. The same goes for what is delivered
 * here. Our own resets have the refused destination as source. */
static void drop_foreign_sources(struct builder *b, const struct draft *draft)
{
	if (draft_is_audit(draft))
		return;
	match_ct_state(b, CT_INVALID | CT_ESTABLISHED | CT_NEW);
	match_foreign_source(b);
	rule_drop(b);
}

static void output_rules(struct builder *b, const struct draft *draft)
{
	bool guarded = draft_is_guarded(draft);

	chain_begin(b, &output);
	accept_marked(b, draft);

	/* A hop limit of 255 cannot have come through, or go through, a router. */
	match_icmp6(b, &set_nd_out);
	match_hoplimit(b, 255);
	rule_accept(b);

	/* The kernel's own reports of groups joined. They stay here, because anybody
	 * may join any group and so write to the link; silently, because nobody tried
	 * anything. */
	match_icmp6(b, &set_mld);
	drop_silently(b, draft);
	drop_foreign_sources(b, draft);

	if (guarded) {
		guard_ask(b, draft);
		refuse_forged_answers(b, draft);
		guard_accept_lapsed(b, draft, DESTINATION);
	} else {
		match_mark(b, true, draft->options->socket_mark);
		match_service(b, DESTINATION, &set_dns);
		rule_accept(b);
		accept_dns(b, draft);
	}
	accept_replies(b, draft);
	rule_jump(b, &egress);
	chain_end(b);
}

/* Containers inside this one obey too. */
static void forward_rules(struct builder *b, const struct draft *draft)
{
	chain_begin(b, &forward);
	accept_marked(b, draft);

	/* After a new apply the far side of a flow that is kept may be the first to
	 * speak. */
	for (size_t i = 0; i < 2; i++) {
		match_ct_state(b, CT_ESTABLISHED);
		match_ct_direction(b, true);
		match_flow(b, SOURCE, &set_ports[i]);
		mark_and_accept(b, draft);
		accept_allowed(b, draft, i, SOURCE);
	}
	if (draft_is_guarded(draft)) {
		guard_accept_listed(b, draft, SOURCE);
		guard_accept_any(b, draft, SOURCE);
		guard_accept_lapsed(b, draft, SOURCE);
		guard_accept_lapsed(b, draft, DESTINATION);
	}
	rule_jump(b, &egress);
	chain_end(b);
}

/* What names led to which addresses, so that who reads the log can name what is refused. A guard knows;
 * without one the agent asks where it likes. Docker's resolver answers on loopback, from port 53 here
 * already, whatever its socket has. */
static void log_answers(struct builder *b, const struct draft *draft)
{
	const struct plan *plan = draft->plan;

	bool asks = plan->dns == STANCE_RESOLVERS ||
		    (plan->dns == STANCE_PINNED && draft_is_audit(draft));

	if (draft->site || plan->mode == MODE_NONE || !asks || draft->options->quiet)
		return;
	match_port(b, SOURCE, IPPROTO_UDP, 53);
	match_ct_direction(b, true);
	log_some(b, &answers);
	rule_end(b);
}

static void input_rules(struct builder *b, const struct draft *draft)
{
	chain_begin(b, &input);
	log_answers(b, draft);
	match_iif(b, "lo");
	rule_accept(b);
	accept_marked(b, draft);

	/* The far side of a connection older than conntrack: its push would make an
	 * entry that looks as if it had come in, and our answers its replies. */
	match_ct_state(b, CT_NEW);
	match_tcp_no_syn(b);
	if (draft_is_audit(draft))
		mark_and_accept(b, draft);
	else
		rule_goto(b, &refuse);

	/* Only what began inwards: a range of ports may contain those our own flows
	 * use. */
	match_ct_direction(b, false);
	if (!draft->plan->inbound_open)
		match_service(b, DESTINATION, &set_inbound);
	mark_and_accept(b, draft);

	match_ct_state(b, CT_ESTABLISHED | CT_RELATED);
	match_ct_unexpected(b);
	rule_accept(b);

	match_icmp6(b, &set_nd_in);
	match_hoplimit(b, 255);
	rule_accept(b);
	match_icmp6(b, &set_mld);
	rule_accept(b);

	rule_goto(b, &refuse);
	chain_end(b);
}

/* A socket bound to a device could put loopback's addresses on the wire. And where a packet goes on
 * to from an allowed address is not for its sender to say: anybody may give a socket a routing
 * header, and containers inside this one may have NET_RAW. */
static void post_rules(struct builder *b, const struct draft *draft)
{
	chain_begin(b, &post);
	for (size_t i = 0; i < 4 && !draft_is_audit(draft); i++) {
		match_oif(b, false, "lo");
		match_prefix(b, i % 2 ? SOURCE : DESTINATION, &loopback[i / 2]);
		rule_drop(b);
	}
	for (enum source_route i = 0; i < ROUTE_COUNT && !draft_is_audit(draft); i++) {
		match_source_route(b, i);
		rule_drop(b);
	}
	chain_end(b);
}

static void accept_loopback(struct builder *b)
{
	match_oif(b, true, "lo");
	rule_accept(b);
}

static void egress_rules(struct builder *b, const struct draft *draft)
{
	const struct plan *plan = draft->plan;
	bool guarded = draft_is_guarded(draft);

	chain_begin(b, &egress);
	/* Docker's resolver recurses any name. Every port: to this hook its 53 has
	 * become a random one, which anybody can read in /proc/net/udp. */
	if (plan->mode == MODE_NONE || plan->dns != STANCE_RESOLVERS) {
		match_prefix(b, DESTINATION, &docker_dns);
		match_mark(b, false, draft->options->socket_mark);
		rule_goto(b, &refuse);
	}

	/* Our own resets are related to what they reset; without this they never
	 * arrive. So is what a helper expects (FTP's data), which nobody allowed. */
	match_ct_state(b, CT_RELATED);
	match_ct_unexpected(b);
	rule_accept(b);
	if (guarded)
		guard_accept_redirected(b, draft);
	else
		accept_loopback(b);

	for (size_t i = 0; i < 2; i++) {
		match_flow(b, DESTINATION, &set_ports[i]);
		mark_and_accept(b, draft);
	}
	if (guarded)
		guard_accept_listed(b, draft, DESTINATION);
	match_service(b, DESTINATION, &set_dns);
	rule_goto(b, &refuse);
	/* Behind the refusal of DNS: what conntrack knows of a question that netpale asked
	 * on loopback spares who uses the same port the redirect. */
	if (guarded)
		accept_loopback(b);
	for (size_t i = 0; i < 2; i++)
		accept_allowed(b, draft, i, DESTINATION);
	if (guarded)
		guard_accept_any(b, draft, DESTINATION);

	rule_goto(b, &refuse);
	chain_end(b);
}

static void refuse_rules(struct builder *b, const struct draft *draft)
{
	chain_begin(b, &refuse);
	match_ct_state(b, CT_INVALID);
	drop_silently(b, draft);
	if (!draft->options->quiet) {
		count_daddr(b, &set_refused[0]);
		rule_end(b);
		count_daddr(b, &set_refused[1]);
		rule_end(b);
		log_some(b, draft_is_audit(draft) ? &audited : &refusals);
		rule_end(b);
	}
	if (draft_is_audit(draft)) {
		/* Marked, so that a flow is recorded once and not for every packet. */
		mark_and_accept(b, draft);
	} else {
		/* A reset tells TCP at once; of ICMP errors the kernel sends only so
		 * many a second, and IPv6 connects do not hear the first. */
		match_tcp(b);
		rule_reset(b);
		rule_reject(b);
	}
	chain_end(b);
}

static void add_rules(struct builder *b, const struct draft *draft)
{
	output_rules(b, draft);
	forward_rules(b, draft);
	input_rules(b, draft);
	post_rules(b, draft);
	egress_rules(b, draft);
	refuse_rules(b, draft);
	if (!draft_is_guarded(draft))
		return;
	guard_redirect(b, draft);
	guard_keep_apart(b, draft);
}

/* A new table can be asked for as ours. The kernel never changes PERSIST, and gives one that
 * stands to a new owner only where the old one left it so. Said aloud also when there is
 * none: a table that somebody made dormant wakes up. */
static uint32_t table_flags(const struct draft *draft, const struct standing *standing)
{
	const uint32_t owned = NFT_TABLE_F_OWNER | TABLE_PERSIST;
	bool own = draft->options->own;

	if (!standing->stands)
		return own ? owned : 0;
	if (own && standing->flags & TABLE_PERSIST)
		return owned;
	return standing->flags & owned;
}

static int assemble(struct builder *b, struct draft *draft,
		    const struct standing *standing, struct error *err)
{
	uint32_t flags = table_flags(draft, standing);

	b->accepts = draft_is_audit(draft);
	b->suffix = replace_suffix(draft, standing);
	b->ruleset->quiet = draft->options->quiet;
	b->ruleset->plain = b->suffix[0] == '\0';
	b->ruleset->guarded = draft_is_guarded(draft);
	b->ruleset->owned = flags & NFT_TABLE_F_OWNER;
	b->ruleset->counting = standing_uses(standing, set_refused[0].name);

	table_begin(b);
	table_set(b, flags);
	replace_unused(b, standing);
	if (draft_fill_sets(b, draft, err) < 0)
		return -1;

	b->ruleset->swap = b->ruleset->count;
	table_delete_rules(b);
	replace_used(b, standing, chains, chain_count(draft));
	for (size_t i = 0; i < chain_count(draft); i++)
		chain_add(b, chains[i]);
	add_rules(b, draft);
	table_end(b);
	return 0;
}

static int build(struct draft *draft, bool with_text, struct ruleset **ret,
		 struct error *err)
{
	struct standing standing CLEANUP(standing_release) = { 0 };
	struct builder b;

	if (standing_read(&standing, draft->options->standing,
			  draft->options->standing_length, err) < 0 ||
	    builder_init(&b, RULESET_TABLE, with_text, err) < 0)
		return -1;
	if (assemble(&b, draft, &standing, err) < 0) {
		builder_abandon(&b);
		return -1;
	}
	return builder_finish(&b, ret, err);
}

int ruleset_build(const struct plan *plan, const struct ruleset_options *options,
		  bool with_text, struct ruleset **ret, struct error *err)
{
	struct draft draft = { .plan = plan, .options = options };

	if (!plan->fenced)
		return error_set(err, ERROR_POLICY,
				 "the policy refuses nothing: no fence");
	return build(&draft, with_text, ret, err);
}

int ruleset_build_closed(const struct site *site, const struct ruleset_options *options,
			 struct ruleset **ret, struct error *err)
{
	static const struct plan nothing = { .mode = MODE_NONE, .dns = STANCE_PINNED };
	struct draft draft = { .plan = &nothing, .site = site, .options = options };

	return build(&draft, true, ret, err);
}
