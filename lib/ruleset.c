#include "lib/ruleset.h"

#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <libmnl/libmnl.h>

#include "lib/fence.h"

/* The fence, rule by rule. Packets of a flow that a rule accepted carry MARK in their conntrack
 * entry and take the short way; all others, those of flows that are older than this fence too,
 * are looked up again, because a mark belongs to one fence only. */

static const struct chain output = { "output", NF_INET_LOCAL_OUT };
static const struct chain forward = { "forward", NF_INET_FORWARD };
static const struct chain input = { "input", NF_INET_LOCAL_IN };
static const struct chain post = { "post", NF_INET_POST_ROUTING };
static const struct chain egress = { "egress", CHAIN_INNER };
static const struct chain refuse = { "refuse", CHAIN_INNER };

static const struct chain *const chains[] = { &output, &forward, &input,
					      &post,   &egress,  &refuse };

static const struct prefix docker_dns = { { 0x7f00000b, FAMILY_4 }, 32 };
static const struct prefix loopback[] = { { { 0x7f000000, FAMILY_4 }, 8 },
					  { { 1, FAMILY_6 }, 128 } };

/* Who Docker's resolver asks as, from within our namespace: root, or a root whom our user
 * namespace does not know. */
static const uint32_t docker_uids[] = { 0, 65534 };

static void accept_marked(struct builder *b, const struct fence *fence)
{
	match_ct_state(b, CT_ESTABLISHED);
	match_ct_mark(b, fence->options->flow_mark);
	rule_accept(b);
}

static void mark_and_accept(struct builder *b, const struct fence *fence)
{
	set_ct_mark(b, fence->options->flow_mark);
	rule_accept(b);
}

/* The other side of a flow that came in. After a new apply the container may be the first to
 * speak again. A flow older than the first fence cannot get here: conntrack would have to see it
 * begin inwards, and chain input lets TCP begin with a SYN only. */
static void accept_replies(struct builder *b, const struct fence *fence)
{
	match_ct_state(b, CT_ESTABLISHED);
	match_ct_direction(b, true);
	if (!fence->plan->inbound_open)
		match_service(b, SOURCE, &set_inbound);
	mark_and_accept(b, fence);
}

static void output_rules(struct builder *b, const struct fence *fence)
{
	chain_begin(b, &output);
	accept_marked(b, fence);

	match_mark(b, true, fence->options->socket_mark);
	match_service(b, DESTINATION, &set_dns);
	rule_accept(b);

	/* A hop limit of 255 cannot have come through, or go through, a router. */
	match_icmp6(b, &set_nd_out);
	match_hoplimit(b, 255);
	rule_accept(b);

	/* DNS flows get no mark: they end with the fence that has these rules. */
	for (size_t i = 0; i < 2 && !fence->site; i++) {
		match_flow(b, DESTINATION, &set_resolver[i]);
		rule_accept(b);
	}
	for (size_t i = 0; i < 4 && fence->site; i++) {
		match_skuid(b, docker_uids[i % 2]);
		match_flow(b, DESTINATION, &set_resolver[i / 2]);
		rule_accept(b);
	}

	accept_replies(b, fence);
	rule_jump(b, &egress);
	chain_end(b);
}

/* Containers inside this one obey too. */
static void forward_rules(struct builder *b, const struct fence *fence)
{
	chain_begin(b, &forward);
	accept_marked(b, fence);

	/* After a new apply the far side of a flow that is kept may be the first to speak. */
	for (size_t i = 0; i < 2; i++) {
		match_ct_state(b, CT_ESTABLISHED);
		match_ct_direction(b, true);
		match_addr(b, SOURCE, &set_allow[i]);
		mark_and_accept(b, fence);

		match_ct_state(b, CT_ESTABLISHED);
		match_ct_direction(b, true);
		match_flow(b, SOURCE, &set_ports[i]);
		mark_and_accept(b, fence);
	}

	rule_jump(b, &egress);
	chain_end(b);
}

static void input_rules(struct builder *b, const struct fence *fence)
{
	chain_begin(b, &input);
	match_iif(b, "lo");
	rule_accept(b);
	accept_marked(b, fence);

	/* The far side of a connection older than conntrack: its push would make an entry that
	 * looks as if it had come in, and our answers its replies. */
	match_ct_state(b, CT_NEW);
	match_tcp_no_syn(b);
	rule_goto(b, &refuse);

	/* Only what began inwards: a range of ports may contain those our own flows use. */
	match_ct_direction(b, false);
	if (!fence->plan->inbound_open)
		match_service(b, DESTINATION, &set_inbound);
	mark_and_accept(b, fence);

	match_ct_state(b, CT_ESTABLISHED | CT_RELATED);
	rule_accept(b);

	match_icmp6(b, &set_nd_in);
	match_hoplimit(b, 255);
	rule_accept(b);
	match_icmp6(b, &set_mld);
	rule_accept(b);

	rule_goto(b, &refuse);
	chain_end(b);
}

/* A socket bound to a device could put loopback's addresses on the wire. */
static void post_rules(struct builder *b, const struct fence *fence)
{
	chain_begin(b, &post);
	for (size_t i = 0; i < 4 && fence->plan->mode != MODE_AUDIT; i++) {
		match_oif(b, false, "lo");
		match_prefix(b, i % 2 ? SOURCE : DESTINATION, &loopback[i / 2]);
		rule_drop(b);
	}
	chain_end(b);
}

