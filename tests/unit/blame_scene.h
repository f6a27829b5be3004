#pragma once

#include "tests/unit/drawn.h"

#include <netinet/in.h>
#include <stdio.h>

#include "lib/admit.h"
#include "lib/blame.h"
#include "lib/explain.h"

/* What was refused in a scene, and whether the line that is said to allow it does: it is read as a
 * policy is, added to the scene, and the scene asked again. */

static const uint8_t blame_key[HASH_KEY] = "blame";

static inline struct blame blame_of(struct scene *scene)
{
	return (struct blame){ .policy = &scene->policy,
			       .answers = &scene->answers,
			       .site = &scene->site };
}

/* "ADDR PORT/tcp", "ADDR PORT/udp", "ADDR NUMBER" (of a protocol). */
static inline struct packet packet_of(const char *text)
{
	struct packet packet = { .hook = PACKET_OUT, .has_uid = true, .uid = 1000 };
	unsigned port;
	char addr[ADDR_TEXT], protocol[8] = "";

	if (sscanf(text, "%45s %u/%7s", addr, &port, protocol) < 2)
		fail_msg("not a packet: %s", text);
	packet.source = packet.destination = addr_of(addr);
	packet.protocol = (uint8_t)port;
	if (protocol[0]) {
		packet.has_ports = true;
		packet.destination_port = (uint16_t)port;
		packet.protocol =
			strcmp(protocol, "tcp") == 0 ? IPPROTO_TCP : IPPROTO_UDP;
	}
	return packet;
}

static inline uint32_t point_of_packet(const struct packet *packet)
{
	if (!packet->has_ports)
		return PORTSET_OTHER;
	return packet->destination_port +
	       (packet->protocol == IPPROTO_UDP ? PORTSET_UDP : 0);
}

/* The one entry or opening that the line is, as the reader of a policy has it. */
static inline void read_line(struct scene *scene, const char *line, struct layer *ret)
{
	struct buf text CLEANUP(buf_release) = { 0 };
	struct error err;

	buf_printf(&text, "network:\n  %s%s\n", line[0] == '-' ? "allow:\n    " : "",
		   line);
	layer_init(ret, LAYER_PROFILE, "line");
	if (layer_parse(ret, text.data, text.length, scene->arena, &scene->notes, &err) <
	    0)
		fail_msg("SEED=%#llx: %s: %s", round_seed, line, err.text);
}

static inline void add_answer(struct scene *scene, const char *host,
			      const struct addr *addr)
{
	struct answers *answers = &scene->answers;
	struct answer *v = arena_alloc(scene->arena, (answers->count + 1) * sizeof(*v));
	struct addr *copy = arena_alloc(scene->arena, sizeof(*copy));
	struct error err;

	*copy = *addr;
	for (size_t i = 0; i < answers->count; i++)
		v[i] = answers->v[i];
	v[answers->count] = (struct answer){ host, copy, 1, ANSWER_OK, true };
	*answers = (struct answers){ v, answers->count + 1 };
	assert_int_equal(answers_normalise(answers, scene->arena, &err), 0);
}

/* Would the guard open it, by the line or one there is, when one of its names is asked for? */
static inline bool guard_opens(const struct scene *scene, const struct entry *line,
			       const struct refusal *refusal, uint32_t point)
{
	for (size_t i = 0; i < refusal->name_count; i++) {
		const char *host = refusal->names[i];
		struct verdict verdict = explain_name(&scene->policy, host, point);

		if (verdict.allowed && admit(line ? line : verdict.entry, host,
					     &refusal->addr, &scene->site) == ADMIT)
			return true;
	}
	return false;
}

/* After the line was added, what was refused is open. */
static inline void assert_opens(struct scene *scene, const struct refusal *refusal,
				uint32_t point)
{
	struct layer layer;
	struct verdict verdict;

	read_line(scene, refusal->allow, &layer);
	if (layer.dns != STANCE_UNSET) {
		scene->policy.dns = layer.dns;
	} else if (layer.host_gateway.kind != OPENING_UNSET) {
		scene->policy.host_gateway = layer.host_gateway;
	} else {
		assert_int_equal(layer.count, 1);
		scene_add(scene, &layer.entries[0]);
		if (layer.entries[0].kind == ENTRY_NAME)
			add_answer(scene, layer.entries[0].host, &refusal->addr);
	}
	verdict = explain_addr(&scene->policy, &scene->answers, &scene->site,
			       &refusal->addr, point);
	if (scene->policy.dns == STANCE_GUARDED && !verdict.allowed)
		verdict.allowed = guard_opens(scene, layer.count ? layer.entries : NULL,
					      refusal, point);
	if (!verdict.allowed)
		fail_msg("SEED=%#llx: '%s' does not open it: %s", round_seed,
			 refusal->allow, verdict.reason ? verdict.reason : "an entry");
	layer_release(&layer);
}

/* "NAME ADDR": a live lease; "lapsed NAME ADDR". To be freed. */
static inline void learn(struct blame *by, const char *text)
{
	char words[128], *rest = words;
	bool lapsed = strncmp(text, "lapsed ", 7) == 0;
	struct lease_ops ops = { 0 };
	struct lease_addr addr = { .classes = 1 };
	struct leases *leases = leases_new(blame_key);
	const char *host;
	struct error err;
	uint32_t told;

	snprintf(words, sizeof(words), "%s", lapsed ? text + 7 : text);
	host = strsep(&rest, " ");
	addr.addr = addr_of(rest);
	assert_int_equal(
		leases_learn(leases, host, &addr, 1, 60, 1000, &ops, &told, &err), 0);
	if (lapsed)
		leases_expire(leases, 1000 * 1000);
	assert_int_equal(leases_count(leases).live, !lapsed);
	free(ops.v);
	by->leases = leases;
}

/* Lines "NAME ADDR", the latest last. */
static inline void resolve(struct resolved *resolved, const char *text)
{
	char lines[256], *rest = lines, *line;

	snprintf(lines, sizeof(lines), "%s", text);
	while ((line = strsep(&rest, "\n"))) {
		const char *host = strsep(&line, " ");
		struct addr addr = addr_of(line);

		resolved_add(resolved, host, &addr, 1);
	}
}

static inline void assert_text(const char *text, const char *wanted)
{
	assert_string_equal(text ? text : "(none)", wanted ? wanted : "(none)");
}
