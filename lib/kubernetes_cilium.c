#include "lib/kubernetes_internal.h"

#include <stdlib.h>
#include <string.h>

#include "lib/kubernetes_names.h"
#include "lib/macros.h"

/* The CiliumNetworkPolicy. */

/* As many as its schema takes: of ports in one list, of lists in one rule. */
#define PORTS_MAX 40
#define LISTS_MAX 40

static const char comment[] =
	"# The policy of netpale for pods with the label 'netpale: fenced'. TCP and UDP only: where all\n"
	"# ports are open, ICMP is not. Of an allowed name records of every type may be asked, below a\n"
	"# wildcard without limit. \"**.\" is one label only before Cilium 1.19.\n";

static const char head[] = "apiVersion: cilium.io/v2\n"
			   "kind: CiliumNetworkPolicy\n"
			   "metadata:\n"
			   "  name: netpale\n"
			   "spec:\n"
			   "  endpointSelector:\n"
			   "    matchLabels: {" KUBERNETES_LABEL "}\n"
			   "  enableDefaultDeny: {egress: true, ingress: true}\n";

static const char dns[] = "    - toEndpoints:\n"
			  "        - matchLabels:\n"
			  "            k8s:io.kubernetes.pod.namespace: kube-system\n"
			  "            k8s:k8s-app: kube-dns\n"
			  "      toPorts:\n"
			  "        - ports:\n"
			  "            - {port: \"53\", protocol: TCP}\n"
			  "            - {port: \"53\", protocol: UDP}\n"
			  "          rules:\n"
			  "            dns:\n";

static int print_ports(const struct plan *plan, portset set, struct buf *out,
		       struct error *err)
{
	struct kubernetes_ports ports = kubernetes_ports(plan, set);
	struct kubernetes_port port;

	buf_puts(out, "      toPorts:\n");
	for (size_t i = 0; kubernetes_next_port(&ports, &port); i++) {
		if (i == PORTS_MAX * LISTS_MAX)
			return error_set(
				err, ERROR_POLICY,
				"more than %d ranges of ports for one address or "
				"name: Cilium takes no more",
				PORTS_MAX * LISTS_MAX);
		if (i % PORTS_MAX == 0)
			buf_puts(out, "        - ports:\n");
		buf_printf(out, "            - {port: \"%u\"", port.first);
		if (port.last > port.first)
			buf_printf(out, ", endPort: %u", port.last);
		buf_printf(out, ", protocol: %s}\n", port.protocol);
	}
	return 0;
}

static int print_rule(const struct plan *plan, const struct kubernetes_flow *flows,
		      size_t count, struct buf *out, struct error *err)
{
	portset ports = flows->span->ports;

	if (!kubernetes_has_ports(plan, ports))
		return 0;
	buf_puts(out, "    - toCIDRSet:\n");
	for (size_t i = 0; i < count; i++)
		kubernetes_cidrs(&flows[i], "        - cidr: ", "", out);
	return ports == PORTSET_WHOLE ? 0 : print_ports(plan, ports, out, err);
}

static int print_spans(const struct plan *plan, const struct spans spans[static 2],
		       struct buf *out, struct error *err)
{
	struct kubernetes_flow *flows;
	size_t count, alike;
	int result = 0;

	if (kubernetes_flows(plan, spans, &flows, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count && result == 0; i += alike) {
		alike = kubernetes_alike(&flows[i], count - i);
		result = print_rule(plan, &flows[i], alike, out, err);
	}
	free(flows);
	return result;
}

/* --- names --------------------------------------------------------------------------------- */

static void print_name(const struct kubernetes_name *name, const char *before,
		       struct buf *out)
{
	if (name->below)
		buf_printf(out, "%s- matchPattern: \"**.%s\"\n", before, name->host);
	else
		buf_printf(out, "%s- matchName: \"%s\"\n", before, name->host);
}

static int print_names(const struct plan *plan, const struct kubernetes_names *names,
		       struct buf *out, struct error *err)
{
	for (size_t i = 0; i < names->count;) {
		portset ports = names->v[i].ports;

		if (ports == PORTSET_EMPTY) {
			i++;
			continue;
		}
		buf_puts(out, "    - toFQDNs:\n");
		for (; i < names->count && names->v[i].ports == ports; i++)
			print_name(&names->v[i], "        ", out);
		if (print_ports(plan, ports, out, err) < 0)
			return -1;
	}
	return 0;
}

/* Names that may be asked, but whose addresses stay closed. */
static void print_closed(const struct kubernetes_names *names, struct buf *out)
{
	for (size_t i = 0; i < names->count; i++)
		if (names->v[i].ports == PORTSET_EMPTY)
			buf_printf(out, "# Closed: %s%s (private: true)\n",
				   names->v[i].below ? "*." : "", names->v[i].host);
}

/* All names, or those. */
static void print_dns(const struct policy *policy, const struct kubernetes_names *names,
		      struct buf *out)
{
	bool all = policy->mode == MODE_FULL || policy->dns != STANCE_GUARDED;

	if (!all && names->count == 0)
		return;
	buf_puts(out, dns);
	if (all)
		buf_puts(out, "              - matchPattern: \"*\"\n");
	for (size_t i = 0; !all && i < names->count; i++) {
		const struct kubernetes_name *name = &names->v[i], *before = name - 1;

		if (i == 0 || strcmp(before->host, name->host) != 0 ||
		    before->below != name->below)
			print_name(name, "              ", out);
	}
}

/* --- what names never open ----------------------------------------------------------------- */

static int add_not_public(const struct plan *plan, struct spans denied[static 2],
			  struct error *err)
{
	const struct prefix *prefix;

