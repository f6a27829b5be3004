#include "lib/explain.h"

#include <string.h>

#include "lib/admit.h"
#include "lib/host.h"

#define WHOLE_LINE (PORTSET_LAST + 1)

struct question {
	const struct policy *policy;
	const struct answers *answers;
	const struct site *site;
	const struct addr *addr;
	uint32_t point;
	enum stance dns;
};

/* A literal rule that holds at the point. */
struct candidate {
	bool found, deny;
	const struct entry *entry; /* NULL: host_gateway */
	unsigned length;
	uint32_t width; /* of its narrowest range there */
};

static bool is_dns(uint32_t point)
{
	uint32_t port = point % PORTSET_UDP;

	return point != PORTSET_OTHER && (port == 53 || port == 853);
}

static bool in_ranges(const struct port_range *ranges, size_t count, uint32_t point,
		      uint32_t *ret_width)
{
	*ret_width = UINT32_MAX;
	for (size_t i = 0; i < count; i++) {
		uint32_t width = ranges[i].last - ranges[i].first + 1;

		if (ranges[i].first <= point && point <= ranges[i].last &&
		    width < *ret_width)
			*ret_width = width;
	}
	return *ret_width != UINT32_MAX;
}

static bool covers_point(const struct entry *entry, uint32_t point, uint32_t *ret_width)
{
	if (entry->port_count)
		return in_ranges(entry->ports, entry->port_count, point, ret_width);
	*ret_width = WHOLE_LINE;
	return entry->deny || !is_dns(point);
}

/* --- names ------------------------------------------------------------------------------- */

static bool speaks_of(const struct entry *entry, const char *host)
{
	switch (entry->kind) {
	case ENTRY_NAME:
		return strcmp(entry->host, host) == 0;
	case ENTRY_BELOW:
		return host_is_below(host, entry->host);
	case ENTRY_SUBTREE:
		return strcmp(entry->host, host) == 0 || host_is_below(host, entry->host);
	case ENTRY_PREFIX:
	case ENTRY_ATTACHED:
		break;
	}
	return false;
}

/* Is `a` the more specific of two that speak of one host? */
static bool is_nearer(const struct entry *a, const struct entry *b)
{
	size_t x = strlen(a->host), y = strlen(b->host);

	return x != y ? x > y : a->kind == ENTRY_NAME && b->kind != ENTRY_NAME;
}

/* The most specific entry of one side that allows or denies the host. */
static const struct entry *nearest(const struct policy *policy, const char *host,
				   enum trust trust, bool deny)
{
	const struct entry *nearest = NULL;

	for (size_t i = 0; i < policy->count; i++) {
		const struct entry *entry = &policy->entries[i];

		if (entry->trust == trust && entry->deny == deny &&
		    speaks_of(entry, host) && (!nearest || is_nearer(entry, nearest)))
			nearest = entry;
	}
	return nearest;
}

/* The deny that refuses the host. */
static const struct entry *denied_by(const struct policy *policy, const char *host)
{
	for (int trust = TRUST_OPERATOR; trust <= TRUST_PROJECT; trust++) {
		const struct entry *deny = nearest(policy, host, trust, true);
		const struct entry *allow = nearest(policy, host, trust, false);

		if (deny && (!allow || !is_nearer(allow, deny)))
			return deny;
	}
	return NULL;
}

/* Does this allow count for the host, or does a deny overrule it? */
static bool allows(const struct policy *policy, const struct entry *entry,
		   const char *host)
{
	const struct entry *deny;

	if (entry->deny || !speaks_of(entry, host) || denied_by(policy, host))
		return false;
	if (entry->trust == TRUST_PROJECT && nearest(policy, host, TRUST_OPERATOR, true))
		return false;
	deny = nearest(policy, host, entry->trust, true);
	return !deny || is_nearer(entry, deny);
}

static bool answer_has(const struct answer *answer, const struct addr *addr)
{
	for (size_t i = 0; i < answer->count; i++)
		if (addr_compare(&answer->addrs[i], addr) == 0)
			return true;
	return false;
}

/* Is the address one of the entry's names'? *ret: may it be opened, for any of them. */
static bool has_address(const struct question *question, const struct entry *entry,
			enum admission *ret)
{
	bool guarded = question->dns == STANCE_GUARDED, found = false;

	if (entry->deny || !entry_is_name(entry))
		return false;
	for (size_t i = 0; i < question->answers->count; i++) {
		const struct answer *answer = &question->answers->v[i];
		enum admission admission;

		if (!answer_has(answer, question->addr))
			continue;
		if (guarded ? !answer->fixed ||
				      !allows(question->policy, entry, answer->host)
			    : entry->kind != ENTRY_NAME ||
				      strcmp(entry->host, answer->host) != 0)
			continue;
		admission = admit(entry, answer->host, question->addr, question->site);
		if (!found || admission == ADMIT)
			*ret = admission;
		found = true;
	}
	return found;
}

