#pragma once

#include "lib/kubernetes.h"
#include "lib/plan.h"

/* What the objects have in common. */

/* The policy compiled for no site. ERROR_POLICY for what no object can say. */
int kubernetes_plan(const struct policy *policy, const struct answers *answers,
		    struct notes *notes, struct plan **ret, struct error *err) MUST_CHECK;

/* ERROR_POLICY, "FILE:LINE: TEXT". */
int kubernetes_refuse(const struct origin *origin, const char *text, struct error *err);

/* The TCP and UDP ports of a set, range by range; another protocol has no form in an object. A set
 * without any must not be printed as an empty list: that is every port. */
struct kubernetes_ports {
	const struct port_range *ranges;
	size_t count, at;
	unsigned protocol;
};
struct kubernetes_port {
	uint32_t first, last;
	const char *protocol;
};
struct kubernetes_ports kubernetes_ports(const struct plan *plan, portset ports);
bool kubernetes_next_port(struct kubernetes_ports *ports, struct kubernetes_port *ret);
bool kubernetes_has_ports(const struct plan *plan, portset ports);

/* Orders sets by their ranges, not by when they were made. */
int kubernetes_compare_sets(const struct plan *plan, portset a, portset b);

/* Spans, those with equal ports behind each other, IPv4 first. Free with free(). */
struct kubernetes_flow {
	const struct span *span;
	enum family family;
};
int kubernetes_flows(const struct plan *plan, const struct spans spans[static 2],
		     struct kubernetes_flow **ret, size_t *ret_count, struct error *err)
	MUST_CHECK;
/* How many flows from the first on have its ports. */
size_t kubernetes_alike(const struct kubernetes_flow *flows, size_t count);

/* The fewest prefixes that are the span, each between `before` and `behind`. */
void kubernetes_cidrs(const struct kubernetes_flow *flow, const char *before,
		      const char *behind, struct buf *out);

/* A key of the spec and its list: what a list without items is, nothing at all, would be said wrong by
 * leaving the key out. */
void kubernetes_list(const char *key, const struct buf *items, struct buf *out);

/* Of the pods that are selected. */
#define KUBERNETES_LABEL "netpale: fenced"
