#include "lib/blame.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/admit.h"
#include "lib/buf.h"
#include "lib/explain.h"
#include "lib/macros.h"

/* What is known of one refusal. */
struct finding {
	const struct blame *by;
	const struct addr *addr;
	uint32_t point; /* on portset.h's line */
	bool has_port;  /* else the point stands for all that has none */
	struct verdict verdict;
	const struct entry *entry; /* that refused it or came near; NULL */
	const char *name;          /* for the line; NULL: the address */
	unsigned denied; /* bit i: the refusal's name i, which no line would open */
};

static bool is_dns(uint32_t point)
{
	return point != PORTSET_OTHER &&
	       (point % PORTSET_UDP == 53 || point % PORTSET_UDP == 853);
}

/* --- names --------------------------------------------------------------------------------- */

static void add_name(struct refusal *refusal, const char *name)
{
	for (size_t i = 0; i < refusal->name_count; i++)
		if (strcmp(refusal->names[i], name) == 0)
			return;
	if (refusal->name_count < REFUSAL_NAMES)
		refusal->names[refusal->name_count++] = name;
}

void blame_names(const struct blame *by, const struct addr *addr, struct refusal *refusal)
{
	const char *names[LEASE_ADDR_NAMES];
	size_t count = 0;

	_Static_assert(REFUSAL_NAMES <= LEASE_ADDR_NAMES, "one array for both");
	if (by->resolved)
		count = resolved_names(by->resolved, addr, names);
	for (size_t i = 0; i < count; i++)
		add_name(refusal, names[i]);
	count = by->leases ? leases_names(by->leases, addr, names, ARRAY_SIZE(names)) : 0;
	for (size_t i = 0; i < count; i++)
		add_name(refusal, names[i]);
}

/* What was answered last first; what was known at the start last. */
static void find_names(const struct blame *by, const struct addr *addr,
		       struct refusal *refusal)
{
	blame_names(by, addr, refusal);
	for (size_t i = 0; i < by->answers->count; i++)
		if (answer_has(&by->answers->v[i], addr))
			add_name(refusal, by->answers->v[i].host);
}

/* --- lines --------------------------------------------------------------------------------- */

static const char *keep(char *out, size_t size, struct buf *line)
{
	bool fits = !line->failed && line->length > 0 && line->length < size;

	if (fits)
		memcpy(out, line->data, line->length + 1);
	buf_release(line);
	return fits ? out : NULL;
}

/* "host_gateway: [3000/tcp]": the ports that are open already, and these; none: all. */
static const char *opening_line(const char *key, const struct opening *opening,
				const struct port_range *ports, size_t count,
				struct blame_texts *texts)
{
	struct port_range ranges[2 * ENTRY_PORTS_MAX];
	size_t open = opening->kind == OPENING_PORTS ? opening->port_count : 0;
	struct buf line = { 0 };

	if (open + count > ARRAY_SIZE(ranges))
		return NULL;
	for (size_t i = 0; i < open; i++)
		ranges[i] = opening->ports[i];
	for (size_t i = 0; i < count; i++)
		ranges[open + i] = ports[i];
	buf_printf(&line, "%s: ", key);
	if (count)
		ports_print_list(ranges, ports_normalise(ranges, open + count), &line);
	else
		buf_puts(&line, "true");
	return keep(texts->allow, sizeof(texts->allow), &line);
}

/* Not where a line would deny it all the same: then that one is `entry`. */
static const char *gateway_line(struct finding *finding, struct blame_texts *texts)
{
	const struct blame *by = finding->by;
	const struct port_range range = { finding->point, finding->point };
	struct policy open = *by->policy;
	struct verdict verdict;

	open.host_gateway = (struct opening){ .kind = OPENING_PORTS,
					      .ports = &range,
					      .port_count = 1 };
	verdict =
		explain_addr(&open, by->answers, by->site, finding->addr, finding->point);
	finding->entry = verdict.entry;
	if (!verdict.allowed)
		return NULL;
	return opening_line("host_gateway", &by->policy->host_gateway, &range,
			    finding->has_port, texts);
}

