/* One question from its first byte to its answer; forwarder.c has the stages. */
#include <ares.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "entrypoint/forwarder_internal.h"
#include "lib/lease.h"

/* What a person reads who asks why (EDE). */
#define NOT_ALLOWED "netpale: no entry allows this name"
#define DENIED "netpale: an entry denies this name"
#define TOO_MANY "netpale: too many names below this wildcard"
#define NOT_OPENED "netpale: the answer's addresses may not be opened"

/* The guard wants to know who asks also when nothing has to be asked; a second, as many as it looks
 * up. */
#define MENTIONS_MAX 20

int questions_open(struct forwarder *f, struct error *err)
{
	struct questions *all = &f->questions;
	uint8_t key[HASH_KEY];

	if (getrandom(key, sizeof(key), 0) != sizeof(key))
		return error_errno(err, ERROR_KERNEL, errno, "cannot draw a random key");
	f->told = told_new(key);
	if (!f->told)
		return error_memory(err);
	/* The lowest on top: few places are ever touched. */
	for (size_t i = 0; i < FORWARDER_QUESTIONS; i++)
		all->free[i] = (uint16_t)(FORWARDER_QUESTIONS - 1 - i);
	all->free_count = FORWARDER_QUESTIONS;
	return 0;
}

/* The value. */

static void append(struct questions *all, struct question *q)
{
	q->older = all->newest;
	if (all->newest)
		all->newest->newer = q;
	else
		all->oldest = q;
	all->newest = q;
}

static void take_out(struct questions *all, struct question *q)
{
	*(q->older ? &q->older->newer : &all->oldest) = q->newer;
	*(q->newer ? &q->newer->older : &all->newest) = q->older;
}

/* NULL: no room. */
static struct question *new_question(struct forwarder *f, const struct client *client,
				     const struct dnsmsg_question *asked)
{
	struct questions *all = &f->questions;
	size_t text = strlen(asked->text) + 1, host = strlen(asked->host) + 1;
	struct question *q = all->free_count ? malloc(sizeof(*q) + text + host) : NULL;
	uint16_t place;

	if (!q)
		return NULL;
	place = all->free[--all->free_count];
	*q = (struct question){
		.forwarder = f,
		.number = all->serial++ * FORWARDER_QUESTIONS + place,
		.deadline = f->now + FORWARDER_DEADLINE_MS,
		.client = *client,
		.id = asked->id,
		.type = asked->type,
		.udp_size = asked->udp_size,
		.recursion = asked->recursion,
		.edns = asked->edns,
		.host = q->text + text,
	};
	memcpy(q->text, asked->text, text);
	memcpy(q->host, asked->host, host);
	all->table[place] = q;
	append(all, q);
	if (client->stream)
		stream_expect(client->stream, +1);
	return q;
}

void questions_release(struct question *q)
{
	struct questions *all = &q->forwarder->questions;
	uint16_t place = q->number % FORWARDER_QUESTIONS;

	if (q->stage != STAGE_OVER || q->pending)
		return;
	all->table[place] = NULL;
	all->free[all->free_count++] = place;
	ares_dns_record_destroy(q->aliases);
	free(q);
}

static void finish(struct question *q)
{
	q->stage = STAGE_OVER;
	take_out(&q->forwarder->questions, q);
	if (q->client.stream)
		stream_expect(q->client.stream, -1);
	questions_release(q);
}

static struct question *find(struct forwarder *f, uint32_t number, enum stage stage)
{
	struct question *q = f->questions.table[number % FORWARDER_QUESTIONS];

	return q && q->number == number && q->stage == stage ? q : NULL;
}

/* Answers. */

/* It is in f->scratch then, that long. */
static size_t reply(struct forwarder *f, const struct client *client,
		    const struct dnsmsg_question *asked, const struct dnsmsg_reply *reply)
{
	size_t limit = client->stream ? DNSMSG_BYTES : asked->udp_size;
	size_t length = dnsmsg_write(asked, reply, f->scratch, limit);

	if (length)
		clients_send(f, client, f->scratch, length);
	return length;
}

static size_t answer(struct question *q, const struct dnsmsg_reply *with)
{
	struct forwarder *f = q->forwarder;
	struct dnsmsg_question *asked = &f->asked;
	size_t length;

	asked->id = q->id;
	asked->type = q->type;
	asked->opcode = 0;
	asked->udp_size = q->udp_size;
	asked->recursion = q->recursion;
	asked->edns = q->edns;
	strcpy(asked->text, q->text);
	strcpy(asked->host, q->host);
	length = reply(f, &q->client, asked, with);
	finish(q);
	return length;
}

static void answer_empty(struct question *q, enum dnsmsg_rcode rcode)
{
	const struct dnsmsg_reply with = { .rcode = rcode, .ede = DNSMSG_EDE_NONE };

	q->forwarder->counters.answered++;
	answer(q, &with);
}

