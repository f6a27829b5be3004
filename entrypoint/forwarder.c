/* Theory of operation
 *
 * One thread, one epoll, nothing ever waited for but events. A question goes through these stages;
 * at any of them its deadline answers SERVFAIL, and a client that is gone makes it forgotten:
 *
 *	client          forwarder                     guard            upstream
 *	question  --->  STAGE_ASKED      ASK     --->  policy
 *	                STAGE_UPSTREAM  <--- VERDICT
 *	                                 query   ------------------->
 *	                STAGE_LEARNING  <---------------------------   reply
 *	                                 LEARN   --->  kernel
 *	answer    <---  STAGE_OVER      <--- LEARNED
 *
 * A verdict other than FORWARD, and a reply without addresses, are answered at once; so is, at its
 * first byte, a question whose answer may be told again (told.h): the guard said for how long, and says
 * FORGET when something changes before. Numbers are not used again soon, so a late VERDICT or LEARNED
 * finds nobody. c-ares cannot be asked to forget one
 * query: a question that is over keeps its place until the last of its replies has come.
 *
 * A guard that does not read costs questions, never time: the pair is not waited for. The guard's
 * end is the end. */
#include "entrypoint/forwarder.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "entrypoint/forwarder_internal.h"
#include "entrypoint/log.h"
#include "entrypoint/worker.h"
#include "lib/clock.h"

/* What comes beside SERVE at most. */
#define DESCRIPTORS_MAX (LISTENERS_MAX + 2 * (FORWARDER_SOCKETS + FORWARDER_STREAMS))

/* Of the guard's messages in one turn: clients have their turn, too. */
#define HEARD_MAX 64

static const int needed_calls[] = {
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl),
	SCMP_SYS(recvmmsg),   SCMP_SYS(sendmmsg),    SCMP_SYS(recvmsg),
	SCMP_SYS(sendmsg),    SCMP_SYS(recvfrom),    SCMP_SYS(sendto),
	SCMP_SYS(connect),    SCMP_SYS(accept4),
};

void forwarder_watch(struct forwarder *f, int operation, int fd, uint32_t events,
		     enum source source, size_t index)
{
	struct epoll_event event = { events, { .u64 = (uint64_t)source << 32 | index } };

	epoll_ctl(f->epoll, operation, fd, &event);
}

/* At the same place in both families' addresses. */
uint16_t address_port(const union address *address)
{
	return ntohs(address->in.sin_port);
}

bool address_is_loopback(const union address *address)
{
	if (address->any.sa_family == AF_INET)
		return ntohl(address->in.sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&address->in6.sin6_addr);
}

/* The guard. */

/* Not by exit(): nothing is left to tidy, and the filter lets no handler do it. */
static _Noreturn void end(const struct error *err)
{
	if (err && err->kind == ERROR_POLICY)
		log_error("forwarder: %s", err->text);
	_exit(err && err->kind == ERROR_POLICY ? EX_DATAERR : EX_OK);
}

int forwarder_tell(struct forwarder *f)
{
	int result = worker_tell(&f->said);

	if (result < 0)
		end(NULL);
	return result;
}

static void hear_message(struct forwarder *f)
{
	struct error err;

	switch (f->heard.type) {
	case MESSAGE_VERDICT:
		questions_judged(f, &f->heard);
		break;
	case MESSAGE_LEARNED:
		questions_learned(f, &f->heard);
		break;
	case MESSAGE_FORGET:
		told_forget(f->told);
		break;
	case MESSAGE_PING:
		f->streams.refused = false;
		f->said.type = MESSAGE_ALIVE;
		f->said.counters = f->counters;
		forwarder_tell(f);
		break;
	case MESSAGE_SERVE:
	case MESSAGE_READY:
	case MESSAGE_ASK:
	case MESSAGE_LEARN:
	case MESSAGE_ALIVE:
		error_set(&err, ERROR_POLICY, "%s is not for us",
			  message_name(f->heard.type));
		end(&err);
	}
}

static void hear_guard(struct forwarder *f)
{
	struct error err;
	int result = 1;

	for (int i = 0; i < HEARD_MAX && result > 0; i++) {
		result = worker_take(&f->heard, NULL, 0, NULL, &err);
		if (result < 0)
			end(&err);
		if (result > 0)
			hear_message(f);
	}
}

