#include "lib/legacy.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

#include "lib/neighbours.h"
#include "lib/rule_text.h"
#include "lib/site.h"

/* One rule, of either family. */
struct rule {
	size_t target, next; /* offsets behind its own */
	bool docker;         /* for Docker's resolver alone */
};

struct told {
	size_t count;
	char first[XT_EXTENSION_MAXNAMELEN + 16];
};

static bool is_docker(const struct ipt_ip *ip)
{
	const uint32_t docker = htonl(SITE_DOCKER_DNS);

	return (ip->dst.s_addr == docker && ip->dmsk.s_addr == UINT32_MAX &&
		!(ip->invflags & IPT_INV_DSTIP)) ||
	       (ip->src.s_addr == docker && ip->smsk.s_addr == UINT32_MAX &&
		!(ip->invflags & IPT_INV_SRCIP));
}

static bool read_rule(const struct legacy_table *table, size_t at, struct rule *ret)
{
	const char *bytes = (const char *)table->entries + at;
	size_t left = table->size - at;
	struct ip6t_entry six;
	struct ipt_entry four;

	*ret = (struct rule){ 0 };
	if (left < (table->six ? sizeof(six) : sizeof(four)))
		return false;
	if (table->six) {
		memcpy(&six, bytes, sizeof(six));
		ret->target = six.target_offset;
		ret->next = six.next_offset;
	} else {
		memcpy(&four, bytes, sizeof(four));
		ret->target = four.target_offset;
		ret->next = four.next_offset;
		ret->docker = is_docker(&four.ip);
	}
	return ret->next <= left && ret->target <= ret->next &&
	       ret->next - ret->target >= sizeof(struct xt_entry_target);
}

static bool is_policy(const struct legacy_table *table, size_t at)
{
	for (size_t i = 0; i < LEGACY_HOOKS; i++)
		if (table->valid_hooks & 1u << i && table->underflow[i] == at)
			return true;
	return false;
}

static unsigned int effects_of(const struct legacy_table *table, const struct rule *rule,
			       const char *bytes,
			       char name[static XT_EXTENSION_MAXNAMELEN])
{
	const char *info = bytes + rule->target + sizeof(struct xt_entry_target);
	size_t length = rule->next - rule->target - sizeof(struct xt_entry_target);
	struct xt_entry_target target;
	unsigned int effects;
	int verdict = 0;

	memcpy(&target, bytes + rule->target, sizeof(target));
	snprintf(name, XT_EXTENSION_MAXNAMELEN, "%.*s", XT_EXTENSION_MAXNAMELEN - 1,
		 target.u.user.name);
	if (strcmp(name, XT_ERROR_TARGET) == 0)
		return 0;
	if (strcmp(name, XT_STANDARD_TARGET) == 0) {
		if (length >= sizeof(verdict))
			memcpy(&verdict, info, sizeof(verdict));
		snprintf(name, XT_EXTENSION_MAXNAMELEN, "ACCEPT");
		return verdict == -NF_ACCEPT - 1 && strcmp(table->name, "nat") != 0
			       ? RULE_ACCEPTS
			       : 0;
	}
	effects = rule_target_effects(name);
	if (rule->docker && rule_target_stays(name, target.u.user.revision, info, length))
		effects = 0;
	return effects;
}

bool legacy_find(const struct legacy_table *table, struct findings *findings)
{
	struct told told[RULE_EFFECTS] = { 0 };
	char where[128];
	struct rule rule;

	for (size_t at = 0; at < table->size; at += rule.next) {
		char name[XT_EXTENSION_MAXNAMELEN];
		unsigned int effects;

		if (!read_rule(table, at, &rule) || rule.next == 0)
			return false;
		if (is_policy(table, at))
			continue;
		effects =
			effects_of(table, &rule, (const char *)table->entries + at, name);
		for (size_t i = 0; i < RULE_EFFECTS; i++)
			if (effects & 1u << i && told[i].count++ == 0)
				snprintf(told[i].first, sizeof(told[i].first), "-j %s",
					 name);
	}
	snprintf(where, sizeof(where), "table %s of %s", table->name,
		 table->six ? "ip6tables-legacy" : "iptables-legacy");
	for (size_t i = 0; i < RULE_EFFECTS; i++)
		if (told[i].count)
			neighbours_tell(findings, i, where, "", told[i].first,
					told[i].count);
	return true;
}
