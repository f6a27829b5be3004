#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/error.h"
#include "lib/macros.h"

/* A netlink socket: what netlink*.c (nf_tables) and site.c (routes) share. */

struct netlink {
	int fd;
	size_t room;   /* the longest message the socket takes now */
	bool optional; /* a quiet fence does without what the last refusal was for */
	enum { OWN_UNTRIED, OWN_REFUSED, OWN_TAKEN } own; /* may a table be held? */
	struct buf batch; /* what netlink_learn() sends: one buffer for all */
};

struct nlmsghdr;

/* `bus` as NETLINK_*. errno stays as the kernel set it when -1 is returned. */
int netlink_socket_open(struct netlink *netlink, int bus);
void netlink_socket_close(struct netlink *netlink);

/* Throws away what an interrupted exchange left unread. */
void netlink_drain(struct netlink *netlink);

enum dump_result {
	DUMP_DONE,
	DUMP_CUT,    /* somebody changed it meanwhile: begin again */
	DUMP_FAILED, /* errno */
};

/* Sends a request with NLM_F_DUMP and appends all answers to `out`. */
enum dump_result netlink_read_dump(struct netlink *netlink,
				   const struct nlmsghdr *request, struct buf *out);

/* Sends the request in `bytes` and puts the one answer in its place; NULL: errno. */
const struct nlmsghdr *netlink_ask(struct netlink *netlink, void *bytes, size_t size);