/* Where the port is open, what came there was no beginning of anything. */
static const char *inbound_line(const struct finding *finding, struct blame_texts *texts)
{
	const struct opening *inbound = &finding->by->policy->inbound;
	const struct port_range range = { finding->point, finding->point };

	if (!finding->has_port || inbound->kind == OPENING_OPEN)
		return NULL;
	for (size_t i = 0; inbound->kind == OPENING_PORTS && i < inbound->port_count; i++)
		if (inbound->ports[i].first <= finding->point &&
		    finding->point <= inbound->ports[i].last)
			return NULL;
	return opening_line("inbound", inbound, &range, 1, texts);
}

static const char *entry_line(const struct entry *entry, const struct refusal *refusal,
			      unsigned denied, struct blame_texts *texts)
{
	const char *before = "  # or ";
	struct buf line = { 0 };

	buf_puts(&line, "- ");
	entry_print_item(entry, &line);
	if (entry->kind == ENTRY_PREFIX &&
	    addr_scope(&entry->prefix.base) == ADDR_METADATA)
		buf_puts(&line, "  # a cloud's metadata: it hands out credentials");
	else if (entry->port_count == 0 && refusal->protocol)
		buf_puts(&line, "  # all ports and protocols");
	else if (entry->port_count == 0 && !entry->types &&
		 refusal->reason == REFUSAL_NAME)
		buf_puts(&line, "  # all ports; add :443 for HTTPS");
	for (size_t i = 0; entry->host && i < refusal->name_count; i++) {
		const char *name = refusal->names[i];

		if (strcmp(name, entry->host) == 0 || denied & 1u << i ||
		    line.length + strlen(name) + 8 > sizeof(texts->allow))
			continue;
		buf_printf(&line, "%s%s", before, name);
		before = ", ";
	}
	return keep(texts->allow, sizeof(texts->allow), &line);
}

/* The name as an entry; false where no name may lead to the address. */
static bool entry_for_name(const struct finding *finding, struct entry *entry)
{
	*entry = (struct entry){ .kind = ENTRY_NAME, .host = finding->name };
	return admit_somehow(entry, finding->addr, finding->by->site);
}

/* By the name where one is known and may lead there, else by the address. */
static const char *allow_line(const struct finding *finding,
			      const struct refusal *refusal, struct blame_texts *texts)
{
	const struct port_range range = { finding->point, finding->point };
	struct entry entry;

	if (finding->by->policy->mode == MODE_NONE || site_is_docker_dns(finding->addr) ||
	    finding->verdict.allowed)
		return NULL;
	if (!finding->name || !entry_for_name(finding, &entry)) {
		if (refusal->reason == REFUSAL_PRIVATE)
			return NULL;
		entry = (struct entry){
			.kind = ENTRY_PREFIX,
			.prefix = prefix_of(finding->addr,
					    addr_bits(finding->addr->family)),
		};
	}
	if (finding->has_port) {
		entry.ports = &range;
		entry.port_count = 1;
	}
	return entry_line(&entry, refusal, finding->denied, texts);
}

/* Where no guard follows them, a name's addresses are those of the start. */
static const char *follow_line(const struct blame *by)
{
	return by->policy->dns == STANCE_GUARDED
		       ? NULL
		       : "dns: guarded  # follows new addresses";
}

/* --- packets ------------------------------------------------------------------------------- */

static bool gateway_decides(const struct finding *finding)
{
	const struct policy *policy = finding->by->policy;
	enum opening_kind kind = policy->host_gateway.kind;

	return !finding->verdict.allowed && !finding->verdict.entry &&
	       site_is_gateway(finding->by->site, finding->addr) &&
	       kind != OPENING_OPEN &&
	       (kind != OPENING_UNSET || policy->mode != MODE_FULL);
}

/* What the names of the address make of it; the strongest of them all counts, and names it. */
enum hint {
	HINT_NONE,   /* nobody speaks of them */
	HINT_DENIED, /* the name is denied */
	HINT_PRIVATE,
	HINT_PORT,
	HINT_EXPIRED, /* the policy opens it, the fence does not any more */
};

