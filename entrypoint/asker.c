#include "entrypoint/asker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

#include <libmnl/libmnl.h>

#include "entrypoint/eyes.h"
#include "entrypoint/fd.h"
#include "entrypoint/netlink_socket.h"
#include "lib/buf.h"
#include "lib/messages.h"

#define DNS_PORT 53

/* So many between two looks at the clock. */
#define FDS_A_LOOK 16

/* --- the socket ---------------------------------------------------------------------------- */

struct found {
	uint32_t uid, inode; /* inode 0: none was found */
	bool connected;
};

/* One that is connected to a DNS server is likelier than one that may send to any. */
static void consider(const struct inet_diag_msg *socket, uint16_t port,
		     struct found *found)
{
	uint16_t to = ntohs(socket->id.idiag_dport);

	if (ntohs(socket->id.idiag_sport) != port || socket->idiag_inode == 0 ||
	    (to != DNS_PORT && to != 0) ||
	    (found->inode && (found->connected || to == 0)))
		return;
	*found = (struct found){
		.uid = socket->idiag_uid,
		.inode = socket->idiag_inode,
		.connected = to == DNS_PORT,
	};
}

/* One read of the answer has room for some 50 sockets; nobody needs more on one port. The rest goes
 * with the netlink socket. */
static void find_of_family(uint8_t family, uint16_t port, bool stream,
			   struct found *found)
{
	_Alignas(struct nlmsghdr) char bytes[8192];
	struct nlmsghdr *request = mnl_nlmsg_put_header(bytes);
	struct inet_diag_req_v2 *wanted =
		mnl_nlmsg_put_extra_header(request, sizeof(*wanted));
	struct netlink netlink CLEANUP(netlink_socket_close) = { .fd = -1 };
	const struct nlmsghdr *m;
	ssize_t got;

	request->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	wanted->sdiag_family = family;
	wanted->sdiag_protocol = stream ? IPPROTO_TCP : IPPROTO_UDP;
	wanted->idiag_states = stream ? 1u << TCP_ESTABLISHED : UINT32_MAX;
	wanted->id.idiag_sport = htons(port);
	if (netlink_socket_open(&netlink, NETLINK_SOCK_DIAG) < 0 ||
	    send(netlink.fd, request, request->nlmsg_len, 0) < 0)
		return;
	got = recv(netlink.fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	for (size_t at = 0; got > 0 && (m = messages_next(bytes, (size_t)got, &at));)
		if (m->nlmsg_type == SOCK_DIAG_BY_FAMILY &&
		    mnl_nlmsg_get_payload_len(m) >= sizeof(struct inet_diag_msg))
			consider(mnl_nlmsg_get_payload(m), port, found);
}

/* --- the process ---------------------------------------------------------------------------- */

struct search {
	char link[32]; /* what a descriptor of the socket says: "socket:[123]" */
	int64_t ends;  /* microseconds of this thread */
	unsigned fds_left;
};

/* Only our own time: whoever loads the machine does not make us blind. */
static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool is_over(const struct search *search)
{
	return search->fds_left == 0 || now_us() >= search->ends;
}

static DIR *open_proc(pid_t pid, const char *file)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	return opendir(path);
}

static void close_dirp(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

static bool holds(struct search *search, pid_t pid)
{
	DIR *fds CLEANUP(close_dirp) = open_proc(pid, "fd");
	const struct dirent *entry;

	while (fds && (entry = readdir(fds))) {
		char text[sizeof(search->link)];
		ssize_t length;

		if (search->fds_left % FDS_A_LOOK == 0 && is_over(search))
			return false;
		search->fds_left--;
		length = readlinkat(dirfd(fds), entry->d_name, text, sizeof(text));
		if (length == (ssize_t)strlen(search->link) &&
		    memcmp(text, search->link, (size_t)length) == 0)
			return true;
	}
	return false;
}

/* The agent's processes, or all where it may see all: the last ASKER_PROCESSES of the list, which
 * ascends. */
static size_t list_processes(const struct search *search,
			     pid_t pids[static ASKER_PROCESSES], size_t *ret_end)
{
	DIR *proc CLEANUP(close_dirp) = opendir("/proc");
	const struct dirent *entry;
	size_t count = 0;

	while (proc && !is_over(search) && (entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			pids[count++ % ASKER_PROCESSES] =
				(pid_t)strtol(entry->d_name, NULL, 10);
	*ret_end = count;
	return count < ASKER_PROCESSES ? count : ASKER_PROCESSES;
}

/* Whoever asked before asks again; who begins asks soon. 0: not found. */
static pid_t find_holder(struct search *search, pid_t last)
{
	pid_t pids[ASKER_PROCESSES];
	size_t end, count;

	if (last && holds(search, last))
		return last;
	count = list_processes(search, pids, &end);
	for (size_t i = 1; i <= count && !is_over(search); i++) {
		pid_t pid = pids[(end - i) % ASKER_PROCESSES];

		if (pid != last && holds(search, pid))
			return pid;
	}
	return 0;
}

/* Of the process, whichever of its threads asks. */
static void read_program(pid_t pid, char program[static REFUSAL_PROGRAM])
{
	int fd CLEANUP(close_fdp) = -1;
	char path[32], text[64];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (length > 0 && text[length - 1] == '\n')
		length--;
	if (length > 0)
		escape(program, REFUSAL_PROGRAM, text, (size_t)length);
}

static void find_program(uint32_t inode, pid_t *last,
			 char program[static REFUSAL_PROGRAM])
{
	struct search search = {
		.ends = now_us() + ASKER_MS * INT64_C(1000),
		.fds_left = ASKER_FDS,
	};
	pid_t holder;

	snprintf(search.link, sizeof(search.link), "socket:[%u]", inode);
	holder = find_holder(&search, *last);
	*last = holder;
	if (holder)
		read_program(holder, program);
}

/* --- both ------------------------------------------------------------------------------------ */

void asker_find(uint16_t port, bool stream, const struct user *agent, pid_t *last,
		struct asker *ret)
{
	struct found found = { 0 };

	*ret = (struct asker){ 0 };
	find_of_family(AF_INET, port, stream, &found);
	/* These speak IPv4, too. */
	if (!found.connected)
		find_of_family(AF_INET6, port, stream, &found);
	if (!found.inode)
		return;
	ret->has_uid = true;
	ret->uid = found.uid;
	/* Others' descriptors he cannot see. */
	if (!agent || agent->uid != found.uid)
		return;
	if (eyes_take(agent))
		find_program(found.inode, last, ret->program);
	(void)!eyes_return();
}
