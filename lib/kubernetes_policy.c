#include "lib/kubernetes_internal.h"

#include <stdlib.h>

#include "lib/macros.h"

/* The NetworkPolicy. */

static const char comment[] =
	"# The policy of netpale for pods with the label 'netpale: fenced'. Addresses only: those that\n"
	"# names had when this was made, whoever else has them; make it anew when they move. TCP and\n"
	"# UDP only: where all ports are open, ICMP is not. The node that runs a pod stays in its\n"
	"# reach, whatever a NetworkPolicy says.\n";

static const char head[] = "apiVersion: networking.k8s.io/v1\n"
			   "kind: NetworkPolicy\n"
			   "metadata:\n"
			   "  name: netpale\n"
			   "spec:\n"
			   "  podSelector:\n"
			   "    matchLabels: {" KUBERNETES_LABEL "}\n"
			   "  policyTypes: [Egress, Ingress]\n";

static const char dns[] =
	"    - to:\n"
	"        - namespaceSelector:\n"
	"            matchLabels: {kubernetes.io/metadata.name: kube-system}\n"
	"          podSelector:\n"
	"            matchLabels: {k8s-app: kube-dns}\n"
	"      ports:\n"
	"        - {protocol: TCP, port: 53}\n"
	"        - {protocol: UDP, port: 53}\n";

static void print_ports(const struct plan *plan, portset set, const char *before,
			struct buf *out)
{
	struct kubernetes_ports ports = kubernetes_ports(plan, set);
	struct kubernetes_port port;

	buf_printf(out, "    %s ports:\n", before);
	while (kubernetes_next_port(&ports, &port)) {
		buf_printf(out, "        - {protocol: %s, port: %u", port.protocol,
			   port.first);
		if (port.last > port.first)
			buf_printf(out, ", endPort: %u", port.last);
		buf_puts(out, "}\n");
	}
}

static void print_rule(const struct plan *plan, const struct kubernetes_flow *flows,
		       size_t count, struct buf *out)
{
	portset ports = flows->span->ports;

	if (!kubernetes_has_ports(plan, ports))
		return;
	buf_puts(out, "    - to:\n");
	for (size_t i = 0; i < count; i++)
		kubernetes_cidrs(&flows[i], "        - ipBlock: {cidr: ", "}", out);
	if (ports != PORTSET_WHOLE)
		print_ports(plan, ports, " ", out);
}

static int print_flows(const struct plan *plan, struct buf *out, struct error *err)
{
	struct kubernetes_flow *flows;
	size_t count, alike;

	if (kubernetes_flows(plan, plan->spans, &flows, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i += alike) {
		alike = kubernetes_alike(&flows[i], count - i);
		print_rule(plan, &flows[i], alike, out);
	}
	free(flows);
	return 0;
}

static int print_egress(const struct plan *plan, struct buf *out, struct error *err)
{
	if (!plan->fenced) {
		buf_puts(out, "    - {}\n");
		return 0;
	}
	if (plan->mode != MODE_NONE && plan->dns == STANCE_RESOLVERS)
		buf_puts(out, dns);
	return print_flows(plan, out, err);
}

static void print_ingress(const struct plan *plan, struct buf *out)
{
	if (plan->inbound_open) {
		buf_puts(out, "    - {}\n");
	} else if (kubernetes_has_ports(plan, plan->inbound)) {
		print_ports(plan, plan->inbound, "-", out);
	}
}

int networkpolicy_print(const struct policy *policy, const struct answers *answers,
			struct notes *notes, struct buf *out, struct error *err)
{
	struct plan *plan CLEANUP(plan_freep) = NULL;
	struct buf egress CLEANUP(buf_release) = { 0 };
	struct buf ingress CLEANUP(buf_release) = { 0 };

	if (policy_needs_guard(policy))
		return kubernetes_refuse(
			&policy->dns_origin,
			"'dns: guarded' learns addresses, a NetworkPolicy cannot; use "
			"'--format cilium', or '--dns resolvers' for the addresses of now",
			err);
	if (kubernetes_plan(policy, answers, notes, &plan, err) < 0 ||
	    print_egress(plan, &egress, err) < 0)
		return -1;
	print_ingress(plan, &ingress);
	buf_puts(out, comment);
	for (size_t i = 0; i < plan->skipped_count; i++)
		buf_printf(out, "# Closed: %s (%s)\n", plan->skipped[i].host,
			   answer_state_name(plan->skipped[i].state));
	buf_puts(out, head);
	kubernetes_list("egress", &egress, out);
	kubernetes_list("ingress", &ingress, out);
	return out->failed ? error_memory(err) : 0;
}
