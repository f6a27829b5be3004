#include "lib/seen_internal.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "lib/admit.h"
#include "lib/explain.h"
#include "lib/host.h"
#include "lib/names.h"

struct collector {
	const struct policy *policy;
	struct policy restricted; /* the same, as it would refuse */
	const struct site *site;
	struct names *names;
	struct arena *arena;
	struct sight_list destinations, inbound, gateway;
	bool failed;
};

static void add(struct collector *collector, struct sight_list *list,
		const struct sight *sight)
{
	if (array_grow(&list->v, &list->capacity, list->count, sizeof(*list->v)))
		list->v[list->count++] = *sight;
	else
		collector->failed = true;
}

/* The record is a file: what stands there as a name need not be one. */
static const char *host_of(struct collector *collector, const char *name)
{
	char host[HOST_TEXT];
	struct error ignored;
	const char *kept;

	if (host_normalise(name, strlen(name), host, &ignored) < 0)
		return NULL;
	kept = arena_strndup(collector->arena, host, strlen(host));
	collector->failed = collector->failed || !kept;
	return kept;
}

static bool point_of(const struct refusal *row, uint32_t *ret)
{
	if ((row->protocol != IPPROTO_TCP && row->protocol != IPPROTO_UDP) || !row->port)
		return false;
	*ret = row->port + (row->protocol == IPPROTO_UDP ? PORTSET_UDP : 0);
	return true;
}

bool seen_opens(const struct port_range *ports, size_t count, uint32_t point)
{
	uint32_t port = point % PORTSET_UDP;

	for (size_t i = 0; i < count; i++)
		if (ports[i].first <= point && point <= ports[i].last)
			return true;
	return count == 0 && port != 53 && port != 853;
}

static void close_sight(struct sight *sight, const char *why)
{
	sight->state = SEEN_CLOSED;
	sight->why = why;
}

static void deny_sight(struct sight *sight, const struct entry *entry)
{
	sight->state = SEEN_DENIED;
	sight->rule = &entry->origin;
}

/* May a line with the name open the address? With `private` where it must. */
static void judge_answer(const struct collector *collector, struct sight *sight)
{
	struct entry *entry = &sight->entry;
	const struct addr *addr = &sight->row->addr;
	enum admission admission = admit(entry, entry->host, addr, collector->site);

	if (admission == REFUSE_PRIVATE) {
		entry->private_ok = true;
		admission = admit(entry, entry->host, addr, collector->site);
	}
	if (admission != ADMIT)
		close_sight(sight, "a name opens no loopback, link-local or metadata "
				   "address, nor the gateway");
}

/* Does a line of the policy allow it by its name? */
static bool is_covered(const struct collector *collector, struct sight *sight,
		       const struct permission *permission)
{
	for (size_t i = 0; i < permission->count; i++) {
		const struct entry *entry = permission->entries[i];

		if (!seen_opens(entry->ports, entry->port_count, sight->port.first) ||
		    admit(entry, sight->entry.host, &sight->row->addr, collector->site) !=
			    ADMIT)
			continue;
		if (collector->policy->dns == STANCE_GUARDED ||
		    sight->row->reason != REFUSAL_EXPIRED)
			return true;
		close_sight(sight, "allowed, but at an address that it did not have at "
				   "the start; dns: guarded follows it");
		return false;
	}
	return false;
}

/* False: the policy allows it, there is nothing to say. */
static bool judge_name(const struct collector *collector, struct sight *sight)
{
	struct permission permission;

	names_ask(collector->names, sight->entry.host, &permission);
	judge_answer(collector, sight);
	if (permission.verdict == PERMIT_DENIED)
		deny_sight(sight, permission.entry);
	else if (sight->has_port && is_covered(collector, sight, &permission))
		return false;
	return true;
}

static void judge_addr(const struct collector *collector, struct sight *sight)
{
	uint32_t port = sight->port.first % PORTSET_UDP;

	if (addr_scope(&sight->row->addr) == ADDR_METADATA)
		close_sight(sight, "a cloud's metadata: it hands out credentials");
	else if (addr_scope(&sight->row->addr) == ADDR_LOOPBACK)
		close_sight(sight, "the container itself");
	else if (collector->policy->dns == STANCE_PINNED && (port == 53 || port == 853))
		close_sight(sight, "names are in /etc/hosts with dns: pinned");
}

/* Which state a connection is in, seen from the policy in force. False: it is allowed. */
static bool judge(const struct collector *collector, struct sight *sight)
{
	static const struct answers nothing = { 0 };
	struct verdict verdict = explain_addr(
		&collector->restricted, &nothing, collector->site, &sight->row->addr,
		sight->has_port ? sight->port.first : PORTSET_OTHER);

	sight->state = sight->row->audit ? SEEN_USED : SEEN_REFUSED;
	if (verdict.allowed)
		return false;
	if (!sight->has_port)
		close_sight(sight, "neither TCP nor UDP: only a line without ports, "
				   "which opens all, would allow it");
	if (!sight->entry.host)
		judge_addr(collector, sight);
	else if (!judge_name(collector, sight))
		return false;
	if (verdict.entry && verdict.entry->deny)
		deny_sight(sight, verdict.entry);
	return true;
}

/* The latest that the policy does not deny. */
static size_t first_candidate(const struct collector *collector, const char *const *hosts,
			      size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct permission permission;

		names_ask(collector->names, hosts[i], &permission);
		if (permission.verdict != PERMIT_DENIED)
			return i;
	}
	return 0;
}

