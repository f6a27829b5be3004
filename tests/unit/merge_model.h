#pragma once

#include <stdio.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/macros.h"
#include "lib/plan.h"
#include "tests/fuzz/fuzz.h"

/* What DESIGN §3 says about merging and precedence, once more and as plainly as it stands there, without
 * sets or sorting: layers are drawn and merged here; precedence_model.h says what is open then, and
 * merge_world.h compares both with netpale. For the random test and the fuzzer. */

#define MM_LIST 4u

/* Entries as they are written, and once more what they mean. */
struct mm_item {
	const char *text;
	const char *host; /* a name; else: */
	char wild;        /* '*': below it, '.': itself, too */
	const char *base;
	unsigned length;      /* of the prefix */
	unsigned first, last; /* ports; 0: none given */
	char protocol;        /* 't', 'u', or 0 for both */
};

static const struct mm_item mm_items[] = {
	{ "11.1.2.0/24", NULL, 0, "11.1.2.0", 24, 0, 0, 0 },
	{ "11.1.2.0/29:443", NULL, 0, "11.1.2.0", 29, 443, 443, 0 },
	{ "11.1.2.7", NULL, 0, "11.1.2.7", 32, 0, 0, 0 },
	{ "11.1.2.7:443/tcp", NULL, 0, "11.1.2.7", 32, 443, 443, 't' },
	{ "11.1.2.7:53/udp", NULL, 0, "11.1.2.7", 32, 53, 53, 'u' },
	{ "11.1.2.8:50-500", NULL, 0, "11.1.2.8", 32, 50, 500, 0 },
	{ "0.0.0.0/0", NULL, 0, "0.0.0.0", 0, 0, 0, 0 },
	{ "0.0.0.0/0:53", NULL, 0, "0.0.0.0", 0, 53, 53, 0 },
	{ "255.255.255.255", NULL, 0, "255.255.255.255", 32, 0, 0, 0 },
	{ "[2600::/16]:443", NULL, 0, "2600::", 16, 443, 443, 0 },
	{ "2600::7", NULL, 0, "2600::7", 128, 0, 0, 0 },
	{ "::/0", NULL, 0, "::", 0, 0, 0, 0 },
	{ "a.example", "a.example", 0, NULL, 0, 0, 0, 0 },
	{ "a.example:443", "a.example", 0, NULL, 0, 443, 443, 0 },
	{ "b.a.example:53", "b.a.example", 0, NULL, 0, 53, 53, 0 },
	{ "*.a.example", "a.example", '*', NULL, 0, 0, 0, 0 },
	{ ".example:443/tcp", "example", '.', NULL, 0, 443, 443, 't' },
};
#define MM_LITERALS 12u /* in front */

static const char mm_hosts[] =
	"11.1.2.7 a.example\n2600::7 a.example\n11.1.2.8 b.a.example\n";
static const struct {
	const char *host, *addr;
} mm_answers[] = {
	{ "a.example", "11.1.2.7" },
	{ "a.example", "2600::7" },
	{ "b.a.example", "11.1.2.8" },
};

static const char *const mm_addrs[] = {
	"11.1.2.7", "11.1.2.8", "11.1.2.1", "11.1.3.0",        "0.0.0.1",
	"2600::7",  "2600::8",  "2601::",   "255.255.255.255", "ffff::",
};
static const struct {
	char protocol; /* 'o': neither TCP nor UDP */
	unsigned port;
} mm_points[] = {
	{ 't', 443 }, { 'u', 443 }, { 't', 53 },  { 'u', 53 }, { 't', 52 },
	{ 'u', 500 }, { 't', 501 }, { 't', 853 }, { 't', 1 },  { 'o', 0 },
};

/* One layer as somebody says it; 0 of everything: nothing. */
struct mm_layer {
	bool given;
	enum mode mode;
	enum stance dns;
	enum trust_project trust;
	bool isolation, override;
	enum opening_kind inbound,
		gateway; /* ports: 3000, or of a project 3000 and 4000 */
	bool has_allow, has_deny;
	size_t allows, denies;
	const struct mm_item *allow[MM_LIST], *deny[MM_LIST];
};

