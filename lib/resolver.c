#include "lib/resolver.h"

#include <ares.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/host.h"
#include "lib/macros.h"
#include "lib/reply.h"

/* Questions under way at a time: 60 names in both families go out at once. A burst of 256 was
 * seen to overflow a socket's default receive buffer (it counts about 1,280 bytes for a small
 * datagram), and what is lost costs a retry. Docker's resolver stops at 1024. */
#define UNDER_WAY_MAX 128

/* A server that has not answered for so long is asked again, or the next one. A deadline holds
 * at least four tries. */
#define TRY_MS 1200
#define TRIES 4

/* glibc knows no limit any more; six was its limit for decades. */
#define SEARCH_MAX 32

/* What resolv.conf says about names of a single label. */
struct search {
	char domains[SEARCH_MAX][HOST_TEXT];
	size_t count;
	bool name_first; /* ndots:0 */
};

/* One name on its way. It is asked as its candidates one after the other, until one has an
 * address: the name itself and, for a single label, below each search domain. */
struct name {
	struct asker *asker;
	const char *host;
	size_t candidate; /* the one being asked, or the next */
	unsigned pending; /* replies we wait for */
	bool found; /* has an address */
	enum answer_state state; /* otherwise: why not */
};

struct asker {
	const struct resolver_options *options;
	struct arena *arena;
	struct search search;
	struct name *names; /* sorted by host */
	size_t count, next; /* names from `next` on have not been asked */
	struct answer *found; /* for each line of hosts, each reply: what was in it */
	size_t found_count, found_capacity;
	ares_channel_t *channel;
	int epoll;
	size_t under_way;
	bool pinned; /* reading what an earlier netpale wrote into hosts */
	bool stopped, out_of_memory;
	int fault; /* errno of a socket that could not be made as it must be */
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Takes `addrs` over: it is in the arena. */
static void add_found(struct name *name, const struct addr *addrs, size_t count)
{
	struct asker *asker = name->asker;

	if (!addrs || !array_grow(&asker->found, &asker->found_capacity,
				  asker->found_count, sizeof(*asker->found))) {
		asker->out_of_memory = true;
		return;
	}
	asker->found[asker->found_count++] =
		(struct answer){ name->host, addrs, count, ANSWER_OK };
	name->found = true;
}

/* hosts(5) and resolv.conf(5), both as tolerant as every resolver is with them. */

static int compare_names(const void *a, const void *b)
{
	const struct name *x = a, *y = b;

	return strcmp(x->host, y->host);
}

static const char *next_word(char **rest)
{
	char *word;

	do
		word = strsep(rest, " \t\r\n");
	while (word && !*word);
	return word;
}

static bool begins(const char *line, const char *with)
{
	return strncmp(line, with, strlen(with)) == 0;
}

static void read_hosts_line(struct asker *asker, char *line)
{
	const char *word;
	struct addr addr, *copy;
	struct error ignored;

	if (begins(line, RESOLVER_PINNED_BEGIN) || begins(line, RESOLVER_PINNED_END))
		asker->pinned = begins(line, RESOLVER_PINNED_BEGIN);
	line[strcspn(line, "#")] = '\0';
	word = next_word(&line);
	if (asker->pinned || !word || !addr_parse(word, strlen(word), &addr))
		return;
	while ((word = next_word(&line))) {
		char host[HOST_TEXT];
		struct name key = { .host = host }, *name;

		if (host_normalise(word, strlen(word), host, &ignored) < 0)
			continue;
		name = bsearch(&key, asker->names, asker->count, sizeof(key),
			       compare_names);
		if (!name)
			continue;
		copy = arena_alloc(asker->arena, sizeof(*copy));
		if (copy)
			*copy = addr;
		add_found(name, copy, 1);
	}
}

static void read_search_line(struct asker *asker, char *line)
{
	struct search *search = &asker->search;
	const char *word = next_word(&line);
	struct error ignored;

	if (!word)
		return;
	if (strcmp(word, "search") == 0 || strcmp(word, "domain") == 0) {
		search->count = 0; /* the last line counts */
		while ((word = next_word(&line)) && search->count < SEARCH_MAX) {
			char *domain = search->domains[search->count];

			if (host_normalise(word, strlen(word), domain, &ignored) == 0)
				search->count++;
		}
	} else if (strcmp(word, "options") == 0) {
		while ((word = next_word(&line)))
			if (begins(word, "ndots:"))
				search->name_first = strcmp(word, "ndots:0") == 0;
	}
}

static void read_lines(struct asker *asker, const char *path,
		       void (*read_line)(struct asker *asker, char *line))
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	while (file && getline(&line, &size, file) >= 0)
		read_line(asker, line);
	free(line);
	if (file)
		fclose(file);
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
		add_found(name, addrs, count);
}

/* The questions. */

/* The name to ask for the current candidate; false: there are no more. */
static bool candidate_text(const struct name *name, char out[static HOST_TEXT])
{
	const struct search *search = &name->asker->search;
	size_t i = name->candidate,
	       domains = host_is_single_label(name->host) ? search->count : 0;
	size_t plain = search->name_first ? 0 : domains;
	const char *domain;

	if (i > domains)
		return false;
	if (i == plain) {
		strcpy(out, name->host);
		return true;
	}
	domain = search->domains[i - (i > plain)];
	if (snprintf(out, HOST_TEXT, "%s.%s", name->host, domain) >= HOST_TEXT)
		out[0] = '\0';
	return true;
}

static void ask(struct name *name);

