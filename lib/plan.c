#include "lib/plan.h"

#include <stdlib.h>

#include "lib/admit.h"
#include "lib/macros.h"
#include "lib/names.h"
#include "lib/plan_learned.h"
#include "lib/plan_names.h"
#include "lib/sweep.h"

struct build {
	const struct policy *policy;
	const struct answers *answers;
	struct names *index; /* of the policy's names, where addresses are learned */
	struct plan *plan;
	struct rules literals[2]; /* by trust */
	struct rules names;       /* allow, without `private: true` */
	bool attached[2];         /* by trust: the preset was used */
	size_t rule_count;
};

/* What the rules came to. */
struct outcome {
	struct verdicts operator, project, names, cut;
};

static void build_release(struct build *build)
{
	rules_release(&build->literals[TRUST_OPERATOR]);
	rules_release(&build->literals[TRUST_PROJECT]);
	rules_release(&build->names);
	names_free(TAKE(build->index));
}

static void outcome_release(struct outcome *outcome)
{
	verdicts_release(&outcome->operator);
	verdicts_release(&outcome->project);
	verdicts_release(&outcome->names);
	verdicts_release(&outcome->cut);
}

void plan_forget_names(struct plan *plan)
{
	free(TAKE(plan->learned));
	plan->learned_count = 0;
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	portsets_free(plan->portsets);
	spans_release(&plan->spans[0]);
	spans_release(&plan->spans[1]);
	for (int i = 0; i < 2; i++) {
		spans_release(&plan->cut[i]);
		rules_release(&plan->denies[i]);
	}
	free(plan->learned);
	free(plan->skipped);
	free(plan);
}

static int add_rule(struct build *build, struct rules *rules, struct rule rule,
		    struct error *err)
{
	if (build->rule_count++ == PLAN_FLOWS_MAX)
		return error_set(err, ERROR_POLICY, "more than %u addresses and networks",
				 PLAN_FLOWS_MAX);
	return rules_add(rules, &rule) ? 0 : error_memory(err);
}

struct rule plan_rule(const struct entry *entry, const struct prefix *prefix)
{
	return (struct rule){
		.base = prefix->base.value,
		.ports = entry->ports,
		.port_count = entry->port_count,
		.length = prefix->length,
		.family = (uint8_t)prefix->base.family,
		.kind = entry->kind == ENTRY_ATTACHED ? RULE_ATTACHED : RULE_ENTRY,
		.deny = entry->deny,
	};
}

static int add_attached(struct build *build, const struct entry *entry, struct error *err)
{
	const struct site *site = &build->plan->site;

	build->attached[entry->trust] = true;
	for (size_t i = 0; i < site->attached_count; i++) {
		if (add_rule(build, &build->literals[entry->trust],
			     plan_rule(entry, &site->attached[i]), err) < 0)
			return -1;
	}
	return 0;
}

/* The addresses of a name that an entry allows. */
static int add_answer(struct build *build, const struct entry *entry,
		      const struct answer *answer, struct error *err)
{
	struct rules *rules =
		entry->private_ok ? &build->literals[entry->trust] : &build->names;

	for (size_t i = 0; i < answer->count; i++) {
		const struct addr *addr = &answer->addrs[i];
		struct prefix prefix = prefix_of(addr, addr_bits(addr->family));

		if (admit(entry, answer->host, addr, &build->plan->site) == ADMIT &&
		    add_rule(build, rules, plan_rule(entry, &prefix), err) < 0)
			return -1;
	}
	return 0;
}

static int add_name(struct build *build, const struct entry *entry, struct error *err)
{
	const struct answer *answer = answers_find(build->answers, entry->host);

	/* What is learned is added by answer: a wildcard has many, a denied name none. */
	if (entry->deny || build->index || !answer)
		return 0;
	return add_answer(build, entry, answer, err);
}

static int add_fixed(struct build *build, struct error *err)
{
	for (size_t i = 0; build->index && i < build->answers->count; i++) {
		const struct answer *answer = &build->answers->v[i];
		struct permission permission;

		if (!answer->fixed)
			continue;
		names_ask(build->index, answer->host, &permission);
		for (size_t j = 0; j < permission.count; j++)
			if (add_answer(build, permission.entries[j], answer, err) < 0)
				return -1;
	}
	return 0;
}

static int add_entry(struct build *build, const struct entry *entry, struct error *err)
{
	if (!entry->deny && build->plan->mode == MODE_NONE)
		return 0;
	if (!entry->deny && !entry->same &&
	    (entry->kind == ENTRY_PREFIX || entry->kind == ENTRY_ATTACHED))
		build->plan->networks++;

	switch (entry->kind) {
	case ENTRY_PREFIX:
		return add_rule(build, &build->literals[entry->trust],
				plan_rule(entry, &entry->prefix), err);
	case ENTRY_ATTACHED:
		return add_attached(build, entry, err);
	case ENTRY_NAME:
		return add_name(build, entry, err);
	case ENTRY_BELOW:
	case ENTRY_SUBTREE:
		break; /* known only when somebody asks for a name below */
	}
	return 0;
}