static enum hint hint_of(const struct finding *finding, const char *name,
			 const struct entry **ret)
{
	struct verdict verdict = explain_name(finding->by->policy, name, finding->point);

	*ret = verdict.entry;
	if (!verdict.entry)
		return HINT_NONE;
	if (verdict.entry->deny)
		return HINT_DENIED;
	if (admit(verdict.entry, name, finding->addr, finding->by->site) != ADMIT)
		return HINT_PRIVATE;
	return verdict.allowed ? HINT_EXPIRED : HINT_PORT;
}

static enum hint strongest_hint(struct finding *finding, const struct refusal *refusal)
{
	enum hint strongest = HINT_NONE;

	for (size_t i = 0; i < refusal->name_count; i++) {
		const struct entry *entry;
		enum hint hint = hint_of(finding, refusal->names[i], &entry);

		if (hint == HINT_DENIED)
			finding->denied |= 1u << i;
		else if (!finding->name)
			finding->name = refusal->names[i];
		if (hint <= strongest)
			continue;
		strongest = hint;
		finding->entry = entry;
		if (hint != HINT_DENIED)
			finding->name = refusal->names[i];
	}
	return strongest;
}

/* Nothing but names and their times can tell. */
static enum refusal_reason reason_by_names(struct finding *finding,
					   const struct refusal *refusal)
{
	const struct blame *by = finding->by;
	enum hint hint = strongest_hint(finding, refusal);
	const struct entry *elsewhere = NULL;

	if (hint == HINT_EXPIRED)
		return REFUSAL_EXPIRED;
	if (hint == HINT_PORT)
		return REFUSAL_PORT;
	elsewhere = explain_elsewhere(by->policy, by->answers, by->site, finding->addr,
				      finding->point);
	if (elsewhere) {
		finding->entry = elsewhere;
		return REFUSAL_PORT;
	}
	if (hint == HINT_PRIVATE)
		return REFUSAL_PRIVATE;
	if (hint == HINT_DENIED && !finding->name)
		return REFUSAL_DENIED;
	/* That one of several names is denied has not refused it. */
	finding->entry = NULL;
	return by->policy->dns == STANCE_GUARDED && refusal->name_count == 0
		       ? REFUSAL_RAW
		       : REFUSAL_NO_ENTRY;
}

static enum refusal_reason reason_of(struct finding *finding,
				     const struct refusal *refusal)
{
	finding->entry = finding->verdict.entry;
	if (finding->entry && finding->entry->deny)
		return REFUSAL_DENIED;
	if (gateway_decides(finding))
		return REFUSAL_GATEWAY;
	if (is_dns(finding->point))
		return REFUSAL_DNS;
	finding->entry = NULL;
	if (finding->by->policy->mode == MODE_NONE || finding->verdict.allowed)
		return REFUSAL_NO_ENTRY;
	return reason_by_names(finding, refusal);
}

void blame_program(const struct blame *by, struct refusal *refusal)
{
	const struct asker *asker = NULL;

	refusal->program[0] = '\0';
	if (by->resolved && refusal->name_count && refusal->has_uid)
		asker = resolved_asker(by->resolved, refusal->names[0]);
	if (asker && asker->has_uid && asker->uid == refusal->uid)
		memcpy(refusal->program, asker->program, sizeof(refusal->program));
}

static void blame_inbound(struct finding *finding, struct blame_texts *texts,
			  struct refusal *refusal)
{
	refusal->reason = REFUSAL_INBOUND;
	refusal->allow = inbound_line(finding, texts);
}

static void blame_outbound(struct finding *finding, struct blame_texts *texts,
			   struct refusal *refusal)
{
	const struct blame *by = finding->by;

