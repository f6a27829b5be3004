#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>

#include "lib/buf.h"
#include "lib/neighbours.h"

/* What a rule elsewhere does is told whatever the kernel of the machine can do; the rest is tried on a
 * real one (tests/netns/verify-finds-what-others-do.sh). */

/* `type` NULL: no base chain. */
static void put_chain_of(struct buf *dump, uint16_t family, const char *name,
			 const char *type, uint32_t hook, int32_t priority)
{
	struct nftnl_chain *chain = nftnl_chain_alloc();
	char bytes[4096];
	struct nlmsghdr *m = nftnl_nlmsg_build_hdr(bytes, NFT_MSG_NEWCHAIN, family, 0, 0);

	nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, "foo");
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, name);
	if (type) {
		nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, type);
		nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, hook);
		nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, priority);
	}
	nftnl_chain_nlmsg_build_payload(m, chain);
	buf_add(dump, bytes, MNL_ALIGN(m->nlmsg_len));
	nftnl_chain_free(chain);
}

static void put_chain(struct buf *dump, const char *name, bool base, uint32_t hook,
		      int32_t priority)
{
	put_chain_of(dump, NFPROTO_IPV4, name, base ? "filter" : NULL, hook, priority);
}

static void put_rule_of(struct buf *dump, uint16_t family, const char *chain,
			struct nftnl_expr *e)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	char bytes[4096];
	struct nlmsghdr *m = nftnl_nlmsg_build_hdr(bytes, NFT_MSG_NEWRULE, family, 0, 0);

	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, "foo");
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, chain);
	nftnl_rule_add_expr(rule, e);
	nftnl_rule_nlmsg_build_payload(m, rule);
	buf_add(dump, bytes, MNL_ALIGN(m->nlmsg_len));
	nftnl_rule_free(rule);
}

static void put_rule(struct buf *dump, const char *chain, struct nftnl_expr *e)
{
	put_rule_of(dump, NFPROTO_IPV4, chain, e);
}

static struct nftnl_expr *jump_to(const char *chain)
{
	struct nftnl_expr *e = nftnl_expr_alloc("immediate");

	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_VERDICT, (uint32_t)NFT_JUMP);
	nftnl_expr_set_str(e, NFTNL_EXPR_IMM_CHAIN, chain);
	return e;
}

