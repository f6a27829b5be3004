/* Ways to send a packet that a fence may not have thought of, as many as FILE has lines:
 *
 *	WAY udp|tcp|- ADDR PORT [ARGUMENT...]
 *
 * Each is tried once, waits for nobody, and says what became of it. udp sends a datagram, tcp begins a
 * connection; a way that is neither says what it does below. */
#include "ways_prepare.h"

#include <fcntl.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

static char text[] = "carried out";

/* How it is sent. */

static int as_usual(const struct attempt *a, int fd)
{
	if (a->type == SOCK_STREAM)
		return connect(fd, address(a), a->size);
	return sendto(fd, text, sizeof(text), 0, address(a), a->size) < 0 ? -1 : 0;
}

static int at_length(const struct attempt *a, int fd)
{
	static char long_text[4000];

	return sendto(fd, long_text, sizeof(long_text), 0, address(a), a->size) < 0 ? -1
										    : 0;
}

static int with_control(const struct attempt *a, int fd, int type, const void *data,
			size_t size)
{
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control = { 0 };
	struct iovec piece = { text, sizeof(text) };
	struct msghdr message = { .msg_name = (void *)(uintptr_t)address(a),
				  .msg_namelen = a->size,
				  .msg_iov = &piece,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = CMSG_SPACE(size) };

	control.head = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(size),
		.cmsg_level = a->family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
		.cmsg_type = type,
	};
	memcpy(CMSG_DATA(&control.head), data, size);
	return sendmsg(fd, &message, 0) < 0 ? -1 : 0;
}

static int with_packet_info(const struct attempt *a, int fd)
{
	const int on = (int)if_nametoindex(a->argument);
	const struct in_pktinfo info4 = { .ipi_ifindex = on };
	const struct in6_pktinfo info6 = { .ipi6_ifindex = (unsigned)on };

	return a->family == AF_INET
		       ? with_control(a, fd, IP_PKTINFO, &info4, sizeof(info4))
		       : with_control(a, fd, IPV6_PKTINFO, &info6, sizeof(info6));
}

/* The argument is somebody allowed, on port 443. */
static int connect_to_the_allowed(const struct attempt *a, int fd)
{
	struct sockaddr_storage to;
	socklen_t size;

	return parse(a->argument, "443", &to, &size) < 0
		       ? -1
		       : connect(fd, (struct sockaddr *)&to, size);
}

static int from_connected(const struct attempt *a, int fd)
{
	return connect_to_the_allowed(a, fd) < 0 ? -1 : as_usual(a, fd);
}

static int reconnected(const struct attempt *a, int fd)
{
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };

	if (connect_to_the_allowed(a, fd) < 0 && errno != EINPROGRESS)
		return -1;
	if (connect(fd, &nobody, sizeof(nobody)) < 0 ||
	    connect(fd, address(a), a->size) < 0)
		return -1;
	return send(fd, text, sizeof(text), 0) < 0 ? -1 : 0;
}

