#include <errno.h>
#include <sys/socket.h>

#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <libmnl/libmnl.h>

#include "entrypoint/netlink.h"
#include "entrypoint/netlink_socket.h"
#include "lib/messages.h"

/* What rtnetlink says about the namespace. */

#define LOOPBACK_INDEX 1 /* in every namespace: the kernel makes it first */
#define ATTEMPTS 20      /* addresses and routes may change while they are read */

static bool read_addr(struct addr *ret, uint8_t family, const void *bytes, size_t length)
{
	if (family == AF_INET && length == 4)
		*ret = addr_from_bytes(FAMILY_4, bytes);
	else if (family == AF_INET6 && length == 16)
		*ret = addr_from_bytes(FAMILY_6, bytes);
	else
		return false;
	return true;
}

static void add_address(struct site *site, const struct nlmsghdr *m)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(m);
	const struct nlattr *attr;
	struct addr own, peer;
	bool has_own = false, has_peer = false;

	if (ifa->ifa_index == LOOPBACK_INDEX)
		return;
	mnl_attr_for_each (attr, m, sizeof(*ifa)) {
		const void *bytes = mnl_attr_get_payload(attr);
		size_t length = mnl_attr_get_payload_len(attr);

		if (mnl_attr_get_type(attr) == IFA_LOCAL)
			has_own = read_addr(&own, ifa->ifa_family, bytes, length);
		if (mnl_attr_get_type(attr) == IFA_ADDRESS)
			has_peer = read_addr(&peer, ifa->ifa_family, bytes, length);
	}
	/* Point to point, ADDRESS is the far end; else the same, or there is no LOCAL. */
	if (!has_peer)
		return;
	if (site->own_count < SITE_MAX)
		site->own[site->own_count++] = has_own ? own : peer;
	if (site->attached_count < SITE_MAX && addr_scope(&peer) != ADDR_LINK_LOCAL &&
	    ifa->ifa_prefixlen <= addr_bits(peer.family))
		site->attached[site->attached_count++] =
			prefix_of(&peer, ifa->ifa_prefixlen);
}

static void add_gateway(struct site *site, const struct addr *addr)
{
	for (size_t i = 0; i < site->gateway_count; i++)
		if (addr_compare(&site->gateways[i], addr) == 0)
			return;
	if (site->gateway_count < SITE_MAX)
		site->gateways[site->gateway_count++] = *addr;
}

/* The next hop, if that is what the attribute holds. VIA is one of the other family. */
static void add_hop(struct site *site, uint8_t family, const struct nlattr *attr)
{
	const char *bytes = mnl_attr_get_payload(attr);
	size_t length = mnl_attr_get_payload_len(attr);
	struct addr addr;

	if (mnl_attr_get_type(attr) == RTA_VIA && length > sizeof(struct rtvia)) {
		family = (uint8_t)((const struct rtvia *)bytes)->rtvia_family;
		bytes += sizeof(struct rtvia);
		length -= sizeof(struct rtvia);
	} else if (mnl_attr_get_type(attr) != RTA_GATEWAY) {
		return;
	}
	if (read_addr(&addr, family, bytes, length))
		add_gateway(site, &addr);
}

static void add_hops(struct site *site, uint8_t family, const struct nlattr *multipath)
{
	const char *at = mnl_attr_get_payload(multipath);
	size_t left = mnl_attr_get_payload_len(multipath);

	while (left >= sizeof(struct rtnexthop)) {
		const struct rtnexthop *hop = (const void *)at;
		size_t step = (size_t)RTNH_ALIGN(hop->rtnh_len);
		const struct nlattr *attr;

		if (hop->rtnh_len < sizeof(*hop) || hop->rtnh_len > left)
			return;
		mnl_attr_for_each_payload ((void *)(at + sizeof(*hop)),
					   hop->rtnh_len - sizeof(*hop))
			add_hop(site, family, attr);
		if (step >= left)
			return;
		left -= step;
		at += step;
	}
}

static void add_route(struct site *site, const struct nlmsghdr *m)
{
	const struct rtmsg *route = mnl_nlmsg_get_payload(m);
	const struct nlattr *attr;

	if (route->rtm_dst_len != 0 || route->rtm_type != RTN_UNICAST)
		return;
	mnl_attr_for_each (attr, m, sizeof(*route)) {
		add_hop(site, route->rtm_family, attr);
		if (mnl_attr_get_type(attr) == RTA_MULTIPATH)
			add_hops(site, route->rtm_family, attr);
	}
}

static enum dump_result read_kind(struct netlink *netlink, uint16_t type, size_t header,
				  struct buf *out)
{
	_Alignas(struct nlmsghdr) char bytes[128];
	struct nlmsghdr *request = mnl_nlmsg_put_header(bytes);

	request->nlmsg_type = type;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	mnl_nlmsg_put_extra_header(request, header); /* zeroes: every family */
	return netlink_read_dump(netlink, request, out);
}

static enum dump_result read_both(struct netlink *netlink, struct buf *out)
{
	enum dump_result result;

	buf_clear(out);
	result = read_kind(netlink, RTM_GETADDR, sizeof(struct ifaddrmsg), out);
	if (result == DUMP_DONE)
		result = read_kind(netlink, RTM_GETROUTE, sizeof(struct rtmsg), out);
	return result;
}

static void take(struct site *site, const struct buf *bytes)
{
	const struct nlmsghdr *m;

	site->own_count = site->attached_count = site->gateway_count = 0;
	for (size_t at = 0; (m = messages_next(bytes->data, bytes->length, &at));) {
		size_t length = mnl_nlmsg_get_payload_len(m);

		if (m->nlmsg_type == RTM_NEWADDR && length >= sizeof(struct ifaddrmsg))
			add_address(site, m);
		if (m->nlmsg_type == RTM_NEWROUTE && length >= sizeof(struct rtmsg))
			add_route(site, m);
	}
}

int netlink_read_site(struct site *site, struct error *err)
{
	struct netlink netlink CLEANUP(netlink_socket_close) = { .fd = -1 };
	struct buf bytes CLEANUP(buf_release) = { 0 };
	enum dump_result result = DUMP_CUT;

	if (netlink_socket_open(&netlink, NETLINK_ROUTE) < 0)
		return error_errno(err, ERROR_KERNEL, errno,
				   "the routing netlink socket");
	for (size_t i = 0; i < ATTEMPTS && result == DUMP_CUT; i++)
		result = read_both(&netlink, &bytes);
	if (result == DUMP_CUT)
		return error_set(
			err, ERROR_KERNEL,
			"reading addresses and routes: they change all the time");
	if (result == DUMP_FAILED)
		return error_errno(err, ERROR_KERNEL, errno,
				   "reading addresses and routes");
	take(site, &bytes);
	return 0;
}