static void answer_failure(struct question *q, enum dnsmsg_ede ede)
{
	const struct dnsmsg_reply with = { .rcode = DNSMSG_SERVFAIL, .ede = ede };

	q->forwarder->counters.failed++;
	answer(q, &with);
}

static void answer_blocked(struct question *q, enum dnsmsg_rcode rcode, const char *text)
{
	const struct dnsmsg_reply with = {
		.rcode = rcode,
		.ede = DNSMSG_EDE_BLOCKED,
		.ede_text = text,
	};

	q->forwarder->counters.refused++;
	answer(q, &with);
}

/* For want of room, here or at the guard's. By UDP a client asks again, by TCP it waits. */
static void drop(struct question *q)
{
	const struct dnsmsg_reply with = { .rcode = DNSMSG_SERVFAIL,
					   .ede = DNSMSG_EDE_NONE };

	q->forwarder->counters.dropped++;
	if (q->client.stream)
		answer(q, &with);
	else
		finish(q);
}

/* The question. */

/* Docker's resolver asks its own servers from within this namespace, and that is led to us: its
 * number, name and type are still those that we gave it. It asks the next server when we refuse,
 * also when the question is over. */
static struct question *find_at_docker(struct forwarder *f,
				       const struct dnsmsg_question *asked)
{
	for (size_t i = 0; i < FORWARDER_QUESTIONS; i++) {
		struct question *q = f->questions.table[i];

		if (q && q->at_docker && q->docker_id == asked->id &&
		    q->type == asked->type && strcasecmp(q->host, asked->host) == 0)
			return q;
	}
	return NULL;
}

/* Docker gives up at once when it is refused. */
static bool came_round(struct forwarder *f, const struct client *client)
{
	static const struct dnsmsg_reply refused = {
		.rcode = DNSMSG_REFUSED,
		.ede = DNSMSG_EDE_NONE,
	};
	struct question *q;

	if (!f->upstream.has_docker || client->loopback)
		return false;
	q = find_at_docker(f, &f->asked);
	if (!q)
		return false;
	reply(f, client, &f->asked, &refused);
	if (q->stage == STAGE_UPSTREAM)
		upstream_ask_directly(q);
	return true;
}

static int tell_asked(struct forwarder *f, uint32_t number, const struct client *client,
		      uint16_t type, const char *host)
{
	struct message *said = &f->said;

	said->type = MESSAGE_ASK;
	said->number = number;
	said->qtype = type;
	said->port = client->port;
	said->stream = client->stream;
	strcpy(said->host, host);
	return forwarder_tell(f);
}

static void ask_guard(struct question *q)
{
	if (tell_asked(q->forwarder, q->number, &q->client, q->type, q->host) != 0)
		drop(q);
}

/* Its verdict finds no question. */
static void mention(struct forwarder *f, const struct client *client)
{
	if (f->second != f->now / 1000)
		f->mentioned = 0;
	f->second = f->now / 1000;
	if (f->mentioned++ < MENTIONS_MAX)
		(void)tell_asked(f, f->questions.serial++ * FORWARDER_QUESTIONS, client,
				 f->asked.type, f->asked.host);
}

static bool tell_again(struct forwarder *f, const struct client *client)
{
	struct dnsmsg_kept kept;
	struct dnsmsg_reply with = { .ede = DNSMSG_EDE_NONE, .kept = &kept };

	if (!told_find(f->told, f->asked.host, f->asked.type, f->now, &kept, &with.ttl))
		return false;
	f->counters.answered++;
	reply(f, client, &f->asked, &with);
	mention(f, client);
	return true;
}

static void begin(struct forwarder *f, const struct client *client)
{
	static const struct dnsmsg_reply no_host = {
		.rcode = DNSMSG_NXDOMAIN,
		.ede = DNSMSG_EDE_BLOCKED,
		.ede_text = "netpale: not a host name",
	};
	struct question *q;

	if (came_round(f, client))
		return;
	f->counters.questions++;
	if (!f->asked.host[0]) {
		f->counters.refused++;
		reply(f, client, &f->asked, &no_host);
		return;
	}
	if (tell_again(f, client))
		return;
	q = new_question(f, client, &f->asked);
	if (q)
		ask_guard(q);
	else
		f->counters.dropped++;
}

void questions_begin(struct forwarder *f, const struct client *client,
		     const uint8_t *bytes, size_t length)
{
	struct dnsmsg_reply fault = { .ede = DNSMSG_EDE_NONE };
	int rcode;

	switch (dnsmsg_read(bytes, length, &f->asked, &rcode)) {
	case DNSMSG_QUESTION:
		begin(f, client);
		break;
	case DNSMSG_FAULT:
		f->counters.malformed++;
		fault.rcode = (enum dnsmsg_rcode)rcode;
		reply(f, client, &f->asked, &fault);
		break;
	case DNSMSG_NOTHING:
		f->counters.malformed++;
	}
}