static void on_reply(void *arg, ares_status_t status, size_t timeouts,
		     const ares_dns_record_t *reply)
{
	struct name *name = arg;
	struct asker *asker = name->asker;
	enum answer_state state = state_of((int)status);

	(void)timeouts;
	asker->under_way--;
	name->pending--;
	if (status == ARES_ENOMEM)
		asker->out_of_memory = true;
	if (status == ARES_SUCCESS)
		take_addresses(name, reply);
	if (state > name->state) /* the states are in the order of what they say */
		name->state = state;
	if (name->pending == 0 && !name->found && !asker->stopped)
		ask(name);
}

static void ask(struct name *name)
{
	struct asker *asker = name->asker;
	char text[HOST_TEXT];

	do {
		if (!candidate_text(name, text))
			return;
		name->candidate++;
	} while (!text[0]);
	name->pending = 2; /* before the first can be answered, which it may be at once */
	asker->under_way += 2;
	ares_query_dnsrec(asker->channel, text, ARES_CLASS_IN, ARES_REC_TYPE_A, on_reply,
			  name, NULL);
	ares_query_dnsrec(asker->channel, text, ARES_CLASS_IN, ARES_REC_TYPE_AAAA,
			  on_reply, name, NULL);
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
	struct timeval most = { left / 1000, left % 1000 * 1000 }, least;
	struct epoll_event ready[64];
	ares_fd_events_t events[ARRAY_SIZE(ready)];
	int wait, count;

	ares_timeout(asker->channel, &most, &least);
	wait = (int)(least.tv_sec * 1000 + (least.tv_usec + 999) / 1000);
	count = epoll_wait(asker->epoll, ready, ARRAY_SIZE(ready), wait);
	for (int i = 0; i < count; i++) {
		events[i].fd = ready[i].data.fd;
		events[i].events =
			(ready[i].events & EPOLLOUT ? ARES_FD_EVENT_WRITE : 0u) |
			(ready[i].events & ~EPOLLOUT ? ARES_FD_EVENT_READ : 0u);
	}
	if (ares_process_fds(asker->channel, events, count > 0 ? (size_t)count : 0,
			     ARES_PROCESS_FLAG_NONE) == ARES_ENOMEM)
		asker->out_of_memory = true;
}

static void ask_all(struct asker *asker, int64_t deadline)
{
	int64_t left;

	while ((left = deadline - now_ms()) > 0 && !asker->fault &&
	       !asker->out_of_memory) {
		if (asker->next < asker->count && asker->under_way < UNDER_WAY_MAX) {
			struct name *name = &asker->names[asker->next++];

			if (name->found)
				continue;
			name->state = ANSWER_OK; /* which every reply exceeds */
			ask(name);
		} else if (asker->under_way) {
			wait_for_sockets(asker, left);
		} else {
			break;
		}
	}
	asker->stopped = true;
	ares_cancel(asker->channel);
}

static int open_channel(struct asker *asker, struct error *err)
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
		.resolvconf_path = (char *)asker->options->resolv_conf,
		.sock_state_cb = on_socket_state,
		.sock_state_cb_data = asker,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_MAXTIMEOUTMS |
		   ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB |
		   ARES_OPT_QUERY_CACHE |
		   (options.resolvconf_path ? ARES_OPT_RESOLVCONF : 0);
	char **environment = environ;
	int status;

	/* c-ares lets LOCALDOMAIN and RES_OPTIONS overrule resolv.conf, the latter's use-vc
	 * even every option given here. */
	environ = nothing;
	status = ares_init_options(&asker->channel, &options, mask);
	environ = environment;
	if (status == ARES_ENOMEM)
		return error_memory(err);
	if (status != ARES_SUCCESS)
		return error_set(err, ERROR_KERNEL, "resolver: %s",
				 ares_strerror(status));
	ares_set_socket_configure_callback(asker->channel, on_socket, asker);
	return 0;
}

static int ask_dns(struct asker *asker, int64_t deadline, struct error *err)
{
	const char *conf = asker->options->resolv_conf;
	int result;

	asker->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (asker->epoll < 0)
		return error_errno(err, ERROR_KERNEL, errno, "resolver: epoll");
	result = open_channel(asker, err);
	if (result == 0) {
		read_lines(asker, conf ? conf : "/etc/resolv.conf", read_search_line);
		ask_all(asker, deadline);
		ares_destroy(asker->channel);
	}
	close(asker->epoll);
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
			ret->v[ret->count++] =
				(struct answer){ name->host, NULL, 0, name->state };
	}
	return answers_normalise(ret, asker->arena, err);
}

static int ask_hosts_then_dns(struct asker *asker, int64_t deadline, struct error *err)
{
	const char *hosts = asker->options->hosts;
	bool all_found = true;

	read_lines(asker, hosts ? hosts : "/etc/hosts", read_hosts_line);
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
	struct asker asker = { .options = options, .arena = arena, .count = count };
	int64_t deadline = now_ms() + options->timeout_ms;
	struct answers answers;
	int result;

	asker.names = calloc(count ? count : 1, sizeof(*asker.names));
	if (!asker.names)
		return error_memory(err);
	for (size_t i = 0; i < count; i++)
		asker.names[i] = (struct name){ .asker = &asker,
						.host = names[i],
						.state = ANSWER_TIMEOUT };
	qsort(asker.names, count, sizeof(*asker.names), compare_names);

	result = ask_hosts_then_dns(&asker, deadline, err);
	if (result == 0)
		result = collect(&asker, &answers, err);
	if (result == 0)
		*ret = answers;
	free(asker.found);
	free(asker.names);
	return result;
}
