#pragma once

/* What tests/peers/ways.c tries, and what is done to a socket before it sends. */

#include <netinet/in.h> /* before linux/, which else defines the same */
#include <linux/seg6.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/socket.h>

struct attempt {
	int family, type;
	struct sockaddr_storage to;
	socklen_t size;
	const char *argument; /* "" where there is none */
};

static const struct sockaddr *address(const struct attempt *a)
{
	return (const struct sockaddr *)&a->to;
}

static int parse(const char *addr, const char *port, struct sockaddr_storage *to,
		 socklen_t *size)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
					.ai_socktype = SOCK_DGRAM };
	struct addrinfo *found;

	if (getaddrinfo(addr, port, &hints, &found) != 0)
		return -1;
	memcpy(to, found->ai_addr, found->ai_addrlen);
	*size = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

static int option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

/* The same by the two names that the families have for it. */
static int ip_option(const struct attempt *a, int fd, int name4, int name6, int value)
{
	return a->family == AF_INET ? option(fd, IPPROTO_IP, name4, value)
				    : option(fd, IPPROTO_IPV6, name6, value);
}

static int plain(const struct attempt *a, int fd)
{
	(void)a;
	(void)fd;
	return 0;
}

static int bound_to_device(const struct attempt *a, int fd)
{
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, a->argument,
			  (socklen_t)strlen(a->argument));
}

static int unicast_if(const struct attempt *a, int fd)
{
	return ip_option(a, fd, IP_UNICAST_IF, IPV6_UNICAST_IF,
			 (int)htonl(if_nametoindex(a->argument)));
}

static int priority(const struct attempt *a, int fd)
{
	(void)a;
	return option(fd, SOL_SOCKET, SO_PRIORITY, 6);
}

static int mark(const struct attempt *a, int fd)
{
	return option(fd, SOL_SOCKET, SO_MARK, (int)strtoul(a->argument, NULL, 0));
}

static int one_hop(const struct attempt *a, int fd)
{
	return ip_option(a, fd, IP_TTL, IPV6_UNICAST_HOPS, 1) < 0
		       ? -1
		       : ip_option(a, fd, IP_RECVERR, IPV6_RECVERR, 1);
}

static int bind_to(const struct attempt *a, int fd, const char *addr, const char *port)
{
	struct sockaddr_storage from;
	socklen_t size;

	(void)a;
	if (option(fd, SOL_SOCKET, SO_REUSEADDR, 1) < 0 ||
	    parse(addr, port, &from, &size) < 0)
		return -1;
	return bind(fd, (struct sockaddr *)&from, size);
}

static int from_port(const struct attempt *a, int fd)
{
	return bind_to(a, fd, a->family == AF_INET ? "0.0.0.0" : "::", a->argument);
}

static int foreign_source(const struct attempt *a, int fd)
{
	return ip_option(a, fd, IP_FREEBIND, IPV6_FREEBIND, 1) < 0
		       ? -1
		       : bind_to(a, fd, a->argument, "0");
}

/* The same with the privilege; on loopback's device, which a router might pick it up from. */
static int transparent(const struct attempt *a, int fd)
{
	return ip_option(a, fd, IP_TRANSPARENT, IPV6_TRANSPARENT, 1) < 0
		       ? -1
		       : bind_to(a, fd, a->argument, "0");
}

static int foreign_source_through_loopback(const struct attempt *a, int fd)
{
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2) < 0
		       ? -1
		       : foreign_source(a, fd);
}

static int record_route(const struct attempt *a, int fd)
{
	const unsigned char bytes[40] = { IPOPT_RR, 39, IPOPT_MINOFF };

	(void)a;
	return setsockopt(fd, IPPROTO_IP, IP_OPTIONS, bytes, sizeof(bytes));
}

static int timestamp(const struct attempt *a, int fd)
{
	const unsigned char bytes[40] = { IPOPT_TIMESTAMP, 40, 5, IPOPT_TS_TSANDADDR };

	(void)a;
	return setsockopt(fd, IPPROTO_IP, IP_OPTIONS, bytes, sizeof(bytes));
}

/* The packet is addressed to the argument; where it ends stands in the option. */
static int source_route(const struct attempt *a, int fd, unsigned char kind)
{
	unsigned char bytes[8] = { kind, 7, IPOPT_MINOFF };

	if (inet_pton(AF_INET, a->argument, bytes + 3) != 1)
		return -1;
	return setsockopt(fd, IPPROTO_IP, IP_OPTIONS, bytes, sizeof(bytes));
}

static int loose_route(const struct attempt *a, int fd)
{
	return source_route(a, fd, IPOPT_LSRR);
}

static int strict_route(const struct attempt *a, int fd)
{
	return source_route(a, fd, IPOPT_SSRR);
}

static int segment_route(const struct attempt *a, int fd)
{
	struct {
		struct ipv6_sr_hdr header;
		struct in6_addr segments[2];
	} route = { .header = { .hdrlen = 4,
				.type = 4,
				.segments_left = 1,
				.first_segment = 1 } };

	if (inet_pton(AF_INET6, a->argument, &route.segments[1]) != 1)
		return -1;
	return setsockopt(fd, IPPROTO_IPV6, IPV6_RTHDR, &route, sizeof(route));
}

static int extension(int fd, int name)
{
	/* One option that whoever does not know it skips. */
	const unsigned char bytes[8] = { 0, 0, 0x1e, 4, 'o', 'u', 't', '!' };

	return setsockopt(fd, IPPROTO_IPV6, name, bytes, sizeof(bytes));
}

static int hop_by_hop(const struct attempt *a, int fd)
{
	(void)a;
	return extension(fd, IPV6_HOPOPTS);
}

static int destination_options(const struct attempt *a, int fd)
{
	(void)a;
	return extension(fd, IPV6_DSTOPTS);
}

/* What a namespace of one's own makes one of does not reach the network that the socket is of. */
static int with_capabilities_of_ones_own(const struct attempt *a, int fd)
{
	if (unshare(CLONE_NEWUSER) < 0)
		return -1;
	if (option(fd, SOL_SOCKET, SO_MARK, 0x6e70616c) < 0 ||
	    ip_option(a, fd, IP_TRANSPARENT, IPV6_TRANSPARENT, 1) < 0)
		perror("in a user namespace");
	return 0;
}

static int broadcast(const struct attempt *a, int fd)
{
	(void)a;
	return option(fd, SOL_SOCKET, SO_BROADCAST, 1);
}

static int multicast(const struct attempt *a, int fd)
{
	const struct ip_mreqn on = { .imr_ifindex = (int)if_nametoindex("eth0") };

	if (ip_option(a, fd, IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS, 8) < 0)
		return -1;
	return a->family == AF_INET6
		       ? option(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, on.imr_ifindex)
		       : setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &on, sizeof(on));
}

static int in_segments(const struct attempt *a, int fd)
{
	(void)a;
	return option(fd, SOL_UDP, UDP_SEGMENT, 100);
}

static int small_pieces(const struct attempt *a, int fd)
{
	(void)a;
	return option(fd, IPPROTO_IPV6, IPV6_MTU, 1280);
}
