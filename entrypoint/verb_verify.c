#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "entrypoint/destination.h"
#include "entrypoint/fence.h"
#include "entrypoint/log.h"
#include "entrypoint/privileges.h"
#include "entrypoint/state.h"
#include "entrypoint/verbs.h"
#include "lib/resolver.h"

/* Does the fence in the kernel still match what was applied? Each finding is a line on stdout;
 * none and exit 0: it does. */

#define STATUS_FINDINGS 1
#define PROBE_MS 3000

/* `text` may be several lines. */
static void finding(size_t *findings, const char *text)
{
	puts(text);
	++*findings;
}

/* With NET_ADMIN the kernel's own listing decides; without it only the behaviour can be seen. */
static int check_fence(const struct state *state, size_t *findings, struct error *err)
{
	struct buf differences CLEANUP(buf_release) = { 0 };
	struct error fault = { 0 };
	size_t count = 0;
	bool stands;

	if (!state->fenced)
		return 0;
	if (fence_stands(&stands, &fault) == 0 && !stands) {
		finding(findings, "the fence is gone: there is no table inet netpale");
	} else if (fault.kind == ERROR_NONE) {
		if (fence_compare(&state->sent, &differences, &count, err) < 0)
			return -1;
		if (count)
			finding(findings, differences.data);
	} else if (fault.kind != ERROR_PRIVILEGE) {
		*err = fault;
		return -1;
	}
	fault = (struct error){ 0 };
	if (state->mode != MODE_AUDIT &&
	    privileges_prove_closed(state->has_refused[0] ? &state->refused[0] : NULL,
				    state->has_refused[1] ? &state->refused[1] : NULL,
				    &fault) < 0)
		finding(findings, fault.text);
	return 0;
}

/* Connected within PROBE_MS? A fence answers a refused TCP connect with a reset. */
static bool connects(const struct addr *addr, uint32_t port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
				    .sin6_port = htons((uint16_t)port) };
	struct sockaddr_in four = { .sin_family = AF_INET,
				    .sin_port = htons((uint16_t)port) };
	bool is4 = addr->family == FAMILY_4;
	uint8_t bytes[16];
	struct pollfd poller = { .events = POLLOUT };
	int fault = 1;
	socklen_t size = sizeof(fault);

	addr_to_bytes(addr, bytes);
	memcpy(is4 ? (void *)&four.sin_addr : (void *)&six.sin6_addr, bytes,
	       is4 ? 4 : 16);
	poller.fd = socket(is4 ? AF_INET : AF_INET6,
			   SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (poller.fd < 0)
		return false;
	if (connect(poller.fd, is4 ? (struct sockaddr *)&four : (struct sockaddr *)&six,
		    is4 ? sizeof(four) : sizeof(six)) == 0)
		fault = 0;
	else if (errno == EINPROGRESS && poll(&poller, 1, PROBE_MS) == 1)
		getsockopt(poller.fd, SOL_SOCKET, SO_ERROR, &fault, &size);
	close(poller.fd);
	return fault == 0;
}

static int resolve(const struct options *options, const struct state *state,
		   struct arena *arena, struct destination *to, const struct addr **ret,
		   size_t *ret_count, struct error *err)
{
	const struct resolver_options resolver = {
		.timeout_ms = options->resolve_timeout * 1000
	};
	const struct answer *answer;
	struct answers answers;

	*ret = &to->addr;
	*ret_count = 1;
	if (!to->host)
		return 0;
	answer = answers_find(&state->answers, to->host);
	if (!answer && resolver_ask(&to->host, 1, &resolver, arena, &answers, err) < 0)
		return -1;
	if (!answer)
		answer = answers_find(&answers, to->host);
	*ret = answer ? answer->addrs : NULL;
	*ret_count = answer ? answer->count : 0;
	return 0;
}

static int probe(const struct options *options, const struct state *state,
		 struct arena *arena, const char *text, bool want_open, size_t *findings,
		 struct error *err)
{
	const struct addr *addrs;
	struct destination to;
	bool open = false;
	size_t count;
	char line[512];

	if (destination_parse(text, arena, &to, err) < 0)
		return -1;
	if (to.point >= PORTSET_UDP)
		return error_set(err, ERROR_USAGE, "'%s': only TCP can be probed",
				 to.text);
	if (resolve(options, state, arena, &to, &addrs, &count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		open = open || connects(&addrs[i], to.point);
	if (open == want_open)
		return 0;
	snprintf(line, sizeof(line), "%s: %s", to.text,
		 want_open ? "wanted open, cannot be reached"
			   : "wanted closed, is reachable");
	finding(findings, line);
	return 0;
}

static int probe_all(const struct options *options, const struct state *state,
		     struct arena *arena, size_t *findings, struct error *err)
{
	const struct words *open = &options->any.open, *closed = &options->any.closed;

	for (size_t i = 0; i < open->count; i++)
		if (probe(options, state, arena, open->v[i], true, findings, err) < 0)
			return -1;
	for (size_t i = 0; i < closed->count; i++)
		if (probe(options, state, arena, closed->v[i], false, findings, err) < 0)
			return -1;
	return 0;
}

int verb_verify(const struct options *options, struct error *err)
{
	struct arena *arena CLEANUP(arena_freep) = arena_new(0);
	struct state state CLEANUP(state_release) = { 0 };
	size_t findings = 0;
	int kept;

	if (!arena)
		return error_memory(err);
	kept = state_read(arena, &state, err);
	if (kept < 0)
		return -1;
	if (kept == 1)
		finding(&findings,
			"nothing is in force: " STATE_DIRECTORY " has no record of a "
			"fence");
	if (kept == 0 && check_fence(&state, &findings, err) < 0)
		return -1;
	if (probe_all(options, &state, arena, &findings, err) < 0)
		return -1;
	/* Said, not counted: a sidecar that guards the fence holds NET_ADMIN rightly. */
	if (privileges_still_open())
		log_warning("%s", privileges_still_open());
	if (fflush(stdout) != 0)
		return error_set(err, ERROR_KERNEL, "cannot write the result");
	return findings ? STATUS_FINDINGS : EX_OK;
}
