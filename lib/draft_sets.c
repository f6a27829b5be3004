#include "lib/draft.h"

#include <netinet/in.h>
#include <string.h>

#include "lib/arena.h"

const struct set set_allow[2] = { { "allow4", KEY_ADDR4, SET_RANGES },
				  { "allow6", KEY_ADDR6, SET_RANGES } };
const struct set set_ports[2] = { { "ports4", KEY_FLOW4, SET_RANGES },
				  { "ports6", KEY_FLOW6, SET_RANGES } };
const struct set set_resolver[2] = { { "resolver4", KEY_FLOW4, SET_PLAIN },
				     { "resolver6", KEY_FLOW6, SET_PLAIN } };
const struct set set_refused[2] = { { "refused4", KEY_ADDR4, SET_COUNTING },
				    { "refused6", KEY_ADDR6, SET_COUNTING } };
const struct set set_dns = { "dns", KEY_SERVICE, SET_PLAIN };
const struct set set_inbound = { "inbound", KEY_SERVICE, SET_RANGES };
const struct set set_nd_out = { "nd_out", KEY_ICMP6, SET_PLAIN };
const struct set set_nd_in = { "nd_in", KEY_ICMP6, SET_PLAIN };
const struct set set_mld = { "mld", KEY_ICMP6, SET_PLAIN };

/* What an entry without ports leaves closed: points on the line of lib/portset.h. */
static const uint32_t dns_points[] = { 53, 853, PORTSET_UDP + 53, PORTSET_UDP + 853 };

/* ICMPv6 types: the same in every fence. */
static const struct {
	const struct set *set;
	uint8_t type;
	const char *text;
} constants[] = {
	{ &set_nd_out, 133, "nd-router-solicit" },
	{ &set_nd_out, 135, "nd-neighbor-solicit" },
	{ &set_nd_out, 136, "nd-neighbor-advert" },
	{ &set_nd_in, 134, "nd-router-advert" },
	{ &set_nd_in, 135, "nd-neighbor-solicit" },
	{ &set_nd_in, 136, "nd-neighbor-advert" },
	{ &set_mld, 130, "mld-listener-query" },
	{ &set_mld, 131, "mld-listener-report" },
	{ &set_mld, 132, "mld-listener-done" },
	{ &set_mld, 143, "mld2-listener-report" },
};

static struct range one(uint32_t value)
{
	return (struct range){ value, value };
}

static size_t family_index(const struct set *set)
{
	return set_family(set) == FAMILY_4 ? 0 : 1;
}

static int fill_nothing(struct builder *b, struct draft *draft, const struct set *set,
			struct error *err)
{
	(void)b, (void)draft, (void)set, (void)err;
	return 0;
}

static int fill_constants(struct builder *b, struct draft *draft, const struct set *set,
			  struct error *err)
{
	(void)draft, (void)err;
	for (size_t i = 0; i < ARRAY_SIZE(constants); i++)
		if (constants[i].set == set)
			element_icmp6(b, constants[i].type, constants[i].text);
	return 0;
}

static const struct set *further_set(struct builder *b, const struct set *first,
				     size_t number)
{
	struct set *set = arena_alloc(b->ruleset->arena, sizeof(*set));

	if (set) {
		*set = *first;
		set->name =
			arena_printf(b->ruleset->arena, "%s_%zu", first->name, number);
	}
	if (!set || !set->name) {
		b->failed = true;
		return first;
	}
	return set;
}

/* One interval, in a further set when this one is full. */
static void add_allowed(struct builder *b, struct draft *draft, size_t family,
			const struct span *span)
{
	size_t *count = &draft->allow_count[family];
	struct allow_part *part = &draft->allow[family][*count - 1];

	if (b->elements == 0)
		part->span.first = span->first;
	if (b->elements == ALLOW_PART && *count < ALLOW_PARTS) {
		part = &draft->allow[family][(*count)++];
		part->set = further_set(b, &set_allow[family], *count);
		part->span.first = span->first;
		set_end(b);
		set_begin(b, part->set);
	}
	part->span.last = span->last;
	element_addrs(b, span->first, span->last);
}

static int fill_allow(struct builder *b, struct draft *draft, const struct set *set,
		      struct error *err)
{
	const struct plan *plan = draft->plan;
	size_t family = family_index(set);
	const struct spans *spans = &plan->spans[family];
	struct span open = { 0 };
	bool is_open = false, any;

	draft->allow[family][0].set = set;
	draft->allow_count[family] = 1;
	for (size_t i = 0; i < spans->count; i++) {
		const struct span *span = &spans->v[i];

		if (portset_covers(plan->portsets, span->ports, PORTSET_ANY, &any, err) <
		    0)
			return -1;
		if (!any)
			continue;
		/* Spans with different ports may touch; intervals of a set must not. */
		if (is_open && span->first == open.last + 1) {
			open.last = span->last;
			continue;
		}
		if (is_open)
			add_allowed(b, draft, family, &open);
		open = *span;
		is_open = true;
	}
	if (is_open)
		add_allowed(b, draft, family, &open);
	return 0;
}

/* `span` NULL: an element without address. */
static void add_service(struct builder *b, const struct span *span,
			struct range protocols, struct range ports)
{
	if (span)
		element_flows(b, span->first, span->last, protocols, ports);
	else
		element_services(b, protocols, ports);
}

