#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/answers.h"

/* Names -> answers through c-ares: all at once, A and AAAA, /etc/hosts first, then the servers
 * of /etc/resolv.conf, the search list only for names of a single label, with retries, UDP then
 * TCP, under one deadline. Sockets, no privilege but for the mark; no thread.
 *
 * The one module of lib/ that reads files and the clock, therefore a target of its own. It does
 * not read the environment: LOCALDOMAIN, RES_OPTIONS, HOSTALIASES and CARES_HOSTS count for
 * nothing here.
 *
 * A name found in the hosts file, in whichever family, is not asked of DNS: what a client on
 * this machine sees. In a reply only addresses count that are reached from the question,
 * through its CNAMEs. Both families are asked wherever we run, and one's failure hides nothing
 * of the other. A name without address has the state that says most about why: a server that
 * failed rather than one that said no. */

/* What stands between these lines of the hosts file was pinned by an earlier netpale; it is
 * skipped, or a pinned name would be found there for ever. */
#define RESOLVER_PINNED_BEGIN "# netpale: pinned names begin"
#define RESOLVER_PINNED_END "# netpale: pinned names end"

/* How far an asking is, for whoever waits for it. */
struct resolver_progress {
	unsigned ms;            /* since it began */
	size_t names, answered; /* of those asked for, and of them, in whatever way */
	const char *waiting;    /* for this one, and maybe others */
};

struct resolver_options {
	unsigned timeout_ms; /* for everything, 1-600000 */
	/* SO_MARK for each socket; 0: none. Setting it needs NET_ADMIN or NET_RAW; a failure to
	 * set it is an error. */
	uint32_t socket_mark;
	const char *resolv_conf; /* NULL: /etc/resolv.conf */
	const char *hosts;       /* NULL: /etc/hosts */
	/* NULL, or called each RESOLVER_PROGRESS_MS while names are waited for. */
	void (*progress)(const struct resolver_progress *progress);
};

#define RESOLVER_PROGRESS_MS 250u

/* `names` normalised, distinct; the answers borrow them. Every name gets an answer, be it
 * ANSWER_TIMEOUT: an answer is never an error. -1 with ERROR_KERNEL or ERROR_MEMORY. */
int resolver_ask(const char *const *names, size_t count,
		 const struct resolver_options *options, struct arena *arena,
		 struct answers *ret, struct error *err) MUST_CHECK;

/* The hosts file alone (NULL: /etc/hosts): the answers for all names in it that `wants` takes; they
 * are fixed. What an earlier netpale pinned is skipped here too. */
struct resolver_filter {
	bool (*wants)(void *context, const char *host);
	void *context;
};
int resolver_read_hosts(const char *path, const struct resolver_filter *filter,
			struct arena *arena, struct answers *ret, struct error *err)
	MUST_CHECK;
