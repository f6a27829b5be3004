#include "lib/answers.h"

#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/host.h"
#include "lib/macros.h"

/* Pairs of address and name in one file: enough for 1,000 names with 200 addresses each. */
#define PAIRS_MAX 200000u

static const char *const state_names[] = {
	[ANSWER_OK] = "ok",
	[ANSWER_NXDOMAIN] = "NXDOMAIN",
	[ANSWER_NODATA] = "no address",
	[ANSWER_SERVFAIL] = "SERVFAIL",
	[ANSWER_REFUSED] = "REFUSED",
	[ANSWER_UNREACHABLE] = "no DNS server can be reached",
	[ANSWER_TIMEOUT] = "timed out",
	[ANSWER_UNKNOWN] = "not in the answers",
};

const char *answer_state_name(enum answer_state state)
{
	return state_names[state];
}

static int compare_host(const void *a, const void *b)
{
	const struct answer *x = a, *y = b;

	return strcmp(x->host, y->host);
}

const struct answer *answers_find(const struct answers *answers, const char *host)
{
	struct answer key = { .host = host };

	if (answers->count == 0)
		return NULL;
	return bsearch(&key, answers->v, answers->count, sizeof(key), compare_host);
}

bool answer_has(const struct answer *answer, const struct addr *addr)
{
	for (size_t i = 0; i < answer->count; i++)
		if (addr_compare(&answer->addrs[i], addr) == 0)
			return true;
	return false;
}

static int compare_addr(const void *a, const void *b)
{
	return addr_compare(a, b);
}

static bool is_sorted(const struct answer *answer)
{
	for (size_t i = 1; i < answer->count; i++) {
		if (addr_compare(&answer->addrs[i - 1], &answer->addrs[i]) >= 0)
			return false;
	}
	return answer->count <= ANSWER_ADDRS_MAX;
}

/* One answer out of `count` neighbours with the same host. */
static int merge(struct answer *answers, size_t count, struct arena *arena,
		 struct answer *ret, struct error *err)
{
	size_t total = 0, kept = 0;
	struct addr *addrs;

	*ret = answers[0];
	if (count == 1 && is_sorted(ret))
		return 0;
	for (size_t i = 0; i < count; i++)
		total += answers[i].count;
	addrs = arena_alloc(arena, total * sizeof(*addrs));
	if (!addrs)
		return error_memory(err);

	total = 0;
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < answers[i].count; j++)
			addrs[total++] = answers[i].addrs[j];
		if (answers[i].state == ANSWER_OK)
			ret->state = ANSWER_OK;
		ret->fixed = ret->fixed && answers[i].fixed;
	}
	qsort(addrs, total, sizeof(*addrs), compare_addr);
	for (size_t i = 0; i < total && kept < ANSWER_ADDRS_MAX; i++) {
		if (kept == 0 || addr_compare(&addrs[kept - 1], &addrs[i]) != 0)
			addrs[kept++] = addrs[i];
	}
	ret->addrs = addrs;
	ret->count = kept;
	return 0;
}

int answers_normalise(struct answers *answers, struct arena *arena, struct error *err)
{
	size_t kept = 0, next;

	if (answers->count)
		qsort(answers->v, answers->count, sizeof(*answers->v), compare_host);
	for (size_t i = 0; i < answers->count; i = next) {
		struct answer merged;

		for (next = i + 1; next < answers->count; next++) {
			if (strcmp(answers->v[i].host, answers->v[next].host) != 0)
				break;
		}
		if (merge(answers->v + i, next - i, arena, &merged, err) < 0)
			return -1;
		answers->v[kept++] = merged;
	}
	answers->count = kept;
	return 0;
}

/* A hosts(5) text being read. */
struct reader {
	const char *at, *end; /* of the line */
	struct arena *arena;
	struct answer *v; /* one for each pair of address and name */
	size_t count, capacity;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of the line; its length, 0 at the end. */
static size_t next_word(struct reader *reader, const char **ret)
{
	while (reader->at < reader->end && is_blank(*reader->at))
		reader->at++;
	*ret = reader->at;
	while (reader->at < reader->end && !is_blank(*reader->at))
		reader->at++;
	return (size_t)(reader->at - *ret);
}

static int add_pair(struct reader *reader, const struct addr *addr, const char *name,
		    size_t length, struct error *err)
{
	char host[HOST_TEXT];
	char *copy;

	if (host_normalise(name, length, host, err) < 0)
		return -1;
	if (reader->count == PAIRS_MAX)
		return error_set(err, ERROR_POLICY, "more than %u addresses", PAIRS_MAX);
	copy = arena_strndup(reader->arena, host, strlen(host));
	if (!copy ||
	    !array_grow(&reader->v, &reader->capacity, reader->count, sizeof(*reader->v)))
		return error_memory(err);
	reader->v[reader->count++] = (struct answer){
		.host = copy, .addrs = addr, .count = 1, .state = ANSWER_OK, .fixed = true
	};
	return 0;
}

static int read_line(struct reader *reader, struct error *err)
{
	const char *word;
	size_t length = next_word(reader, &word);
	struct addr *addr;
	char shown[128];

	if (length == 0)
		return 0;
	addr = arena_alloc(reader->arena, sizeof(*addr));
	if (!addr)
		return error_memory(err);
	if (!addr_parse(word, length, addr))
		return error_set(err, ERROR_POLICY, "'%s' is not an address",
				 escape(shown, sizeof(shown), word, length));

	length = next_word(reader, &word);
	if (length == 0)
		return error_set(err, ERROR_POLICY,
				 "a name is missing behind the address");
	for (; length; length = next_word(reader, &word)) {
		if (add_pair(reader, addr, word, length, err) < 0)
			return -1;
	}
	return 0;
}

static int read_lines(struct reader *reader, const char *bytes, size_t length,
		      const char *source, struct error *err)
{
	const char *end = bytes + length;
	unsigned line = 0;

	while (bytes < end) {
		const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
		const char *line_end = newline ? newline : end;
		const char *comment = memchr(bytes, '#', (size_t)(line_end - bytes));

		line++;
		reader->at = bytes;
		reader->end = comment ? comment : line_end;
		if (read_line(reader, err) < 0) {
			char shown[128];

			escape(shown, sizeof(shown), source, strlen(source));
			return error_wrap(err, "%s:%u", shown, line);
		}
		bytes = newline ? newline + 1 : end;
	}
	return 0;
}

int answers_parse(const char *bytes, size_t length, const char *source,
		  struct arena *arena, struct answers *ret, struct error *err)
{
	struct reader reader = { .arena = arena };
	struct answers answers = { 0 };
	int result = read_lines(&reader, bytes, length, source, err);

	if (result == 0) {
		answers.count = reader.count;
		answers.v = arena_alloc(arena, reader.count * sizeof(*answers.v));
		if (!answers.v)
			result = error_memory(err);
		else if (reader.count)
			memcpy(answers.v, reader.v, reader.count * sizeof(*answers.v));
	}
	free(reader.v);
	if (result < 0 || answers_normalise(&answers, arena, err) < 0)
		return -1;
	*ret = answers;
	return 0;
}

void answers_print(const struct answers *answers, struct buf *out)
{
	for (size_t i = 0; i < answers->count; i++) {
		const struct answer *answer = &answers->v[i];
		char text[ADDR_TEXT];

		if (answer->count == 0)
			buf_printf(out, "# %s: %s\n", answer->host,
				   answer_state_name(answer->state));
		for (size_t j = 0; j < answer->count; j++)
			buf_printf(out, "%s %s\n", addr_format(&answer->addrs[j], text),
				   answer->host);
	}
}
