#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "entrypoint/guard_state.h"
#include "entrypoint/log.h"
#include "entrypoint/netlink.h"
#include "lib/dnsmsg.h"
#include "lib/pointer.h"

/* The guard's side of the contract with the forwarder (message.h). Whatever a message says is
 * measured against the policy here: a hostile forwarder can leave out and make up answers for names
 * that are allowed, and that is all. */

/* Replies that go to the kernel as one transaction, when several wait already. Nothing waits for
 * more to come. */
#define BATCH 16

/* A forwarder that failed is started anew at once, then after 0.1 s, twice that, ... */
#define RESTART_MS 100
#define RESTART_MS_MAX 5000
#define HEALTHY_MS 60000 /* after so long the count begins again */
#define READY_MS 5000
#define SILENT_PINGS                                                                     \
	10 /* in a row without an answer: time alone also passes while we do not run */

/* The forwarder's messages in one turn: signals, root and the timer have theirs, too. */
#define HEARD_MAX 64

/* --- life ---------------------------------------------------------------------------------- */

static void say_upstreams(const struct site *site, struct message *message)
{
	for (size_t i = 0; i < site->resolver_count; i++) {
		if (message->count == MESSAGE_UPSTREAMS)
			break;
		/* Docker's own is asked first, the others are its servers. */
		if (site_is_docker_dns(&site->resolvers[i]) && message->count > 0) {
			message->addrs[message->count++] = message->addrs[0];
			message->addrs[0] = site->resolvers[i];
		} else {
			message->addrs[message->count++] = site->resolvers[i];
		}
	}
}

static int serve(struct guard *guard, struct error *err)
{
	struct message message = { .type = MESSAGE_SERVE };
	int fds[SOCKETS_MAX];
	size_t own = guard->sockets.count, made = 0;
	int result;

	memcpy(fds, guard->sockets.listening, own * sizeof(*fds));
	if (sockets_make_pool(fds + own, &made, err) < 0)
		return -1;
	say_upstreams(&guard->site, &message);
	result = worker_send(&guard->worker, &message, fds, own + made);
	sockets_close_all(fds + own, made);
	return result ? error_set(err, ERROR_KERNEL, "the forwarder takes no sockets")
		      : 0;
}

static void add_counters(struct message_counters *to, const struct message_counters *from)
{
	to->questions += from->questions;
	to->answered += from->answered;
	to->refused += from->refused;
	to->failed += from->failed;
	to->malformed += from->malformed;
	to->dropped += from->dropped;
}

int guard_forward_start(struct guard *guard, struct error *err)
{
	struct epoll_event event = { .events = EPOLLIN };

	guard->restart_at = 0;
	guard->worker_ready = false;
	if (worker_start(WORKER_FORWARDER, guard->agent ? guard->user : NULL,
			 &guard->worker, err) < 0)
		return -1;
	guard->worker_started = clock_steady_ms();
	guard->pings = 0;
	guard->init.worker = guard->worker.pid;
	guard->init.worker_failed = false;
	event.data.fd = guard->worker.fd;
	if (epoll_ctl(guard->epoll, EPOLL_CTL_ADD, guard->worker.fd, &event) == 0)
		return serve(guard, err);
	return error_errno(err, ERROR_KERNEL, errno, "epoll");
}

int guard_forward_await(struct guard *guard, struct error *err)
{
	struct pollfd poller = { .fd = guard->worker.fd, .events = POLLIN };
	int64_t end = clock_steady_ms() + READY_MS, left;

	while (!guard->worker_ready && guard->worker.pid &&
	       (left = end - clock_steady_ms()) > 0) {
		if (poll(&poller, 1, (int)left) > 0)
			guard_forward_read(guard);
	}
	return guard->worker_ready
		       ? 0
		       : error_set(err, ERROR_KERNEL, "the DNS forwarder does not start");
}

