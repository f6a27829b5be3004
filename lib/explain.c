#include "lib/explain_internal.h"

#include "lib/admit.h"
#include "lib/macros.h"

/* Points that explain_elsewhere() looks at, each of them with every entry. */
#define EXPLAIN_TRIES 64u

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

/* --- addresses of names ------------------------------------------------------------------ */

/* Is the address the answer's, and the answer the entry's? *ret: may it be opened for it. */
static bool answers_entry(const struct question *question, const struct entry *entry,
			  const struct answer *answer, enum admission *ret)
{
	if (!answer_has(answer, question->addr))
		return false;
	*ret = admit(entry, answer->host, question->addr, question->site);
	return true;
}

/* With dns: guarded what is known from the start; a wildcard has many names. */
static bool has_fixed_address(const struct question *question, const struct entry *entry,
			      enum admission *ret)
{
	bool found = false;

	for (size_t i = 0; i < question->answers->count; i++) {
		const struct answer *answer = &question->answers->v[i];
		enum admission admission;

		if (!answer->fixed ||
		    !answers_entry(question, entry, answer, &admission) ||
		    !explain_allows(question->policy, entry, answer->host))
			continue;
		if (!found || admission == ADMIT)
			*ret = admission;
		found = true;
	}
	return found;
}

/* Is the address one of the entry's names'? *ret: may it be opened, for any of them. */
static bool has_address(const struct question *question, const struct entry *entry,
			enum admission *ret)
{
	const struct answer *answer;

	if (entry->deny || !entry_is_name(entry))
		return false;
	if (question->dns == STANCE_GUARDED)
		return has_fixed_address(question, entry, ret);
	if (entry->kind != ENTRY_NAME)
		return false;
	answer = answers_find(question->answers, entry->host);
	return answer && answers_entry(question, entry, answer, ret);
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
	if ((opening->kind == OPENING_OPEN && !explain_is_dns(question->point)) ||
	    (opening->kind == OPENING_PORTS &&
	     explain_in_ranges(opening->ports, opening->port_count, question->point,
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
		    explain_covers_point(entry, question->point, &candidate.width) &&
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

		if (entry->deny && explain_covers_point(entry, question->point, &width) &&
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
		return "a name opens a private address only with 'private: true'";
	case REFUSE_SPECIAL:
		return "a name opens no loopback, link-local, metadata or special "
		       "address";
	case REFUSE_GATEWAY:
		return "a name does not open the container's gateway; 'host_gateway' "
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

		if (!explain_covers_point(entry, question->point, &width) ||
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
	if (full &&
	    (question->dns == STANCE_RESOLVERS || !explain_is_dns(question->point)))
		return (struct verdict){ .allowed = true, .reason = "policy full" };
	verdict = name_verdict(question);
	if (!verdict.allowed && !verdict.entry && explain_is_dns(question->point) &&
	    question->policy->mode != MODE_NONE)
		explain_dns_port(question, &verdict);
	return verdict;
}

static struct verdict explain(const struct question *question)
{
	struct verdict verdict;

	return explain_fence(question, &verdict) ? verdict : explain_entries(question);
}

static struct question ask(const struct policy *policy, const struct answers *answers,
			   const struct site *site, const struct addr *addr,
			   uint32_t point)
{
	enum stance dns = policy->dns == STANCE_UNSET ? STANCE_RESOLVERS : policy->dns;

	return (struct question){ policy, answers, site, addr, point, dns };
}

struct verdict explain_addr(const struct policy *policy, const struct answers *answers,
			    const struct site *site, const struct addr *addr,
			    uint32_t point)
{
	const struct question question = ask(policy, answers, site, addr, point);

	return explain(&question);
}

/* The i-th point that an allow opens by itself, as far as one of each of its ranges goes. */
static bool point_of(const struct entry *entry, size_t i, uint32_t not, uint32_t *ret)
{
	static const uint32_t usual[] = { 443, 80, PORTSET_UDP + 443, PORTSET_OTHER };

	if (entry->port_count == 0) {
		*ret = usual[i < ARRAY_SIZE(usual) ? i : 0];
		return i < ARRAY_SIZE(usual);
	}
	if (i >= entry->port_count)
		return false;
	*ret = entry->ports[i].first == not ? entry->ports[i].last
					    : entry->ports[i].first;
	return true;
}

const struct entry *explain_elsewhere(const struct policy *policy,
				      const struct answers *answers,
				      const struct site *site, const struct addr *addr,
				      uint32_t point)
{
	struct question question = ask(policy, answers, site, addr, point);
	enum admission ignored;
	unsigned length, tries = 0;

	for (size_t i = 0; policy->mode != MODE_NONE && i < policy->count; i++) {
		const struct entry *entry = &policy->entries[i];

		if (entry->deny || !(covers_addr(&question, entry, &length) ||
				     has_address(&question, entry, &ignored)))
			continue;
		for (size_t j = 0; point_of(entry, j, point, &question.point); j++) {
			struct verdict verdict;

			if (question.point == point)
				continue;
			if (tries++ == EXPLAIN_TRIES)
				return NULL;
			verdict = explain(&question);
			if (verdict.allowed && verdict.entry)
				return verdict.entry;
		}
	}
	return NULL;
}
