#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"

/* The guard's door for root: /run/netpale/control, a SOCK_SEQPACKET pathname socket, mode 0600, never
 * abstract. One packet asks ("reload", "status"), one answers: "ok" or a fault's text; beside the
 * answer to "status" comes a descriptor with the JSON. */

#define CONTROL_CLIENTS 8
#define CONTROL_TEXT 1024

struct control {
	int listening; /* -1: none could be made (a read-only /run) */
	int clients[CONTROL_CLIENTS];
	size_t count;
};

/* 1: none can be had, err says why; nothing depends on it. */
int control_open(struct control *ret, struct error *err);
void control_close(struct control *control);

/* One more client, if it is root and there is room. Its descriptor, or -1. */
int control_accept(struct control *control);

enum control_request {
	CONTROL_NONE, /* not understood, or gone: closed */
	CONTROL_RELOAD,
	CONTROL_STATUS,
};
/* What the client at `fd` asks for. */
enum control_request control_read(struct control *control, int fd);
/* Answers, with `attached` beside (-1: nothing), and closes. */
void control_answer(struct control *control, int fd, const char *text, int attached);

/* The other side: asks, and returns the answer's text and what came with it (-1: nothing). ERROR_KERNEL
 * when no guard answers, ERROR_PRIVILEGE when it is not ours to ask. */
int control_ask(const char *request, char text[static CONTROL_TEXT], int *ret_attached,
		struct error *err) MUST_CHECK;
