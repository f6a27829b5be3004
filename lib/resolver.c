#include "lib/resolver.h"

#include <ares.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/hosts_file.h"
#include "lib/macros.h"
#include "lib/reply.h"
#include "lib/search.h"

/* Questions under way at a time: 60 names in both families go out at once. A burst of 256 was
 * seen to overflow a socket's default receive buffer (it counts about 1,280 bytes for a small
 * datagram), and what is lost costs a retry. Docker's resolver stops at 1024. */
#define UNDER_WAY_MAX 128

/* A server that has not answered for so long is asked again, or the next one. A deadline holds
 * at least four tries. */
#define TRY_MS 1200
#define TRIES 4

/* c-ares puts many questions through one socket, and closes it at the first reply that is no DNS
 * message; that costs all of them a try. Who has lost all tries so is asked again alone. */
enum company { TOGETHER, ALONE, COMPANIES };

struct question {
	struct name *name;
	ares_dns_rec_type_t type;
	enum company company;
};

/* One name on its way. It is asked as its candidates one after the other, until one has an
 * address: the name itself and, for a single label, below each search domain. */
struct name {
	struct asker *asker;
	const char *host;
	size_t candidate;             /* the one being asked */
	struct question questions[2]; /* A and AAAA */
	unsigned pending;             /* of them */
	bool found;                   /* has an address */
	enum answer_state state;      /* otherwise: why not */
};

struct asker {
	const struct resolver_options *options;
	struct arena *arena;
	struct search search;
	struct name *names;   /* sorted by host */
	size_t count, next;   /* names from `next` on have not been asked */
	struct answer *found; /* for each line of hosts, each reply: what was in it */
	size_t found_count, found_capacity;
	ares_channel_t *channels[COMPANIES];
	int epoll;
	size_t under_way;
	int64_t began, next_progress; /* milliseconds */
	bool stopped, out_of_memory;
	int fault; /* errno of a socket that could not be made as it must be */
};

/* c-ares says of many an allocation that failed what it says of a server that does not answer, or
 * goes on without what it was for. Its hooks take no context. */
static bool starved;

static void *allocate(size_t size)
{
	void *bytes = malloc(size);

	starved |= !bytes;
	return bytes;
}

static void *resize(void *old, size_t size)
{
	void *bytes = realloc(old, size);

	starved |= !bytes;
	return bytes;
}

/* Takes `addrs` over: it is in the arena. */
static void add_found(struct name *name, const struct addr *addrs, size_t count,
		      bool fixed)
{
	struct asker *asker = name->asker;

	if (!addrs || !array_grow(&asker->found, &asker->found_capacity,
				  asker->found_count, sizeof(*asker->found))) {
		asker->out_of_memory = true;
		return;
	}
	asker->found[asker->found_count++] =
		(struct answer){ name->host, addrs, count, ANSWER_OK, fixed };
	name->found = true;
}

/* The files, read as tolerantly as by every resolver. */

static int compare_names(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	return strcmp(x->host, y->host);
}

static void take_host(void *context, const char *host, const struct addr *addr)
{
	struct asker *asker = context;
	struct name key = { .host = host };
	struct name *name =
		bsearch(&key, asker->names, asker->count, sizeof(key), compare_names);
	struct addr *copy;

	if (!name)
		return;
	copy = arena_alloc(asker->arena, sizeof(*copy));
	if (copy)
		*copy = *addr;
	add_found(name, copy, 1, true);
}

static void read_resolv_conf_line(void *context, char *line)
{
	struct asker *asker = context;

	search_read_line(&asker->search, line);
}

/* A reply. */

static enum answer_state state_of(int status)
{
	switch (status) {
	case ARES_SUCCESS:
	case ARES_ENODATA:
		return ANSWER_NODATA;
	case ARES_ENOTFOUND:
		return ANSWER_NXDOMAIN;
	case ARES_EREFUSED:
		return ANSWER_REFUSED;
	case ARES_ESERVFAIL:
	case ARES_ENOTIMP:
	case ARES_EFORMERR:
	case ARES_EBADRESP:
		return ANSWER_SERVFAIL;
	case ARES_ECONNREFUSED:
		return ANSWER_UNREACHABLE;
	default:
		return ANSWER_TIMEOUT;
	}
}

