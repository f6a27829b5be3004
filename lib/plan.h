#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/answers.h"
#include "lib/policy.h"
#include "lib/portset.h"
#include "lib/site.h"
#include "lib/spans.h"
#include "lib/sweep.h"

/* A plan is policy + answers + site, compiled: the closed, sorted, disjoint list of flows that
 * the container may open. It does not know the kernel.
 *
 * Precedence. For each destination point (address, protocol, port):
 *  - the operator's verdict O and the project's verdict P are those of their literal entries
 *    (networks, addresses, names with `private: true`) by the longest prefix, on a tie the
 *    narrower port range, on a further tie deny;
 *  - O deny closes; else P deny closes (a project may tighten); else O or P allow opens;
 *  - a name opens its addresses with its ports where no deny of anybody covers them;
 *  - in mode full, what nobody mentions is open.
 * host_gateway is an operator's entry for each gateway. Closed (in every mode but full the
 * default) and a list of ports deny it, weaker only than the operator's entries for just that
 * address; the ports, or all with `true`, are allowed like those of any entry. In mode none it
 * is the only allow that counts.
 *
 * An allow without ports covers PORTSET_ANY, a deny without ports PORTSET_WHOLE. The base of
 * mode full is PORTSET_WHOLE, with `dns: pinned` or `guarded` PORTSET_ANY.
 *
 * With `dns: guarded` the addresses of names are learned while the agent runs (permit.h). The plan
 * then opens only those answers that are known from the start (/etc/hosts, --answers), for wildcards
 * too, and says what learned addresses can come to open: `classes`, each a set of ports. */

/* Different port lists of names that one fence can keep apart. */
#define PLAN_CLASSES_MAX 32u

/* More flows (ranges of addresses times ranges of ports; PORTSET_ANY and PORTSET_WHOLE count
 * once) are an error; so are more literal entries and addresses of names together. */
#define PLAN_FLOWS_MAX 400000u

/* A name or wildcard of the policy, where addresses are learned. */
struct plan_name {
	const char *host; /* borrowed from the policy, without "*." and "." in front */
	enum entry_kind kind;
	bool deny;
	uint32_t
		classes; /* bit i: its addresses open classes[i] where no deny cuts them */
};

/* A name of the policy's allow that has no address. */
struct skipped {
	const char *host; /* borrowed from the policy */
	enum answer_state state;
};

struct plan {
	enum mode mode; /* never MODE_UNSET */
	bool fenced;    /* false: mode full with nothing to refuse. Audit is fenced */
	enum stance dns;
	struct portsets *portsets; /* owned */
	struct spans spans[2];     /* IPv4, IPv6; owned */
	struct addr resolvers[SITE_MAX];
	size_t resolver_count; /* stance resolvers: whose port 53 is open; without those on
				     * loopback, which is open anyway */
	bool inbound_open;     /* `inbound: allow` */
	portset inbound;       /* else these ports */
	size_t names, addresses,
		networks;        /* for the start line: names opened (guarded: that
					    * may be), their addresses known from the start,
					    * literal entries that allow */
	struct skipped *skipped; /* sorted by host, without duplicates; owned */
	size_t skipped_count;
	struct site site; /* where it was built for */
	/* Guarded only, else (and in mode none) none. classes: what names open, and what is left of it
	 * where denies cut it; none is PORTSET_EMPTY. cut: what denies close, of anybody, gateways
	 * included; denies: the rules behind it, by trust (operator's, project's), sorted, and with
	 * them the allows of the same trust that lie within one of them. Owned, but for the rules'
	 * ports, which the policy has. learned: sorted by host and kind. */
	portset classes[PLAN_CLASSES_MAX];
	size_t class_count;
	struct spans cut[2];
	struct rules denies[2];
	struct plan_name *learned;
	size_t learned_count;
};

/* Notes: names that did not resolve, refused answers, denies that cut a name (warnings);
 * ERROR_RESOLVE when a required one has no open address. Guarded: no name is skipped, and a required
 * one is judged where the answers have it, be they fixed or what DNS says now; ERROR_POLICY when
 * there are more than PLAN_CLASSES_MAX classes. */
int plan_build(const struct policy *policy, const struct answers *answers,
	       const struct site *site, struct notes *notes, struct plan **ret,
	       struct error *err) MUST_CHECK;
void plan_free(struct plan *plan);
DEFINE_FREEP(plan)

/* Gives up `learned`, which only those who print or look up names need: a guard's permit has the
 * names already, and keeps its plan for weeks. */
void plan_forget_names(struct plan *plan);

/* One line for each flow, sorted: "198.51.100.7 443/tcp". The ports of an entry without ports
 * are "any", all of them "all", protocols but TCP and UDP "other". Behind them, where addresses are
 * learned, the names: "*.example.com 443/tcp", "tracker.example denied". The JSON is one object, with
 * "classes" (lists of ports) and "names" then: {"name":"*.example.com","classes":[0]}, where the
 * numbers are places in "classes", or {"name":"tracker.example","deny":true}. */
struct buf;
void plan_print(const struct plan *plan, struct buf *out);
int plan_print_json(const struct plan *plan, struct buf *out);

/* Is the point open? Binary search in the spans, after what every fence opens: loopback, the
 * container's own addresses, the resolvers. */
bool plan_allows(const struct plan *plan, const struct addr *addr, uint32_t point);

/* An address of that family the plan refuses for UDP port 9 (discard): documentation addresses
 * first, then a scan of the gaps. Never the container's own, loopback, link-local, multicast,
 * or a subnet's first or last. False when there is none. For the canary. */
bool plan_refused_addr(const struct plan *plan, enum family family, struct addr *ret);