	find_names(by, finding->addr, refusal);
	finding->verdict = explain_addr(by->policy, by->answers, by->site, finding->addr,
					finding->point);
	refusal->reason = reason_of(finding, refusal);
	if (refusal->reason == REFUSAL_GATEWAY)
		refusal->allow = gateway_line(finding, texts);
	else if (refusal->reason == REFUSAL_EXPIRED)
		refusal->allow = follow_line(by);
	else if (refusal->reason != REFUSAL_DENIED)
		refusal->allow = allow_line(finding, refusal, texts);
	if (finding->entry)
		refusal->rule = origin_format(&finding->entry->origin, texts->rule);
	blame_program(by, refusal);
}

void blame_packet(const struct blame *by, const struct packet *packet,
		  struct blame_texts *texts, struct refusal *ret)
{
	bool tcp = packet->protocol == IPPROTO_TCP, udp = packet->protocol == IPPROTO_UDP;
	struct finding finding = { .by = by, .point = PORTSET_OTHER };

	*ret = (struct refusal){
		.count = 1,
		.audit = by->policy->mode == MODE_AUDIT,
		.has_uid = packet->has_uid,
		.uid = packet->uid,
		.has_addr = true,
		.addr = packet->hook == PACKET_IN ? packet->source : packet->destination,
		.protocol = packet->protocol,
		.port = packet->has_ports ? packet->destination_port : 0,
	};
	finding.addr = &ret->addr;
	finding.has_port = (tcp || udp) && ret->port;
	if (finding.has_port)
		finding.point = ret->port + (udp ? PORTSET_UDP : 0);
	if (packet->hook == PACKET_IN)
		blame_inbound(&finding, texts, ret);
	else
		blame_outbound(&finding, texts, ret);
}

/* --- questions ----------------------------------------------------------------------------- */

/* The name with the ports of the entry that let it be asked for. */
static struct entry entry_like(const char *host, const struct entry *entry)
{
	struct entry like = { .kind = ENTRY_NAME, .host = host };

	if (entry && !entry->deny) {
		like.ports = entry->ports;
		like.port_count = entry->port_count;
		like.private_ok = entry->private_ok;
		like.types = entry->types;
	}
	return like;
}

static const char *private_answer_line(const struct blame *by, struct entry *entry,
				       const struct addr *addr,
				       const struct refusal *refusal,
				       struct blame_texts *texts)
{
	if (!addr)
		return NULL;
	if (site_is_gateway(by->site, addr))
		return opening_line("host_gateway", &by->policy->host_gateway,
				    entry->ports, entry->port_count, texts);
	return admit_somehow(entry, addr, by->site) ? entry_line(entry, refusal, 0, texts)
						    : NULL;
}

static const char *question_line(const struct blame *by, const struct refusal *refusal,
				 const struct addr *addr, const struct entry *entry,
				 struct blame_texts *texts)
{
	struct entry like = entry_like(refusal->names[0], entry);
	bool asks = refusal->reason == REFUSAL_NAME || refusal->reason == REFUSAL_TYPE;
	uint8_t type = entry_type_of(refusal->type);

	if (by->policy->mode == MODE_NONE || refusal->reason == REFUSAL_DENIED)
		return NULL;
	if (refusal->reason == REFUSAL_PRIVATE)
		return private_answer_line(by, &like, addr, refusal, texts);
	if (asks && !refusal_asks_addresses(refusal)) {
		if (!type)
			return NULL;
		like.types |= type;
	}
	return entry_line(&like, refusal, 0, texts);
}

void blame_question(const struct blame *by, enum refusal_reason reason, const char *host,
		    uint16_t type, const struct addr *addr, const struct entry *entry,
		    const struct asker *asker, struct blame_texts *texts,
		    struct refusal *ret)
{
	*ret = (struct refusal){
		.count = 1,
		.reason = reason,
		.audit = by->policy->mode == MODE_AUDIT,
		.names = { host },
		.name_count = 1,
		.has_addr = addr != NULL,
		.type = type,
	};
	if (addr)
		ret->addr = *addr;
	if (asker) {
		ret->has_uid = asker->has_uid;
		ret->uid = asker->uid;
		memcpy(ret->program, asker->program, sizeof(ret->program));
	}
	ret->allow = question_line(by, ret, addr, entry, texts);
	if (entry)
		ret->rule = origin_format(&entry->origin, texts->rule);
}
