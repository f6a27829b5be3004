#include "lib/rule_text_internal.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>

#include "lib/site.h"

static void append(struct reader *reader, const char *words)
{
	if (reader->out->text.length)
		buf_puts(&reader->out->text, " ");
	buf_puts(&reader->out->text, words);
}

/* Is what was compared said again by these words, "ip daddr ..." or "tcp dport ..."? */
static bool implies(const char *words, size_t which)
{
	static const char *const fields[2][4] = { { "ip ", "ip6 ", "icmp ", "icmpv6 " },
						  { "tcp ", "udp ", "icmp ",
						    "icmpv6 " } };

	for (size_t i = 0; i < 4; i++)
		if (strncmp(words, fields[which][i], strlen(fields[which][i])) == 0)
			return true;
	return false;
}

void rule_words(struct reader *reader, const char *format, ...)
{
	char words[512];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	for (size_t i = 0; i < 2; i++) {
		/* The protocol is told by the transport's fields, which may come later. */
		if (i == 1 && reader->implied[1][0] && implies(words, 0) &&
		    !implies(words, 1))
			continue;
		if (reader->implied[i][0] && !implies(words, i))
			append(reader, reader->implied[i]);
		reader->implied[i][0] = '\0';
	}
	append(reader, words);
}

static void read_verdict(struct reader *reader, struct nftnl_expr *e)
{
	static const struct {
		int code;
		const char *word;
	} verdicts[] = {
		{ NF_ACCEPT, "accept" },  { NF_DROP, "drop" },
		{ NFT_JUMP, "jump" },     { NFT_GOTO, "goto" },
		{ NFT_RETURN, "return" }, { NFT_CONTINUE, "continue" },
		{ NFT_BREAK, "break" },
	};
	int code = (int)nftnl_expr_get_u32(e, NFTNL_EXPR_IMM_VERDICT);
	const char *chain = nftnl_expr_get_str(e, NFTNL_EXPR_IMM_CHAIN);
	const char *word = "(another verdict)";

	for (size_t i = 0; i < ARRAY_SIZE(verdicts); i++)
		if (verdicts[i].code == code)
			word = verdicts[i].word;
	if (code == NF_ACCEPT)
		reader->out->effects |= RULE_ACCEPTS;
	if (code == NFT_JUMP || code == NFT_GOTO)
		reader->out->target = chain;
	rule_words(reader, "%s%s%s", word, chain ? " " : "", chain ? chain : "");
}

static void read_immediate(struct reader *reader, struct nftnl_expr *e)
{
	struct reg *reg = rule_reg(reader, nftnl_expr_get_u32(e, NFTNL_EXPR_IMM_DREG));
	uint32_t length = 0;
	const void *bytes;

	if (nftnl_expr_is_set(e, NFTNL_EXPR_IMM_VERDICT)) {
		read_verdict(reader, e);
		return;
	}
	bytes = nftnl_expr_get(e, NFTNL_EXPR_IMM_DATA, &length);
	if (!reg || !bytes || length > sizeof(reg->bytes))
		return;
	*reg = (struct reg){ .constant = true, .length = length };
	memcpy(reg->bytes, bytes, length);
}

/* Does the register hold 127.0.0.11? */
static bool holds_docker(struct reader *reader, uint32_t number)
{
	const uint32_t docker = htonl(SITE_DOCKER_DNS);
	const struct reg *reg = rule_reg(reader, number);

	return reg && reg->constant && reg->length == sizeof(docker) &&
	       memcmp(reg->bytes, &docker, sizeof(docker)) == 0;
}

/* "to ADDRESS:PORT" of what two registers hold. */
static void print_target(struct reader *reader, struct nftnl_expr *e, uint16_t addr,
			 uint16_t port, uint8_t family)
{
	enum value value = family == NFPROTO_IPV6 ? VALUE_ADDR6 : VALUE_ADDR4;
	struct buf text = { 0 };

	if (addr && nftnl_expr_is_set(e, addr))
		rule_reg_print(reader, nftnl_expr_get_u32(e, addr), value, &text);
	if (port && nftnl_expr_is_set(e, port)) {
		buf_puts(&text, ":");
		rule_reg_print(reader, nftnl_expr_get_u32(e, port), VALUE_NUMBER, &text);
	}
	if (text.length)
		rule_words(reader, "to %s", text.data);
	buf_release(&text);
}

