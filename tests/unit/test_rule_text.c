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
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>

#include "lib/rule_text.h"

/* Rules put together as the kernel gives them back, by machine words; tests/netns has the same of a real
 * kernel's, but only those that it can make. */

#define DOCKER "\x7f\0\0\x0b"
#define OTHER "\xc6\x33\x64\x01" /* 198.51.100.1 */
#define SIX "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"

static struct nftnl_expr *add(struct nftnl_rule *rule, const char *name)
{
	struct nftnl_expr *e = nftnl_expr_alloc(name);

	assert_non_null(e);
	nftnl_rule_add_expr(rule, e);
	return e;
}

static void add_meta(struct nftnl_rule *rule, uint32_t key)
{
	struct nftnl_expr *e = add(rule, "meta");

	nftnl_expr_set_u32(e, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_DREG, NFT_REG_1);
}

static void add_ct(struct nftnl_rule *rule, uint32_t key)
{
	struct nftnl_expr *e = add(rule, "ct");

	nftnl_expr_set_u32(e, NFTNL_EXPR_CT_KEY, key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CT_DREG, NFT_REG_1);
}

static void place_payload(struct nftnl_expr *e, uint32_t base, uint32_t offset,
			  uint32_t length)
{
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, length);
}

static void add_payload(struct nftnl_rule *rule, uint32_t base, uint32_t offset,
			uint32_t length)
{
	struct nftnl_expr *e = add(rule, "payload");

	place_payload(e, base, offset, length);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
}

static void add_cmp(struct nftnl_rule *rule, uint32_t op, const void *bytes,
		    uint32_t length)
{
	struct nftnl_expr *e = add(rule, "cmp");

	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, op);
	nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, bytes, length);
}

static void add_mask(struct nftnl_rule *rule, const void *mask, uint32_t length)
{
	struct nftnl_expr *e = add(rule, "bitwise");

	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_LEN, length);
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_MASK, mask, length);
}

static void add_ports(struct nftnl_rule *rule, uint32_t op)
{
	struct nftnl_expr *e = add(rule, "range");

	nftnl_expr_set_u32(e, NFTNL_EXPR_RANGE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_RANGE_OP, op);
	nftnl_expr_set(e, NFTNL_EXPR_RANGE_FROM_DATA, "\x03\xe8", 2);
	nftnl_expr_set(e, NFTNL_EXPR_RANGE_TO_DATA, "\x07\xd0", 2);
}

static void add_constant(struct nftnl_rule *rule, uint32_t reg, const void *bytes,
			 uint32_t length)
{
	struct nftnl_expr *e = add(rule, "immediate");

	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, reg);
	nftnl_expr_set(e, NFTNL_EXPR_IMM_DATA, bytes, length);
}

static void add_map(struct nftnl_rule *rule)
{
	struct nftnl_expr *e = add(rule, "lookup");

	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_DREG, NFT_REG_1);
	nftnl_expr_set_str(e, NFTNL_EXPR_LOOKUP_SET, "m");
}

static void add_nat(struct nftnl_rule *rule, uint32_t type, uint32_t family, bool port)
{
	struct nftnl_expr *e = add(rule, "nat");

	nftnl_expr_set_u32(e, NFTNL_EXPR_NAT_TYPE, type);
	nftnl_expr_set_u32(e, NFTNL_EXPR_NAT_FAMILY, family);
	nftnl_expr_set_u32(e, NFTNL_EXPR_NAT_REG_ADDR_MIN, NFT_REG_1);
	if (port)
		nftnl_expr_set_u32(e, NFTNL_EXPR_NAT_REG_PROTO_MIN, NFT_REG_2);
}

static void add_target(struct nftnl_rule *rule, const char *name, uint32_t revision,
		       const void *info, uint32_t length)
{
	struct nftnl_expr *e = add(rule, "target");
	void *own = malloc(length); /* the expression's from then on */

	assert_non_null(own);
	memcpy(own, info, length);
	nftnl_expr_set_str(e, NFTNL_EXPR_TG_NAME, name);
	nftnl_expr_set_u32(e, NFTNL_EXPR_TG_REV, revision);
	nftnl_expr_set(e, NFTNL_EXPR_TG_INFO, own, length);
}

/* Of iptables-nft: what goes to Docker's resolver. */
static void add_docker(struct nftnl_rule *rule)
{
	add_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 16, 4);
	add_cmp(rule, NFT_CMP_EQ, DOCKER, 4);
}