struct verdict explain_name(const struct policy *policy, const char *host, uint32_t point)
{
	const struct entry *deny = denied_by(policy, host), *best = NULL, *near = NULL;
	bool full = policy->mode == MODE_FULL && !is_dns(point);

	if (policy->mode == MODE_NONE)
		return (struct verdict){ .reason = "policy none" };
	if (deny)
		return (struct verdict){ .entry = deny };
	for (size_t i = 0; i < policy->count; i++) {
		const struct entry *entry = &policy->entries[i];
		uint32_t width;

		if (!allows(policy, entry, host))
			continue;
		if (!near || is_nearer(entry, near))
			near = entry;
		if (covers_point(entry, point, &width) &&
		    (!best || is_nearer(entry, best)))
			best = entry;
	}
	if (best)
		return (struct verdict){ .allowed = true, .entry = best };
	if (full)
		return (struct verdict){ .allowed = true, .reason = "policy full" };
	return (struct verdict){
		.entry = near,
		.reason = near ? "the name is allowed, this port is not" : "no entry",
	};
}

/* --- literals ---------------------------------------------------------------------------- */

/* The longest prefix of the entry's that holds the address; false when it is not literal. */
static bool covers_addr(const struct question *question, const struct entry *entry,
			unsigned *ret_length)
{
	const struct site *site = question->site;
	bool found = false;

	if (entry->kind == ENTRY_PREFIX) {
		*ret_length = entry->prefix.length;
		return prefix_contains(&entry->prefix, question->addr);
	}
	if (entry_is_name(entry)) {
		enum admission admission;

		*ret_length = addr_bits(question->addr->family);
		return entry->private_ok && has_address(question, entry, &admission) &&
		       admission == ADMIT;
	}
	if (entry->kind != ENTRY_ATTACHED || site_is_gateway(site, question->addr))
		return false;
	*ret_length = 0;
	for (size_t i = 0; i < site->attached_count; i++) {
		if (!prefix_contains(&site->attached[i], question->addr))
			continue;
		found = true;
		if (site->attached[i].length > *ret_length)
			*ret_length = site->attached[i].length;
	}
	return found;
}

static bool beats(const struct candidate *a, const struct candidate *b)
{
	if (!b->found || a->length != b->length)
		return !b->found || a->length > b->length;
	if (a->width != b->width)
		return a->width < b->width;
	return a->deny && !b->deny;
}

static void consider(struct candidate *best, const struct candidate *candidate)
{
	if (beats(candidate, best))
		*best = *candidate;
}

static void consider_gateway(const struct question *question, struct candidate *best)
{
	const struct opening *opening = &question->policy->host_gateway;
	struct candidate allow = { .found = true,
				   .length = addr_bits(question->addr->family) };
	struct candidate deny = allow;
	bool full = question->policy->mode == MODE_FULL;

	if (!site_is_gateway(question->site, question->addr))
		return;
	deny.deny = true;
	deny.width = WHOLE_LINE + 1;
	allow.width = WHOLE_LINE;
	if (opening->kind == OPENING_CLOSED || opening->kind == OPENING_PORTS ||
	    (opening->kind == OPENING_UNSET && !full))
		consider(best, &deny);
	if ((opening->kind == OPENING_OPEN && !is_dns(question->point)) ||
	    (opening->kind == OPENING_PORTS &&
	     in_ranges(opening->ports, opening->port_count, question->point,
		       &allow.width)))
		consider(best, &allow);
}

static struct candidate literal_verdict(const struct question *question, enum trust trust)
{
	struct candidate best = { 0 };

	for (size_t i = 0; i < question->policy->count; i++) {
		const struct entry *entry = &question->policy->entries[i];
		struct candidate candidate = { .found = true,
					       .deny = entry->deny,
					       .entry = entry };

		if (entry->trust == trust &&
		    (entry->deny || question->policy->mode != MODE_NONE) &&
		    covers_point(entry, question->point, &candidate.width) &&
		    covers_addr(question, entry, &candidate.length))
			consider(&best, &candidate);
	}
	if (trust == TRUST_OPERATOR)
		consider_gateway(question, &best);
	return best;
}

static const struct entry *any_deny(const struct question *question)
{
	for (size_t i = 0; i < question->policy->count; i++) {
		const struct entry *entry = &question->policy->entries[i];
		uint32_t width;
		unsigned length;

		if (entry->deny && covers_point(entry, question->point, &width) &&
		    covers_addr(question, entry, &length))
			return entry;
	}
	return NULL;
}

