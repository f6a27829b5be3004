#include "lib/builder.h"

#include <inttypes.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>

#include <libnftnl/expr.h>

#include "lib/builder_expr.h"

#define TCP_FLAGS_OFFSET 13
#define TCP_FIN_SYN_RST_ACK 0x17
#define TCP_SYN 0x02
#define HOPLIMIT_OFFSET 7

/* None of those bits of conntrack's is set; or some are. */
static void match_ct_bits(struct builder *b, uint32_t key, bool none, uint32_t bits)
{
	uint32_t zero = 0;

	load_ct(b, key);
	mask(b, &bits, sizeof(bits));
	compare(b, none, &zero, sizeof(zero));
}

void match_ct_state(struct builder *b, unsigned states)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = { { CT_INVALID, "invalid" },
		      { CT_ESTABLISHED, "established" },
		      { CT_RELATED, "related" },
		      { CT_NEW, "new" } };
	const char *before = "";

	match_ct_bits(b, NFT_CT_STATE, false, states);
	say(b, "ct state ");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!(states & names[i].bit))
			continue;
		buf_printf(&b->line, "%s%s", before, names[i].name);
		before = ",";
	}
}

void match_ct_direction(struct builder *b, bool reply)
{
	load_ct(b, NFT_CT_DIRECTION);
	compare8(b, true, reply ? 1 : 0);
	say(b, "ct direction %s", reply ? "reply" : "original");
}

void match_ct_mark(struct builder *b, uint32_t mark)
{
	load_ct(b, NFT_CT_MARK);
	compare(b, true, &mark, sizeof(mark));
	say(b, "ct mark 0x%08x", mark);
}

/* Its destination was changed: by a redirect, say. */
void match_ct_dnat(struct builder *b)
{
	match_ct_bits(b, NFT_CT_STATUS, false, IPS_DST_NAT);
	say(b, "ct status dnat");
}

/* No helper of conntrack has announced it, because of what was said in another flow. */
void match_ct_unexpected(struct builder *b)
{
	match_ct_bits(b, NFT_CT_STATUS, true, IPS_EXPECTED);
	say(b, "ct status & expected == 0");
}

void match_mark(struct builder *b, bool equal, uint32_t mark)
{
	load_meta(b, NFT_META_MARK, NFT_REG_1);
	compare(b, equal, &mark, sizeof(mark));
	say(b, "meta mark %s0x%08x", equal ? "" : "!= ", mark);
}

void match_skuid(struct builder *b, uint32_t uid)
{
	load_meta(b, NFT_META_SKUID, NFT_REG_1);
	compare(b, true, &uid, sizeof(uid));
	say(b, "meta skuid %" PRIu32, uid);
}

static void match_if(struct builder *b, uint32_t key, bool equal, const char *name)
{
	char padded[IFNAMSIZ] = { 0 };

	/* The whole array, or "lo" would match "lo0" too. */
	memcpy(padded, name, strlen(name));
	load_meta(b, key, NFT_REG_1);
	compare(b, equal, padded, sizeof(padded));
	say(b, "%s %s\"%s\"", key == NFT_META_IIFNAME ? "iifname" : "oifname",
	    equal ? "" : "!= ", name);
}

void match_iif(struct builder *b, const char *name)
{
	match_if(b, NFT_META_IIFNAME, true, name);
}

void match_oif(struct builder *b, bool equal, const char *name)
{
	match_if(b, NFT_META_OIFNAME, equal, name);
}

static void load_port(struct builder *b, enum side side, uint32_t reg)
{
	load_payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, side == SOURCE ? 0 : 2, 2, reg);
}

static void load_service_port(struct builder *b, enum side side, uint32_t reg)
{
	load_port(b, side, reg);
	say(b, ". th %s", side == SOURCE ? "sport" : "dport");
}

void match_addr(struct builder *b, enum side side, const struct set *set)
{
	enum family family = set_family(set);

	load_addr(b, family, side, layouts[family].length);
	lookup(b, set);
}

void match_flow(struct builder *b, enum side side, const struct set *set)
{
	enum family family = set_family(set);

	load_addr(b, family, side, layouts[family].length);
	load_meta(b, NFT_META_L4PROTO, layouts[family].protocol);
	say(b, ". meta l4proto");
	load_service_port(b, side, layouts[family].port);
	lookup(b, set);
}

void match_service(struct builder *b, enum side side, const struct set *set)
{
	load_meta(b, NFT_META_L4PROTO, NFT_REG_1);
	say(b, "meta l4proto");
	load_service_port(b, side, NFT_REG32_01);
	lookup(b, set);
}