static int two_at_once(const struct attempt *a, int fd)
{
	struct sockaddr_storage allowed;
	struct iovec piece = { text, sizeof(text) };
	struct mmsghdr messages[2] = {
		{ .msg_hdr = { .msg_name = &allowed } },
		{ .msg_hdr = { .msg_name = (void *)(uintptr_t)address(a),
			       .msg_namelen = a->size } }
	};
	int sent;

	if (parse(a->argument, "443", &allowed, &messages[0].msg_hdr.msg_namelen) < 0)
		return -1;
	for (size_t i = 0; i < 2; i++) {
		messages[i].msg_hdr.msg_iov = &piece;
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	sent = sendmmsg(fd, messages, 2, 0);
	/* After the first, the second's error is told by another call. */
	return sent == 1 ? (int)sendmsg(fd, &messages[1].msg_hdr, 0) : sent;
}

static int without_a_copy(const struct attempt *a, int fd)
{
	if (option(fd, SOL_SOCKET, SO_ZEROCOPY, 1) < 0)
		return -1;
	return sendto(fd, text, sizeof(text), MSG_ZEROCOPY, address(a), a->size) < 0 ? -1
										     : 0;
}

static int of_a_file(const struct attempt *a, int fd)
{
	int file = open("/proc/self/exe", O_RDONLY);

	if (connect(fd, address(a), a->size) < 0)
		return -1;
	return sendfile(fd, file, NULL, 100) < 0 ? -1 : 0;
}

static int of_a_pipe(const struct attempt *a, int fd)
{
	struct iovec piece = { text, sizeof(text) };
	int pipes[2];

	if (pipe(pipes) < 0 || vmsplice(pipes[1], &piece, 1, 0) < 0 ||
	    connect(fd, address(a), a->size) < 0)
		return -1;
	return splice(pipes[0], NULL, fd, NULL, sizeof(text), 0) < 0 ? -1 : 0;
}

static int of_a_cork(const struct attempt *a, int fd)
{
	if (sendto(fd, text, sizeof(text), MSG_MORE, address(a), a->size) < 0)
		return -1;
	return sendto(fd, text, sizeof(text), 0, address(a), a->size) < 0 ? -1 : 0;
}

static int of_many(const struct attempt *a, int fd)
{
	static char many[1000];

	return sendto(fd, many, sizeof(many), 0, address(a), a->size) < 0 ? -1 : 0;
}

static int with_the_syn(const struct attempt *a, int fd)
{
	if (option(fd, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 1) < 0)
		return -1;
	return sendto(fd, text, sizeof(text), MSG_FASTOPEN, address(a), a->size) < 0 ? -1
										     : 0;
}

static int with_the_syn_later(const struct attempt *a, int fd)
{
	if (option(fd, IPPROTO_TCP, TCP_FASTOPEN_NO_COOKIE, 1) < 0 ||
	    option(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1) < 0 ||
	    connect(fd, address(a), a->size) < 0)
		return -1;
	return send(fd, text, sizeof(text), 0) < 0 ? -1 : 0;
}

/* The kernel tells the network whom we listen to: 28 bits, or 112, that we chose. */
static int joins(const struct attempt *a, int fd)
{
	struct group_req group = { .gr_interface = if_nametoindex("eth0"),
				   .gr_group = a->to };

	if (setsockopt(fd, a->family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
		       MCAST_JOIN_GROUP, &group, sizeof(group)) < 0)
		return -1;
	/* It tells a little later. */
	return usleep(100 * 1000);
}

/* Sockets of another make. */

static int mptcp(const struct attempt *a)
{
	return socket(a->family, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_MPTCP);
}

static int udplite(const struct attempt *a)
{
	return socket(a->family, SOCK_DGRAM, IPPROTO_UDPLITE);
}

static int of_ping(const struct attempt *a)
{
	return socket(a->family, SOCK_DGRAM,
		      a->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

static int usual(const struct attempt *a)
{
	return socket(a->family, a->type | SOCK_NONBLOCK, 0);
}

static int ping(const struct attempt *a, int fd)
{
	unsigned char message[64] = { a->family == AF_INET ? ICMP_ECHO
							   : ICMP6_ECHO_REQUEST };

	memcpy(message + 8, text, sizeof(text));
	return sendto(fd, message, sizeof(message), 0, address(a), a->size) < 0 ? -1 : 0;
}

/* RFC 8335: the request has a place for more than an echo. */
static int probe(const struct attempt *a, int fd)
{
	unsigned char message[16] = { a->family == AF_INET ? 42 : 160 };

	memcpy(message + 8, "out!", 4);
	return sendto(fd, message, sizeof(message), 0, address(a), a->size) < 0 ? -1 : 0;
}

static const struct way {
	const char *name;
	int (*prepare)(const struct attempt *a, int fd);
	int (*send)(const struct attempt *a, int fd);
	int (*open)(const struct attempt *a);
} ways[] = {
	{ "plain", plain, as_usual, usual },
	{ "bound-to-device", bound_to_device, as_usual, usual },
	{ "unicast-if", unicast_if, as_usual, usual },
	{ "packet-info", plain, with_packet_info, usual },
	{ "priority", priority, as_usual, usual },
	{ "mark", mark, as_usual, usual },
	{ "one-hop", one_hop, as_usual, usual },
	{ "from-port", from_port, as_usual, usual },
	{ "foreign-source", foreign_source, as_usual, usual },
	{ "foreign-source-through-loopback", foreign_source_through_loopback, as_usual,
	  usual },
	{ "transparent", transparent, as_usual, usual },
	{ "record-route", record_route, as_usual, usual },
	{ "timestamp", timestamp, as_usual, usual },
	{ "loose-route", loose_route, as_usual, usual },
	{ "strict-route", strict_route, as_usual, usual },
	{ "segment-route", segment_route, as_usual, usual },
	{ "hop-by-hop", hop_by_hop, as_usual, usual },
	{ "destination-options", destination_options, as_usual, usual },
	{ "own-capabilities", with_capabilities_of_ones_own, as_usual, usual },
	{ "fragments", plain, at_length, usual },
	{ "small-fragments", small_pieces, at_length, usual },
	{ "broadcast", broadcast, as_usual, usual },
	{ "multicast", multicast, as_usual, usual },
	{ "joins", joins, NULL, usual },
	{ "from-connected", plain, from_connected, usual },
	{ "reconnected", plain, reconnected, usual },
	{ "two-at-once", plain, two_at_once, usual },
	{ "zerocopy", plain, without_a_copy, usual },
	{ "sendfile", plain, of_a_file, usual },
	{ "splice", plain, of_a_pipe, usual },
	{ "cork", plain, of_a_cork, usual },
	{ "segments", in_segments, of_many, usual },
	{ "fast-open", plain, with_the_syn, usual },
	{ "fast-open-connect", plain, with_the_syn_later, usual },
	{ "mptcp", plain, as_usual, mptcp },
	{ "udplite", plain, as_usual, udplite },
	{ "ping", plain, ping, of_ping },
	{ "ping-with-options", record_route, ping, of_ping },
	{ "ping-with-a-route", loose_route, ping, of_ping },
	{ "probe", plain, probe, of_ping },
};

static int go(const struct way *way, const struct attempt *a)
{
	int fd = way->open(a), result;

	if (fd < 0)
		return -1;
	result = way->prepare(a, fd);
	if (result == 0 && way->send)
		result = way->send(a, fd);
	/* A socket stays open until the end: what it would say in parting is no way out. */
	return result;
}

static int try(char *line)
{
	char *name = strtok(line, " \n"), *type = strtok(NULL, " \n");
	char *addr = strtok(NULL, " \n"), *port = strtok(NULL, " \n");
	char *argument = strtok(NULL, " \n");
	struct attempt a = { .argument = argument ? argument : "" };

	if (!port || parse(addr, port, &a.to, &a.size) < 0)
		return -1;
	a.family = a.to.ss_family;
	a.type = strcmp(type, "tcp") == 0 ? SOCK_STREAM : SOCK_DGRAM;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(name, ways[i].name) != 0)
			continue;
		errno = 0;
		printf("%s %s %s: %s\n", name, type, addr,
		       go(&ways[i], &a) < 0 ? strerror(errno) : "sent");
		return 0;
	}
	return -1;
}

int main(int argc, char **argv)
{
	FILE *lines = argc == 2 ? fopen(argv[1], "re") : NULL;
	char line[256];

	if (!lines)
		return 64;
	while (fgets(line, sizeof(line), lines))
		if (try(line) < 0) {
			fprintf(stderr, "not a way: %s\n", line);
			return 64;
		}
	return 0;
}