static void assert_found(const struct buf *dump, const char *kind, const char *text)
{
	struct arena *arena CLEANUP(arena_freep) = arena_new(0);
	struct findings found = { .arena = arena };
	struct error err = { 0 };

	if (neighbours_find(dump->data, dump->length, &found, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(found.total, kind ? 1 : 0);
	if (!kind)
		return;
	assert_string_equal(found.v[0].kind, kind);
	assert_string_equal(found.v[0].text, text);
}

/* A chain of iptables's targets and of expressions that need no more than their name. */
static void every_statement_has_its_kind(void **state)
{
#define OUTPUT_CHAIN "table ip foo, chain bar (output, priority -5): "
#define BEFORE " before the fence sees them"
	static const struct {
		const char *name, *target, *kind, *text;
	} cases[] = {
		{ "queue", NULL, "another table queues",
		  OUTPUT_CHAIN "lets a program decide about packets" BEFORE ": queue" },
		{ "target", "NFQUEUE", "another table queues",
		  OUTPUT_CHAIN "lets a program decide about packets" BEFORE
			       ": xt target \"NFQUEUE\"" },
		{ "target", "MARK", "another table marks",
		  OUTPUT_CHAIN "marks packets or connections" BEFORE
			       ": xt target \"MARK\"" },
		{ "target", "TEE", "another table sends",
		  OUTPUT_CHAIN "sends packets by another way" BEFORE
			       ": xt target \"TEE\"" },
		{ "target", "UNHEARDOF", "another table rewrites",
		  OUTPUT_CHAIN "rewrites packets" BEFORE ": xt target \"UNHEARDOF\"" },
		{ "target", "LOG", NULL, NULL },
		{ "redir", NULL, "another table rewrites",
		  OUTPUT_CHAIN "rewrites destinations" BEFORE ": redirect" },
		{ "tproxy", NULL, "another table rewrites",
		  OUTPUT_CHAIN "rewrites destinations" BEFORE ": tproxy" },
		{ "flow_offload", NULL, "another table offloads",
		  OUTPUT_CHAIN "lets packets skip chains" BEFORE ": flow add" },
		{ "counter", NULL, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf dump CLEANUP(buf_release) = { 0 };
		struct nftnl_expr *e = nftnl_expr_alloc(cases[i].name);

		assert_non_null(e);
		if (cases[i].target) {
			nftnl_expr_set_str(e, NFTNL_EXPR_TG_NAME, cases[i].target);
			nftnl_expr_set_u32(e, NFTNL_EXPR_TG_REV, 0);
			nftnl_expr_set(e, NFTNL_EXPR_TG_INFO, calloc(1, 8), 8);
		}
		put_chain(&dump, "bar", true, NF_INET_LOCAL_OUT, -5);
		put_rule(&dump, "bar", e);
		assert_found(&dump, cases[i].kind, cases[i].text);
	}
}

/* Whether the fence decides after it, beside it or before it. */
static void where_and_when_are_told(void **state)
{
#define AFTER " after the fence let them pass"
	static const struct {
		uint16_t family;
		const char *type;
		uint32_t hook;
		int32_t priority;
		const char *where, *when;
	} cases[] = {
		{ NFPROTO_INET, "filter", NF_INET_PRE_ROUTING, 5,
		  "inet foo, chain bar (prerouting, priority 5)", BEFORE },
		{ NFPROTO_IPV6, "filter", NF_INET_LOCAL_OUT, 0,
		  "ip6 foo, chain bar (output, priority 0)", " beside the fence" },
		{ NFPROTO_IPV6, "nat", NF_INET_LOCAL_OUT, 5,
		  "ip6 foo, chain bar (output, priority 5)", BEFORE },
		{ NFPROTO_IPV4, "nat", NF_INET_LOCAL_IN, -5,
		  "ip foo, chain bar (input, priority -5)", AFTER },
		{ NFPROTO_ARP, "filter", 1, 5, "arp foo, chain bar (output, priority 5)",
		  AFTER },
		{ NFPROTO_BRIDGE, "filter", NF_INET_FORWARD, -5,
		  "bridge foo, chain bar (forward, priority -5)", BEFORE },
		{ NFPROTO_NETDEV, "filter", 1, -5,
		  "netdev foo, chain bar (egress, priority -5)", AFTER },
		{ 77, "filter", NF_INET_FORWARD, -5,
		  "? foo, chain bar (forward, priority -5)", BEFORE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf dump CLEANUP(buf_release) = { 0 };
		char text[256];

		put_chain_of(&dump, cases[i].family, "bar", cases[i].type, cases[i].hook,
			     cases[i].priority);
		put_rule_of(&dump, cases[i].family, "bar", nftnl_expr_alloc("queue"));
		put_rule_of(&dump, cases[i].family, "bar", nftnl_expr_alloc("queue"));
		snprintf(text, sizeof(text),
			 "table %s: lets a program decide about packets%s: queue (and 1 "
			 "more)",
			 cases[i].where, cases[i].when);
		assert_found(&dump, "another table queues", text);
	}
}

static void jumps_are_followed_as_far_as_they_go(void **state)
{
	struct buf dump CLEANUP(buf_release) = { 0 };

	(void)state;
	/* In a circle, which the kernel would not take; to a chain that is not there; and rules
	 * before their chains. */
	put_rule(&dump, "c", nftnl_expr_alloc("masq"));
	put_rule(&dump, "bar", jump_to("b"));
	put_rule(&dump, "b", jump_to("c"));
	put_rule(&dump, "c", jump_to("b"));
	put_rule(&dump, "c", jump_to("nowhere"));
	put_chain(&dump, "c", false, 0, 0);
	put_chain(&dump, "b", false, 0, 0);
	assert_found(&dump, NULL, NULL);
	put_chain(&dump, "bar", true, NF_INET_POST_ROUTING, 5);
	assert_found(&dump, "another table rewrites",
		     "table ip foo, chain bar (postrouting, priority 5), chain c from "
		     "there: rewrites sources after the fence let them pass: masquerade");
}

/* Only chains of its own table. */
static void a_map_may_lead_to_every_chain(void **state)
{
	struct buf dump CLEANUP(buf_release) = { 0 };
	struct nftnl_expr *map = nftnl_expr_alloc("lookup");

	(void)state;
	nftnl_expr_set_u32(map, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(map, NFTNL_EXPR_LOOKUP_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_str(map, NFTNL_EXPR_LOOKUP_SET, "where");
	put_chain(&dump, "other", true, NF_INET_LOCAL_IN, 5);
	put_chain(&dump, "bar", true, NF_INET_POST_ROUTING, 5);
	put_chain(&dump, "far", false, 0, 0);
	put_chain(&dump, "b", false, 0, 0);
	put_rule(&dump, "bar", jump_to("b"));
	put_rule(&dump, "far", nftnl_expr_alloc("masq"));
	assert_found(&dump, NULL, NULL);
	put_rule(&dump, "b", map);
	assert_found(&dump, "another table rewrites",
		     "table ip foo, chain bar (postrouting, priority 5), chain far from "
		     "there: rewrites sources after the fence let them pass: masquerade");
}

static void put_map(struct buf *dump, const char *name, uint32_t object)
{
	struct nftnl_set *set = nftnl_set_alloc();
	char bytes[4096];
	struct nlmsghdr *m =
		nftnl_nlmsg_build_hdr(bytes, NFT_MSG_NEWSET, NFPROTO_IPV4, 0, 0);

	nftnl_set_set_str(set, NFTNL_SET_TABLE, "foo");
	nftnl_set_set_str(set, NFTNL_SET_NAME, name);
	nftnl_set_set_u32(set, NFTNL_SET_OBJ_TYPE, object);
	nftnl_set_nlmsg_build_payload(m, set);
	buf_add(dump, bytes, MNL_ALIGN(m->nlmsg_len));
	nftnl_set_free(set);
}

/* Objects may be named by a map: what they do is known by the map's type. */
static void objects_do_what_their_type_says(void **state)
{
	static const struct {
		uint32_t type;
		const char *kind, *text;
	} cases[] = {
		{ NFT_OBJECT_CT_HELPER, "another table expects",
		  OUTPUT_CHAIN "lets packets count as related" BEFORE
			       ": object (something) map @m" },
		{ NFT_OBJECT_SYNPROXY, "another table sends",
		  OUTPUT_CHAIN "sends packets by another way" BEFORE
			       ": object (something) map @m" },
		{ NFT_OBJECT_COUNTER, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf dump CLEANUP(buf_release) = { 0 };
		struct nftnl_expr *e = nftnl_expr_alloc("objref");

		nftnl_expr_set_u32(e, NFTNL_EXPR_OBJREF_SET_SREG, NFT_REG_1);
		nftnl_expr_set_str(e, NFTNL_EXPR_OBJREF_SET_NAME, "m");
		put_chain(&dump, "bar", true, NF_INET_LOCAL_OUT, -5);
		put_rule(&dump, "bar", e);
		put_map(&dump, "of-no-use", NFT_OBJECT_CT_HELPER);
		put_map(&dump, "m", cases[i].type);
		assert_found(&dump, cases[i].kind, cases[i].text);
	}
}

static void a_rule_that_cannot_be_read_is_told(void **state)
{
	struct buf dump CLEANUP(buf_release) = { 0 };
	char *name;

	(void)state;
	put_chain(&dump, "bar", true, NF_INET_LOCAL_OUT, 0);
	put_rule(&dump, "bar", nftnl_expr_alloc("notrack"));
	name = memmem(dump.data, dump.length, "notrack", 7);
	assert_non_null(name);
	memcpy(name, "newfang", 7);
	assert_found(
		&dump, "another table is unreadable",
		"table ip foo, chain bar (output, priority 0): has rules that cannot be "
		"read");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_statement_has_its_kind),
		cmocka_unit_test(where_and_when_are_told),
		cmocka_unit_test(jumps_are_followed_as_far_as_they_go),
		cmocka_unit_test(a_map_may_lead_to_every_chain),
		cmocka_unit_test(objects_do_what_their_type_says),
		cmocka_unit_test(a_rule_that_cannot_be_read_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