static void take_addresses(struct name *name, const ares_dns_record_t *reply)
{
	size_t count;
	const struct addr *addrs = reply_addresses(reply, name->asker->arena, &count);

	if (!addrs)
		name->asker->out_of_memory = true;
	else if (count)
		add_found(name, addrs, count, false);
}

/* The questions. */

static void on_reply(void *arg, ares_status_t status, size_t timeouts,
		     const ares_dns_record_t *reply);

static void put(struct question *question, enum company company)
{
	const struct name *name = question->name;
	char text[HOST_TEXT];

	search_candidate(&name->asker->search, name->host, name->candidate, text);
	question->company = company;
	ares_query_dnsrec(name->asker->channels[company], text, ARES_CLASS_IN,
			  question->type, on_reply, question, NULL);
}

/* As the current candidate, or the next one that can be asked. */
static void ask(struct name *name)
{
	const struct search *search = &name->asker->search;
	char text[HOST_TEXT];

	for (; search_candidate(search, name->host, name->candidate, text);
	     name->candidate++) {
		if (!text[0])
			continue;
		/* Both before the first, which may be answered at once. */
		name->pending = ARRAY_SIZE(name->questions);
		name->asker->under_way += ARRAY_SIZE(name->questions);
		for (size_t i = 0; i < ARRAY_SIZE(name->questions); i++)
			put(&name->questions[i], TOGETHER);
		return;
	}
}

static void on_reply(void *arg, ares_status_t status, size_t timeouts,
		     const ares_dns_record_t *reply)
{
	struct question *question = arg;
	struct name *name = question->name;
	struct asker *asker = name->asker;
	enum answer_state state = state_of((int)status);

	(void)timeouts;
	if (status == ARES_EBADRESP && question->company == TOGETHER && !asker->stopped) {
		put(question, ALONE);
		return;
	}
	asker->under_way--;
	name->pending--;
	if (status == ARES_ENOMEM)
		asker->out_of_memory = true;
	if (status == ARES_SUCCESS)
		take_addresses(name, reply);
	if (state > name->state) /* the states are in the order of what they say */
		name->state = state;
	if (name->pending == 0 && !name->found && !asker->stopped) {
		name->candidate++;
		ask(name);
	}
}

/* Sockets. */

static int on_socket(ares_socket_t fd, int type, void *arg)
{
	struct asker *asker = arg;
	uint32_t mark = asker->options->socket_mark;

	(void)type;
	if (!mark || setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) == 0)
		return 0;
	asker->fault = errno;
	return -1;
}

