#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netfilter_ipv4.h>

#include "entrypoint/fd.h"
#include "entrypoint/guard_state.h"
#include "entrypoint/log.h"
#include "entrypoint/source.h"
#include "lib/ruleset.h"

/* Whom to ask for names, as it was before the agent ran. */

#define FILE_BYTES (4u << 20)

/* --- files --------------------------------------------------------------------------------- */

/* Into a file of our own. What was read comes back in `text`. */
static int copy_file(const char *path, struct file_copy *copy, struct buf *text,
		     struct error *err)
{
	if (source_read(path, NULL, FILE_BYTES, text, err) < 0)
		return -1;
	copy->fd = memfd_create(path + strlen("/etc/"), MFD_CLOEXEC);
	if (copy->fd < 0 || write(copy->fd, text->data ? text->data : "", text->length) !=
				    (ssize_t)text->length)
		return error_set(err, ERROR_KERNEL, "cannot keep a copy of %s", path);
	snprintf(copy->path, sizeof(copy->path), "/proc/self/fd/%d", copy->fd);
	return 0;
}

int guard_read_names(struct guard *guard, struct error *err)
{
	struct buf hosts CLEANUP(buf_release) = { 0 };
	struct buf resolv_conf CLEANUP(buf_release) = { 0 };
	char *rest, *line;

	if (copy_file("/etc/hosts", &guard->hosts, &hosts, err) < 0 ||
	    copy_file("/etc/resolv.conf", &guard->resolv_conf, &resolv_conf, err) < 0)
		return -1;
	guard->regime->inputs.hosts = guard->hosts.path;
	guard->regime->inputs.resolv_conf = guard->resolv_conf.path;
	rest = resolv_conf.data;
	while (rest && (line = strsep(&rest, "\n")))
		search_read_line(&guard->search, line);
	return 0;
}

/* --- Docker's own servers --------------------------------------------------------------------
 *
 * Asked by TCP for a name that it cannot know, Docker's resolver connects to its first server by TCP
 * from within this namespace. The fence redirects the connection to our own socket, and the kernel
 * tells where it should have gone. Closed at once, it makes Docker try the next one. That no other
 * question will come makes it close once it is through, even if it has no reply to give. */

#define PROBE_MS 1000
#define TCP_LISTENING 1 /* sockets_listen() */

static const unsigned char probe_question[] =
	"\x00\x27"                                         /* the message's length */
	"\x77\x53\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" /* one question, RD */
	"\x0dnetpale-probe\x07invalid\x00" /* RFC 6761: no such name, ever */
	"\x00\x01\x00\x01";

static int ask_docker(void)
{
	const struct sockaddr_in docker = { .sin_family = AF_INET,
					    .sin_port = htons(53),
					    .sin_addr.s_addr = htonl(SITE_DOCKER_DNS) };
	size_t length = sizeof(probe_question) - 1;
	uint32_t mark = RULESET_SOCKET_MARK;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) == 0 &&
	    connect(fd, (const struct sockaddr *)&docker, sizeof(docker)) == 0 &&
	    send(fd, probe_question, length, MSG_NOSIGNAL) == (ssize_t)length &&
	    shutdown(fd, SHUT_WR) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Where the connection that waits should have gone. */
static void take_upstream(int listening, struct site *site)
{
	int fd CLEANUP(close_fdp) = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
	struct sockaddr_in wanted = { 0 };
	socklen_t length = sizeof(wanted);
	struct addr addr;

	if (fd < 0 || getsockopt(fd, SOL_IP, SO_ORIGINAL_DST, &wanted, &length) < 0)
		return;
	addr = addr_from_bytes(FAMILY_4, (const uint8_t *)&wanted.sin_addr);
	for (size_t i = 0; i < site->resolver_count; i++)
		if (addr_compare(&site->resolvers[i], &addr) == 0)
			return;
	if (site->resolver_count < SITE_MAX && addr_scope(&addr) != ADDR_LOOPBACK)
		site->resolvers[site->resolver_count++] = addr;
}

bool guard_find_upstreams(const struct guard *guard, struct site *site)
{
	int asked CLEANUP(close_fdp) = ask_docker();
	struct pollfd pollers[] = {
		{ .fd = guard->sockets.listening[TCP_LISTENING], .events = POLLIN },
		{ .fd = asked, .events = POLLIN },
	};
	size_t before = site->resolver_count;
	int64_t end = clock_steady_ms() + PROBE_MS, left;

	while (asked >= 0 && (left = end - clock_steady_ms()) > 0 &&
	       poll(pollers, ARRAY_SIZE(pollers), (int)left) > 0) {
		if (pollers[0].revents)
			take_upstream(pollers[0].fd, site);
		else if (pollers[1].revents)
			break;
	}
	site->docker_tells = true;
	return site->resolver_count > before;
}