struct mm_world {
	uint32_t (*draw)(void *context, uint32_t below);
	void *context;
	struct mm_layer layers[LAYER_COUNT];
};

static inline uint32_t mm_draw(struct mm_world *world, uint32_t below)
{
	return world->draw(world->context, below);
}

static inline const struct mm_item *mm_draw_item(struct mm_world *world, bool deny)
{
	const struct mm_item *item = &mm_items[mm_draw(world, ARRAY_SIZE(mm_items))];

	/* Names in deny take no ports, and need the guard: most worlds have none. */
	if (deny && item->host && (item->first || mm_draw(world, 4)))
		return &mm_items[mm_draw(world, MM_LITERALS)];
	return item;
}

static inline void mm_draw_layer(struct mm_world *world, enum layer_kind kind)
{
	struct mm_layer *layer = &world->layers[kind];
	bool file = kind == LAYER_PROFILE || kind == LAYER_PROJECT;

	*layer = (struct mm_layer){ .given = mm_draw(world, 4) != 0 };
	if (!layer->given)
		return;
	layer->mode = mm_draw(world, 2) ? 0 : MODE_FULL + mm_draw(world, 4);
	layer->dns = mm_draw(world, 3) ? 0 : STANCE_RESOLVERS + mm_draw(world, 3);
	if (kind != LAYER_PROJECT && mm_draw(world, 3) == 0)
		layer->trust = TRUST_EXTEND + mm_draw(world, 4);
	layer->isolation = kind == LAYER_PROFILE && mm_draw(world, 8) == 0;
	layer->override = kind == LAYER_PROJECT && mm_draw(world, 4) == 0;
	if (file && mm_draw(world, 2) == 0) {
		layer->inbound = OPENING_CLOSED + mm_draw(world, 3);
		layer->gateway = OPENING_CLOSED + mm_draw(world, 3);
	}
	layer->has_allow = mm_draw(world, 3) != 0;
	layer->has_deny = mm_draw(world, 2) != 0;
	layer->allows = layer->has_allow ? mm_draw(world, MM_LIST) + !file : 0;
	layer->denies = layer->has_deny ? mm_draw(world, MM_LIST) + !file : 0;
	for (size_t i = 0; i < layer->allows; i++)
		layer->allow[i] = mm_draw_item(world, false);
	for (size_t i = 0; i < layer->denies; i++)
		layer->deny[i] = mm_draw_item(world, true);
	if (!layer->mode && !layer->dns && !layer->trust && !layer->inbound &&
	    !layer->gateway && !layer->has_allow && !layer->has_deny)
		layer->given = false;
}

/* --- the words ------------------------------------------------------------------------------ */

struct mm_entry {
	const struct mm_item *item;
	bool deny, project;
};

struct mm_policy {
	bool refused;        /* the start is */
	bool by_operator;    /* he says a mode, or entries */
	bool dns_of_project; /* chose the stance */
	enum mode mode;
	enum stance dns;
	enum opening_kind inbound, gateway;
	bool inbound_of_project; /* OPENING_PORTS: what the project wrote */
	struct mm_entry entries[2 * LAYER_COUNT * (MM_LIST + 1)];
	size_t count;
};

/* "The profile says how far a project is trusted. isolation: true in a profile means ignore."
 * --trust-project replaces it. */
static inline enum trust_project mm_trust(const struct mm_world *world)
{
	const struct mm_layer *profile = &world->layers[LAYER_PROFILE];
	enum trust_project trust = TRUST_EXTEND;

	if (profile->given && profile->trust)
		trust = profile->trust;
	if (profile->given && profile->isolation)
		trust = TRUST_IGNORE;
	for (size_t i = LAYER_ENVIRONMENT; i <= LAYER_FLAGS; i++)
		if (world->layers[i].given && world->layers[i].trust)
			trust = world->layers[i].trust;
	return trust;
}