void guard_forward_failed(struct guard *guard, const char *why)
{
	int64_t now = clock_steady_ms(), wait = 0;

	if (now - guard->worker_started > HEALTHY_MS)
		guard->failures = 0;
	if (guard->failures > 0) {
		unsigned doublings = guard->failures < 7 ? guard->failures - 1 : 6;

		wait = (int64_t)RESTART_MS << doublings;
	}
	guard->failures++;
	guard->restart_at = now + (wait < RESTART_MS_MAX ? wait : RESTART_MS_MAX);
	worker_kill(&guard->worker);
	guard->init.worker = 0;
	guard->init.worker_failed = false;
	guard->worker_ready = false;
	guard->served_before = guard->served;
	log_warning("DNS forwarder: %s; names do not resolve until the next one serves",
		    why);
}

static void restart(struct guard *guard)
{
	struct error err;

	guard->counts.restarts++;
	if (guard_forward_start(guard, &err) < 0)
		guard_forward_failed(guard, err.text);
}

void guard_forward_tick(struct guard *guard)
{
	const struct message ping = { .type = MESSAGE_PING };

	if (guard->init.worker_failed)
		guard_forward_failed(guard, "it has ended or was stopped");
	else if (guard->worker.pid && guard->pings++ == SILENT_PINGS)
		guard_forward_failed(guard, "it does not answer");
	/* It may have been that. */
	if (guard->lost)
		guard_forward_forget(guard);
	if (guard->restart_at && clock_steady_ms() >= guard->restart_at)
		restart(guard);
	else if (guard->worker.pid && worker_send(&guard->worker, &ping, NULL, 0) < 0)
		guard_forward_failed(guard, "it is gone");
}

/* --- questions ------------------------------------------------------------------------------- */

/* The bytes that whoever asks has chosen: those in front of the wildcard's domain. */
static size_t chosen_bytes(const char *host, const struct entry *entry)
{
	return strlen(host) - strlen(entry->host);
}

static bool is_limited(struct guard *guard, const char *host,
		       const struct permission *permission)
{
	/* The mode alone lets it out: then nothing is kept in anyway. */
	if (!permission->chosen || !permission->entry)
		return false;
	return !leases_know(guard->leases, host) &&
	       !quota_take(guard->quota, permission->entry,
			   chosen_bytes(host, permission->entry), clock_steady_ms());
}

static void answer_pointer(const struct guard *guard, const char *host,
			   struct message *answer)
{
	const char *name = NULL;
	struct addr addr;

	if (pointer_parse(host, &addr))
		name = leases_name(guard->leases, &addr);
	answer->verdict = name ? VERDICT_POINTER : VERDICT_REFUSED;
	strcpy(answer->host, name ? name : ""); /* of HOST_TEXT, as every lease's */
}

static bool is_audit(const struct guard *guard)
{
	return guard->regime->fence.plan->mode == MODE_AUDIT;
}

/* Addresses, and what an entry says. */
static bool is_served(const struct permission *permission, uint16_t type)
{
	return type == DNSMSG_TYPE_A || type == DNSMSG_TYPE_AAAA ||
	       permission->types & entry_type_of(type);
}

#define NO_REASON REFUSAL_REASONS

/* Why the question is not let out; in mode audit, would not be. */
static enum refusal_reason reason_against(struct guard *guard, const struct message *ask,
					  const struct permission *permission)
{
	if (permission->verdict == PERMIT_DENIED)
		return REFUSAL_DENIED;
	if (permission->verdict == PERMIT_NO_ENTRY ||
	    (is_audit(guard) && !permission->entry))
		return REFUSAL_NAME;
	if (!is_served(permission, ask->qtype))
		return REFUSAL_TYPE;
	if (is_limited(guard, ask->host, permission))
		return REFUSAL_LIMIT;
	return NO_REASON;
}

/* Nothing is refused in mode audit, but types that the forwarder cannot carry. */
static enum message_verdict verdict_in_audit(uint16_t type)
{
	static const struct permission any = { .types = UINT8_MAX };

	return is_served(&any, type) ? VERDICT_FORWARD : VERDICT_NO_DATA;
}