static const char *refusal(enum admission admission)
{
	switch (admission) {
	case ADMIT:
		break;
	case REFUSE_PRIVATE:
		return "a name opens a private address only with `private: true`";
	case REFUSE_SPECIAL:
		return "a name opens no loopback, link-local, metadata or special "
		       "address";
	case REFUSE_GATEWAY:
		return "a name does not open the container's gateway; `host_gateway` "
		       "does";
	case REFUSE_OWN:
		return "it is the container's own address";
	}
	return NULL;
}

/* Does a name open it? Else, which came near, and why it did not. */
static struct verdict name_verdict(const struct question *question)
{
	struct verdict verdict = { .reason = "no entry" };
	const struct entry *deny = any_deny(question);

	if (question->policy->mode == MODE_NONE)
		return (struct verdict){ .reason = "policy none" };
	for (size_t i = 0; i < question->policy->count; i++) {
		const struct entry *entry = &question->policy->entries[i];
		enum admission admission;
		uint32_t width;

		if (!covers_point(entry, question->point, &width) ||
		    !has_address(question, entry, &admission))
			continue;
		if (admission == ADMIT && !entry->private_ok && !deny)
			return (struct verdict){ .allowed = true, .entry = entry };
		if (admission != ADMIT)
			verdict = (struct verdict){ .entry = entry,
						    .reason = refusal(admission) };
		else if (deny)
			verdict =
				(struct verdict){ .entry = deny,
						  .reason = "a name never beats a deny" };
	}
	return verdict;
}

/* An entry that would open it, were the port not 53 or 853. */
static void explain_dns_port(const struct question *question, struct verdict *verdict)
{
	for (size_t i = 0; i < question->policy->count; i++) {
		const struct entry *entry = &question->policy->entries[i];
		enum admission ignored;
		unsigned length;

		if (entry->deny || entry->port_count ||
		    !(covers_addr(question, entry, &length) ||
		      has_address(question, entry, &ignored)))
			continue;
		*verdict = (struct verdict){
			.entry = entry,
			.reason = "ports 53 and 853 are opened only by an entry that "
				  "names them",
		};
		return;
	}
}

/* What every fence does, whatever the entries say. */
static bool explain_fence(const struct question *question, struct verdict *verdict)
{
	const struct site *site = question->site;
	bool asks =
		question->policy->mode != MODE_NONE && question->dns == STANCE_RESOLVERS;

	if (site_is_docker_dns(question->addr)) {
		*verdict = (struct verdict){ .allowed = asks,
					     .reason = "Docker's resolver" };
		return true;
	}
	if (addr_scope(question->addr) == ADDR_LOOPBACK ||
	    site_is_own(site, question->addr)) {
		*verdict = (struct verdict){ .allowed = true, .reason = "loopback" };
		return true;
	}
	if (!asks || (question->point != 53 && question->point != PORTSET_UDP + 53))
		return false;
	for (size_t i = 0; i < site->resolver_count; i++) {
		if (addr_compare(&site->resolvers[i], question->addr) != 0)
			continue;
		*verdict = (struct verdict){ .allowed = true,
					     .reason = "a resolver of /etc/resolv.conf" };
		return true;
	}
	return false;
}

static struct verdict of_candidate(const struct candidate *candidate)
{
	return (struct verdict){ .allowed = !candidate->deny,
				 .entry = candidate->entry,
				 .reason = candidate->entry ? NULL : "host_gateway" };
}

static struct verdict explain_entries(const struct question *question)
{
	struct candidate operator= literal_verdict(question, TRUST_OPERATOR);
	struct candidate project = literal_verdict(question, TRUST_PROJECT);
	bool full = question->policy->mode == MODE_FULL;
	struct verdict verdict;

	if (operator.found && operator.deny)
		return of_candidate(&operator);
	if (project.found && project.deny)
		return of_candidate(&project);
	if (operator.found)
		return of_candidate(&operator);
	if (project.found)
		return of_candidate(&project);
	if (full && (question->dns == STANCE_RESOLVERS || !is_dns(question->point)))
		return (struct verdict){ .allowed = true, .reason = "policy full" };
	verdict = name_verdict(question);
	if (!verdict.allowed && !verdict.entry && is_dns(question->point) &&
	    question->policy->mode != MODE_NONE)
		explain_dns_port(question, &verdict);
	return verdict;
}

struct verdict explain_addr(const struct policy *policy, const struct answers *answers,
			    const struct site *site, const struct addr *addr,
			    uint32_t point)
{
	struct question question = { policy, answers, site, addr, point, policy->dns };
	struct verdict verdict;

	if (question.dns == STANCE_UNSET)
		question.dns = STANCE_RESOLVERS;
	if (explain_fence(&question, &verdict))
		return verdict;
	return explain_entries(&question);
}
