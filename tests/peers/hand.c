/* One process hands another a descriptor through a socket of AF_UNIX.
 *
 *   hand give KIND PATH [ADDR PORT]   makes it and hands it to who connects to PATH
 *   hand take PATH                    gets it and sends by it
 *
 * KIND is udp, tcp, raw (connected, with the address), or netfilter, by which a table `handed` is added.
 * `take` ends with 0 when that worked. */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int fail(const char *what)
{
	fprintf(stderr, "hand: %s: %s\n", what, strerror(errno));
	return 1;
}

/* TCP is connected by who takes it: nothing may be sent before. */
static int make(const char *kind)
{
	if (strcmp(kind, "udp") == 0)
		return socket(AF_INET, SOCK_DGRAM, 0);
	if (strcmp(kind, "tcp") == 0)
		return socket(AF_INET, SOCK_STREAM, 0);
	if (strcmp(kind, "raw") == 0)
		return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	return socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
}

static int at(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	strncpy(ret->sun_path, path, sizeof(ret->sun_path) - 1);
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

union attachment {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr header;
};

/* Where it is to send stands in the message. */
static int give(int fd, const char *path, const struct sockaddr_in *to)
{
	struct sockaddr_un place;
	union attachment attachment = { .header = { .cmsg_len = CMSG_LEN(sizeof(fd)),
						    .cmsg_level = SOL_SOCKET,
						    .cmsg_type = SCM_RIGHTS } };
	struct iovec part = { (void *)to, sizeof(*to) };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = attachment.bytes,
				  .msg_controllen = sizeof(attachment.bytes) };
	int door = at(path, &place), client;

	memcpy(CMSG_DATA(&attachment.header), &fd, sizeof(fd));
	if (fd < 0 || bind(door, (struct sockaddr *)&place, sizeof(place)) < 0 ||
	    chmod(path, 0777) < 0 || listen(door, 1) < 0)
		return fail("give");
	client = accept(door, NULL, NULL);
	return client < 0 || sendmsg(client, &message, 0) < 0 ? fail("give") : 0;
}

static int receive(const char *path, struct sockaddr_in *ret_to)
{
	struct sockaddr_un place;
	union attachment attachment;
	struct iovec part = { ret_to, sizeof(*ret_to) };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = attachment.bytes,
				  .msg_controllen = sizeof(attachment.bytes) };
	int door = at(path, &place), fd = -1;

	if (connect(door, (struct sockaddr *)&place, sizeof(place)) < 0 ||
	    recvmsg(door, &message, 0) < (ssize_t)sizeof(*ret_to) ||
	    !CMSG_FIRSTHDR(&message))
		return -1;
	memcpy(&fd, CMSG_DATA(&attachment.header), sizeof(fd));
	return fd;
}

/* A batch that adds a table; its first answer. */
static int add_table(int fd)
{
	struct part {
		struct nlmsghdr header;
		struct nfgenmsg family;
	};
	struct {
		struct part begin;
		struct part table;
		struct nlattr attribute;
		char name[8];
		struct part end;
	} batch = {
		.begin = { { sizeof(batch.begin), NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST, 1,
			     0 },
			   { .res_id = htons(NFNL_SUBSYS_NFTABLES) } },
		.table = { { sizeof(batch.table) + sizeof(batch.attribute) + 8,
			     NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE,
			     NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK, 2, 0 },
			   { .nfgen_family = 1 /* inet */ } },
		.attribute = { sizeof(batch.attribute) + 7, NFTA_TABLE_NAME },
		.name = "handed",
		.end = { { sizeof(batch.end), NFNL_MSG_BATCH_END, NLM_F_REQUEST, 3, 0 },
			 { .res_id = htons(NFNL_SUBSYS_NFTABLES) } },
	};
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
		char rest[4096];
	} answer = { 0 };

	if (send(fd, &batch, sizeof(batch), 0) < 0 ||
	    recv(fd, &answer, sizeof(answer), 0) < 0)
		return -1;
	errno = -answer.error.error;
	return errno ? -1 : 0;
}

static int use(int fd, const struct sockaddr_in *to)
{
	static const char echo_request[8] = { 8, 0, (char)0xf7, (char)0xff };
	int domain = 0;
	socklen_t size = sizeof(domain);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0)
		return -1;
	if (domain == AF_NETLINK)
		return add_table(fd);
	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0)
		return -1;
	return send(fd, echo_request, sizeof(echo_request), MSG_NOSIGNAL) < 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };

	if (argc == 6)
		to.sin_port = htons((uint16_t)atoi(argv[5]));
	if (argc == 6 && inet_pton(AF_INET, argv[4], &to.sin_addr) != 1)
		return 64;
	if (argc >= 4 && strcmp(argv[1], "give") == 0)
		return give(make(argv[2]), argv[3], &to);
	if (argc == 3 && strcmp(argv[1], "take") == 0)
		return use(receive(argv[2], &to), &to) < 0 ? fail("take") : 0;
	return 64;
}
