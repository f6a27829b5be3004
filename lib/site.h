#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/addr.h"

/* The place a fence will stand in: what the kernel and resolv.conf say about the network
 * namespace. A plain value that entrypoint/ fills (netlink) and lib/ reads. */

#define SITE_MAX 64 /* of each list; a container has one or two */

struct site {
	struct prefix attached[SITE_MAX]; /* on-link subnets of all links but lo */
	size_t attached_count;
	struct addr own[SITE_MAX]; /* the container's addresses */
	size_t own_count;
	struct addr gateways[SITE_MAX]; /* next hops of default routes */
	size_t gateway_count;
	struct addr resolvers[SITE_MAX]; /* `nameserver` lines, and of Docker's ExtServers
					   * comment those it asks from the container's namespace
					   * (no host()) */
	size_t resolver_count;
	bool docker_dns; /* 127.0.0.11 is among the nameservers */
	/* Docker's comment is there too. Engines before 25, so Debian 12's, write none. */
	bool docker_tells;
};

/* resolv.conf(5) text -> resolvers, docker_dns. Lines that are not understood are skipped, as
 * resolvers do; a zone (%eth0) is dropped. Docker's comment counts only beside 127.0.0.11. */
void site_parse_resolv_conf(struct site *site, const char *bytes, size_t length);

/* Docker's own resolver, 127.0.0.11, which knows the containers' names and recurses any other. */
#define SITE_DOCKER_DNS 0x7f00000bu
bool site_is_docker_dns(const struct addr *addr);

bool site_is_on_link(const struct site *site, const struct addr *addr);
bool site_is_gateway(const struct site *site, const struct addr *addr);
bool site_is_own(const struct site *site, const struct addr *addr);