static void read_nat(struct reader *reader, struct nftnl_expr *e)
{
	bool to = nftnl_expr_get_u32(e, NFTNL_EXPR_NAT_TYPE) == NFT_NAT_DNAT;

	reader->out->effects |= to ? RULE_REWRITES_TO : RULE_REWRITES_FROM;
	if (nftnl_expr_is_set(e, NFTNL_EXPR_NAT_REG_ADDR_MIN) &&
	    !holds_docker(reader, nftnl_expr_get_u32(e, NFTNL_EXPR_NAT_REG_ADDR_MIN)))
		reader->elsewhere = true;
	rule_words(reader, to ? "dnat" : "snat");
	print_target(reader, e, NFTNL_EXPR_NAT_REG_ADDR_MIN, NFTNL_EXPR_NAT_REG_PROTO_MIN,
		     (uint8_t)nftnl_expr_get_u32(e, NFTNL_EXPR_NAT_FAMILY));
}

static void read_redirect(struct reader *reader, struct nftnl_expr *e)
{
	reader->out->effects |= RULE_REWRITES_TO;
	reader->elsewhere = true;
	rule_words(reader, "redirect");
	print_target(reader, e, 0, NFTNL_EXPR_REDIR_REG_PROTO_MIN, 0);
}

static void read_tproxy(struct reader *reader, struct nftnl_expr *e)
{
	reader->out->effects |= RULE_REWRITES_TO;
	reader->elsewhere = true;
	rule_words(reader, "tproxy");
	print_target(reader, e, NFTNL_EXPR_TPROXY_REG_ADDR, NFTNL_EXPR_TPROXY_REG_PORT,
		     (uint8_t)nftnl_expr_get_u32(e, NFTNL_EXPR_TPROXY_FAMILY));
}

/* meta and ct that load were read before. */
static void read_set_key(struct reader *reader, struct nftnl_expr *e, bool meta)
{
	uint32_t key =
		nftnl_expr_get_u32(e, meta ? NFTNL_EXPR_META_KEY : NFTNL_EXPR_CT_KEY);
	uint32_t sreg =
		nftnl_expr_get_u32(e, meta ? NFTNL_EXPR_META_SREG : NFTNL_EXPR_CT_SREG);
	struct buf what = { 0 };
	enum value value;
	char room[16];
	const char *name = rule_key_name(meta, key, &value, room);

	if (meta ? key == NFT_META_MARK : key == NFT_CT_MARK || key == NFT_CT_ZONE)
		reader->out->effects |= RULE_MARKS;
	rule_reg_print(reader, sreg, value, &what);
	rule_words(reader, "%s set %s", name, what.data ? what.data : "(something)");
	buf_release(&what);
}

static void read_payload_set(struct reader *reader, struct nftnl_expr *e)
{
	static const char *const bases[] = { "ll", "nh", "th", "ih" };
	uint32_t base = nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_BASE);
	uint32_t offset = nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET);
	uint32_t length = nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_LEN);
	bool to = base == NFT_PAYLOAD_NETWORK_HEADER &&
		  ((length == 4 && offset == 16) || (length == 16 && offset == 24));
	struct buf what = { 0 };

	reader->out->effects |= RULE_REWRITES_BYTES;
	reader->elsewhere = true;
	rule_reg_print(reader, nftnl_expr_get_u32(e, NFTNL_EXPR_PAYLOAD_SREG),
		       to && length == 4 ? VALUE_ADDR4
		       : to              ? VALUE_ADDR6
					 : VALUE_NUMBER,
		       &what);
	if (to)
		rule_words(reader, "%s daddr set %s", length == 4 ? "ip" : "ip6",
			   what.data ? what.data : "(something)");
	else
		rule_words(reader, "@%s,%" PRIu32 ",%" PRIu32 " set %s",
			   base < ARRAY_SIZE(bases) ? bases[base] : "?", offset * 8,
			   length * 8, what.data ? what.data : "(something)");
	buf_release(&what);
}

bool rule_target_stays(const char *name, uint32_t revision, const void *info,
		       size_t length)
{
	const uint32_t docker = htonl(SITE_DOCKER_DNS);
	struct nf_nat_ipv4_multi_range_compat old;
	struct nf_nat_range range;

	if (strcmp(name, "DNAT") != 0 && strcmp(name, "SNAT") != 0)
		return false;
	/* The first revision has a list of one, later ones another form. */
	if (revision == 0) {
		if (length < sizeof(old))
			return false;
		memcpy(&old, info, sizeof(old));
		return old.rangesize == 1 &&
		       (!(old.range[0].flags & NF_NAT_RANGE_MAP_IPS) ||
			(old.range[0].min_ip == docker && old.range[0].max_ip == docker));
	}
	if (length < sizeof(range))
		return false;
	memcpy(&range, info, sizeof(range));
	return !(range.flags & NF_NAT_RANGE_MAP_IPS) ||
	       (range.min_addr.ip == docker && range.max_addr.ip == docker);
}