/* What is left is sent when there is room again. */
static void flush(struct forwarder *f)
{
	int result = worker_flush();
	bool waits = result > 0;

	if (result < 0)
		end(NULL);
	if (waits == f->waits)
		return;
	f->waits = waits;
	forwarder_watch(f, EPOLL_CTL_MOD, WORKER_FD, EPOLLIN | (waits ? EPOLLOUT : 0u),
			SOURCE_GUARD, 0);
}

/* Start. */

/* The one time that is waited for the guard. */
static int receive_serve(struct forwarder *f, int *fds, size_t *count, struct error *err)
{
	struct pollfd guard = { .fd = WORKER_FD, .events = POLLIN };
	int result;

	while ((result = worker_take(&f->heard, fds, DESCRIPTORS_MAX, count, err)) == 0)
		poll(&guard, 1, -1);
	if (result < 0)
		return -1;
	if (f->heard.type != MESSAGE_SERVE)
		return error_set(err, ERROR_POLICY, "%s came before SERVE",
				 message_name(f->heard.type));
	return 0;
}

static int start(struct forwarder *f, struct error *err)
{
	int fds[DESCRIPTORS_MAX];
	size_t count;

	if (worker_settle(err) < 0 || receive_serve(f, fds, &count, err) < 0)
		return -1;
	f->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (f->epoll < 0)
		return error_errno(err, ERROR_KERNEL, errno, "epoll");
	f->now = clock_steady_ms();
	if (questions_open(f, err) < 0 || clients_open(f, fds, count, err) < 0 ||
	    sockets_open(f, fds, count, err) < 0 ||
	    upstream_open(f, &f->heard, err) < 0 ||
	    worker_confine(needed_calls, ARRAY_SIZE(needed_calls), err) < 0)
		return -1;
	forwarder_watch(f, EPOLL_CTL_ADD, WORKER_FD, EPOLLIN, SOURCE_GUARD, 0);
	f->said.type = MESSAGE_READY;
	forwarder_tell(f);
	flush(f);
	return 0;
}

/* The loop. */

static int time_to_wait(struct forwarder *f)
{
	int64_t due = INT64_MAX, other;

	if (f->questions.oldest)
		due = f->questions.oldest->deadline;
	if ((other = streams_due(f)) < due)
		due = other;
	if ((other = upstream_due(f)) < due)
		due = other;
	if (due == INT64_MAX)
		return -1;
	return due > f->now ? (int)(due - f->now) : 0;
}

static void dispatch(struct forwarder *f, const struct epoll_event *event)
{
	size_t index = (uint32_t)event->data.u64;

	switch ((enum source)(event->data.u64 >> 32)) {
	case SOURCE_GUARD:
		hear_guard(f);
		break;
	case SOURCE_LISTENER:
		if (f->clients.listeners[index].stream)
			streams_accept(f, (unsigned)index);
		else
			clients_read(f, (unsigned)index);
		break;
	case SOURCE_STREAM:
		streams_ready(f, index, event->events);
		break;
	case SOURCE_UPSTREAM:
		upstream_ready(f, index, event->events);
		break;
	}
}

static void say(struct forwarder *f)
{
	flush(f);
	clients_flush(f);
}

static void turn(struct forwarder *f)
{
	struct epoll_event events[EVENTS_MAX];
	int count = epoll_wait(f->epoll, events, ARRAY_SIZE(events), time_to_wait(f));

	f->now = clock_steady_ms();
	for (int i = 0; i < count; i++)
		dispatch(f, &events[i]);
	upstream_read(f);
	say(f);
	/* What somebody waits for is on its way. */
	upstream_tidy(f);
	questions_expire(f);
	streams_turn(f);
	say(f);
}

int forwarder_main(void)
{
	struct error err = { 0 };
	struct forwarder *f;

	/* c-ares has a buffer of 128 KiB for each socket, of which it touches the beginning. From
	 * the heap it costs no call of the kernel. */
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
	mallopt(M_TRIM_THRESHOLD, 1 << 20);
	f = calloc(1, sizeof(*f));
	if (!f)
		error_memory(&err);
	if (!f || start(f, &err) < 0) {
		log_error("forwarder: %s", err.text);
		_exit(EX_OSERR);
	}
	for (;;)
		turn(f);
}