	for (size_t i = 0; (prefix = addr_not_public(i)); i++) {
		struct spans one CLEANUP(spans_release) = { 0 };

		if (!spans_add(&one, prefix->base.value, prefix_last(prefix),
			       PORTSET_WHOLE))
			return error_memory(err);
		if (spans_union(plan->portsets, &denied[prefix->base.family == FAMILY_6],
				&one, err) < 0)
			return -1;
	}
	return 0;
}

/* What denies close, and what is not public, where nothing but a name could open it: a deny of
 * Cilium's beats every allow. */
static int collect_denied(const struct plan *plan, struct spans denied[static 2],
			  struct error *err)
{
	for (int family = 0; family < 2; family++) {
		const struct spans *cut = &plan->cut[family];

		for (size_t i = 0; i < cut->count; i++)
			if (!spans_add(&denied[family], cut->v[i].first, cut->v[i].last,
				       cut->v[i].ports))
				return error_memory(err);
	}
	if (add_not_public(plan, denied, err) < 0)
		return -1;
	for (int family = 0; family < 2; family++)
		if (spans_minus(plan->portsets, &denied[family], &plan->spans[family],
				err) < 0)
			return -1;
	return 0;
}

static int print_denied(const struct plan *plan, const struct kubernetes_names *names,
			struct buf *out, struct error *err)
{
	struct spans denied[2] = { 0 };
	int result = 0;

	if (names->count == 0)
		return 0;
	result = collect_denied(plan, denied, err);
	if (result == 0)
		result = print_spans(plan, denied, out, err);
	spans_release(&denied[0]);
	spans_release(&denied[1]);
	return result;
}

/* --- all of it ----------------------------------------------------------------------------- */

bool cilium_asks(const struct policy *policy)
{
	return policy->dns == STANCE_PINNED;
}

/* Where names are left to Cilium, the plan is that of literal entries, and says what they deny: as
 * with `dns: guarded`, which knows no address before somebody asks. In mode full nothing is left to
 * names. */
static int build_plan(const struct policy *policy, const struct answers *answers,
		      struct notes *notes, struct plan **ret, struct error *err)
{
	static const struct answers nothing;
	struct policy compiled = *policy;

	if (cilium_asks(policy))
		return kubernetes_plan(policy, answers, notes, ret, err);
	if (policy->mode != MODE_FULL)
		compiled.dns = STANCE_GUARDED;
	return kubernetes_plan(&compiled, &nothing, notes, ret, err);
}

static int print_egress(const struct policy *policy, const struct plan *plan,
			struct kubernetes_names *names, struct buf *out,
			struct error *err)
{
	if (!plan->fenced) {
		buf_puts(out, "    - toEntities: [all]\n");
		return 0;
	}
	if (policy->mode != MODE_NONE && !cilium_asks(policy))
		print_dns(policy, names, out);
	kubernetes_names_group(names, plan);
	return print_names(plan, names, out, err) < 0 ||
			       print_spans(plan, plan->spans, out, err) < 0
		       ? -1
		       : 0;
}

static int print_ingress(const struct plan *plan, struct buf *out, struct error *err)
{
	if (!plan->inbound_open && !kubernetes_has_ports(plan, plan->inbound))
		return 0;
	buf_puts(out, "    - fromEntities: [all]\n");
	return plan->inbound_open ? 0 : print_ports(plan, plan->inbound, out, err);
}

/* A direction without any rule is open where enableDefaultDeny is not known, before Cilium 1.16. */
static void print_list(const char *key, const char *nobody, struct buf *items,
		       struct buf *out)
{
	if (items->length == 0)
		buf_printf(items, "    - %s: [none]\n", nobody);
	kubernetes_list(key, items, out);
}

struct parts {
	struct buf egress, denied, ingress;
	struct kubernetes_names names;
	struct plan *plan;
};

static void parts_release(struct parts *parts)
{
	buf_release(&parts->egress);
	buf_release(&parts->denied);
	buf_release(&parts->ingress);
	kubernetes_names_release(&parts->names);
	plan_free(parts->plan);
}

int cilium_print(const struct policy *policy, const struct answers *answers,
		 struct notes *notes, struct buf *out, struct error *err)
{
	struct parts parts CLEANUP(parts_release) = { 0 };

	if (build_plan(policy, answers, notes, &parts.plan, err) < 0)
		return -1;
	if (!cilium_asks(policy) &&
	    kubernetes_names_collect(policy, parts.plan, notes, &parts.names, err) < 0)
		return -1;
	if (print_egress(policy, parts.plan, &parts.names, &parts.egress, err) < 0 ||
	    print_denied(parts.plan, &parts.names, &parts.denied, err) < 0 ||
	    print_ingress(parts.plan, &parts.ingress, err) < 0)
		return -1;
	buf_puts(out, comment);
	print_closed(&parts.names, out);
	buf_puts(out, head);
	print_list("egress", "toEntities", &parts.egress, out);
	if (parts.denied.length || parts.denied.failed)
		kubernetes_list("egressDeny", &parts.denied, out);
	print_list("ingress", "fromEntities", &parts.ingress, out);
	return out->failed || notes->out_of_memory ? error_memory(err) : 0;
}
