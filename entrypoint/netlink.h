#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"
#include "lib/readback.h"
#include "lib/ruleset.h"
#include "lib/site.h"

/* The one file that writes to the kernel's firewall, and the netlink reads beside it. */

struct netlink;

/* Opens NETLINK_NETFILTER (needs CAP_NET_ADMIN at the first message, not here). */
int netlink_open(struct netlink **ret, struct error *err) MUST_CHECK;
void netlink_close(struct netlink *netlink); /* NULL is fine */
static inline void netlink_closep(struct netlink **p)
{
	netlink_close(*p);
}

/* Sends a ruleset as one transaction: all or nothing. ERROR_KERNEL names the refused message;
 * ERROR_PRIVILEGE when CAP_NET_ADMIN is missing. */
int netlink_apply(struct netlink *netlink, const struct ruleset *ruleset,
		  struct error *err) MUST_CHECK;

/* Does `inet netpale` stand? */
int netlink_table_exists(struct netlink *netlink, bool *ret, struct error *err) MUST_CHECK;
int netlink_table_delete(struct netlink *netlink, struct error *err) MUST_CHECK;

/* Reads `inet netpale` whole; retried when a commit of somebody else cuts it. */
int netlink_dump(struct netlink *netlink, struct dump *ret, struct error *err) MUST_CHECK;

/* rtnetlink: addresses and default routes into the site (resolvers are not touched). No
 * privilege. */
int netlink_read_site(struct site *site, struct error *err) MUST_CHECK;