static enum opening_kind host_gateway_kind(const struct policy *policy, enum mode mode)
{
	if (policy->host_gateway.kind == OPENING_UNSET && mode != MODE_FULL)
		return OPENING_CLOSED;
	return policy->host_gateway.kind;
}

static int add_gateway(struct build *build, const struct addr *gateway, struct error *err)
{
	const struct opening *opening = &build->policy->host_gateway;
	enum opening_kind kind = host_gateway_kind(build->policy, build->plan->mode);
	struct rule rule = { .base = gateway->value,
			     .length = addr_bits(gateway->family),
			     .family = (uint8_t)gateway->family };
	struct rule deny = rule, hole = rule;

	deny.kind = RULE_WEAK;
	deny.deny = true;
	hole.kind = RULE_HOLE;
	rule.ports = opening->ports;
	rule.port_count = kind == OPENING_PORTS ? (uint32_t)opening->port_count : 0;
	for (int trust = 0; trust < 2; trust++) {
		if (build->attached[trust] &&
		    add_rule(build, &build->literals[trust], hole, err) < 0)
			return -1;
	}
	if ((kind == OPENING_CLOSED || kind == OPENING_PORTS) &&
	    add_rule(build, &build->literals[TRUST_OPERATOR], deny, err) < 0)
		return -1;
	/* An empty list is closed, not a rule without ports. */
	if (kind == OPENING_OPEN || (kind == OPENING_PORTS && rule.port_count))
		return add_rule(build, &build->literals[TRUST_OPERATOR], rule, err);
	return 0;
}

static int add_rules(struct build *build, struct error *err)
{
	const struct site *site = &build->plan->site;

	for (size_t i = 0; i < build->policy->count; i++) {
		if (add_entry(build, &build->policy->entries[i], err) < 0)
			return -1;
	}
	if (add_fixed(build, err) < 0)
		return -1;
	for (size_t i = 0; i < site->gateway_count; i++) {
		if (add_gateway(build, &site->gateways[i], err) < 0)
			return -1;
	}
	return 0;
}

/* The denies of everybody, whatever allow stands beside them: what cuts a name. */
static int sweep_denies(struct build *build, struct verdicts *ret, struct error *err)
{
	struct rules denies CLEANUP(rules_release) = { 0 };

	for (int trust = 0; trust < 2; trust++) {
		const struct rules *rules = &build->literals[trust];

		for (size_t i = 0; i < rules->count; i++) {
			if (!rules->v[i].deny)
				continue;
			if (!rules_add(&denies, &rules->v[i]))
				return error_memory(err);
		}
	}
	return sweep(build->plan->portsets, &denies, ret, err);
}

static int sweep_all(struct build *build, struct outcome *ret, struct error *err)
{
	struct portsets *table = build->plan->portsets;

	if (sweep(table, &build->literals[TRUST_OPERATOR], &ret->operator, err) < 0 ||
	    sweep(table, &build->literals[TRUST_PROJECT], &ret->project, err) < 0 ||
	    sweep(table, &build->names, &ret->names, err) < 0)
		return -1;
	if (build->index && plan_keep_denies(build->plan, build->literals, err) < 0)
		return -1;
	return build->names.count || build->index ? sweep_denies(build, &ret->cut, err)
						  : 0;
}

/* What is open where nobody says anything. */
static portset base_ports(const struct plan *plan)
{
	if (plan->mode != MODE_FULL)
		return PORTSET_EMPTY;
	return plan->dns == STANCE_RESOLVERS ? PORTSET_WHOLE : PORTSET_ANY;
}

/* base - O.deny - P.deny  +  O.allow - P.deny  +  P.allow - O.deny  +  names - every deny */
static int combine(struct plan *plan, struct outcome *outcome, int family,
		   struct error *err)
{
	struct portsets *table = plan->portsets;
	struct spans *open = &plan->spans[family];
	struct spans *allow = &outcome->operator.allow[family];
	struct spans *deny = &outcome->operator.deny[family];
	struct spans *project_allow = &outcome->project.allow[family];
	struct spans *project_deny = &outcome->project.deny[family];
	struct spans *names = &outcome->names.allow[family];
	u128 max = addr_max(family ? FAMILY_6 : FAMILY_4);