static void on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct asker *asker = arg;
	struct epoll_event event = { .data.fd = fd };

	event.events = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u);
	if (!event.events)
		epoll_ctl(asker->epoll, EPOLL_CTL_DEL, fd, NULL);
	else if (epoll_ctl(asker->epoll, EPOLL_CTL_MOD, fd, &event) < 0 &&
		 epoll_ctl(asker->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		asker->fault = errno;
}

static void wait_for_sockets(struct asker *asker, int64_t left)
{
	struct timeval most = { left / 1000, left % 1000 * 1000 }, least[COMPANIES];
	struct epoll_event ready[64];
	ares_fd_events_t events[ARRAY_SIZE(ready)];
	struct timeval *wait = &most;
	int count;

	for (int i = 0; i < COMPANIES; i++)
		wait = ares_timeout(asker->channels[i], wait, &least[i]);
	count = epoll_wait(asker->epoll, ready, ARRAY_SIZE(ready),
			   (int)(wait->tv_sec * 1000 + (wait->tv_usec + 999) / 1000));
	for (int i = 0; i < count; i++) {
		events[i].fd = ready[i].data.fd;
		events[i].events =
			(ready[i].events & EPOLLOUT ? ARES_FD_EVENT_WRITE : 0u) |
			(ready[i].events & ~EPOLLOUT ? ARES_FD_EVENT_READ : 0u);
	}
	/* A channel leaves alone what is not its own. */
	for (int i = 0; i < COMPANIES; i++)
		if (ares_process_fds(asker->channels[i], events,
				     count > 0 ? (size_t)count : 0,
				     ARES_PROCESS_FLAG_NONE) == ARES_ENOMEM)
			asker->out_of_memory = true;
}

/* Tells, when it is time. */
static void tell_progress(struct asker *asker, int64_t now)
{
	struct resolver_progress progress = {
		.ms = (unsigned)(now - asker->began),
		.names = asker->count,
	};

	if (!asker->options->progress || now < asker->next_progress)
		return;
	for (size_t i = 0; i < asker->count; i++) {
		const struct name *name = &asker->names[i];

		if (name->pending == 0 && (i < asker->next || name->found))
			progress.answered++;
		else if (!progress.waiting)
			progress.waiting = name->host;
	}
	if (progress.waiting)
		asker->options->progress(&progress);
	asker->next_progress = now + RESOLVER_PROGRESS_MS;
}

/* Until a reply, the end, or the next time to tell. */
static int64_t time_to_wait(const struct asker *asker, int64_t now, int64_t deadline)
{
	int64_t until = deadline;

	if (asker->options->progress && asker->next_progress < until)
		until = asker->next_progress;
	return until > now ? until - now : 0;
}

static void ask_all(struct asker *asker, int64_t deadline)
{
	int64_t now;

	while ((now = clock_steady_ms()) < deadline && !asker->fault &&
	       !asker->out_of_memory && !starved) {
		if (asker->next < asker->count && asker->under_way < UNDER_WAY_MAX) {
			struct name *name = &asker->names[asker->next++];

			if (name->found)
				continue;
			name->state = ANSWER_OK; /* which every reply exceeds */
			ask(name);
		} else if (asker->under_way) {
			tell_progress(asker, now);
			wait_for_sockets(asker, time_to_wait(asker, now, deadline));
		} else {
			break;
		}
	}
	asker->stopped = true;
	for (int i = 0; i < COMPANIES; i++)
		ares_cancel(asker->channels[i]);
}

static int open_channel(struct asker *asker, enum company company, struct error *err)
{
	static char *nothing[] = { NULL };
	unsigned timeout = asker->options->timeout_ms;
	unsigned once = timeout / TRIES < TRY_MS ? timeout / TRIES : TRY_MS;
	struct ares_options options = {
		.flags = ARES_FLAG_EDNS | ARES_FLAG_NOALIASES | ARES_FLAG_NOSEARCH,
		.timeout = (int)(once ? once : 1),
		.maxtimeout = (int)(timeout / TRIES ? timeout / TRIES : 1),
		.tries = TRIES,
		.lookups = (char[]){ "b" },
		.udp_max_queries = company == ALONE,
		.resolvconf_path = (char *)asker->options->resolv_conf,
		.sock_state_cb = on_socket_state,
		.sock_state_cb_data = asker,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_MAXTIMEOUTMS |
		   ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB |
		   ARES_OPT_QUERY_CACHE | ARES_OPT_UDP_MAX_QUERIES |
		   (options.resolvconf_path ? ARES_OPT_RESOLVCONF : 0);
	char **environment = environ;
	int status;

	/* c-ares lets LOCALDOMAIN and RES_OPTIONS overrule resolv.conf, the latter's use-vc
	 * even every option given here. */
	environ = nothing;
	status = ares_init_options(&asker->channels[company], &options, mask);
	environ = environment;
	if (status == ARES_ENOMEM)
		return error_memory(err);
	if (status != ARES_SUCCESS)
		return error_set(err, ERROR_KERNEL, "resolver: %s",
				 ares_strerror(status));
	ares_set_socket_configure_callback(asker->channels[company], on_socket, asker);
	return 0;
}

static int ask_dns(struct asker *asker, int64_t deadline, struct error *err)
{
	const char *conf = asker->options->resolv_conf;
	int result = 0;

	asker->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (asker->epoll < 0)
		return error_errno(err, ERROR_KERNEL, errno, "resolver: epoll");
	starved = false;
	(void)ares_library_init_mem(ARES_LIB_INIT_ALL, allocate, free, resize);
	for (int i = 0; i < COMPANIES && result == 0; i++)
		result = open_channel(asker, i, err);
	if (result == 0 && hosts_file_lines(conf ? conf : "/etc/resolv.conf",
					    read_resolv_conf_line, asker) < 0)
		asker->out_of_memory = true;
	if (result == 0)
		ask_all(asker, deadline);
	for (int i = 0; i < COMPANIES; i++)
		ares_destroy(asker->channels[i]);
	ares_library_cleanup();
	close(asker->epoll);
	if (starved)
		asker->out_of_memory = true;
	return result;
}

/* All that was found, and a line for each name where nothing was. */
static int collect(struct asker *asker, struct answers *ret, struct error *err)
{
	size_t count = asker->found_count;

	for (size_t i = 0; i < asker->count; i++)
		count += !asker->names[i].found;
	ret->v = arena_alloc(asker->arena, count * sizeof(*ret->v));
	if (!ret->v)
		return error_memory(err);
	if (asker->found_count)
		memcpy(ret->v, asker->found, asker->found_count * sizeof(*ret->v));
	ret->count = asker->found_count;
	for (size_t i = 0; i < asker->count; i++) {
		const struct name *name = &asker->names[i];

		if (!name->found)
			ret->v[ret->count++] = (struct answer){ .host = name->host,
								.state = name->state };
	}
	return answers_normalise(ret, asker->arena, err);
}

static int ask_hosts_then_dns(struct asker *asker, int64_t deadline, struct error *err)
{
	const char *hosts = asker->options->hosts;
	bool all_found = true;

	if (hosts_file_read(hosts, take_host, asker) < 0)
		asker->out_of_memory = true;
	for (size_t i = 0; i < asker->count; i++)
		all_found &= asker->names[i].found;
	if (!all_found && ask_dns(asker, deadline, err) < 0)
		return -1;
	if (asker->out_of_memory)
		return error_memory(err);
	if (asker->fault)
		return error_errno(err, ERROR_KERNEL, asker->fault, "resolver: socket");
	return 0;
}

int resolver_ask(const char *const *names, size_t count,
		 const struct resolver_options *options, struct arena *arena,
		 struct answers *ret, struct error *err)
{
	struct asker asker = {
		.options = options,
		.arena = arena,
		.count = count,
		.began = clock_steady_ms(),
	};
	int64_t deadline = asker.began + options->timeout_ms;
	struct answers answers;
	int result;

	asker.next_progress = asker.began + RESOLVER_PROGRESS_MS;
	asker.names = calloc(count ? count : 1, sizeof(*asker.names));
	if (!asker.names)
		return error_memory(err);
	for (size_t i = 0; i < count; i++)
		asker.names[i] = (struct name){ .asker = &asker,
						.host = names[i],
						.state = ANSWER_TIMEOUT };
	qsort(asker.names, count, sizeof(*asker.names), compare_names);
	for (size_t i = 0; i < count; i++) {
		struct question *questions = asker.names[i].questions;

		questions[0] =
			(struct question){ &asker.names[i], ARES_REC_TYPE_A, TOGETHER };
		questions[1] = (struct question){ &asker.names[i], ARES_REC_TYPE_AAAA,
						  TOGETHER };
	}

	result = ask_hosts_then_dns(&asker, deadline, err);
	if (result == 0)
		result = collect(&asker, &answers, err);
	if (result == 0)
		*ret = answers;
	free(asker.found);
	free(asker.names);
	return result;
}
