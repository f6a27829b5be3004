#include "entrypoint/nflog.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>

#include "entrypoint/netlink_socket.h"
#include "lib/messages.h"
#include "lib/ruleset.h"

/* A rule's snaplen says how much of a packet is logged; none asks for more. */
#define COPY_MAX 2048

/* One record with its attributes; no rule of ours lets the kernel collect several. */
#define READ_BYTES 8192

/* What a socket holds until it is read: some hundred packets. The kernel counts its own overhead. */
#define RECEIVE_BYTES (1 << 20)

/* The kernel would allocate a page for each record, and charge the socket for it. */
#define RECORD_MIN 1

struct nflog {
	struct netlink netlink;
	uint32_t next; /* the number of the record that comes next */
	uint64_t lost;
	unsigned turn; /* records read in this one */
	size_t length; /* of what was read; */
	size_t at;     /* records before were handed out */
	_Alignas(struct nlmsghdr) char bytes[READ_BYTES];
};

/* Group, how much, and that records are numbered: in one message, because from then on records lie
 * between what the kernel answers. */
static struct nlmsghdr *build_bind(void *bytes)
{
	const struct nfulnl_msg_config_mode mode = { .copy_range = htonl(COPY_MAX),
						     .copy_mode = NFULNL_COPY_PACKET };
	const struct nfulnl_msg_config_cmd bind = { .command = NFULNL_CFG_CMD_BIND };
	struct nlmsghdr *m = mnl_nlmsg_put_header(bytes);
	struct nfgenmsg *general = mnl_nlmsg_put_extra_header(m, sizeof(*general));

	m->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG;
	m->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	general->res_id = htons(RULESET_LOG_GROUP);
	mnl_attr_put(m, NFULA_CFG_CMD, sizeof(bind), &bind);
	mnl_attr_put(m, NFULA_CFG_MODE, sizeof(mode), &mode);
	mnl_attr_put_u32(m, NFULA_CFG_NLBUFSIZ, htonl(RECORD_MIN));
	mnl_attr_put_u16(m, NFULA_CFG_FLAGS, htons(NFULNL_CFG_F_SEQ));
	return m;
}

/* Reads what one recv() gives; false: nothing lies there. */
static bool fill(struct nflog *nflog)
{
	ssize_t got;

	do {
		got = recv(nflog->netlink.fd, nflog->bytes, sizeof(nflog->bytes), 0);
	} while (got < 0 && (errno == EINTR || errno == ENOBUFS));
	nflog->at = 0;
	nflog->length = got > 0 ? (size_t)got : 0;
	return got > 0;
}

/* The next whole message, wherever it has to come from. What is cut is left out. */
static const struct nlmsghdr *next_message(struct nflog *nflog)
{
	const struct nlmsghdr *m;

	do {
		m = messages_next(nflog->bytes, nflog->length, &nflog->at);
		if (m)
			return m;
	} while (fill(nflog));
	return NULL;
}

/* 0 or what the kernel says: it has answered when send() is back, behind records that came in
 * meanwhile, which count as lost. */
static int bind_group(struct nflog *nflog)
{
	const struct nlmsghdr *m = build_bind(nflog->bytes);

	if (send(nflog->netlink.fd, m, m->nlmsg_len, 0) < 0)
		return errno;
	while ((m = next_message(nflog)))
		if (m->nlmsg_type == NLMSG_ERROR &&
		    mnl_nlmsg_get_payload_len(m) >= sizeof(int))
			return message_errno(m);
	return EBADMSG;
}

static int refuse(int number, struct error *err)
{
	const char *why = strerror(number);

	switch (number) {
	case EPERM:
	case EBUSY:
		why = "somebody else reads it, or NET_ADMIN is missing";
		break;
	case ENOENT:
	case EINVAL:
	case EOPNOTSUPP:
	case EPROTONOSUPPORT:
	case EAFNOSUPPORT:
		why = "this kernel has none (nfnetlink_log)";
		break;
	default:
		break;
	}
	error_set(err, number == EPERM ? ERROR_PRIVILEGE : ERROR_KERNEL,
		  "the kernel's packet log, group %d: %s", RULESET_LOG_GROUP, why);
	return 1;
}

/* Without a number nobody can say how much was lost, and a full socket needs no other sign. */
static int set_up(struct nflog *nflog)
{
	int fd = nflog->netlink.fd, one = 1, bytes = RECEIVE_BYTES;

	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &one, sizeof(one)) < 0)
		return errno;
	/* Beyond the system's limit only for who may; else as much as there is. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	return bind_group(nflog);
}

int nflog_open(struct nflog **ret, struct error *err)
{
	struct nflog *nflog CLEANUP(nflog_freep) = calloc(1, sizeof(*nflog));
	int number;

	if (!nflog)
		return error_memory(err);
	if (netlink_socket_open(&nflog->netlink, NETLINK_NETFILTER) < 0)
		return refuse(errno, err);
	number = set_up(nflog);
	if (number != 0)
		return refuse(number, err);
	*ret = TAKE(nflog);
	return 0;
}

void nflog_free(struct nflog *nflog)
{
	if (!nflog)
		return;
	netlink_socket_close(&nflog->netlink);
	free(nflog);
}

int nflog_fd(const struct nflog *nflog)
{
	return nflog->netlink.fd;
}

uint64_t nflog_lost(const struct nflog *nflog)
{
	return nflog->lost;
}

/* A gap in the numbers is what the socket had no room for. */
static void count_lost(struct nflog *nflog, const struct nlmsghdr *m)
{
	const struct nlattr *attr;
	uint32_t number;

	if (m->nlmsg_type != (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET))
		return;
	attr = message_find(m, NFULA_SEQ);
	if (!attr || mnl_attr_get_payload_len(attr) < sizeof(number))
		return;
	memcpy(&number, mnl_attr_get_payload(attr), sizeof(number));
	number = ntohl(number);
	nflog->lost += number - nflog->next;
	nflog->next = number + 1;
}

bool nflog_next(struct nflog *nflog, struct packet *ret)
{
	const struct nlmsghdr *m;

	for (; nflog->turn < NFLOG_TURN && (m = next_message(nflog)); nflog->turn++) {
		count_lost(nflog, m);
		if (!packet_read(m, ret))
			continue;
		nflog->turn++;
		return true;
	}
	nflog->turn = 0;
	return false;
}