static void egress_rules(struct builder *b, const struct fence *fence)
{
	const struct plan *plan = fence->plan;

	chain_begin(b, &egress);

	/* Docker's resolver recurses any name. Every port: to this hook its 53 has become a
	 * random one, which anybody can read in /proc/net/udp. */
	if (plan->mode == MODE_NONE || plan->dns != STANCE_RESOLVERS) {
		match_prefix(b, DESTINATION, &docker_dns);
		match_mark(b, false, fence->options->socket_mark);
		rule_goto(b, &refuse);
	}

	/* Our own resets are related to what they reset; without this they never arrive. */
	match_ct_state(b, CT_RELATED);
	rule_accept(b);
	match_oif(b, true, "lo");
	rule_accept(b);

	for (size_t i = 0; i < 2; i++) {
		match_flow(b, DESTINATION, &set_ports[i]);
		mark_and_accept(b, fence);
	}
	match_service(b, DESTINATION, &set_dns);
	rule_goto(b, &refuse);
	for (size_t i = 0; i < 2; i++) {
		match_addr(b, DESTINATION, &set_allow[i]);
		mark_and_accept(b, fence);
	}

	rule_goto(b, &refuse);
	chain_end(b);
}

static void refuse_rules(struct builder *b, const struct fence *fence)
{
	bool audit = fence->plan->mode == MODE_AUDIT;

	chain_begin(b, &refuse);
	if (!audit) {
		match_ct_state(b, CT_INVALID);
		rule_drop(b);
	}
	for (size_t i = 0; i < 2 && !fence->options->quiet; i++) {
		count_daddr(b, &set_refused[i]);
		rule_end(b);
	}
	if (!fence->options->quiet) {
		log_some(b, RULESET_LOG_GROUP);
		rule_end(b);
	}

	if (audit) {
		/* Marked, so that a flow is recorded once and not for every packet. */
		mark_and_accept(b, fence);
	} else {
		/* A reset tells TCP at once; of ICMP errors the kernel sends only so many a
		 * second, and IPv6 connects do not hear the first. */
		match_tcp(b);
		rule_reset(b);
		rule_reject(b);
	}
	chain_end(b);
}

static void add_rules(struct builder *b, const struct fence *fence)
{
	output_rules(b, fence);
	forward_rules(b, fence);
	input_rules(b, fence);
	post_rules(b, fence);
	egress_rules(b, fence);
	refuse_rules(b, fence);
}

#define SUFFIX_A ""
#define SUFFIX_B "_b"

/* Everything before the chains. */
static int add_sets(struct builder *b, const struct fence *fence, struct error *err)
{
	if (fence->options->form == RULESET_WHOLE) {
		table_add(b);
		table_delete(b);
		table_add(b);
	} else {
		b->suffix = fence->options->form == RULESET_BESIDE_A ? SUFFIX_A : SUFFIX_B;
		b->step = RULESET_CLEAR;
		table_add(b);
		/* What does not exist cannot be deleted, so it is added first. */
		fence_add_sets(b, b->suffix);
		fence_delete_sets(b, b->suffix);
		b->step = RULESET_FILL;
	}
	return fence_fill_sets(b, fence, err);
}

static void add_chains(struct builder *b, const struct fence *fence)
{
	b->step = RULESET_SWAP;
	for (size_t i = 0; i < ARRAY_SIZE(chains); i++)
		chain_add(b, chains[i]);
	if (fence->options->form != RULESET_WHOLE)
		table_delete_rules(b);
}

static void delete_other_sets(struct builder *b, const struct fence *fence)
{
	const char *suffix = fence->options->form == RULESET_BESIDE_A ? SUFFIX_B : SUFFIX_A;

	if (fence->options->form == RULESET_WHOLE)
		return;
	fence_add_sets(b, suffix);
	fence_delete_sets(b, suffix);
}

static int build(const struct fence *fence, bool with_text, struct ruleset **ret,
		 struct error *err)
{
	struct builder b;
	int result;

	if (builder_init(&b, RULESET_TABLE, with_text, err) < 0)
		return -1;
	b.accepts = fence->plan->mode == MODE_AUDIT;
	b.ruleset->quiet = fence->options->quiet;
	table_begin(&b);
	result = add_sets(&b, fence, err);
	add_chains(&b, fence);
	add_rules(&b, fence);
	delete_other_sets(&b, fence);
	table_end(&b);
	if (result < 0) {
		builder_abandon(&b);
		return -1;
	}
	return builder_finish(&b, ret, err);
}

int ruleset_build(const struct plan *plan, const struct ruleset_options *options,
		  bool with_text, struct ruleset **ret, struct error *err)
{
	const struct fence fence = { .plan = plan, .options = options };

	if (!plan->fenced)
		return error_set(err, ERROR_POLICY, "the policy refuses nothing: no fence");
	return build(&fence, with_text, ret, err);
}

int ruleset_build_closed(const struct site *site, const struct ruleset_options *options,
			 struct ruleset **ret, struct error *err)
{
	static const struct plan nothing = { .mode = MODE_NONE, .dns = STANCE_PINNED };
	const struct fence fence = { .plan = &nothing, .site = site, .options = options };

	return build(&fence, true, ret, err);
}

bool ruleset_uses_b(const void *messages, size_t length)
{
	static const char name[] = "dns" SUFFIX_B;
	int left = (int)length;

	for (const struct nlmsghdr *m = messages; mnl_nlmsg_ok(m, left);
	     m = mnl_nlmsg_next(m, &left))
		if (NFNL_MSG_TYPE(m->nlmsg_type) == NFT_MSG_NEWRULE &&
		    memmem(m, m->nlmsg_len, name, sizeof(name)))
			return true;
	return false;
}

int ruleset_build_removal(struct ruleset **ret, struct error *err)
{
	struct builder b;

	if (builder_init(&b, RULESET_TABLE, false, err) < 0)
		return -1;
	/* What does not exist cannot be deleted, so it is added first. */
	table_add(&b);
	table_delete(&b);
	return builder_finish(&b, ret, err);
}