static inline void mm_concatenate(struct mm_policy *policy, const struct mm_layer *layer,
				  bool project)
{
	for (size_t i = 0; i < layer->allows; i++)
		policy->entries[policy->count++] =
			(struct mm_entry){ layer->allow[i], false, project };
	for (size_t i = 0; i < layer->denies; i++)
		policy->entries[policy->count++] =
			(struct mm_entry){ layer->deny[i], true, project };
}

/* "A wildcard needs guarded"; "deny of a name needs guarded". */
static inline bool mm_needs_guard(const struct mm_entry *entry)
{
	return entry->item->host && (entry->item->wild || entry->deny);
}

static inline bool mm_any_needs_guard(const struct mm_policy *policy, bool project)
{
	for (size_t i = 0; i < policy->count; i++)
		if (policy->entries[i].project == project &&
		    mm_needs_guard(&policy->entries[i]))
			return true;
	return false;
}

/* "A wildcard needs guarded, which is then chosen by itself; another stance asked for beside a wildcard
 * is 65." A project's wildcard gives way to the operator's stance. */
static inline void mm_settle_guard(struct mm_policy *policy)
{
	size_t kept = 0;

	/* "none: no DNS" */
	if (policy->dns == STANCE_GUARDED || policy->mode == MODE_NONE)
		return;
	if (policy->dns == STANCE_UNSET) {
		policy->dns = mm_any_needs_guard(policy, false) ||
					      mm_any_needs_guard(policy, true)
				      ? STANCE_GUARDED
				      : STANCE_RESOLVERS;
		return;
	}
	for (size_t i = 0; i < policy->count; i++) {
		const struct mm_entry *entry = &policy->entries[i];

		if (!mm_needs_guard(entry))
			policy->entries[kept++] = *entry;
		else if (!entry->project || entry->deny || policy->dns_of_project)
			policy->refused = true;
	}
	policy->count = kept;
}

/* "Default: restricted where any layer has allow, full where there is only deny." */
static inline enum mode mm_implied(bool allow, bool deny)
{
	return allow ? MODE_RESTRICTED : deny ? MODE_FULL : MODE_UNSET;
}

static inline enum opening_kind mm_tighter(enum opening_kind a, enum opening_kind b)
{
	return a < b ? a : b;
}

static inline void mm_open(struct mm_policy *policy, const struct mm_layer *profile,
			   const struct mm_layer *project, bool overrides)
{
	/* "deny: default of restricted and none". In audit what restricted would refuse is
	 * recorded, so that its default is restricted's. */
	enum opening_kind base =
		policy->mode == MODE_FULL ? OPENING_OPEN : OPENING_CLOSED;

	policy->inbound = profile && profile->inbound ? profile->inbound : base;
	if (project && project->inbound) {
		enum opening_kind before = policy->inbound;

		policy->inbound = overrides ? project->inbound
					    : mm_tighter(before, project->inbound);
		policy->inbound_of_project = overrides || before == OPENING_OPEN;
	}
	/* "false": nothing said in mode full leaves the host an address as any. */
	base = policy->mode == MODE_FULL ? OPENING_UNSET : OPENING_CLOSED;
	policy->gateway = profile && profile->gateway ? profile->gateway : base;
	if (!project || !project->gateway)
		return;
	if (overrides)
		policy->gateway = project->gateway;
	else if (policy->gateway != OPENING_UNSET || project->gateway == OPENING_CLOSED)
		policy->gateway = policy->gateway == OPENING_UNSET
					  ? OPENING_CLOSED
					  : mm_tighter(policy->gateway, project->gateway);
}

/* What the operator says, and what there is of it. */
struct mm_said {
	enum mode mode;
	enum stance dns;
	bool allow, deny;
	bool closes; /* the host or ports */
};

static inline bool mm_closes(enum opening_kind kind)
{
	return kind == OPENING_CLOSED || kind == OPENING_PORTS;
}