static void judge(struct guard *guard, const struct message *ask, struct message *answer)
{
	static const enum message_verdict verdicts[REFUSAL_REASONS + 1] = {
		[REFUSAL_NAME] = VERDICT_REFUSED, [REFUSAL_DENIED] = VERDICT_DENIED,
		[REFUSAL_TYPE] = VERDICT_NO_DATA, [REFUSAL_LIMIT] = VERDICT_LIMITED,
		[NO_REASON] = VERDICT_FORWARD,
	};
	struct permission permission;
	enum refusal_reason reason;
	const char *host;

	if (ask->qtype == DNSMSG_TYPE_PTR) {
		answer_pointer(guard, ask->host, answer);
		return;
	}
	guard_permission(guard, guard->regime, ask->host, &permission, &host);
	reason = reason_against(guard, ask, &permission);
	answer->verdict =
		is_audit(guard) ? verdict_in_audit(ask->qtype) : verdicts[reason];
	if (reason == NO_REASON)
		guard_note_asker(guard, ask);
	else
		guard_record_question(guard, ask, reason, permission.entry,
				      answer->verdict == VERDICT_FORWARD);
}

/* --- answers --------------------------------------------------------------------------------- */

/* Replies on their way into the kernel. */
struct batch {
	struct message answers[BATCH];
	size_t count;
	struct lease_ops ops;
};

/* A deny took all of its ports, or no name may lead there. */
static void record_answer(struct guard *guard, const struct message *said,
			  const struct addr *addr, const struct permission *permission,
			  const struct grant *grant)
{
	bool denied = grant->why == ADMIT;

	/* In mode audit the names that nobody mentions led to a row when they were asked for. */
	if (grant->justified || (grant->admitted && permission->count == 0))
		return;
	guard_record_answer(guard, said, denied ? REFUSAL_DENIED : REFUSAL_PRIVATE, addr,
			    permission->entry, grant->admitted);
}

/* For how long a cache may tell it again. An address of the neighbourhood moves when its container is
 * started anew, whatever TTL Docker gives it; in mode audit each question is written down. */
static uint32_t time_to_keep(const struct guard *guard, const struct message *said,
			     const struct message *answer)
{
	for (size_t i = 0; i < answer->count; i++)
		if (addr_scope(&answer->addrs[i]) != ADDR_PUBLIC)
			return 0;
	if (is_audit(guard))
		return 0;
	return said->ttl < answer->ttl ? said->ttl : answer->ttl;
}

/* What of the reply may be told, and what it opens. -1: nothing, because memory ran out. */
static int learn(struct guard *guard, const struct message *said, struct message *answer,
		 struct lease_ops *ops)
{
	struct lease_addr opened[MESSAGE_ADDRS];
	struct permission permission;
	size_t count = 0;
	struct error err;
	const char *host;

	guard_permission(guard, guard->regime, said->host, &permission, &host);
	answer->ttl = said->ttl < LEASE_TOLD_MAX ? said->ttl : LEASE_TOLD_MAX;
	if (permission.verdict != PERMIT_ALLOWED && !is_audit(guard))
		return 0;
	for (size_t i = 0; i < said->count; i++) {
		struct grant grant;

		if (permit_grant(guard->regime->permit, host, &permission,
				 &said->addrs[i], &grant, &err) < 0)
			return -1;
		if (grant.admitted)
			answer->addrs[answer->count++] = said->addrs[i];
		record_answer(guard, said, &said->addrs[i], &permission, &grant);
		if (grant.admitted && grant.classes)
			opened[count++] =
				(struct lease_addr){ said->addrs[i], grant.classes };
	}
	guard_note_answer(guard, said->host, answer);
	if (count == 0)
		return 0;
	return leases_learn(guard->leases, said->host, opened, count, said->ttl,
			    clock_steady_ms(), ops, &answer->ttl, &err);
}

static void take_answer(struct guard *guard, const struct message *said,
			struct batch *batch)
{
	struct message *answer = &batch->answers[batch->count];

	answer->type = MESSAGE_LEARNED;
	answer->number = said->number;
	answer->count = 0;
	answer->host[0] = '\0';
	answer->ttl = 0;
	answer->failed = learn(guard, said, answer, &batch->ops) < 0;
	answer->keep = time_to_keep(guard, said, answer);
	batch->count++;
}