/* One range on the line of lib/portset.h: up to five elements. */
static void add_services(struct builder *b, const struct span *span,
			 struct port_range range)
{
	static const struct range others[] = { { 0, 5 }, { 7, 16 }, { 18, 255 } };
	const uint32_t udp = PORTSET_UDP, top = PORTSET_OTHER - 1;

	if (range.first < udp)
		add_service(b, span, one(IPPROTO_TCP),
			    (struct range){ range.first,
					    range.last < udp ? range.last : udp - 1 });
	if (range.first < PORTSET_OTHER && range.last >= udp)
		add_service(
			b, span, one(IPPROTO_UDP),
			(struct range){ range.first > udp ? range.first - udp : 0,
					(range.last < top ? range.last : top) - udp });
	if (range.last < PORTSET_OTHER)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		add_service(b, span, others[i], (struct range){ 0, 65535 });
}

void add_ports(struct builder *b, const struct plan *plan, const struct span *span,
	       portset id)
{
	const struct port_range *ranges;
	size_t count;

	ranges = portset_ranges(plan->portsets, id, &count);
	for (size_t i = 0; i < count; i++)
		add_services(b, span, ranges[i]);
}

void add_dns_ports(struct builder *b, const struct plan *plan, const struct span *span,
		   portset id)
{
	for (size_t i = 0; i < ARRAY_SIZE(dns_points); i++)
		if (portset_has(plan->portsets, id, dns_points[i]))
			add_services(b, span,
				     (struct port_range){ dns_points[i], dns_points[i] });
}

static int fill_ports(struct builder *b, struct draft *draft, const struct set *set,
		      struct error *err)
{
	const struct plan *plan = draft->plan;
	const struct spans *spans = &plan->spans[family_index(set)];
	bool any;

	for (size_t i = 0; i < spans->count; i++) {
		const struct span *span = &spans->v[i];

		if (portset_covers(plan->portsets, span->ports, PORTSET_ANY, &any, err) <
		    0)
			return -1;
		/* An address that is in `allow` needs only what that set does not open.
		 */
		if (any)
			add_dns_ports(b, plan, span, span->ports);
		else
			add_ports(b, plan, span, span->ports);
	}
	return 0;
}

static int fill_inbound(struct builder *b, struct draft *draft, const struct set *set,
			struct error *err)
{
	(void)set, (void)err;
	if (draft->plan->portsets)
		add_ports(b, draft->plan, NULL, draft->plan->inbound);
	return 0;
}

static int fill_dns(struct builder *b, struct draft *draft, const struct set *set,
		    struct error *err)
{
	(void)draft, (void)set, (void)err;
	for (size_t i = 0; i < ARRAY_SIZE(dns_points); i++)
		add_services(b, NULL,
			     (struct port_range){ dns_points[i], dns_points[i] });
	return 0;
}

static int fill_resolver(struct builder *b, struct draft *draft, const struct set *set,
			 struct error *err)
{
	bool guarded = draft_is_guarded(draft);
	const struct site *site = guarded ? &draft->plan->site : draft->site;
	const struct addr *v = site ? site->resolvers : draft->plan->resolvers;
	size_t count = site ? site->resolver_count : draft->plan->resolver_count;

	(void)err;
	for (size_t i = 0; i < count; i++) {
		struct span span = { .first = v[i].value, .last = v[i].value };

		/* Those here a rule lets netpale ask. */
		if (v[i].family != set_family(set) ||
		    (guarded &&
		     (addr_scope(&v[i]) == ADDR_LOOPBACK || site_is_own(site, &v[i]))))
			continue;
		add_services(b, &span, (struct port_range){ 53, 53 });
		add_services(b, &span,
			     (struct port_range){ PORTSET_UDP + 53, PORTSET_UDP + 53 });
	}
	return 0;
}

bool draft_keeps(const char *set)
{
	return strcmp(set, set_refused[0].name) == 0 ||
	       strcmp(set, set_refused[1].name) == 0;
}

static const struct {
	const struct set *set;
	int (*fill)(struct builder *b, struct draft *draft, const struct set *set,
		    struct error *err);
} sets[] = {
	/* First those that stay, so that a listing is the same after every apply. */
	{ &set_refused[0], fill_nothing },
	{ &set_refused[1], fill_nothing },
	{ &set_allow[0], fill_allow },
	{ &set_allow[1], fill_allow },
	{ &set_ports[0], fill_ports },
	{ &set_ports[1], fill_ports },
	{ &set_resolver[0], fill_resolver },
	{ &set_resolver[1], fill_resolver },
	{ &set_dns, fill_dns },
	{ &set_inbound, fill_inbound },
	{ &set_nd_out, fill_constants },
	{ &set_nd_in, fill_constants },
	{ &set_mld, fill_constants },
};

int draft_fill_sets(struct builder *b, struct draft *draft, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		set_begin(b, sets[i].set);
		if (sets[i].fill(b, draft, sets[i].set, err) < 0)
			return -1;
		set_end(b);
	}
	return draft_is_guarded(draft) ? draft_fill_guard(b, draft, err) : 0;
}