static inline void mm_hear(struct mm_said *said, const struct mm_layer *layer)
{
	said->mode = layer->mode ? layer->mode : said->mode;
	said->dns = layer->dns ? layer->dns : said->dns;
	said->allow |= layer->has_allow;
	said->deny |= layer->has_deny;
	said->closes |= mm_closes(layer->inbound) || mm_closes(layer->gateway);
}

/* "Scalars: the later layer wins, except that a project only tightens." */
static inline void mm_settle(struct mm_policy *policy, const struct mm_world *world,
			     const struct mm_layer *profile,
			     const struct mm_layer *project, bool overrides)
{
	struct mm_said said = { 0 }, later = { 0 };
	enum mode floor;
	enum stance base;

	if (profile)
		mm_hear(&said, profile);
	for (size_t i = LAYER_ENVIRONMENT; i <= LAYER_FLAGS; i++)
		if (world->layers[i].given)
			mm_hear(&later, &world->layers[i]);
	said.allow |= later.allow;
	said.deny |= later.deny;
	said.closes |= later.closes;
	policy->by_operator = said.mode || later.mode || said.allow || said.deny;
	policy->mode = said.mode;
	policy->dns = said.dns;
	floor = said.mode ? said.mode : mm_implied(said.allow, said.deny);
	base = said.dns                            ? said.dns
	       : mm_any_needs_guard(policy, false) ? STANCE_GUARDED
						   : STANCE_RESOLVERS;
	if (project && project->mode)
		policy->mode = overrides || project->mode > floor ? project->mode : floor;
	/* Audit would let through what the operator refuses. */
	if (floor == MODE_FULL && policy->mode == MODE_AUDIT && !overrides &&
	    (said.deny || said.closes))
		policy->mode = floor;
	policy->dns_of_project = project && project->dns &&
				 (overrides || project->dns > base) && !later.dns;
	if (policy->dns_of_project)
		policy->dns = project->dns;
	if (project) {
		said.allow |= project->has_allow;
		said.deny |= project->has_deny;
	}
	policy->mode = later.mode ? later.mode : policy->mode;
	policy->dns = later.dns ? later.dns : policy->dns;
	if (!policy->mode)
		policy->mode = mm_implied(said.allow, said.deny);
	/* "No policy at all is an error." "A project alone may not say full." */
	if (!policy->mode ||
	    (!policy->by_operator && !overrides && policy->mode < MODE_RESTRICTED))
		policy->refused = true;
}

static inline struct mm_policy mm_merge(const struct mm_world *world)
{
	const struct mm_layer *const layers = world->layers;
	const struct mm_layer *profile =
		layers[LAYER_PROFILE].given ? &layers[LAYER_PROFILE] : NULL;
	const struct mm_layer *project =
		layers[LAYER_PROJECT].given ? &layers[LAYER_PROJECT] : NULL;
	enum trust_project trust = mm_trust(world);
	bool overrides = trust == TRUST_OVERRIDE;
	struct mm_policy policy = { 0 };
	struct mm_layer cut;

	if (trust == TRUST_IGNORE)
		project = NULL;
	/* "Override: that block replaces the profile's whole and must name policy"; under extend it
	 * is 65, and so it is where less is trusted. */
	if (project && project->override) {
		if (!overrides || !project->mode)
			return (struct mm_policy){ .refused = true };
		profile = NULL;
	}
	/* "tighten = its allow is left out with a warning, the rest applies". */
	if (project && trust == TRUST_TIGHTEN) {
		cut = *project;
		cut.has_allow = false;
		cut.allows = 0;
		project = &cut;
	}
	/* "profile, project, environment, flags: concatenated in that order". */
	if (profile)
		mm_concatenate(&policy, profile, false);
	if (project)
		mm_concatenate(&policy, project, !overrides);
	for (size_t i = LAYER_ENVIRONMENT; i <= LAYER_FLAGS; i++)
		if (layers[i].given)
			mm_concatenate(&policy, &layers[i], false);
	mm_settle(&policy, world, profile, project, overrides);
	mm_settle_guard(&policy);
	mm_open(&policy, profile, project, overrides);
	return policy;
}