	if (spans_minus(table, allow, project_deny, err) < 0 ||
	    spans_minus(table, project_allow, deny, err) < 0 ||
	    spans_minus(table, names, &outcome->cut.deny[family], err) < 0 ||
	    spans_union(table, allow, project_allow, err) < 0 ||
	    spans_union(table, allow, names, err) < 0)
		return -1;
	if (!spans_add(open, 0, max, base_ports(plan)))
		return error_memory(err);
	if (spans_minus(table, open, deny, err) < 0 ||
	    spans_minus(table, open, project_deny, err) < 0)
		return -1;
	return spans_union(table, open, allow, err);
}

static int build_spans(struct build *build, struct error *err)
{
	struct outcome outcome CLEANUP(outcome_release) = { 0 };

	if (add_rules(build, err) < 0 || sweep_all(build, &outcome, err) < 0)
		return -1;
	for (int i = 0; i < 2; i++)
		rules_release(&build->literals[i]);
	rules_release(&build->names);
	for (int family = 0; family < 2; family++) {
		if (combine(build->plan, &outcome, family, err) < 0)
			return -1;
	}
	if (!build->index)
		return 0;
	for (int family = 0; family < 2; family++) {
		build->plan->cut[family] = outcome.cut.deny[family];
		outcome.cut.deny[family] = (struct spans){ 0 };
	}
	return plan_learn(build->plan, build->policy, err);
}

static void set_resolvers(struct plan *plan)
{
	if (plan->mode == MODE_NONE || plan->dns != STANCE_RESOLVERS)
		return;
	for (size_t i = 0; i < plan->site.resolver_count; i++) {
		if (addr_scope(&plan->site.resolvers[i]) != ADDR_LOOPBACK)
			plan->resolvers[plan->resolver_count++] = plan->site.resolvers[i];
	}
}

static int set_inbound(struct plan *plan, const struct opening *inbound,
		       struct error *err)
{
	plan->inbound = PORTSET_EMPTY;
	switch (inbound->kind) {
	case OPENING_UNSET:
		plan->inbound_open = plan->mode == MODE_FULL;
		return 0;
	case OPENING_CLOSED:
		return 0;
	case OPENING_PORTS:
		return portset_make(plan->portsets, inbound->ports, inbound->port_count,
				    &plan->inbound, err);
	case OPENING_OPEN:
		plan->inbound_open = true;
		return 0;
	}
	return 0;
}

static bool is_whole(const struct spans *spans, enum family family)
{
	return spans->count == 1 && spans->v[0].first == 0 &&
	       spans->v[0].last == addr_max(family) && spans->v[0].ports == PORTSET_WHOLE;
}

static int check_flows(const struct plan *plan, struct error *err)
{
	size_t flows = 0;

	for (int family = 0; family < 2; family++) {
		for (size_t i = 0; i < plan->spans[family].count; i++) {
			portset ports = plan->spans[family].v[i].ports;
			size_t count;

			portset_ranges(plan->portsets, ports, &count);
			flows += ports == PORTSET_ANY ? 1 : count;
		}
	}
	if (flows > PLAN_FLOWS_MAX)
		return error_set(err, ERROR_POLICY,
				 "%zu flows (addresses times ports) are more than %u",
				 flows, PLAN_FLOWS_MAX);
	return 0;
}

static struct plan *plan_new(const struct policy *policy, const struct site *site)
{
	struct plan *plan = calloc(1, sizeof(*plan));

	if (!plan)
		return NULL;
	plan->mode = policy->mode;
	plan->dns = policy->dns == STANCE_UNSET ? STANCE_RESOLVERS : policy->dns;
	plan->site = *site;
	plan->portsets = portsets_new();
	if (!plan->portsets) {
		plan_free(plan);
		return NULL;
	}
	set_resolvers(plan);
	return plan;
}

int plan_build(const struct policy *policy, const struct answers *answers,
	       const struct site *site, struct notes *notes, struct plan **ret,
	       struct error *err)
{
	CLEANUP(plan_freep) struct plan *plan = plan_new(policy, site);
	struct build build CLEANUP(build_release) = {
		.policy = policy,
		.answers = answers,
		.plan = plan,
	};

	if (!plan)
		return error_memory(err);
	if (plan->dns == STANCE_GUARDED && plan->mode != MODE_NONE &&
	    names_build(policy, &build.index, err) < 0)
		return -1;
	if (set_inbound(plan, &policy->inbound, err) < 0 ||
	    build_spans(&build, err) < 0 || check_flows(plan, err) < 0)
		return -1;
	plan->fenced = plan->mode != MODE_FULL || !plan->inbound_open ||
		       !is_whole(&plan->spans[0], FAMILY_4) ||
		       !is_whole(&plan->spans[1], FAMILY_6);
	if (plan_report_names(plan, policy, answers, build.index, notes, err) < 0)
		return -1;
	if (notes->out_of_memory)
		return error_memory(err);
	*ret = TAKE(plan);
	return 0;
}
