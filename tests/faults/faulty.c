/* Linked into the whole of netpale: one allocation fails, or one answer of the kernel's netlink comes
 * otherwise than the kernel would send it. Which, the first line of the file /run/fault says, that each
 * process maps as it starts:
 *
 *	ROLE       KIND             NUMBER  and "." that one alone, or "+" all from there on
 *	how often it could have been
 *	the numbers of those that came by a way of their own, one a line
 *
 * in columns, so that a shell writes and reads it. ROLE is main (netpale as it was started; FAULT_ROLE
 * in its environment says another word), child (what it forks, before exec) or forwarder. KIND is
 * "memory", one of the table below, or "allocations" or "answers": nothing fails, and of all that the
 * same calls led to the first is written down. */

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>
#include <unwind.h>

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#define DIGITS 7
#define ROLE 10
#define KIND 16
#define WAYS 4096
#define CALLS 6 /* that a way is known by, the innermost ones of this file */

struct page {
	char role[ROLE], kind[KIND];
	char number[DIGITS], how, newline;
	char count[DIGITS], end;
	char ways[WAYS][DIGITS + 1];
};

static struct page *page;
static const char *role = "main";

static void in_child(void)
{
	role = "child";
}

__attribute__((constructor)) static void map_page(int argc, char **argv)
{
	int fd = open("/run/fault", O_RDWR | O_CLOEXEC);
	void *at;

	if (getenv("FAULT_ROLE"))
		role = getenv("FAULT_ROLE");
	if (argc == 2 && strcmp(argv[1], "forwarder") == 0)
		role = "forwarder";
	pthread_atfork(NULL, NULL, in_child);
	if (fd < 0)
		return;
	at = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (at != MAP_FAILED)
		page = at;
}

static bool is_word(const char *column, size_t size, const char *word)
{
	size_t length = strlen(word);

	return length < size && memcmp(column, word, length) == 0 &&
	       column[length] == ' ';
}

static bool is_mine(void)
{
	return page && is_word(page->role, ROLE, role);
}

static void count(void)
{
	char *digit = page->count + DIGITS - 1;

	while (digit >= page->count && ++*digit > '9')
		*digit-- = '0';
}

/* Counts, and is this the one? */
static bool comes_now(void)
{
	int order;

	count();
	order = memcmp(page->count, page->number, DIGITS);
	return order == 0 || (order > 0 && page->how == '+');
}

/* --- memory ---------------------------------------------------------------------------------- */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__real_memalign(size_t to, size_t size);
void *__wrap_memalign(size_t to, size_t size);
void *__real_aligned_alloc(size_t to, size_t size);
void *__wrap_aligned_alloc(size_t to, size_t size);
int __real_posix_memalign(void **ret, size_t to, size_t size);
int __wrap_posix_memalign(void **ret, size_t to, size_t size);

struct way {
	uint64_t hash;
	int calls;
};

static _Unwind_Reason_Code add_caller(struct _Unwind_Context *context, void *bytes)
{
	struct way *way = bytes;

	way->hash = (way->hash ^ _Unwind_GetIP(context)) * 0x100000001b3u;
	return ++way->calls < CALLS ? _URC_NO_REASON : _URC_END_OF_STACK;
}

/* Counts, and notes the number when nothing came this way before. */
static void survey(void)
{
	static uint64_t seen[WAYS];
	static size_t known;
	static bool within;
	struct way way = { .hash = 14695981039346656037u };

	if (memcmp(page->count, "0000000", DIGITS) == 0)
		known = 0; /* another survey */
	count();
	if (within)
		return;
	within = true;
	(void)_Unwind_Backtrace(add_caller, &way);
	within = false;
	for (size_t i = 0; i < known; i++)
		if (seen[i] == way.hash)
			return;
	if (known == WAYS)
		return;
	memcpy(page->ways[known], page->count, DIGITS);
	page->ways[known][DIGITS] = '\n';
	seen[known++] = way.hash;
}

static bool no_memory(void)
{
	if (!is_mine())
		return false;
	if (is_word(page->kind, KIND, "allocations"))
		survey();
	if (!is_word(page->kind, KIND, "memory") || !comes_now())
		return false;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return no_memory() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return no_memory() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return no_memory() ? NULL : __real_realloc(old, size);
}

void *__wrap_memalign(size_t to, size_t size)
{
	return no_memory() ? NULL : __real_memalign(to, size);
}

void *__wrap_aligned_alloc(size_t to, size_t size)
{
	return no_memory() ? NULL : __real_aligned_alloc(to, size);
}

int __wrap_posix_memalign(void **ret, size_t to, size_t size)
{
	return no_memory() ? ENOMEM : __real_posix_memalign(ret, to, size);
}

/* --- libseccomp -------------------------------------------------------------------------------- */

/* It frees twice, or follows NULL, when memory runs out (2.6.0). That ends the process before anything
 * is started; the end of the second line says that it was there. */