/* What the guard says. */

void questions_judged(struct forwarder *f, const struct message *verdict)
{
	struct question *q = find(f, verdict->number, STAGE_ASKED);
	struct dnsmsg_reply pointer = { .ede = DNSMSG_EDE_NONE };

	if (!q)
		return;
	switch (verdict->verdict) {
	case VERDICT_FORWARD:
		q->stage = STAGE_UPSTREAM;
		upstream_ask(q);
		break;
	case VERDICT_REFUSED:
		answer_blocked(q, DNSMSG_NXDOMAIN, NOT_ALLOWED);
		break;
	case VERDICT_DENIED:
		answer_blocked(q, DNSMSG_NXDOMAIN, DENIED);
		break;
	case VERDICT_NO_DATA:
		answer_empty(q, DNSMSG_NOERROR);
		break;
	case VERDICT_LIMITED:
		answer_blocked(q, DNSMSG_REFUSED, TOO_MANY);
		break;
	case VERDICT_POINTER:
		pointer.pointer = verdict->host;
		f->counters.answered++;
		answer(q, &pointer);
		break;
	case VERDICT_COUNT:
		break;
	}
}

/* What was just written for the question in f->asked. */
static void keep(struct forwarder *f, size_t length, uint32_t seconds)
{
	const struct dnsmsg_kept kept = dnsmsg_keep(&f->asked, f->scratch, length);

	if (kept.count)
		told_keep(f->told, f->asked.host, f->asked.type, &kept,
			  f->now + (int64_t)seconds * 1000, f->now);
}

void questions_learned(struct forwarder *f, const struct message *learned)
{
	struct question *q = find(f, learned->number, STAGE_LEARNING);
	struct dnsmsg_reply with = {
		.ede = DNSMSG_EDE_NONE,
		.addrs = learned->addrs,
		.count = learned->count,
		.ttl = learned->ttl,
	};
	size_t length;

	if (!q)
		return;
	if (learned->failed) {
		answer_failure(q, DNSMSG_EDE_NONE);
		return;
	}
	if (learned->count) {
		with.upstream = q->aliases;
	} else {
		with.ede = DNSMSG_EDE_FILTERED;
		with.ede_text = NOT_OPENED;
	}
	f->counters.answered++;
	length = answer(q, &with);
	if (learned->keep)
		keep(f, length, learned->keep);
}

/* What upstream says. */

/* No records. */
static void answer_rcode(struct question *q, int rcode)
{
	if (rcode == DNSMSG_NOERROR || rcode == DNSMSG_NXDOMAIN)
		answer_empty(q, (enum dnsmsg_rcode)rcode);
	else
		questions_fail(q);
}

static void learn(struct question *q, const ares_dns_record_t *reply)
{
	struct message *said = &q->forwarder->said;

	q->aliases = upstream_keep_aliases(reply);
	q->stage = STAGE_LEARNING;
	said->type = MESSAGE_LEARN;
	said->number = q->number;
	said->qtype = q->type;
	strcpy(said->host, q->host);
	if (forwarder_tell(q->forwarder) != 0)
		drop(q);
}

/* Records that open nothing: the guard has no more to say. */
static void tell(struct question *q, const ares_dns_record_t *reply)
{
	struct dnsmsg_reply with = { .ede = DNSMSG_EDE_NONE, .upstream = reply };
	int rcode;

	if (dnsmsg_records(reply, &with.ttl, &rcode) == 0) {
		answer_rcode(q, rcode);
		return;
	}
	if (with.ttl > LEASE_TOLD_MAX)
		with.ttl = LEASE_TOLD_MAX;
	q->forwarder->counters.answered++;
	answer(q, &with);
}

void questions_reply(struct question *q, const ares_dns_record_t *reply)
{
	struct message *said = &q->forwarder->said;
	int rcode;

	if (q->type != DNSMSG_TYPE_A && q->type != DNSMSG_TYPE_AAAA) {
		tell(q, reply);
		return;
	}
	said->count = dnsmsg_addresses(reply, said->addrs, ARRAY_SIZE(said->addrs),
				       &said->ttl, &rcode);
	if (said->count)
		learn(q, reply);
	else
		answer_rcode(q, rcode);
}

void questions_fail(struct question *q)
{
	answer_failure(q, DNSMSG_EDE_NO_REACHABLE);
}

/* The end without an answer, and that without a reply. */

void questions_forget(struct forwarder *f, const struct stream *stream)
{
	struct question *next;

	for (struct question *q = f->questions.oldest; q; q = next) {
		next = q->newer;
		if (q->client.stream == stream)
			finish(q);
	}
}

void questions_expire(struct forwarder *f)
{
	while (f->questions.oldest && f->questions.oldest->deadline <= f->now)
		questions_fail(f->questions.oldest);
}