/* Takes the rule's expressions away again. */
static struct rule_text read_rule(struct nftnl_rule **rule, uint8_t family)
{
	struct rule_text text;

	rule_text_read(*rule, family, &text);
	nftnl_rule_free(*rule);
	*rule = nftnl_rule_alloc();
	return text;
}

#define assert_rule(rule, family, words, does)                                           \
	do {                                                                             \
		struct rule_text text_ = read_rule(&(rule), family);                     \
		assert_string_equal(text_.text.data, words);                             \
		assert_int_equal(text_.effects, does);                                   \
		rule_text_release(&text_);                                               \
	} while (0)

static void fields_have_their_names(void **state)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	(void)state;
	add_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 9, 1);
	add_cmp(rule, NFT_CMP_EQ, "\x11", 1);
	assert_rule(rule, NFPROTO_IPV4, "ip protocol udp", 0);
	add_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 9, 1);
	add_cmp(rule, NFT_CMP_NEQ, "\x84", 1);
	assert_rule(rule, NFPROTO_IPV4, "ip protocol != 132", 0);
	add_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 9, 1);
	add_cmp(rule, NFT_CMP_EQ, "\x01", 1);
	assert_rule(rule, NFPROTO_IPV4, "ip protocol icmp", 0);
	add_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 7, 1);
	add_cmp(rule, NFT_CMP_LT, "\xff", 1);
	assert_rule(rule, NFPROTO_IPV6, "ip6 hoplimit < 255", 0);
	add_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 8, 16);
	add_cmp(rule, NFT_CMP_EQ, SIX, 16);
	assert_rule(rule, NFPROTO_INET, "ip6 saddr 2001:db8::1", 0);
	add_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 0, 12);
	add_cmp(rule, NFT_CMP_EQ, "\x45\0\0\0\0\0\0\0\0\0\0\x01", 12);
	assert_rule(rule, NFPROTO_IPV4, "@nh,0,96 0x450000000000000000000001", 0);
	add_meta(rule, 99);
	add_cmp(rule, NFT_CMP_EQ, "\0\0\0\x05", 4);
	assert_rule(rule, NFPROTO_IPV4, "meta 99 5", 0);
	nftnl_rule_free(rule);
}

static void ranges_and_networks_are_told_as_written(void **state)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	(void)state;
	for (int not= 0; not< 2; not++) {
		add_meta(rule, NFT_META_L4PROTO);
		add_cmp(rule, NFT_CMP_EQ, "\x06", 1);
		add_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2);
		add_ports(rule, not? NFT_RANGE_NEQ : NFT_RANGE_EQ);
		assert_rule(rule, NFPROTO_INET,
			    not? "tcp dport != 1000-2000" : "tcp dport 1000-2000", 0);
	}
	add_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 16, 4);
	add_mask(rule, "\xff\xff\xf0\0", 4);
	add_cmp(rule, NFT_CMP_EQ, "\xc6\x33\x60\0", 4);
	assert_rule(rule, NFPROTO_IPV4, "ip daddr 198.51.96.0/20", 0);
	add_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 12, 3);
	add_cmp(rule, NFT_CMP_NEQ, OTHER, 3);
	assert_rule(rule, NFPROTO_IPV4, "ip saddr != 198.51.100.0/24", 0);
	add_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2);
	add_mask(rule, "\0\x0f", 2);
	add_cmp(rule, NFT_CMP_EQ, "\0\x01", 2);
	assert_rule(rule, NFPROTO_INET, "th sport 1 (masked)", 0);
	nftnl_rule_free(rule);
}

static void flags_are_told_by_name(void **state)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	const uint32_t states = 6, statuses = 0x102, none = 0;

	(void)state;
	add_ct(rule, NFT_CT_STATE);
	add_mask(rule, &states, 4);
	add_cmp(rule, NFT_CMP_NEQ, &none, 4);
	assert_rule(rule, NFPROTO_INET, "ct state established,related", 0);
	add_ct(rule, NFT_CT_STATUS);
	add_mask(rule, &statuses, 4);
	add_cmp(rule, NFT_CMP_NEQ, &none, 4);
	assert_rule(rule, NFPROTO_INET, "ct status seen-reply,0x100", 0);
	/* All of the bits, not some. */
	add_ct(rule, NFT_CT_STATE);
	add_mask(rule, &states, 4);
	add_cmp(rule, NFT_CMP_EQ, &states, 4);
	assert_rule(rule, NFPROTO_INET, "ct state established,related (masked)", 0);
	nftnl_rule_free(rule);
}