#define SHOW(call, type, parameters, arguments)                                          \
	type __real_##call parameters;                                                   \
	type __wrap_##call parameters;                                                   \
	type __wrap_##call parameters                                                    \
	{                                                                                \
		type result;                                                             \
                                                                                         \
		if (is_mine())                                                           \
			page->end = '!';                                                 \
		result = __real_##call arguments;                                        \
		if (page)                                                                \
			page->end = '\n';                                                \
		return result;                                                           \
	}

SHOW(seccomp_init, scmp_filter_ctx, (uint32_t otherwise), (otherwise))
SHOW(seccomp_load, int, (scmp_filter_ctx filter), (filter))
SHOW(seccomp_rule_add_array, int,
     (scmp_filter_ctx filter, uint32_t action, int call, unsigned int count_of,
      const struct scmp_arg_cmp *arguments),
     (filter, action, call, count_of, arguments))

/* --- netlink --------------------------------------------------------------------------------- */

ssize_t __real_recv(int fd, void *bytes, size_t size, int flags);
ssize_t __wrap_recv(int fd, void *bytes, size_t size, int flags);

/* What recv() gave, to be changed: `got` of at most `size` bytes. */
struct answer {
	char *bytes;
	size_t size;
	ssize_t got;
	int parameter;
};

static bool without_end;

static struct nlmsghdr *header(const struct answer *a)
{
	return (struct nlmsghdr *)(void *)a->bytes;
}

/* So many bytes of it have come; a negative number: so many are missing. */
static void cut(struct answer *a)
{
	ssize_t wanted = a->parameter < 0 ? a->got + a->parameter : a->parameter;

	a->got = wanted < 0 ? 0 : wanted < a->got ? wanted : a->got;
}

static void halve(struct answer *a)
{
	a->got /= 2;
}

static void exceed(struct answer *a)
{
	a->got = (ssize_t)a->size + 1; /* as MSG_TRUNC has it */
}

static void say_length(struct answer *a)
{
	header(a)->nlmsg_len =
		a->parameter < 0 ? (uint32_t)a->got + 4096 : (uint32_t)a->parameter;
}

static void say_huge(struct answer *a)
{
	header(a)->nlmsg_len = UINT32_MAX;
}

static void say_sequence(struct answer *a)
{
	header(a)->nlmsg_seq ^= 0x5555;
}

static void say_port(struct answer *a)
{
	header(a)->nlmsg_pid += 1;
}

static void say_type(struct answer *a)
{
	header(a)->nlmsg_type = (uint16_t)a->parameter;
}

static void interrupt_dump(struct answer *a)
{
	for (size_t at = 0; at + sizeof(struct nlmsghdr) <= (size_t)a->got;) {
		struct nlmsghdr *m = (struct nlmsghdr *)(void *)(a->bytes + at);

		if (m->nlmsg_flags & NLM_F_MULTI)
			m->nlmsg_flags |= NLM_F_DUMP_INTR;
		at += NLMSG_ALIGN((size_t)m->nlmsg_len);
	}
}

/* Of the whole of the dump, so that what follows is none of this exchange's. */
static void refuse(struct answer *a)
{
	struct nlmsghdr m = *header(a);
	struct nlmsgerr e = { .error = -a->parameter, .msg = m };

	m.nlmsg_type = NLMSG_ERROR;
	m.nlmsg_flags = 0;
	m.nlmsg_len = NLMSG_LENGTH(sizeof(e));
	if (m.nlmsg_len > a->size)
		return;
	memcpy(a->bytes, &m, sizeof(m));
	memcpy(a->bytes + NLMSG_HDRLEN, &e, sizeof(e));
	a->got = m.nlmsg_len;
}

static void repeat(struct answer *a)
{
	if ((size_t)a->got * 2 > a->size)
		return;
	memcpy(a->bytes + a->got, a->bytes, (size_t)a->got);
	a->got *= 2;
}

static void lose(struct answer *a)
{
	errno = EAGAIN;
	a->got = -1;
}

/* One message of a dump, again and again, for as long as the same socket is read. */
static void go_on(struct answer *a)
{
	struct nlmsghdr m = { .nlmsg_type = NLMSG_MIN_TYPE, .nlmsg_flags = NLM_F_MULTI };

	m.nlmsg_len = (uint32_t)a->size & ~3u;
	memset(a->bytes, 0, a->size);
	memcpy(a->bytes, &m, sizeof(m));
	a->got = m.nlmsg_len;
	without_end = true;
}

/* The first attribute says a length that cannot be. */
static void say_attribute(struct answer *a)
{
	size_t at = NLMSG_HDRLEN + sizeof(struct nfgenmsg);
	uint16_t length = (uint16_t)a->parameter;

	if ((size_t)a->got >= at + sizeof(length))
		memcpy(a->bytes + at, &length, sizeof(length));
}

