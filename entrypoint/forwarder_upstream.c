/* Theory of operation
 *
 * c-ares knows how to ask: numbers, ports, tries, the next server, TCP after a truncated reply,
 * EDNS and cookies. What it does not do, or not so:
 *
 *   sockets   it opens none, it is lent those of the guard (forwarder_sockets.c)
 *   A, AAAA   have a channel each and so never share a socket: of two packets that leave one port
 *             at the same moment Kubernetes' connection tracking loses one
 *   0x20      letters change case at random, and a reply must have kept it. c-ares would pass over
 *             a reply that did not and wait; here the question is asked again in plain letters by
 *             itself, and a server that keeps breaking it gets plain letters only
 *   alone     a reply that is no DNS message closes its socket and costs every question on it a
 *             try. Whoever lost all tries so is asked again through a socket of its own
 *   Docker    its resolver at 127.0.0.11 is asked first, in plain letters. It fails: the others */
#include <ares.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/time.h>

#include "entrypoint/forwarder_internal.h"
#include "lib/buf.h"
#include "lib/reply.h"
#include "lib/site.h"

/* Questions through one socket, then one with another port. */
#define TOGETHER_MAX 16

/* A server that failed is tried beside the next question after so long. */
#define PROBE_MS 500

/* Replies in other letters, and it is the way of some server. Whoever forges one has to guess
 * number and port each time. */
#define CASE_FAULTS_MAX 4

/* The letters. */

static void lower(char *host)
{
	for (; *host; host++)
		*host = (char)tolower((unsigned char)*host);
}

static void shuffle(struct upstream *upstream, char *host)
{
	size_t length = strlen(host), bytes = (length + 7) / 8;
	const uint8_t *bits;

	if (upstream->random_left < bytes) {
		if (getrandom(upstream->random, sizeof(upstream->random), 0) < 0)
			return;
		upstream->random_left = sizeof(upstream->random);
	}
	upstream->random_left -= bytes;
	bits = upstream->random + upstream->random_left;
	for (size_t i = 0; i < length; i++)
		if (bits[i / 8] >> i % 8 & 1)
			host[i] = (char)toupper((unsigned char)host[i]);
}

static bool has_same_letters(const struct question *q, const ares_dns_record_t *reply)
{
	const char *name;

	return ares_dns_record_query_get(reply, 0, &name, NULL, NULL) == ARES_SUCCESS &&
	       strcmp(name, q->host) == 0;
}

/* Questions and replies. */

static void on_reply(void *arg, ares_status_t status, size_t timeouts,
		     const ares_dns_record_t *reply);
static void on_docker_reply(void *arg, ares_status_t status, size_t timeouts,
			    const ares_dns_record_t *reply);

/* The callback may come before this returns, and the question may be gone then. */
static void put(struct question *q, enum channel_kind kind)
{
	struct upstream *upstream = &q->forwarder->upstream;
	struct channel *channel = &upstream->channels[kind];
	unsigned short id;

	lower(q->host);
	if ((kind == CHANNEL_A || kind == CHANNEL_AAAA) &&
	    upstream->case_faults < CASE_FAULTS_MAX)
		shuffle(upstream, q->host);
	q->pending++;
	if (ares_dns_record_query_set_name(upstream->query, 0, q->host) != ARES_SUCCESS ||
	    ares_dns_record_query_set_type(upstream->query, 0,
					   (ares_dns_rec_type_t)q->type) != ARES_SUCCESS)
		on_reply(q, ARES_ENOMEM, 0, NULL);
	else if (kind != CHANNEL_DOCKER)
		ares_send_dnsrec(channel->ares, upstream->query, on_reply, q, NULL);
	else if (ares_send_dnsrec(channel->ares, upstream->query, on_docker_reply, q,
				  &id) == ARES_SUCCESS) {
		q->at_docker = true;
		q->docker_id = id;
	}
}

static void put_alone(struct question *q)
{
	q->alone = true;
	put(q, CHANNEL_ALONE);
}

static void on_reply(void *arg, ares_status_t status, size_t timeouts,
		     const ares_dns_record_t *reply)
{
	struct question *q = arg;
	bool changed;

	(void)timeouts;
	q->pending--;
	if (q->stage != STAGE_UPSTREAM) {
		questions_release(q);
		return;
	}
	changed = status == ARES_SUCCESS && !q->alone && !has_same_letters(q, reply);
	q->forwarder->upstream.case_faults += changed;
	lower(q->host);
	if (changed || (status == ARES_EBADRESP && !q->alone))
		put_alone(q);
	else if (status == ARES_SUCCESS)
		questions_reply(q, reply);
	else
		questions_fail(q);
}