static void what_is_not_known_is_something(void **state)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	(void)state;
	add_mask(rule, "\xff", 1);
	add_cmp(rule, NFT_CMP_EQ, "\x01", 1);
	assert_rule(rule, NFPROTO_IPV4, "(something) 1", 0);
	assert_rule(rule, NFPROTO_IPV4, "(an empty rule)", 0);
	nftnl_expr_set_u32(add(rule, "immediate"), NFTNL_EXPR_IMM_VERDICT, 77);
	assert_rule(rule, NFPROTO_IPV4, "(another verdict)", 0);
	nftnl_expr_set_u32(add(rule, "meta"), NFTNL_EXPR_META_DREG, 77);
	add(rule, "counter");
	assert_rule(rule, NFPROTO_IPV4, "counter", 0);
	nftnl_rule_free(rule);
}

static void a_translation_tells_where_to(void **state)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	(void)state;
	add_constant(rule, NFT_REG_1, OTHER, 4);
	add_constant(rule, NFT_REG_2, "\0\x35", 2);
	add_nat(rule, NFT_NAT_DNAT, NFPROTO_IPV4, true);
	assert_rule(rule, NFPROTO_IPV4, "dnat to 198.51.100.1:53", RULE_REWRITES_TO);
	add_constant(rule, NFT_REG_1, SIX, 16);
	add_nat(rule, NFT_NAT_SNAT, NFPROTO_IPV6, false);
	assert_rule(rule, NFPROTO_IPV6, "snat to 2001:db8::1", RULE_REWRITES_FROM);
	add_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 16, 4);
	add_map(rule);
	add_nat(rule, NFT_NAT_DNAT, NFPROTO_IPV4, false);
	assert_rule(rule, NFPROTO_IPV4, "ip daddr map @m dnat to @m", RULE_REWRITES_TO);
	nftnl_rule_free(rule);
}

static void bytes_that_are_set_are_told(void **state)
{
	static const struct {
		uint32_t base, offset, length;
		const char *words;
	} cases[] = {
		{ NFT_PAYLOAD_NETWORK_HEADER, 16, 4, "ip daddr set 198.51.100.1" },
		{ NFT_PAYLOAD_NETWORK_HEADER, 24, 16, "ip6 daddr set 2001:db8::1" },
		{ NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2, "@th,16,16 set 53" },
		{ NFT_PAYLOAD_NETWORK_HEADER, 12, 4, "@nh,96,32 set 3325256705" },
	};
	static const struct {
		const char *bytes;
		uint32_t length;
	} values[] = { { OTHER, 4 }, { SIX, 16 }, { "\0\x35", 2 }, { OTHER, 4 } };
	struct nftnl_rule *rule = nftnl_rule_alloc();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nftnl_expr *e;

		add_constant(rule, NFT_REG_1, values[i].bytes, values[i].length);
		e = add(rule, "payload");
		place_payload(e, cases[i].base, cases[i].offset, cases[i].length);
		nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_SREG, NFT_REG_1);
		assert_rule(rule, NFPROTO_IPV4, cases[i].words, RULE_REWRITES_BYTES);
	}
	nftnl_expr_set_u32(add(rule, "exthdr"), NFTNL_EXPR_EXTHDR_SREG, NFT_REG_1);
	assert_rule(rule, NFPROTO_IPV4, "exthdr set", RULE_REWRITES_BYTES);
	nftnl_rule_free(rule);
}

static void a_set_and_an_object_have_names(void **state)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	struct nftnl_expr *e;

	(void)state;
	add_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, 12, 4);
	e = add(rule, "dynset");
	nftnl_expr_set_str(e, NFTNL_EXPR_DYNSET_SET_NAME, "seen");
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_SREG_KEY, NFT_REG_1);
	assert_rule(rule, NFPROTO_IPV4, "update @seen { ip saddr }", 0);
	for (int helper = 0; helper < 2; helper++) {
		e = add(rule, "objref");
		nftnl_expr_set_str(e, NFTNL_EXPR_OBJREF_IMM_NAME, "ftp");
		nftnl_expr_set_u32(e, NFTNL_EXPR_OBJREF_IMM_TYPE,
				   helper ? NFT_OBJECT_CT_HELPER : NFT_OBJECT_QUOTA);
		assert_rule(rule, NFPROTO_IPV4,
			    helper ? "ct helper set \"ftp\"" : "object \"ftp\"",
			    helper ? RULE_EXPECTS : 0);
	}
	nftnl_expr_set_str(add(rule, "match"), NFTNL_EXPR_MT_NAME, "owner");
	assert_rule(rule, NFPROTO_IPV4, "xt match \"owner\"", 0);
	nftnl_rule_free(rule);
}