/* All attributes are noise. */
static void scramble(struct answer *a)
{
	uint32_t state = 2463534242u + (uint32_t)a->got;

	for (size_t at = NLMSG_HDRLEN + sizeof(struct nfgenmsg); at < (size_t)a->got;
	     at++) {
		state ^= state << 13, state ^= state >> 17, state ^= state << 5;
		a->bytes[at] = (char)state;
	}
}

/* recv() itself fails, and the answer lies there still. */
static const struct {
	const char *name;
	int number;
} failures[] = { { "recv-enobufs", ENOBUFS },
		 { "recv-eintr", EINTR },
		 { "recv-eagain", EAGAIN },
		 { "recv-enomem", ENOMEM } };

static const struct {
	const char *name;
	void (*change)(struct answer *answer);
	int parameter;
} changes[] = {
	{ "cut-0", cut, 0 },
	{ "cut-1", cut, 1 },
	{ "cut-15", cut, 15 },
	{ "cut-16", cut, 16 },
	{ "cut-last", cut, -4 },
	{ "cut-byte", cut, -1 },
	{ "cut-half", halve, 0 },
	{ "exceeds", exceed, 0 },
	{ "length-0", say_length, 0 },
	{ "length-15", say_length, 15 },
	{ "length-16", say_length, 16 },
	{ "length-beyond", say_length, -1 },
	{ "length-huge", say_huge, 0 },
	{ "sequence", say_sequence, 0 },
	{ "port", say_port, 0 },
	{ "noop", say_type, NLMSG_NOOP },
	{ "overrun", say_type, NLMSG_OVERRUN },
	{ "done", say_type, NLMSG_DONE },
	{ "interrupted", interrupt_dump, 0 },
	{ "twice", repeat, 0 },
	{ "missing", lose, 0 },
	{ "endless", go_on, 0 },
	{ "attribute-0", say_attribute, 0 },
	{ "attribute-3", say_attribute, 3 },
	{ "attribute-long", say_attribute, UINT16_MAX },
	{ "noise", scramble, 0 },
	{ "EPERM", refuse, EPERM },
	{ "ENOENT", refuse, ENOENT },
	{ "EINTR", refuse, EINTR },
	{ "ENOMEM", refuse, ENOMEM },
	{ "EBUSY", refuse, EBUSY },
	{ "EAGAIN", refuse, EAGAIN },
	{ "EMFILE", refuse, EMFILE },
	{ "ENOSPC", refuse, ENOSPC },
	{ "EOPNOTSUPP", refuse, EOPNOTSUPP },
	{ "ENOBUFS", refuse, ENOBUFS },
	{ "ERESTART", refuse, ERESTART },
};

static bool is_netlink(int fd)
{
	int domain = 0;
	socklen_t size = sizeof(domain);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
	       domain == AF_NETLINK;
}

static ssize_t altered(struct answer *answer, int fd, int flags)
{
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
		if (is_word(page->kind, KIND, failures[i].name)) {
			errno = failures[i].number;
			return -1;
		}
	answer->got = __real_recv(fd, answer->bytes, answer->size, flags);
	if (answer->got < NLMSG_HDRLEN)
		return answer->got;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		if (is_word(page->kind, KIND, changes[i].name)) {
			answer->parameter = changes[i].parameter;
			changes[i].change(answer);
		}
	return answer->got;
}

ssize_t __wrap_recv(int fd, void *bytes, size_t size, int flags)
{
	struct answer answer = { .bytes = bytes, .size = size };
	char first;

	if (!is_mine() || is_word(page->kind, KIND, "memory") ||
	    is_word(page->kind, KIND, "allocations") || !is_netlink(fd))
		return __real_recv(fd, bytes, size, flags);
	if (without_end && !(flags & MSG_TRUNC)) /* another exchange */
		without_end = false;
	if (without_end && is_word(page->kind, KIND, "endless")) {
		go_on(&answer);
		return answer.got;
	}
	/* Only what an answer lies behind counts. */
	if (__real_recv(fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) < 0)
		return __real_recv(fd, bytes, size, flags);
	if (is_word(page->kind, KIND, "answers"))
		survey();
	else if (comes_now())
		return altered(&answer, fd, flags);
	return __real_recv(fd, bytes, size, flags);
}

/* --- chance ---------------------------------------------------------------------------------- */

ssize_t __real_getrandom(void *bytes, size_t size, unsigned flags);
ssize_t __wrap_getrandom(void *bytes, size_t size, unsigned flags);

/* The fence's mark is always the same, so that two fences compare. */
ssize_t __wrap_getrandom(void *bytes, size_t size, unsigned flags)
{
	static const uint32_t mark = 0x6d61726b;

	if (size != sizeof(mark))
		return __real_getrandom(bytes, size, flags);
	memcpy(bytes, &mark, sizeof(mark));
	return sizeof(mark);
}