static void on_docker_reply(void *arg, ares_status_t status, size_t timeouts,
			    const ares_dns_record_t *reply)
{
	struct question *q = arg;
	ares_dns_rcode_t rcode;

	(void)timeouts;
	q->pending--;
	if (q->stage != STAGE_UPSTREAM) {
		questions_release(q);
		return;
	}
	rcode = status == ARES_SUCCESS ? ares_dns_record_get_rcode(reply)
				       : ARES_RCODE_SERVFAIL;
	if (q->direct)
		return;
	if (rcode == ARES_RCODE_NOERROR || rcode == ARES_RCODE_NXDOMAIN)
		questions_reply(q, reply);
	else
		upstream_ask_directly(q);
}

void upstream_ask_directly(struct question *q)
{
	if (q->direct)
		return;
	q->direct = true;
	if (q->forwarder->upstream.has_others)
		put(q, q->type == DNSMSG_TYPE_AAAA ? CHANNEL_AAAA : CHANNEL_A);
	else
		questions_fail(q);
}

void upstream_ask(struct question *q)
{
	if (q->forwarder->upstream.has_docker)
		put(q, CHANNEL_DOCKER);
	else
		upstream_ask_directly(q);
}

/* The CNAMEs. */

static ares_status_t copy_way(ares_dns_record_t *record, const struct reply_way *way)
{
	ares_status_t status = ares_dns_record_query_add(
		record, way->names[0], (ares_dns_rec_type_t)way->type, ARES_CLASS_IN);
	ares_dns_rr_t *alias;

	for (size_t i = 0; i < way->aliases && status == ARES_SUCCESS; i++) {
		status = ares_dns_record_rr_add(&alias, record, ARES_SECTION_ANSWER,
						way->names[i], ARES_REC_TYPE_CNAME,
						ARES_CLASS_IN, way->ttl);
		if (status == ARES_SUCCESS)
			status = ares_dns_rr_set_str(alias, ARES_RR_CNAME_CNAME,
						     way->names[i + 1]);
	}
	return status;
}

ares_dns_record_t *upstream_keep_aliases(const ares_dns_record_t *reply)
{
	ares_dns_record_t *record;
	struct reply_way way;

	if (!reply_way(reply, &way) || way.aliases == 0 ||
	    ares_dns_record_create(&record, 0, ARES_FLAG_QR, ARES_OPCODE_QUERY,
				   ARES_RCODE_NOERROR) != ARES_SUCCESS)
		return NULL;
	if (copy_way(record, &way) == ARES_SUCCESS)
		return record;
	ares_dns_record_destroy(record);
	return NULL;
}

/* The turn. */

void upstream_ready(struct forwarder *f, size_t index, uint32_t events)
{
	struct upstream_socket *s = &f->upstream.sockets[index];
	struct channel *channel = s->channel;

	if (!channel) {
		sockets_drain(s);
		return;
	}
	channel->events[channel->event_count++] = (ares_fd_events_t){
		.fd = s->fd,
		.events = (events & EPOLLOUT ? ARES_FD_EVENT_WRITE : 0u) |
			  (events & ~(uint32_t)EPOLLOUT ? ARES_FD_EVENT_READ : 0u),
	};
}

void upstream_read(struct forwarder *f)
{
	for (size_t i = 0; i < CHANNELS; i++) {
		struct channel *channel = &f->upstream.channels[i];

		if (channel->event_count)
			ares_process_fds(channel->ares, channel->events,
					 channel->event_count,
					 ARES_PROCESS_FLAG_SKIP_NON_FD);
		channel->event_count = 0;
	}
}

void upstream_tidy(struct forwarder *f)
{
	for (size_t i = 0; i < CHANNELS; i++)
		ares_process_fds(f->upstream.channels[i].ares, NULL, 0,
				 ARES_PROCESS_FLAG_NONE);
}

int64_t upstream_due(struct forwarder *f)
{
	int64_t due = INT64_MAX;

	for (size_t i = 0; i < CHANNELS; i++) {
		struct timeval least;
		const struct timeval *wait =
			ares_timeout(f->upstream.channels[i].ares, NULL, &least);
		int64_t at;

		if (!wait)
			continue;
		at = f->now + wait->tv_sec * 1000 + (wait->tv_usec + 999) / 1000;
		if (at < due)
			due = at;
	}
	return due;
}

/* Start. */