/* Who does not read loses it; its client asks again. */
static void went(struct guard *guard, int result)
{
	if (result < 0)
		guard_forward_failed(guard, "it is gone");
	guard->lost |= result > 0;
}

static void say(struct guard *guard, const struct message *message)
{
	if (guard->worker.pid)
		went(guard, worker_post(&guard->worker, message));
}

static void deliver(struct guard *guard)
{
	if (guard->worker.pid)
		went(guard, worker_deliver(&guard->worker));
}

void guard_forward_forget(struct guard *guard)
{
	static const struct message forget = { .type = MESSAGE_FORGET };

	guard->lost = false;
	say(guard, &forget);
	deliver(guard);
}

static bool closes_something(const struct lease_ops *ops)
{
	for (size_t i = 0; i < ops->count; i++)
		if (ops->v[i].remove)
			return true;
	return false;
}

/* All or nothing. While the kernel may hold another fence than the policy's it is told nothing. */
static int open_learned(struct guard *guard, const struct lease_ops *ops, bool *ret_gone)
{
	struct error err;

	if (guard->unsure)
		return -1;
	if (netlink_learn(guard->regime->fence.netlink, ops->v, ops->count,
			  guard->regime->fence.plain, ret_gone, &err) == 0)
		return 0;
	guard->counts.kernel_refused++;
	log_warning("learned addresses stay closed: %s", err.text);
	return -1;
}

/* The kernel first, the replies then: never the other way round. */
static void settle(struct guard *guard, struct batch *batch)
{
	bool refused = false, gone = false;
	struct error err;

	if (batch->ops.count > 0 && open_learned(guard, &batch->ops, &gone) < 0) {
		refused = true;
		leases_undo(guard->leases, &batch->ops);
	}
	if (refused || closes_something(&batch->ops))
		guard_forward_forget(guard);
	for (size_t i = 0; i < batch->count; i++) {
		struct message *answer = &batch->answers[i];

		/* Also those that needed nothing: what they rely on may be the refused. */
		if (refused)
			answer->failed = true;
		if (answer->failed)
			answer->count = 0;
		else
			guard->counts.learned += answer->count > 0;
		say(guard, answer);
	}
	batch->count = 0;
	batch->ops.count = 0;
	if (gone && guard_raise_again(guard, &err) < 0)
		log_error("the fence is gone and cannot be put up again: %s", err.text);
}

static void take(struct guard *guard, const struct message *said, struct batch *batch)
{
	static struct message answer; /* 6 KiB that need not be cleared each time */

	switch (said->type) {
	case MESSAGE_READY:
		guard->worker_ready = true;
		break;
	case MESSAGE_ASK:
		answer.type = MESSAGE_VERDICT;
		answer.number = said->number;
		answer.host[0] = '\0';
		judge(guard, said, &answer);
		say(guard, &answer);
		break;
	case MESSAGE_LEARN:
		take_answer(guard, said, batch);
		break;
	case MESSAGE_ALIVE:
		/* One that never gets ready is none. */
		if (guard->worker_ready)
			guard->pings = 0;
		guard->served = guard->served_before;
		add_counters(&guard->served, &said->counters);
		break;
	case MESSAGE_SERVE:
	case MESSAGE_VERDICT:
	case MESSAGE_LEARNED:
	case MESSAGE_FORGET:
	case MESSAGE_PING:
		guard_forward_failed(guard, "it said what only the guard says");
	}
}

void guard_forward_read(struct guard *guard)
{
	static struct batch batch;
	static struct message said;
	struct error err;
	int got = 0;

	for (unsigned i = 0; i < HEARD_MAX && guard->worker.pid && batch.count < BATCH;
	     i++) {
		got = worker_receive(&guard->worker, &said, &err);
		if (got <= 0)
			break;
		take(guard, &said, &batch);
	}
	/* No verdict waits for the kernel. */
	deliver(guard);
	settle(guard, &batch);
	deliver(guard);
	guard_find_askers(guard);
	if (got < 0 && guard->worker.pid)
		guard_forward_failed(guard, err.text);
}