unsigned int rule_target_effects(const char *name)
{
	static const struct {
		const char *name;
		unsigned int effects;
	} targets[] = {
		{ "DNAT", RULE_REWRITES_TO },
		{ "REDIRECT", RULE_REWRITES_TO },
		{ "NETMAP", RULE_REWRITES_TO },
		{ "TPROXY", RULE_REWRITES_TO },
		{ "SNAT", RULE_REWRITES_FROM },
		{ "MASQUERADE", RULE_REWRITES_FROM },
		{ "MARK", RULE_MARKS },
		{ "CONNMARK", RULE_MARKS },
		{ "NOTRACK", RULE_UNTRACKS },
		{ "CT", RULE_UNTRACKS | RULE_EXPECTS },
		{ "TEE", RULE_SENDS },
		{ "NFQUEUE", RULE_ASKS },
		{ "FLOWOFFLOAD", RULE_OFFLOADS },
		{ "LOG", 0 },
		{ "NFLOG", 0 },
		{ "REJECT", 0 },
		{ "TRACE", 0 },
		{ "AUDIT", 0 },
		{ "RATEEST", 0 },
		{ "LED", 0 },
		{ "IDLETIMER", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		if (strcmp(name, targets[i].name) == 0)
			return targets[i].effects;
	return RULE_REWRITES_BYTES;
}

static void read_target(struct reader *reader, struct nftnl_expr *e)
{
	const char *name = nftnl_expr_get_str(e, NFTNL_EXPR_TG_NAME);
	uint32_t length = 0;
	const void *info = nftnl_expr_get(e, NFTNL_EXPR_TG_INFO, &length);
	unsigned int effects = rule_target_effects(name ? name : "");

	if (effects && !(name && info &&
			 rule_target_stays(name, nftnl_expr_get_u32(e, NFTNL_EXPR_TG_REV),
					   info, length)))
		reader->elsewhere = true;
	reader->out->effects |= effects;
	rule_words(reader, "xt target \"%s\"", name ? name : "?");
}

unsigned int rule_object_effects(uint32_t type)
{
	switch (type) {
	case NFT_OBJECT_CT_HELPER:
	case NFT_OBJECT_CT_EXPECT:
		return RULE_EXPECTS;
	case NFT_OBJECT_SYNPROXY:
		return RULE_SENDS;
	default:
		return 0;
	}
}

static void read_object(struct reader *reader, struct nftnl_expr *e)
{
	const char *name = nftnl_expr_get_str(e, NFTNL_EXPR_OBJREF_IMM_NAME);
	const char *map = nftnl_expr_get_str(e, NFTNL_EXPR_OBJREF_SET_NAME);
	unsigned int effects =
		rule_object_effects(nftnl_expr_get_u32(e, NFTNL_EXPR_OBJREF_IMM_TYPE));
	struct buf key = { 0 };

	if (map) {
		rule_reg_print(reader, nftnl_expr_get_u32(e, NFTNL_EXPR_OBJREF_SET_SREG),
			       VALUE_NUMBER, &key);
		rule_words(reader, "object %s map @%s",
			   key.data ? key.data : "(something)", map);
		reader->out->object_map = map;
	} else {
		rule_words(reader, "%s \"%s\"",
			   effects & RULE_EXPECTS ? "ct helper set" : "object",
			   name ? name : "?");
	}
	reader->out->effects |= effects;
	buf_release(&key);
}

static void read_log(struct reader *reader, struct nftnl_expr *e)
{
	rule_words(reader, "log");
	if (nftnl_expr_is_set(e, NFTNL_EXPR_LOG_PREFIX))
		rule_words(reader, "prefix \"%s\"",
			   nftnl_expr_get_str(e, NFTNL_EXPR_LOG_PREFIX));
	if (nftnl_expr_is_set(e, NFTNL_EXPR_LOG_GROUP))
		rule_words(reader, "group %u",
			   nftnl_expr_get_u16(e, NFTNL_EXPR_LOG_GROUP));
}

static void read_dynset(struct reader *reader, struct nftnl_expr *e)
{
	const char *set = nftnl_expr_get_str(e, NFTNL_EXPR_DYNSET_SET_NAME);
	struct buf key = { 0 };

	rule_reg_print(reader, nftnl_expr_get_u32(e, NFTNL_EXPR_DYNSET_SREG_KEY),
		       VALUE_NUMBER, &key);
	rule_words(reader, "update @%s { %s }", set ? set : "?",
		   key.data ? key.data : "(something)");
	buf_release(&key);
}

static void read_reject(struct reader *reader, struct nftnl_expr *e)
{
	rule_words(reader,
		   nftnl_expr_get_u32(e, NFTNL_EXPR_REJECT_TYPE) == NFT_REJECT_TCP_RST
			   ? "reject with tcp reset"
			   : "reject");
}

static void read_match(struct reader *reader, struct nftnl_expr *e)
{
	const char *name = nftnl_expr_get_str(e, NFTNL_EXPR_MT_NAME);

	rule_words(reader, "xt match \"%s\"", name ? name : "?");
}

static void read_limit(struct reader *reader, struct nftnl_expr *e)
{
	rule_words(reader, "limit rate %" PRIu64 "/%" PRIu64 "s",
		   nftnl_expr_get_u64(e, NFTNL_EXPR_LIMIT_RATE),
		   nftnl_expr_get_u64(e, NFTNL_EXPR_LIMIT_UNIT));
}

/* Expressions that do something, and need no more than their name to be told. */
static bool read_plain(struct reader *reader, const char *name)
{
	static const struct {
		const char *name, *word;
		unsigned int effects;
	} plain[] = {
		{ "masq", "masquerade", RULE_REWRITES_FROM },
		{ "notrack", "notrack", RULE_UNTRACKS },
		{ "dup", "dup", RULE_SENDS },
		{ "fwd", "fwd", RULE_SENDS },
		{ "queue", "queue", RULE_ASKS },
		{ "flow_offload", "flow add", RULE_OFFLOADS },
		{ "synproxy", "synproxy", RULE_SENDS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
		if (strcmp(name, plain[i].name) != 0)
			continue;
		reader->out->effects |= plain[i].effects;
		reader->elsewhere = true;
		rule_words(reader, "%s", plain[i].word);
		return true;
	}
	return false;
}

static bool read_statement(struct reader *reader, const char *name, struct nftnl_expr *e)
{
	static const struct {
		const char *name;
		void (*read)(struct reader *reader, struct nftnl_expr *e);
	} statements[] = {
		{ "immediate", read_immediate },
		{ "nat", read_nat },
		{ "redir", read_redirect },
		{ "tproxy", read_tproxy },
		{ "payload", read_payload_set },
		{ "target", read_target },
		{ "match", read_match },
		{ "objref", read_object },
		{ "log", read_log },
		{ "dynset", read_dynset },
		{ "reject", read_reject },
		{ "limit", read_limit },
	};

	if (strcmp(name, "meta") == 0 || strcmp(name, "ct") == 0) {
		read_set_key(reader, e, strcmp(name, "meta") == 0);
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(statements); i++)
		if (strcmp(name, statements[i].name) == 0) {
			statements[i].read(reader, e);
			return true;
		}
	return read_plain(reader, name);
}

static int read_expr(struct nftnl_expr *e, void *data)
{
	struct reader *reader = data;
	const char *name = nftnl_expr_get_str(e, NFTNL_EXPR_NAME);

	if (rule_match_read(reader, name, e) || read_statement(reader, name, e))
		return 0;
	if (strcmp(name, "exthdr") == 0 && nftnl_expr_is_set(e, NFTNL_EXPR_EXTHDR_SREG)) {
		reader->out->effects |= RULE_REWRITES_BYTES;
		reader->elsewhere = true;
		rule_words(reader, "exthdr set");
		return 0;
	}
	rule_words(reader, "%s", name);
	return 0;
}

void rule_text_read(struct nftnl_rule *rule, uint8_t family, struct rule_text *ret)
{
	struct reader reader = { .out = ret, .family = family };

	*ret = (struct rule_text){ 0 };
	(void)nftnl_expr_foreach(rule, read_expr, &reader);
	for (size_t i = 0; i < 2; i++)
		if (reader.implied[i][0])
			append(&reader, reader.implied[i]);
	ret->docker_dns = reader.to_docker && !reader.elsewhere;
	if (!ret->text.length)
		buf_puts(&ret->text, "(an empty rule)");
}

void rule_text_release(struct rule_text *text)
{
	buf_release(&text->text);
}

const char *rule_hook_name(uint8_t family, uint32_t hook)
{
	static const char *const inet[] = { "prerouting", "input",       "forward",
					    "output",     "postrouting", "ingress" };
	static const char *const arp[] = { "input", "output", "forward" };
	static const char *const netdev[] = { "ingress", "egress" };

	if (family == NFPROTO_NETDEV && hook < ARRAY_SIZE(netdev))
		return netdev[hook];
	if (family == NFPROTO_ARP && hook < ARRAY_SIZE(arp))
		return arp[hook];
	if (family != NFPROTO_NETDEV && family != NFPROTO_ARP && hook < ARRAY_SIZE(inet))
		return inet[hook];
	return "an unknown hook";
}