static bool is_dockers(struct nftnl_rule **rule)
{
	struct rule_text text = read_rule(rule, NFPROTO_IPV4);
	bool docker = text.docker_dns;

	rule_text_release(&text);
	return docker;
}

/* Docker's own rules are told apart by what they lead to, not by what they match alone. */
static void only_what_leads_to_dockers_resolver_is_dockers(void **state)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	(void)state;
	for (int other = 0; other < 2; other++) {
		add_docker(rule);
		add_constant(rule, NFT_REG_1, other ? OTHER : DOCKER, 4);
		add_nat(rule, NFT_NAT_DNAT, NFPROTO_IPV4, false);
		assert_int_equal(is_dockers(&rule), !other);
	}
	add_constant(rule, NFT_REG_1, DOCKER, 4);
	add_nat(rule, NFT_NAT_DNAT, NFPROTO_IPV4, false);
	assert_false(is_dockers(&rule));
	add_docker(rule);
	add_map(rule);
	add_nat(rule, NFT_NAT_DNAT, NFPROTO_IPV4, false);
	assert_false(is_dockers(&rule));
	nftnl_rule_free(rule);
}

static void of_iptables_targets_too(void **state)
{
	struct nf_nat_ipv4_multi_range_compat old = { .rangesize = 1 };
	struct nf_nat_range range = { .flags = NF_NAT_RANGE_MAP_IPS };
	struct nftnl_rule *rule = nftnl_rule_alloc();

	(void)state;
	for (int other = 0; other < 3; other++) {
		const char *last = other == 1 ? OTHER : DOCKER;

		old.range[0].flags = NF_NAT_RANGE_MAP_IPS;
		memcpy(&old.range[0].min_ip, DOCKER, 4);
		memcpy(&old.range[0].max_ip, last, 4);
		memcpy(&range.min_addr.ip, DOCKER, 4);
		memcpy(&range.max_addr.ip, last, 4);
		add_docker(rule);
		add_target(rule, "DNAT", 0, &old, sizeof(old) - (other == 2));
		assert_int_equal(is_dockers(&rule), other == 0);
		add_docker(rule);
		add_target(rule, "DNAT", 2, &range, sizeof(range) - (other == 2));
		assert_int_equal(is_dockers(&rule), other == 0);
		add_docker(rule);
		add_target(rule, "REDIRECT", 0, &old, sizeof(old));
		assert_false(is_dockers(&rule));
	}
	/* Ports alone leave the address as it was. */
	old.range[0].flags = NF_NAT_RANGE_PROTO_SPECIFIED;
	memcpy(&old.range[0].min_ip, OTHER, 4);
	add_docker(rule);
	add_target(rule, "SNAT", 0, &old, sizeof(old));
	assert_true(is_dockers(&rule));
	nftnl_rule_free(rule);
}

static void hooks_belong_to_their_family(void **state)
{
	(void)state;
	assert_string_equal(rule_hook_name(NFPROTO_IPV4, NF_INET_POST_ROUTING),
			    "postrouting");
	assert_string_equal(rule_hook_name(NFPROTO_ARP, 1), "output");
	assert_string_equal(rule_hook_name(NFPROTO_NETDEV, 1), "egress");
	assert_string_equal(rule_hook_name(NFPROTO_NETDEV, 2), "an unknown hook");
	assert_string_equal(rule_hook_name(NFPROTO_ARP, 3), "an unknown hook");
	assert_string_equal(rule_hook_name(NFPROTO_INET, 6), "an unknown hook");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_have_their_names),
		cmocka_unit_test(ranges_and_networks_are_told_as_written),
		cmocka_unit_test(flags_are_told_by_name),
		cmocka_unit_test(what_is_not_known_is_something),
		cmocka_unit_test(a_translation_tells_where_to),
		cmocka_unit_test(bytes_that_are_set_are_told),
		cmocka_unit_test(a_set_and_an_object_have_names),
		cmocka_unit_test(only_what_leads_to_dockers_resolver_is_dockers),
		cmocka_unit_test(of_iptables_targets_too),
		cmocka_unit_test(hooks_belong_to_their_family),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