static void see_connection(struct collector *collector, const struct refusal *row)
{
	const char *hosts[REFUSAL_NAMES];
	size_t count = 0, first;

	for (size_t i = 0; i < row->name_count; i++)
		if ((hosts[count] = host_of(collector, row->names[i])))
			count++;
	first = first_candidate(collector, hosts, count);
	for (size_t i = 0; i < count || i == 0; i++) {
		struct sight sight = {
			.kind = i == first ? SIGHT_CONNECTION : SIGHT_MAYBE,
			.row = row,
			.has_port = point_of(row, &sight.port.first),
		};

		sight.port.last = sight.port.first;
		sight.entry = (struct entry){
			.kind = count ? ENTRY_NAME : ENTRY_PREFIX,
			.host = count ? hosts[i] : NULL,
			.prefix = prefix_of(&row->addr, addr_bits(row->addr.family)),
		};
		if (judge(collector, &sight))
			add(collector, &collector->destinations, &sight);
	}
}

/* Was an answer kept back that still would be? Then no connection can tell of it. */
static bool judge_withheld(const struct collector *collector, struct sight *sight,
			   const struct permission *permission)
{
	const struct refusal *row = sight->row;

	if (row->audit || row->reason != REFUSAL_PRIVATE || !row->has_addr ||
	    !permission->count)
		return false;
	for (size_t i = 0; i < permission->count; i++)
		if (admit(permission->entries[i], sight->entry.host, &row->addr,
			  collector->site) == ADMIT)
			return false;
	sight->state = SEEN_REFUSED;
	judge_answer(collector, sight);
	return true;
}

/* A question of which nothing but its name is known. */
static void see_question(struct collector *collector, const struct refusal *row)
{
	struct sight sight = { .kind = SIGHT_QUESTION, .row = row };
	struct entry *entry = &sight.entry;
	struct permission permission;

	*entry = (struct entry){ .kind = ENTRY_NAME };
	if (!row->name_count || !(entry->host = host_of(collector, row->names[0])))
		return;
	names_ask(collector->names, entry->host, &permission);
	if (collector->policy->dns == STANCE_GUARDED)
		entry->types = entry_type_of(row->type) & ~permission.types;
	if (permission.count) {
		/* A line of its own, for the same ports. */
		entry->port_count = permission.entry->port_count;
		entry->ports = permission.entry->ports;
	}
	if (permission.verdict == PERMIT_DENIED)
		deny_sight(&sight, permission.entry);
	else if (row->reason == REFUSAL_LIMIT && permission.count)
		close_sight(&sight, "one of too many names below a wildcard; a line of "
				    "its own lifts the limit");
	else if (permission.count && !entry->types) {
		/* Else connections to it tell where there is more to say. */
		if (!judge_withheld(collector, &sight, &permission))
			return;
	} else if (!row->audit)
		sight.state = SEEN_REFUSED;
	else
		sight.state = permission.count ? SEEN_USED : SEEN_ASKED;
	add(collector, &collector->destinations, &sight);
}

static void see_port(struct collector *collector, const struct refusal *row,
		     const struct opening *opening, struct sight_list *list)
{
	struct sight sight = { .row = row };

	if (!(sight.has_port = point_of(row, &sight.port.first)))
		return;
	sight.port.last = sight.port.first;
	sight.state = row->audit ? SEEN_USED : SEEN_REFUSED;
	if (opening &&
	    (opening->kind == OPENING_OPEN ||
	     (opening->kind == OPENING_PORTS &&
	      seen_opens(opening->ports, opening->port_count, sight.port.first))))
		return;
	add(collector, list, &sight);
}

static void see_row(struct collector *collector, const struct refusal *row)
{
	const struct policy *policy = collector->policy;

	if (row->reason == REFUSAL_INBOUND)
		see_port(collector, row, &policy->inbound, &collector->inbound);
	else if (row->protocol == 0 || !row->has_addr)
		see_question(collector, row);
	else if (row->reason == REFUSAL_GATEWAY)
		see_port(collector, row, &policy->host_gateway, &collector->gateway);
	else if (!site_is_docker_dns(&row->addr)) /* that is the stance's */
		see_connection(collector, row);
}

static int collect(struct collector *collector, const struct refusal *rows, size_t count,
		   struct sights *ret, struct error *err)
{
	collector->restricted = *collector->policy;
	collector->restricted.mode = MODE_RESTRICTED;
	if (names_build(&collector->restricted, &collector->names, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		see_row(collector, &rows[i]);
	if (collector->failed ||
	    !seen_add_up(&collector->destinations, collector->arena, ret) ||
	    !seen_add_ports(&collector->inbound, collector->arena, &ret->inbound) ||
	    !seen_add_ports(&collector->gateway, collector->arena, &ret->gateway))
		return error_memory(err);
	return 0;
}

int sights_collect(const struct policy *policy, const struct site *site,
		   const struct refusal *rows, size_t count, struct arena *arena,
		   struct sights *ret, struct error *err)
{
	struct collector collector = { .policy = policy, .site = site, .arena = arena };
	int result;

	*ret = (struct sights){ 0 };
	result = collect(&collector, rows, count, ret, err);
	names_free(collector.names);
	free(collector.destinations.v);
	free(collector.inbound.v);
	free(collector.gateway.v);
	if (result < 0)
		sights_release(ret);
	return result;
}

void sights_release(struct sights *sights)
{
	free(sights->v);
	*sights = (struct sights){ 0 };
}