static int set_servers(struct channel *channel, const struct message *serve, bool docker,
		       bool *ret_any, struct error *err)
{
	struct buf list CLEANUP(buf_release) = { 0 };
	char text[ADDR_TEXT];

	for (size_t i = 0; i < serve->count; i++) {
		const struct addr *addr = &serve->addrs[i];

		if (site_is_docker_dns(addr) != docker)
			continue;
		buf_printf(&list, addr->family == FAMILY_6 ? "%s[%s]:53" : "%s%s:53",
			   list.length ? "," : "", addr_format(addr, text));
	}
	if (list.failed)
		return error_memory(err);
	*ret_any = list.length != 0;
	if (ares_set_servers_ports_csv(channel->ares, list.data ? list.data : "") !=
	    ARES_SUCCESS)
		return error_set(err, ERROR_POLICY, "SERVE: servers '%s'", list.data);
	return 0;
}

/* As many as fill the time that a question has: c-ares waits 250 ms for a server that is quick
 * otherwise, FORWARDER_TRY_MS for another, then longer each time. */
static int tries(enum channel_kind kind, size_t servers)
{
	if (kind == CHANNEL_DOCKER)
		return 3;
	return servers < 2 ? 8 : servers < 3 ? 4 : 3;
}

/* Of a single server any reply counts: it would be asked the same again, as often as it is tried. */
static int channel_flags(enum channel_kind kind, size_t servers)
{
	return ARES_FLAG_NOALIASES | ARES_FLAG_NOSEARCH | ARES_FLAG_EDNS |
	       (kind == CHANNEL_DOCKER || servers < 2 ? ARES_FLAG_NOCHECKRESP : 0);
}

static int open_channel(struct forwarder *f, enum channel_kind kind, size_t servers,
			struct error *err)
{
	struct channel *channel = &f->upstream.channels[kind];
	struct ares_options options = {
		.flags = channel_flags(kind, servers),
		.timeout = FORWARDER_TRY_MS,
		.maxtimeout = FORWARDER_TRY_MS,
		.tries = tries(kind, servers),
		.lookups = (char[]){ "b" },
		.resolvconf_path = (char[]){ "/dev/null" },
		.udp_max_queries = kind == CHANNEL_ALONE ? 1 : TOGETHER_MAX,
		.server_failover_opts = { .retry_chance = 1, .retry_delay = PROBE_MS },
		.sock_state_cb = sockets_watch,
		.sock_state_cb_data = channel,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_MAXTIMEOUTMS |
		   ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_RESOLVCONF |
		   ARES_OPT_UDP_MAX_QUERIES | ARES_OPT_SERVER_FAILOVER |
		   ARES_OPT_SOCK_STATE_CB | ARES_OPT_QUERY_CACHE;
	int status = ares_init_options(&channel->ares, &options, mask);

	channel->forwarder = f;
	if (status == ARES_SUCCESS)
		status = sockets_serve(channel);
	if (status != ARES_SUCCESS)
		return error_set(err, ERROR_KERNEL, "c-ares: %s", ares_strerror(status));
	return 0;
}

/* The question as it goes upstream but for name and type: one, of class IN, with RD and OPT. */
static int make_query(struct upstream *upstream, struct error *err)
{
	ares_dns_rr_t *opt;

	if (ares_dns_record_create(&upstream->query, 0, ARES_FLAG_RD, ARES_OPCODE_QUERY,
				   ARES_RCODE_NOERROR) != ARES_SUCCESS ||
	    ares_dns_record_query_add(upstream->query, "", ARES_REC_TYPE_A,
				      ARES_CLASS_IN) != ARES_SUCCESS ||
	    ares_dns_record_rr_add(&opt, upstream->query, ARES_SECTION_ADDITIONAL, "",
				   ARES_REC_TYPE_OPT, ARES_CLASS_IN, 0) != ARES_SUCCESS ||
	    ares_dns_rr_set_u16(opt, ARES_RR_OPT_UDP_SIZE, DNSMSG_UDP_MAX) !=
		    ARES_SUCCESS ||
	    ares_dns_rr_set_u8(opt, ARES_RR_OPT_VERSION, 0) != ARES_SUCCESS ||
	    ares_dns_rr_set_u16(opt, ARES_RR_OPT_FLAGS, 0) != ARES_SUCCESS)
		return error_memory(err);
	return 0;
}

int upstream_open(struct forwarder *f, const struct message *serve, struct error *err)
{
	struct upstream *upstream = &f->upstream;
	size_t others = 0;

	for (size_t i = 0; i < serve->count; i++)
		others += !site_is_docker_dns(&serve->addrs[i]);
	if (make_query(upstream, err) < 0)
		return -1;
	for (int kind = 0; kind < CHANNELS; kind++) {
		bool docker = kind == CHANNEL_DOCKER;

		if (open_channel(f, (enum channel_kind)kind, others, err) < 0 ||
		    set_servers(&upstream->channels[kind], serve, docker,
				docker ? &upstream->has_docker : &upstream->has_others,
				err) < 0)
			return -1;
	}
	return 0;
}
