#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "entrypoint/destination.h"
#include "entrypoint/drift.h"
#include "entrypoint/log.h"
#include "entrypoint/state.h"
#include "entrypoint/verbs.h"
#include "lib/json.h"
#include "lib/resolver.h"

/* Does the fence in the kernel still match what was applied, and does anything lead around it?
 * Each finding is a line on stdout; none and exit 0: no. */

#define STATUS_FINDINGS 1
#define PROBE_MS 3000
#define JSON_VERSION 1

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
		 struct arena *arena, const char *text, bool want_open,
		 struct drift *drift, struct error *err)
{
	const struct addr *addrs;
	struct destination to;
	bool open = false;
	size_t count;

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
	findings_add(&drift->findings, want_open ? "not open" : "not closed", "%s: %s",
		     to.text,
		     !want_open ? "wanted closed, is reachable"
		     : count    ? "wanted open, cannot be reached"
				: "wanted open, its name has no address");
	return 0;
}

static int probe_all(const struct options *options, const struct state *state,
		     struct arena *arena, struct drift *drift, struct error *err)
{
	const struct words *open = &options->any.open, *closed = &options->any.closed;

	for (size_t i = 0; i < open->count; i++)
		if (probe(options, state, arena, open->v[i], true, drift, err) < 0)
			return -1;
	for (size_t i = 0; i < closed->count; i++)
		if (probe(options, state, arena, closed->v[i], false, drift, err) < 0)
			return -1;
	if (open->count + closed->count > 0)
		drift_checked(drift, "probes");
	return 0;
}

static json_t *strings(const char *const *v, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; array && i < count; i++)
		json_array_append_new(array, json_string(v[i]));
	return array;
}

static int print_json(const struct drift *drift, struct error *err)
{
	const struct findings *findings = &drift->findings;
	json_t *list = json_array(), *object;
	char *text;

	for (size_t i = 0; list && i < findings->count; i++) {
		const struct finding *finding = &findings->v[i];

		json_array_append_new(
			list, json_pack("{s:s,s:s,s:s?}", "kind", finding->kind, "text",
					finding->text, "origin", finding->origin));
	}
	object =
		json_pack("{s:i,s:o,s:I,s:o,s:o}", "version", JSON_VERSION, "findings",
			  list, "more", (json_int_t)(findings->total - findings->count),
			  "checked", strings(drift->checked, drift->checked_count),
			  "unchecked", strings(drift->unchecked, drift->unchecked_count));
	text = json_print(object, JSON_COMPACT);
	if (!text)
		return error_memory(err);
	puts(text);
	free(text);
	return 0;
}

static void print(const struct drift *drift)
{
	const struct findings *findings = &drift->findings;

	for (size_t i = 0; i < findings->count; i++)
		puts(findings->v[i].text);
	if (findings->total > findings->count)
		printf("and %zu more\n", findings->total - findings->count);
	for (size_t i = 0; i < drift->unchecked_count; i++)
		log_warning("not looked at: %s", drift->unchecked[i]);
}

int verb_verify(const struct options *options, struct error *err)
{
	struct arena *arena CLEANUP(arena_freep) = arena_new(0);
	struct state state CLEANUP(state_release) = { 0 };
	struct drift drift = { 0 };
	int kept;

	if (!arena)
		return error_memory(err);
	kept = state_read(arena, &state, err);
	if (kept < 0 || drift_look(kept == 1 ? NULL : &state, arena, &drift, err) < 0 ||
	    probe_all(options, &state, arena, &drift, err) < 0)
		return -1;
	if (!options->any.json)
		print(&drift);
	else if (print_json(&drift, err) < 0)
		return -1;
	if (fflush(stdout) != 0)
		return error_set(err, ERROR_KERNEL, "cannot write the result");
	return drift.findings.total ? STATUS_FINDINGS : EX_OK;
}
