#pragma once

#include <stdbool.h>

#include "lib/answers.h"
#include "lib/buf.h"
#include "lib/policy.h"

/* A policy as an object for a Kubernetes cluster, in YAML, so that one file governs both. It selects
 * the pods with the label `netpale: fenced`. No object says all that a fence does: where it cannot,
 * it is narrower than the policy; where it would have to be wider, there is an error that names the
 * line. What is left is said in comments on top of the object. Both are for no site: a cluster's pods
 * have others than whoever prints this.
 *
 * Neither selects by address what is inside the cluster: that is for labels, in policies beside it. */

/* A NetworkPolicy (networking.k8s.io/v1) knows addresses: names are open with those in `answers`, so
 * ERROR_POLICY with `dns: guarded`. `notes` are those of plan_build(). */
int networkpolicy_print(const struct policy *policy, const struct answers *answers,
			struct notes *notes, struct buf *out, struct error *err)
	MUST_CHECK;

/* A CiliumNetworkPolicy (cilium.io/v2) learns addresses from DNS: `answers` are for `dns: pinned`.
 * ERROR_POLICY for a denied name within an allowed wildcard. */
int cilium_print(const struct policy *policy, const struct answers *answers,
		 struct notes *notes, struct buf *out, struct error *err) MUST_CHECK;

/* Does cilium_print() look at the answers? */
bool cilium_asks(const struct policy *policy);