void match_range(struct builder *b, enum side side, enum family family, u128 first,
		 u128 last)
{
	const struct addr from = { first, family }, to = { last, family };
	uint32_t length = layouts[family].length;
	uint8_t low[16], high[16];
	struct nftnl_expr *e;
	char shown[ADDR_TEXT];

	load_addr(b, family, side, length);
	say(b, "%s-", addr_format(&from, shown));
	buf_puts(&b->line, addr_format(&to, shown));
	addr_to_bytes(&from, low);
	addr_to_bytes(&to, high);
	e = expr(b, "range");
	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_RANGE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_RANGE_OP, NFT_RANGE_EQ);
	if (nftnl_expr_set(e, NFTNL_EXPR_RANGE_FROM_DATA, low, length) < 0 ||
	    nftnl_expr_set(e, NFTNL_EXPR_RANGE_TO_DATA, high, length) < 0)
		b->failed = true;
}

void match_prefix(struct builder *b, enum side side, const struct prefix *prefix)
{
	uint32_t length = prefix->length / 8;
	char shown[PREFIX_TEXT];
	uint8_t bytes[16];

	addr_to_bytes(&prefix->base, bytes);
	load_addr(b, prefix->base.family, side, length);
	compare(b, true, bytes, length);
	say(b, "%s", prefix_format(prefix, shown));
}

void match_icmp6(struct builder *b, const struct set *set)
{
	want_family(b, FAMILY_6);
	want_protocol(b, IPPROTO_ICMPV6);
	load_payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, NFT_REG_1);
	say(b, "icmpv6 type");
	lookup(b, set);
}

void match_hoplimit(struct builder *b, uint8_t hops)
{
	want_family(b, FAMILY_6);
	load_payload(b, NFT_PAYLOAD_NETWORK_HEADER, HOPLIMIT_OFFSET, 1, NFT_REG_1);
	compare8(b, true, hops);
	say(b, "ip6 hoplimit %u", hops);
}

void match_source_route(struct builder *b, enum source_route route)
{
	static const struct {
		enum family family;
		uint32_t op;
		uint8_t type;
		const char *words;
	} kinds[] = {
		[ROUTE_LOOSE] = { FAMILY_4, NFT_EXTHDR_OP_IPV4, IPOPT_LSRR,
				  "ip option lsrr exists" },
		[ROUTE_STRICT] = { FAMILY_4, NFT_EXTHDR_OP_IPV4, IPOPT_SSRR,
				   "ip option ssrr exists" },
		[ROUTE_HEADER] = { FAMILY_6, NFT_EXTHDR_OP_IPV6, IPPROTO_ROUTING,
				   "exthdr rt exists" },
	};
	struct nftnl_expr *e;

	want_family(b, kinds[route].family);
	e = expr(b, "exthdr");
	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_DREG, NFT_REG_1);
	nftnl_expr_set_u8(e, NFTNL_EXPR_EXTHDR_TYPE, kinds[route].type);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_OFFSET, 0);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_LEN, 1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_OP, kinds[route].op);
	nftnl_expr_set_u32(e, NFTNL_EXPR_EXTHDR_FLAGS, NFT_EXTHDR_F_PRESENT);
	compare8(b, true, 1);
	say(b, "%s", kinds[route].words);
}

void match_foreign_source(struct builder *b)
{
	uint32_t local = RTN_LOCAL;
	struct nftnl_expr *e;

	rule_begin(b);
	e = expr(b, "fib");
	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_FIB_DREG, NFT_REG_1);
	nftnl_expr_set_u32(e, NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	nftnl_expr_set_u32(e, NFTNL_EXPR_FIB_FLAGS, NFTA_FIB_F_SADDR);
	compare(b, false, &local, sizeof(local));
	say(b, "fib saddr type != local");
}

static void compare_port(struct builder *b, enum side side, bool equal, uint16_t port)
{
	uint16_t wire = htons(port);

	load_port(b, side, NFT_REG_1);
	compare(b, equal, &wire, sizeof(wire));
}

void match_port(struct builder *b, enum side side, uint8_t protocol, uint16_t port)
{
	want_protocol(b, protocol);
	compare_port(b, side, true, port);
	say(b, "%s %s %u", protocol == IPPROTO_TCP ? "tcp" : "udp",
	    side == SOURCE ? "sport" : "dport", port);
}

/* Of a packet without ports: anything. */
void match_other_port(struct builder *b, uint16_t port)
{
	compare_port(b, DESTINATION, false, port);
	say(b, "th dport != %u", port);
}

void match_tcp(struct builder *b)
{
	want_protocol(b, IPPROTO_TCP);
	say(b, "meta l4proto tcp");
}

void match_tcp_no_syn(struct builder *b)
{
	uint8_t flags = TCP_FIN_SYN_RST_ACK;

	want_protocol(b, IPPROTO_TCP);
	load_payload(b, NFT_PAYLOAD_TRANSPORT_HEADER, TCP_FLAGS_OFFSET, 1, NFT_REG_1);
	mask(b, &flags, sizeof(flags));
	compare8(b, false, TCP_SYN);
	say(b, "tcp flags & (fin | syn | rst | ack) != syn");
}
